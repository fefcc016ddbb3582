package normalise

import (
	"errors"
	"strings"
	"testing"

	"billwalk/schema"
)

// TestReason: the reason of an error has nothing of the callback, as it is logged.
func TestReason(t *testing.T) {
	t.Parallel()
	const curl = `{ "version": "2.0", //固定为2.0, 通过版本信息识别,用不同的结构体去解析上述关键参数 "msg":"{\"app_id\":\"secret\"}", "type": "settle" }`
	unversioned := posted(`{"type":"settle","msg":"{}"}`)
	other := sayingLegacy(`{"settle_id":"secret","status":"FAIL"}`)
	other.Body = []byte(strings.Replace(string(other.Body), `"type"`, `"version":"2.0","type"`, 1))
	for want, c := range map[string]*schema.Callback{
		"the body is not sound JSON: see its byte 20":          posted(curl),
		"the body is not sound JSON: see its byte 0":           posted("secret"),
		"the body has other members or values than documented": posted(`{"version":"2.0","type":"settle","msg":{"secret":1}}`),
		"its version is not that of its signature":             unversioned,
		"its type is not settle":                               posted(`{"version":"2.0","type":"secret","msg":"{}"}`),
		"msg is missing":                                       posted(`{"version":"2.0","type":"settle"}`),
		"msg is not sound JSON: see its byte 1":                saying(`{secret}`),
		"msg has other members or values than documented":      saying(`{"settle_amount":"secret"}`),
		"msg has no id of a settlement":                        saying(`{"order_id":"secret"}`),
		"msg has no status":                                    saying(`{"settle_id":"secret"}`),
	} {
		_, err := DecodeCallback(c)
		found, ok := errors.AsType[unreadable](err)
		if !ok || found.Reason() != want || strings.Contains(found.Reason(), "secret") {
			t.Errorf("%s: got %q, want %q", c.Body, found.reason, want)
		}
	}
	if _, err := DecodeCallback(other); err == nil {
		t.Error("a body of version 2.0 is taken with the other signature")
	}
	tolerated := sayingLegacy(minimalMsg) // whatever else the version is, the old signature is for it
	for _, version := range []string{`"1.0"`, `1`, `null`, `""`} {
		c := *tolerated
		c.Body = []byte(strings.Replace(string(tolerated.Body), `"type"`, `"version":`+version+`,"type"`, 1))
		if n, err := DecodeCallback(&c); err != nil || n.Settlement.SettleID != "s" {
			t.Errorf("%s: %v", c.Body, err)
		}
	}
}

// TestDecodeCallback: which members a callback must have, and in which form.
func TestDecodeCallback(t *testing.T) {
	t.Parallel()
	version := func(version string) *schema.Callback {
		return posted(`{"version":` + version + `,"type":"settle","msg":` + jsonText(minimalMsg) + `}`)
	}
	msg := func(members string) *schema.Callback {
		return saying(`{"settle_id":"s","status":"FAIL"` + members + `}`)
	}
	otherScheme := version(`"2.0"`)
	otherScheme.Scheme = "3.0"
	versioned := sayingLegacy(`{"settle_no":"s","status":"FAIL"}`)
	versioned.Body = []byte(strings.Replace(string(versioned.Body), "{", `{"version":"2.0",`, 1))
	for _, test := range []struct {
		callback *schema.Callback
		want     string // of the error; empty if there is none
	}{
		{saying(minimalMsg), ""},
		{sayingLegacy(`{"settle_no":"s","status":"FAIL"}`), ""},
		{posted("\n" + string(saying(minimalMsg).Body) + "\r\n"), ""},
		{saying(minimalMsg + "\n"), ""},
		{posted(strings.Replace(string(saying(minimalMsg).Body), "{", `{"new":{"Type":[1.5]},"log":null,`, 1)), ""},
		{msg(`,"new":{"Status":1},"settle_Ids":1`), ""},
		{msg(`,"settle_amount":null,"rake":"7","order_id":17,"item_order_id":"","is_auto_settle":null`), ""},

		{posted(""), "EOF"},
		{posted("null"), "version"},
		{posted("[]"), "array"},
		{posted(string(saying(minimalMsg).Body) + "{}"), "after top-level value"},
		{posted(`{"version":"2.0","type":"settle"}`), "msg is missing"},
		{posted(`{"version":"2.0","type":"settle","msg":null}`), "msg is missing"},
		{posted(`{"version":"2.0","type":"settle","msg":{"settle_id":"s","status":"FAIL"}}`), "msg"},
		{posted(`{"version":"2.0","msg":` + jsonText(minimalMsg) + `}`), "type"},
		{posted(`{"version":"2.0","type":"payment","msg":` + jsonText(minimalMsg) + `}`), "type"},
		{posted(`{"version":"2.0","type":"SETTLE","msg":` + jsonText(minimalMsg) + `}`), "type"},
		{posted(`{"type":"settle","msg":` + jsonText(minimalMsg) + `}`), "version"},
		{version(`"2"`), "version"},
		{version(`"2.0 "`), "version"},
		{version(`"1.0"`), "version"},
		{version(`2.0`), "version"},
		{version(`null`), "version"},
		{otherScheme, "scheme"},
		{versioned, "version"},
		{posted(`{"Version":"2.0",` + string(saying(minimalMsg).Body)[1:]), `key "Version"`},
		{posted(`{"MSG":"{}",` + string(saying(minimalMsg).Body)[1:]), `key "MSG"`},
		{posted(`{"msg":"{}",` + string(saying(minimalMsg).Body)[1:]), "duplicate"},
		{posted(`{"new":1,"new":1,` + string(saying(minimalMsg).Body)[1:]), "duplicate"},
		{posted(strings.Replace(string(saying(minimalMsg).Body), "settle_id", "settle\xffid", 1)), "settle_id is missing"},
		{posted(strings.Replace(string(saying(minimalMsg).Body), "settle_id", `\ud83d`, 1)), "settle_id is missing"},

		{saying(""), "EOF"},
		{saying("null"), "settle_id"},
		{saying("[" + minimalMsg + "]"), "array"},
		{saying(jsonText(minimalMsg)), "string"},
		{saying(minimalMsg + minimalMsg), "after top-level value"},
		{saying("{}"), "settle_id"},
		{saying(`{"settle_id":"","status":"FAIL"}`), "settle_id"},
		{saying(`{"settle_id":"s"}`), "status"},
		{saying(`{"settle_id":"s","status":""}`), "status"},
		{saying(`{"settle_id":{},"status":"FAIL"}`), "settle_id"},
		{saying(`{"settle_id":1.0,"status":"FAIL"}`), "settle_id"},
		{saying(`{"settle_no":"s","status":"FAIL"}`), ""},
		{sayingLegacy(minimalMsg), ""},
		{saying(`{"out_settle_no":"s","status":"FAIL"}`), "settle_id"},
		{sayingLegacy(`{"out_settle_no":"s","status":"FAIL"}`), "settle_id"},
		{msg(`,"Settled_At":1`), `key "Settled_At"`},
		{msg(`,"status":"SUCCESS"`), "duplicate"},
		{msg(`,"new":[{"a":1,"a":1}]`), "duplicate"},
		{msg(`,"Settle_Id":"t"`), `key "Settle_Id"`},
		{msg(`,"STATUS":"SUCCESS"`), `key "STATUS"`},
		{msg(`,"ſettle_amount":1`), `key "ſettle_amount"`}, // a long s folds to s
		{msg(`,"\u0053tatus":"SUCCESS"`), `key "Status"`},
		{sayingLegacy(`{"settle_no":"s","status":"FAIL","CP_settle_no":"t"}`), `key "CP_settle_no"`},
		{msg(`,"settle_amount":1.0`), "settle_amount"},
		{msg(`,"settle_amount":1e3`), "settle_amount"},
		{msg(`,"rake":9223372036854775808`), "rake"},
		{msg(`,"commission":" 1"`), "commission"},
		{msg(`,"commission":true`), "commission"},
		{msg(`,"event_time":"now"`), "event_time"},
		{msg(`,"is_auto_settle":"true"`), "is_auto_settle"},
		{msg(`,"is_auto_settle":1`), "is_auto_settle"},
		{msg(`,"settle_detail":1.5`), "settle_detail"},
		{msg(`,"cp_extra":"` + strings.Repeat("x", maxCallback) + `"`), "bytes"},
		{msg(`,"new":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000)), "depth"},
	} {
		_, err := DecodeCallback(test.callback)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%.300s: got error %v, want one with %q", test.callback.Body, err, test.want)
		}
		checkChecked(t, test.callback, err)
	}
}

// TestWhoseCallback: a callback is accepted if its app_id, of either name, is the app's own.
// An old callback may lack it, as the app's own token has signed it.
func TestWhoseCallback(t *testing.T) {
	t.Parallel()
	const least = `{"settle_id":"s","status":"FAIL"`
	missing := errors.New("app_id is missing")
	own := schema.AppIDs{"tt1", "tt2"}
	for _, row := range []struct {
		callback *schema.Callback
		apps     schema.AppIDs
		want     error
	}{
		{saying(least + `,"app_id":"tt2"}`), own, nil},
		{saying(least + `,"appid":"tt2"}`), own, nil},
		{saying(least + `,"app_id":"tt3"}`), own, schema.ErrForeignApp},
		{saying(least + `,"app_id":"tt3","appid":"tt1"}`), own, schema.ErrForeignApp},
		{saying(least + `,"app_id":"TT1"}`), own, schema.ErrForeignApp},
		{saying(least + `}`), own, missing},
		{saying(least + `,"app_id":""}`), own, missing},
		{saying(least + `}`), nil, nil},
		{saying(least + `,"app_id":"tt1"}`), schema.AppIDs{}, schema.ErrForeignApp},
		{saying(least + `,"app_id":"tt3"}`), nil, nil},
		{sayingLegacy(least + `,"appid":"tt1"}`), own, nil},
		{sayingLegacy(least + `,"app_id":"tt1"}`), own, nil},
		{sayingLegacy(least + `,"appid":"tt3"}`), own, schema.ErrForeignApp},
		{sayingLegacy(least + `}`), own, nil},
	} {
		err := CheckCallback(row.callback, row.apps)
		if (err == nil) != (row.want == nil) || err != nil && err.Error() != row.want.Error() {
			t.Errorf("%s of %v: got %v, want %v", row.callback.Body, row.apps, err, row.want)
		}
		if said, ok := errors.AsType[unreadable](err); err != nil && (!ok || strings.Contains(said.Reason(), "tt3")) {
			t.Errorf("%s: the reason is %q", row.callback.Body, said.reason)
		}
	}
}

// TestOtherTypes: a callback of a refund, a payment or a withdrawal is refused whatever its
// type, which the old signature does not cover.
func TestOtherTypes(t *testing.T) {
	t.Parallel()
	for _, member := range []string{"refund_id", "out_refund_no", "refund_no", "cp_refundno", "channel_pay_id", "payment_order_no", "withdraw_id", "out_withdraw_no"} {
		msg := func(value string) string {
			return `{"settle_id":"s","status":"SUCCESS","` + member + `":` + value + `}`
		}
		for _, value := range []string{`"1"`, `1`, `["1"]`} {
			for _, c := range []*schema.Callback{saying(msg(value)), sayingLegacy(msg(value))} {
				if _, err := DecodeCallback(c); err == nil || !strings.Contains(err.Error(), "refund, a payment or a withdrawal") {
					t.Errorf("%s: %v", c.Body, err)
				}
			}
		}
		for _, value := range []string{`""`, `null`} {
			if _, err := DecodeCallback(saying(msg(value))); err != nil {
				t.Errorf("%s: %v", msg(value), err)
			}
		}
	}
}

// checkChecked checks that CheckCallback returns the error of DecodeCallback.
func checkChecked(t *testing.T, c *schema.Callback, decoded error) {
	t.Helper()
	checked := CheckCallback(c, nil)
	if (checked == nil) != (decoded == nil) || checked != nil && checked.Error() != decoded.Error() {
		t.Errorf("%.300s: checked, it is %v, and decoded %v", c.Body, checked, decoded)
	}
}

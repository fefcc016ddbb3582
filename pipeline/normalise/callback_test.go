package normalise

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	stdjson "encoding/json"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline/mend"
	"billwalk/schema"
)

// The examples of the callback's documentation (通知分账结果): the request without its
// comment, and two messages, of which the failed one has spaces in cp_extra.
const (
	seedCallback = `{ "version": "2.0", "msg":"{\"app_id\":\"ttcfdbb96650e33350\",\"status\":\"SUCCESS\",\"order_id\":\"ot7057435515980663048\",\"cp_extra\":\"test\",\"message\":\"SUCCESS\",\"event_time\":1643189272388,\"settle_id\":\"ot7057416814925531429\",\"out_settle_no\":\"ext_order_no_1643188675912_settle——1\",\"rake\":0,\"commission\":0,\"settle_detail\":\"商户号68882720803499563550-分成金额(分)2\",\"settle_amount\":2,\"item_order_id\":\"ot78318372940872837161\",\"is_auto_settle\":false}", "type": "settle" }`
	seedSuccess  = `{ "app_id": "ttcfdbbxxx650exxx0", "status": "SUCCESS", "order_id": "ot7057435515980663048", "cp_extra": "test", "message": "SUCCESS", "event_time": 1643189272388, "settle_id": "ot7057416814925531429", "out_settle_no": "ext_order_no_1643188675912_settle1", "rake": 60, "commission": 100, "settle_detail": "商户号68882720803499563550-分成金额(分)840", "settle_amount": 1000, "item_order_id":"ot78318372940872837161", "is_auto_settle":false }`
	seedFail     = `{ "app_id": "ttcfdbb9XXXXXX50", "status": "FAIL", "order_id": "ot7057435515980663048", "cp_extra": " esse dolore", "message": "FAIL", "event_time": 1643189272388, "settle_id": "ot7057416814925531429", "out_settle_no": "ext_order_no_1643188675912_settle——1", "rake": 0, "commission": 0, "settle_detail": "", "settle_amount": 2, "item_order_id":"ot78318372940872837161", "is_auto_settle":false }`

	leastMsg = `{"settle_id":"s","status":"SUCCESS"}`
)

var receivedAt = time.Date(2022, 1, 27, 15, 59, 59, 999, time.UTC) // a second before the 28th in China

// posted returns a callback of version 2.0 with the body.
func posted(body string) *schema.Callback {
	return &schema.Callback{
		App: "trade", ReceivedAt: receivedAt, Scheme: schema.SignedRSA, Timestamp: "1643189273", Nonce: "n", Signature: "s",
		LogID: "log3", Body: []byte(body), Key: "archive/c",
	}
}

// saying returns a callback of version 2.0 with the msg.
func saying(msg string) *schema.Callback {
	return posted(`{"version":"2.0","type":"settle","msg":` + jsonText(msg) + `}`)
}

// sayingLegacy returns a callback of 担保支付 with the msg.
func sayingLegacy(msg string) *schema.Callback {
	c := posted(`{"timestamp":"1643189273","nonce":"n","msg":` + jsonText(msg) + `,"type":"settle","msg_signature":"s"}`)
	c.Scheme = schema.SignedLegacy
	return c
}

func jsonText(text string) string {
	quoted, err := stdjson.Marshal(text)
	if err != nil {
		panic(err) // a string is JSON
	}
	return string(quoted)
}

func mustDecode(t *testing.T, c *schema.Callback) Callback {
	t.Helper()
	n, err := DecodeCallback(c)
	if err != nil {
		t.Fatalf("%s: %v", c.Body, err)
	}
	return n
}

// The digest has a test of its own.
var butDigest = cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Digest" }, cmp.Ignore())

func TestSeedCallbacks(t *testing.T) {
	t.Parallel()
	some, fen := schema.Some[string], schema.Some[schema.Fen]
	sent := func(status schema.Status, cpExtra, outSettleNo string, amount, rake, commission schema.Fen) schema.Settlement {
		return schema.Settlement{
			SettleID: "ot7057416814925531429", OrderID: some("ot7057435515980663048"), OutSettleNo: some(outSettleNo),
			ItemOrderID: some("ot78318372940872837161"), Status: status, Amount: fen(amount), Rake: fen(rake), Commission: fen(commission),
			SettleTime: schema.Some(time.Date(2022, 1, 26, 9, 27, 52, 388e6, time.UTC)), IsAutoSettle: schema.Some(false), Message: some(string(status)),
			CpExtra: some(cpExtra), Source: schema.SourceCallback, LogID: some("log3"), FetchedAt: receivedAt,
		}
	}
	shared := func(s schema.Settlement, appID, detail string, share schema.Fen) schema.Settlement {
		s.AppID, s.Detail, s.SharesTotal = some(appID), some(detail), fen(share)
		s.Shares = schema.Some([]schema.Share{{MerchantNo: "68882720803499563550", Amount: share}})
		return s
	}
	failed := sent(schema.StatusFail, " esse dolore", "ext_order_no_1643188675912_settle——1", 2, 0, 0)
	failed.AppID, failed.Detail = some("ttcfdbb9XXXXXX50"), some("")
	spaced := strings.Replace(seedSuccess, "商户号68882720803499563550-分成", "商户号 68882720803499563550- 分成", 1) // as the page's table has it
	for name, test := range map[string]struct {
		callback *schema.Callback
		want     schema.Settlement
		identity Outcome
	}{
		"request": {posted(seedCallback), shared(sent(schema.StatusSuccess, "test", "ext_order_no_1643188675912_settle——1", 2, 0, 0),
			"ttcfdbb96650e33350", "商户号68882720803499563550-分成金额(分)2", 2), Pass},
		"success": {saying(seedSuccess), shared(sent(schema.StatusSuccess, "test", "ext_order_no_1643188675912_settle1", 1000, 60, 100),
			"ttcfdbbxxx650exxx0", "商户号68882720803499563550-分成金额(分)840", 840), Pass},
		"spaces": {saying(spaced), shared(sent(schema.StatusSuccess, "test", "ext_order_no_1643188675912_settle1", 1000, 60, 100),
			"ttcfdbbxxx650exxx0", "商户号 68882720803499563550- 分成金额(分)840", 840), Pass},
		"fail": {saying(seedFail), failed, NotEvaluable},
	} {
		want := Callback{SettleRow: SettleRow{Settlement: test.want, Identity: test.identity}, Day: day("2022-01-26")}
		if diff := cmp.Diff(want, mustDecode(t, test.callback), butDigest); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestLegacyCallback: a real message of 担保支付 has a numeric order_id and a time in seconds.
func TestLegacyCallback(t *testing.T) {
	t.Parallel()
	some, fen := schema.Some[string], schema.Some[schema.Fen]
	n := mustDecode(t, sayingLegacy(`{"appid":"tt1","cp_settle_no":"cp1","settle_no":"7050000000000000999","cp_extra":"","status":"SUCCESS","rake":6,"commission":0,
		"settle_detail":"商户号68882720803499563550-分成金额(分)994","settled_at":1643189272,"message":"","order_id":7050000000000000401,"settle_amount":1000,
		"out_order_no":"out1","is_auto_settle":true,"item_order_id":""}`))
	want := Callback{SettleRow: SettleRow{Identity: Pass, Settlement: schema.Settlement{
		SettleID: "7050000000000000999", OrderID: some("7050000000000000401"), OutSettleNo: some("cp1"), OutOrderNo: some("out1"), Status: schema.StatusSuccess,
		Amount: fen(1000), Rake: fen(6), Commission: fen(0), SharesTotal: fen(994), Shares: schema.Some([]schema.Share{{MerchantNo: "68882720803499563550", Amount: 994}}),
		Detail: some("商户号68882720803499563550-分成金额(分)994"), SettleTime: schema.Some(time.Unix(1643189272, 0).UTC()), IsAutoSettle: schema.Some(true),
		Message: some(""), CpExtra: some(""), Source: schema.SourceCallback, AppID: some("tt1"), LogID: some("log3"), FetchedAt: receivedAt,
	}}, Day: day("2022-01-26")}
	if diff := cmp.Diff(want, n, butDigest); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestCallbackNames: callbacks of either signature may have the names of either version. The
// current name wins if it has a value.
func TestCallbackNames(t *testing.T) {
	t.Parallel()
	for msg, want := range map[string]string{ // settle_id, out_settle_no, app_id, time
		`{"settle_no":"a","channel_settle_id":"b","cp_settle_no":"c","app_id":"t","appid":"u"}`:          "a c t ",
		`{"settle_no":"","channel_settle_id":17,"cp_settle_no":"c","app_id":"","appid":"u"}`:             "17 c u ",
		`{"settle_no":null,"cp_settle_no":"c","settle_id":"s"}`:                                          "s c  ",
		`{"settle_id":"","out_settle_no":null,"cp_settle_no":"c"}`:                                       "c c  ",
		`{"channel_settle_id":"b","out_settle_no":"o"}`:                                                  "b o  ",
		`{"settle_id":"s","out_settle_no":"o","app_id":"t","event_time":1643189272388}`:                  "s o t 1643189272388",
		`{"settle_id":"s","settle_no":"a","out_settle_no":"o","cp_settle_no":"c"}`:                       "s o  ",
		`{"cp_settle_no":"c","out_settle_no":"o","channel_settle_id":"b","settle_no":"a","settle_id":9}`: "9 o  ",
		`{"settle_no":"a","settled_at":1643189272}`:                                                      "a   1643189272000",
		`{"settle_no":"a","settled_at":1643189272,"event_time":1643189999001}`:                           "a   1643189999001",
		`{"event_time":0,"settled_at":"1643189272","settle_id":"s"}`:                                     "s   1643189272000",
	} {
		for _, of := range []func(string) *schema.Callback{saying, sayingLegacy} {
			s := mustDecode(t, of(strings.Replace(msg, "{", `{"status":"FAIL",`, 1))).Settlement
			at := ""
			if s.SettleTime.Valid {
				at = fmt.Sprint(s.SettleTime.V.UnixMilli())
			}
			if got := strings.Join([]string{s.SettleID, s.OutSettleNo.V, s.AppID.V, at}, " "); got != want {
				t.Errorf("%s: %q, want %q", msg, got, want)
			}
		}
	}
}

// TestSeedCallbacksSignedAsLegacy: the documented messages decode the same when they have the
// signature of 担保支付.
func TestSeedCallbacksSignedAsLegacy(t *testing.T) {
	t.Parallel()
	for _, msg := range []string{seedSuccess, seedFail} {
		if diff := cmp.Diff(mustDecode(t, saying(msg)), mustDecode(t, sayingLegacy(msg))); diff != "" {
			t.Errorf("(-2.0 +legacy):\n%s", diff)
		}
	}
}

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
			t.Errorf("%s: %q, want %q", c.Body, found.reason, want)
		}
	}
	if _, err := DecodeCallback(other); err == nil {
		t.Error("a body of version 2.0 is taken with the other signature")
	}
	tolerated := sayingLegacy(leastMsg) // whatever else the version is, the old signature is for it
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
		return posted(`{"version":` + version + `,"type":"settle","msg":` + jsonText(leastMsg) + `}`)
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
		{saying(leastMsg), ""},
		{sayingLegacy(`{"settle_no":"s","status":"FAIL"}`), ""},
		{posted("\n" + string(saying(leastMsg).Body) + "\r\n"), ""},
		{saying(leastMsg + "\n"), ""},
		{posted(strings.Replace(string(saying(leastMsg).Body), "{", `{"new":{"Type":[1.5]},"log":null,`, 1)), ""},
		{msg(`,"new":{"Status":1},"settle_Ids":1`), ""},
		{msg(`,"settle_amount":null,"rake":"7","order_id":17,"item_order_id":"","is_auto_settle":null`), ""},

		{posted(""), "EOF"},
		{posted("null"), "version"},
		{posted("[]"), "array"},
		{posted(string(saying(leastMsg).Body) + "{}"), "after top-level value"},
		{posted(`{"version":"2.0","type":"settle"}`), "msg is missing"},
		{posted(`{"version":"2.0","type":"settle","msg":null}`), "msg is missing"},
		{posted(`{"version":"2.0","type":"settle","msg":{"settle_id":"s","status":"FAIL"}}`), "msg"},
		{posted(`{"version":"2.0","msg":` + jsonText(leastMsg) + `}`), "type"},
		{posted(`{"version":"2.0","type":"payment","msg":` + jsonText(leastMsg) + `}`), "type"},
		{posted(`{"version":"2.0","type":"SETTLE","msg":` + jsonText(leastMsg) + `}`), "type"},
		{posted(`{"type":"settle","msg":` + jsonText(leastMsg) + `}`), "version"},
		{version(`"2"`), "version"},
		{version(`"2.0 "`), "version"},
		{version(`"1.0"`), "version"},
		{version(`2.0`), "version"},
		{version(`null`), "version"},
		{otherScheme, "scheme"},
		{versioned, "version"},
		{posted(`{"Version":"2.0",` + string(saying(leastMsg).Body)[1:]), `key "Version"`},
		{posted(`{"MSG":"{}",` + string(saying(leastMsg).Body)[1:]), `key "MSG"`},
		{posted(`{"msg":"{}",` + string(saying(leastMsg).Body)[1:]), "duplicate"},
		{posted(`{"new":1,"new":1,` + string(saying(leastMsg).Body)[1:]), "duplicate"},
		{posted(strings.Replace(string(saying(leastMsg).Body), "settle_id", "settle\xffid", 1)), "settle_id is missing"},
		{posted(strings.Replace(string(saying(leastMsg).Body), "settle_id", `\ud83d`, 1)), "settle_id is missing"},

		{saying(""), "EOF"},
		{saying("null"), "settle_id"},
		{saying("[" + leastMsg + "]"), "array"},
		{saying(jsonText(leastMsg)), "string"},
		{saying(leastMsg + leastMsg), "after top-level value"},
		{saying("{}"), "settle_id"},
		{saying(`{"settle_id":"","status":"FAIL"}`), "settle_id"},
		{saying(`{"settle_id":"s"}`), "status"},
		{saying(`{"settle_id":"s","status":""}`), "status"},
		{saying(`{"settle_id":{},"status":"FAIL"}`), "settle_id"},
		{saying(`{"settle_id":1.0,"status":"FAIL"}`), "settle_id"},
		{saying(`{"settle_no":"s","status":"FAIL"}`), ""},
		{sayingLegacy(leastMsg), ""},
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
			t.Errorf("%.300s: error %v, want one with %q", test.callback.Body, err, test.want)
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
			t.Errorf("%s of %v: %v, want %v", row.callback.Body, row.apps, err, row.want)
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

// TestCallbackTime: the day is that of the event in China, else of the receipt.
func TestCallbackTime(t *testing.T) {
	t.Parallel()
	const late, missing = "2022-01-27", "w:settle_time"
	for _, test := range []struct {
		member     string
		legacy     bool
		time, rule string
		day        string
	}{
		{`"event_time":1643189272388`, false, "2022-01-26T09:27:52.388Z", "", "2022-01-26"},
		{`"event_time":"1643212799999"`, false, "2022-01-26T15:59:59.999Z", "", "2022-01-26"},
		{`"event_time":1643212800000`, false, "2022-01-26T16:00:00Z", "", "2022-01-27"},
		{`"event_time":1420041600000`, false, "2014-12-31T16:00:00Z", "", "2015-01-01"},
		{`"event_time":1643189272`, false, "", "e:settle_time", late}, // seconds
		{`"event_time":1643189272388000`, false, "", "e:settle_time", late},
		{`"event_time":-1`, false, "", "e:settle_time", late},
		{`"event_time":9223372036854775807`, false, "", "e:settle_time", late},
		{`"event_time":-9223372036854775807`, false, "", "e:settle_time", late},
		{`"event_time":0`, false, "", missing, late},
		{`"event_time":null`, false, "", missing, late},
		{`"settled_at":1643189272`, false, "2022-01-26T09:27:52Z", "", "2022-01-26"},
		{`"settled_at":1643189272`, true, "2022-01-26T09:27:52Z", "", "2022-01-26"},
		{`"settled_at":"4102415999"`, true, "2099-12-31T15:59:59Z", "", "2099-12-31"},
		{`"settled_at":1643189272388`, true, "", "e:settle_time", late}, // milliseconds
		{`"settled_at":4102416000`, true, "", "e:settle_time", late},
		{`"settled_at":0`, true, "", missing, late},
		{`"event_time":1643189272388`, true, "2022-01-26T09:27:52.388Z", "", "2022-01-26"},
		{`"event_time":1643189272388,"settled_at":1643212800`, true, "2022-01-26T09:27:52.388Z", "", "2022-01-26"},
		{`"settled_at":1643189272,"event_time":1643212800000`, false, "2022-01-26T16:00:00Z", "", "2022-01-27"},
		{`"event_time":0,"settled_at":0`, true, "", missing, late},
	} {
		c := saying(`{"settle_id":"s","status":"FAIL",` + test.member + `}`)
		if test.legacy {
			c = sayingLegacy(`{"settle_no":"s","status":"FAIL",` + test.member + `}`)
		}
		n := mustDecode(t, c)
		got := ""
		if at := n.Settlement.SettleTime; at.Valid {
			got = at.V.Format(time.RFC3339Nano)
		}
		if got != test.time || exceptionText(n.Exceptions) != test.rule || n.Day.String() != test.day {
			t.Errorf("%s, legacy %t: %q on %s, %q; want %q on %s, %q", test.member, test.legacy, got, n.Day, exceptionText(n.Exceptions), test.time, test.day, test.rule)
		}
	}
}

// TestCallbackExceptions: a callback's row has the same exceptions as that of an answer.
func TestCallbackExceptions(t *testing.T) {
	t.Parallel()
	const msg = `{ "settle_id":"s1", "status":"SUCCESS", "event_time":1, "settle_amount":11, "rake":1, "commission":0, "settle_detail":"商户号1-分成金额(分)9", "x":[1.50] }`
	n := mustDecode(t, saying(msg))
	if got, want := exceptionText(n.Exceptions), "e:settle_time e:settle_amount_identity 10 11"; got != want || n.Identity != Fail {
		t.Fatalf("%q, identity %v, want %q", got, n.Identity, want)
	}
	for _, e := range n.Exceptions {
		want := schema.Exception{
			Rule: e.Rule, Severity: e.Severity, Detail: e.Detail, Expected: e.Expected, Actual: e.Actual,
			SettleID: schema.Some("s1"), Record: schema.Some(msg), ArchiveKey: schema.Some("archive/c"),
		}
		if diff := cmp.Diff(want, e); diff != "" || e.Detail == "" {
			t.Errorf("exception (-want +got):\n%s", diff)
		}
	}
	for members, want := range map[string]string{
		`"status":"SUCCESS","settle_detail":"?"`:  "e:settle_detail",
		`"status":"SUCCESS"`:                      "e:settle_detail",
		`"status":"FAIL","settle_detail":"?"`:     "",
		`"status":"REVERSED","settle_detail":"?"`: "w:unknown_enum",
		`"status":"fail"`:                         "w:unknown_enum",
		`"status":"SUCCESS","rake":1,"commission":0,"settle_amount":1,"settle_detail":"商户号1-分成金额(分)9223372036854775807"`: "e:overflow",
	} {
		if got := exceptionText(mustDecode(t, saying(`{"settle_id":"s","event_time":1643189272388,`+members+`}`)).Exceptions); got != want {
			t.Errorf("%s: %q, want %q", members, got, want)
		}
	}
}

// TestCallbackDigest: the digest is the same for the same content in any form, and different
// for different content.
func TestCallbackDigest(t *testing.T) {
	t.Parallel()
	const msg = `{"settle_id":"s","status":"SUCCESS","settle_amount":9007199254740993,"cp_extra":"é","new":{"a":1,"b":[1,2]}}`
	want := mustDecode(t, saying(msg)).Digest
	for _, same := range []string{
		`{ "new":{"b":[1, 2],"a":1}, "cp_extra":"\u00e9",` + "\n" + `"settle_amount":9007199254740993,"status":"SUCCE\u0053S","settle_id":"s"}`,
		strings.Replace(msg, "status", `stat\u0075s`, 1),
	} {
		c := saying(same)
		c.ReceivedAt, c.Signature, c.Timestamp, c.Nonce, c.LogID, c.Key, c.App = time.Now(), "t", "2", "m", "log4", "d", "other"
		c.Body = []byte(strings.Replace(string(c.Body), `{"version":"2.0",`, `{"new":1,"version":"2.0",`, 1))
		if mustDecode(t, c).Digest != want {
			t.Errorf("%s has another digest than %s", same, msg)
		}
	}
	for _, other := range []string{
		strings.Replace(msg, "9007199254740993", "9007199254740992", 1), // one float64
		strings.Replace(msg, "SUCCESS", "FAIL", 1),
		strings.Replace(msg, "é", "e", 1),
		strings.Replace(msg, "[1,2]", "[2,1]", 1),
		strings.Replace(msg, `"new"`, `"message":"","new"`, 1),
	} {
		if mustDecode(t, saying(other)).Digest == want {
			t.Errorf("%s has the digest of %s", other, msg)
		}
	}
}

// FuzzDecodeCallback: decoding does not panic, and CheckCallback agrees. A decoded callback
// has the same row and digest when its keys are sorted, and the amounts of the raw message.
func FuzzDecodeCallback(f *testing.F) {
	f.Add([]byte(seedCallback), false)
	for _, c := range []*schema.Callback{saying(seedSuccess), saying(seedFail), saying(leastMsg), saying(`{"z":{"b":1,"a":"\ud83d\ude00"},"settle_id":1,"status":"X","rake":"-7"}`)} {
		f.Add(c.Body, false)
	}
	f.Add(sayingLegacy(`{"appid":"t","settle_no":7050000000000000999,"status":"FAIL","settled_at":"1643189272","settle_amount":1}`).Body, true)
	f.Add([]byte(`{"Version":"2.0","version":"2.0","type":"settle","msg":"{}"}`), false)
	f.Fuzz(func(t *testing.T, body []byte, legacy bool) {
		c := posted(string(body))
		if legacy {
			c.Scheme = schema.SignedLegacy
		}
		n, err := DecodeCallback(c)
		checkChecked(t, c, err)
		if err != nil {
			return
		}
		s := &n.Settlement
		if s.SettleID == "" || s.Status == "" || s.Source != schema.SourceCallback || s.AskedBy.Valid || s.SettleTime.Valid && schema.DayOf(s.SettleTime.V) != n.Day {
			t.Fatalf("%s became %+v", body, n)
		}
		if mend.Places(trimBOM(body)) != "" || slices.ContainsFunc(n.Exceptions, func(e schema.Exception) bool { return e.Rule == schema.RuleBadText }) {
			return // the other decoder does not say what it mends
		}
		envelope := rawMembers(t, trimBOM(body))
		var msg string
		if err := stdjson.Unmarshal(envelope["msg"], &msg); err != nil {
			t.Fatalf("%s: encoding/json says %v", body, err)
		}
		raw := rawMembers(t, trimBOM([]byte(msg)))
		checkAmount(t, raw["settle_amount"], s.Amount, +1)
		checkAmount(t, raw["rake"], s.Rake, +1)
		checkAmount(t, raw["commission"], s.Commission, +1)

		envelope["msg"] = []byte(jsonText(written(raw)))
		c.Body = []byte(written(envelope))
		if len(c.Body) > maxCallback {
			return
		}
		again := mustDecode(t, c)
		for i := range again.Exceptions { // they hold the message as it was received
			again.Exceptions[i].Record = n.Exceptions[i].Record
		}
		if diff := cmp.Diff(n, again); diff != "" {
			t.Fatalf("%s, written as %s (-once +again):\n%s", body, c.Body, diff)
		}
	})
}

// rawMembers decodes an object with another decoder.
func rawMembers(t *testing.T, object []byte) (members map[string]stdjson.RawMessage) {
	t.Helper()
	if err := stdjson.Unmarshal(object, &members); err != nil {
		t.Fatalf("%s: encoding/json says %v", object, err)
	}
	return members
}

// written encodes members in order, with names in ASCII and values as they are.
func written(members map[string]stdjson.RawMessage) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(members)) {
		quoted := jsonText(name)
		if ascii := strconv.QuoteToASCII(name); stdjson.Valid([]byte(ascii)) {
			quoted = ascii
		}
		parts = append(parts, fmt.Sprintf("%s:%s", quoted, members[name]))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// FuzzWhoseCallback: by another decoder, an accepted callback has the type settle, an app_id of
// the app, and no id of another type.
func FuzzWhoseCallback(f *testing.F) {
	for _, msg := range []string{
		`{"settle_id":"s","status":"FAIL","app_id":"tt1"}`, `{"settle_id":"s","status":"FAIL","appid":"tt2"}`, `{"settle_id":"s","status":"FAIL"}`,
		`{"settle_id":"s","status":"FAIL","app_id":"","appid":"tt1"}`, `{"settle_id":"s","status":"FAIL","app_id":"tt3","appid":"tt1"}`,
		`{"settle_id":"s","status":"FAIL","app_id":"tt1","refund_id":"r"}`, `{"settle_id":"s","status":"FAIL","app_id":"tt1","cp_refundno":1}`,
		`{"settle_id":"s","status":"FAIL","app_\u0069d":"tt1"}`, `{"settle_id":"s","status":"FAIL","app_id":"tt1","App_id":"tt3"}`, `{"settle_id":"s","status":"FAIL","app_id":1}`,
	} {
		for _, kind := range []string{"settle", "refund", "\u0073ettle", ""} {
			f.Add("2.0", kind, msg, false)
			f.Add("", kind, msg, true)
		}
	}
	own := schema.AppIDs{"tt1", "tt2"}
	f.Fuzz(func(t *testing.T, version, kind, msg string, legacy bool) {
		body, err := stdjson.Marshal(map[string]string{"version": version, "type": kind, "msg": msg})
		if err != nil {
			t.Skip()
		}
		c := posted(string(body))
		if legacy {
			c.Scheme = schema.SignedLegacy
		}
		if CheckCallback(c, own) != nil {
			return
		}
		var said map[string]any
		if err := stdjson.Unmarshal([]byte(strings.TrimPrefix(strings.ToValidUTF8(msg, "\ufffd"), "\ufeff")), &said); err != nil {
			t.Fatalf("taken, and no JSON: %v\n%s", err, msg)
		}
		app, _ := said["app_id"].(string)
		if app == "" {
			app, _ = said["appid"].(string)
		}
		if kind != "settle" || (version == "2.0") == legacy || app != "tt1" && app != "tt2" && !(legacy && app == "") {
			t.Errorf("taken: version %q, type %q, app_id %q\n%s", version, kind, app, msg)
		}
		for _, name := range []string{"refund_id", "out_refund_no", "refund_no", "cp_refundno", "channel_pay_id", "payment_order_no", "withdraw_id", "out_withdraw_no"} {
			if said[name] != nil && said[name] != "" {
				t.Errorf("taken, with %s: %s", name, msg)
			}
		}
	})
}

// BenchmarkCheckCallback measures what a receiver does for every request.
func BenchmarkCheckCallback(b *testing.B) {
	c := posted(seedCallback)
	b.ReportAllocs()
	for b.Loop() {
		if err := CheckCallback(c, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecodeCallback measures what a build does for every callback.
func BenchmarkDecodeCallback(b *testing.B) {
	c := posted(seedCallback)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeCallback(c); err != nil {
			b.Fatal(err)
		}
	}
}

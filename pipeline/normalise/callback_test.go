package normalise

import (
	"fmt"
	"strings"
	"testing"
	"time"

	stdjson "encoding/json"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

// The examples of the callback's documentation (通知分账结果): the request without its
// comment, and two messages, of which the failed one has spaces in cp_extra.
const (
	seedCallback = `{ "version": "2.0", "msg":"{\"app_id\":\"ttcfdbb96650e33350\",\"status\":\"SUCCESS\",\"order_id\":\"ot7057435515980663048\",\"cp_extra\":\"test\",\"message\":\"SUCCESS\",\"event_time\":1643189272388,\"settle_id\":\"ot7057416814925531429\",\"out_settle_no\":\"ext_order_no_1643188675912_settle——1\",\"rake\":0,\"commission\":0,\"settle_detail\":\"商户号68882720803499563550-分成金额(分)2\",\"settle_amount\":2,\"item_order_id\":\"ot78318372940872837161\",\"is_auto_settle\":false}", "type": "settle" }`
	seedSuccess  = `{ "app_id": "ttcfdbbxxx650exxx0", "status": "SUCCESS", "order_id": "ot7057435515980663048", "cp_extra": "test", "message": "SUCCESS", "event_time": 1643189272388, "settle_id": "ot7057416814925531429", "out_settle_no": "ext_order_no_1643188675912_settle1", "rake": 60, "commission": 100, "settle_detail": "商户号68882720803499563550-分成金额(分)840", "settle_amount": 1000, "item_order_id":"ot78318372940872837161", "is_auto_settle":false }`
	seedFail     = `{ "app_id": "ttcfdbb9XXXXXX50", "status": "FAIL", "order_id": "ot7057435515980663048", "cp_extra": " esse dolore", "message": "FAIL", "event_time": 1643189272388, "settle_id": "ot7057416814925531429", "out_settle_no": "ext_order_no_1643188675912_settle——1", "rake": 0, "commission": 0, "settle_detail": "", "settle_amount": 2, "item_order_id":"ot78318372940872837161", "is_auto_settle":false }`

	minimalMsg = `{"settle_id":"s","status":"SUCCESS"}`
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
				t.Errorf("%s: got %q, want %q", msg, got, want)
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
			t.Errorf("%s, legacy %t: got %q on %s, %q; want %q on %s, %q", test.member, test.legacy, got, n.Day, exceptionText(n.Exceptions), test.time, test.day, test.rule)
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
			t.Errorf("%s: got %q, want %q", members, got, want)
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

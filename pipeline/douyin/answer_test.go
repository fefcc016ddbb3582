package douyin

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-json-experiment/json/jsontext"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// The documents' own examples.
const (
	documentedPage   = `{ "data": { "cursor": "1000000000", "has_more": true, "ledger_records": [ { "account_id": "1000000000", "amount": { "actual_insured": 0, "broker_commission": 0, "clerk_commission": 0, "goods": 955, "ledger_platform_ticket": 0, "ledger_total": 990, "merchant_ticket": 610, "original": 1600, "pay": 990, "platform_ticket": 0, "talent_commission": 0, "total_agent_merchant": 10, "total_merchant_platform_service": 25, "total_operation_agent": 10 }, "certificate_id": "1000000000", "item_order_id": "1000000000", "ledger_id": "1000000000", "poi_id": "1000000000", "settle_time": 1692115093, "settle_type": 1, "settle_type_desc": "正向账单", "shop_order_id": "1000000000", "verify_id": "1000000000", "verify_poi_account_id": "1000000000", "sku_id": "1000000000", "order_ext_id": "1000000000", "group_name": "爆品任选券", "code": "1000000000" } ] }, "extra": { "description": "success", "error_code": 0, "logid": "1000000000", "now": 1693481191, "sub_description": "", "sub_error_code": 0 } }`
	documentedError  = `{ "data":{ "error_code":2190002, "description":"access_token无效" }, "extra":{ "error_code":2190002, "description":"access_token无效", "sub_error_code":0, "sub_description":"access_token无效", "logid":"1000000000", "now":1717037904659 } }`
	documentedSub    = `{ "extra": { "sub_error_code": 23002, "sub_description": "订单id,分账单id至少指定一个", "logid": "2022092115392201020812109511046", "now": 1663745962686, "error_code": 2190004, "description": "应用未获得该能力, 请去https://open.douyin.com/申请" } }`
	documentedSettle = `{ "data": [ { "out_order_no": "out_order_example_1", "settle_amount": 1000 } ], "extra": { "sub_error_code": 0, "sub_description": "success", "logid": "2022092115392201020812109511046", "now": 1663745962686, "error_code": 0, "description": "success" } }`
)

// FuzzAnswer: an answer is accepted only if it is valid JSON apart from its texts, has
// evidence of success, and no error code anywhere. It is kept as one line with the same
// content.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		documentedPage, documentedError, documentedSub, documentedSettle, emptyPage, tokenAnswer(1, "7200"),
		`{"data":{"error_code":"5000001"}}`, `{"data":[],"extra":{"error_code":0},"err_no":28001008}`, `{"data":[],"extra":{"error_code":"0"},"code":"x"}`, `{"extra":{"sub_error_code":13000,"logid":1}}`, "<html>", "{}", "[]", "null", "", "{\"a\":\n1}", "{}{}", `{"data":1,"data":2}`, "\"\xff\"",
		"{\"data\":{\"has\xfbmore\":false},\"extra\":{\"error_code\":0}}",
	} {
		f.Add(200, []byte(seed))
		f.Add(503, []byte(seed))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		logID, fault := judge(apiBills, status, body)
		if page, err := normalise.DecodePage(body); err == nil && isSuccess(status) && (fault != nil || page.LogID != logID) {
			t.Fatalf("%q is a page with logid %q, but is judged as %v with logid %q", body, page.LogID, fault, logID)
		}
		if fault != nil {
			if fault.Reason == "" || fault.reach == "" || fault.Failure().Reach == "" {
				t.Fatalf("error %+v has no reason or no reach", fault)
			}
			if fault.body != nil && (!jsontext.Value(fault.body).IsValid(jsontext.AllowInvalidUTF8(true)) || bytes.ContainsAny(fault.body, "\r\n")) {
				t.Fatalf("evidence %q does not fit on one line of JSON", fault.body)
			}
			return
		}
		if status < 200 || status > 299 || !jsontext.Value(body).IsValid(jsontext.AllowInvalidUTF8(true)) {
			t.Fatalf("accepted HTTP %d with %q", status, body)
		}
		if code := member(t, body, "/extra/error_code"); code == "" || code == "null" {
			t.Fatalf("accepted %q, which has no evidence of success", body)
		}
		for _, section := range []string{"/data", "/extra", ""} {
			for _, name := range []string{"/error_code", "/sub_error_code", "/err_no", "/code"} {
				if code := member(t, body, jsontext.Pointer(section+name)); isErrorCode(code) {
					t.Fatalf("accepted %q, which has %s%s %s", body, section, name, code)
				}
			}
		}
		line := oneLineJSON(body)
		again, fault := judge(apiBills, status, line)
		if fault != nil || again != logID || bytes.ContainsAny(line, "\r\n") {
			t.Fatalf("kept %q as %q: logid %q and %q, %v", body, line, logID, again, fault)
		}
		_, before := normalise.DecodePage(body)
		_, after := normalise.DecodePage(line)
		if (before == nil) != (after == nil) {
			t.Fatalf("as a page: %v, as kept: %v", before, after)
		}
	})
}

// isErrorCode reports whether a raw code is one of an error.
func isErrorCode(code string) bool { return code != "null" && strings.Trim(code, `"+-0`) != "" }

// member returns the raw value at a pointer in valid JSON, or "".
func member(t *testing.T, body []byte, at jsontext.Pointer) string {
	t.Helper()
	dec := jsontext.NewDecoder(bytes.NewReader(body), jsontext.AllowInvalidUTF8(true))
	for {
		token, err := dec.ReadToken()
		if err != nil {
			return ""
		}
		if dec.StackPointer() == at && token.Kind() == jsontext.KindString && isMemberName(dec) {
			value, _ := dec.ReadValue()
			return string(value)
		}
	}
}

// isMemberName reports whether the latest token is the name of a member.
func isMemberName(dec *jsontext.Decoder) bool {
	kind, length := dec.StackIndex(dec.StackDepth())
	return kind == jsontext.KindBeginObject && length%2 == 1
}

// Each malformed answer has its number of requests and its reason.
func TestMalformedAnswers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status   int
		body     string
		requests int
		reason   string
	}{
		"empty":                {200, "", 8, "empty"},
		"blank":                {200, " \n", 8, "empty"},
		"html":                 {200, "<!DOCTYPE html><p>gateway", 8, "HTML"},
		"html with 502":        {502, "<html>", 8, "HTTP 502 Bad Gateway"},
		"text":                 {200, "upstream timed out", 8, "not JSON"},
		"two byte order marks": {200, "\ufeff\ufeff" + emptyPage, 8, "not JSON"},
		"cut":                  {200, emptyPage[:40], 8, "cut short after 40 bytes"},
		"number":               {200, "17", 2, "not what the API documents"},
		"code of a fraction":   {200, `{"extra":{"error_code":0.5}}`, 2, "not what the API documents"},
		"code too long":        {200, `{"extra":{"error_code":99999999999999999999}}`, 2, "not what the API documents"},
		"code of an object":    {200, `{"extra":{"error_code":{}}}`, 2, "not what the API documents"},
		"logid of an object":   {200, `{"extra":{"logid":{}}}`, 2, "does not say that it succeeded"},
		"repeated key":         {200, `{"data":{"has_more":true,"has_more":false,"ledger_records":[]}}`, 1, "repeats a key"},
		"repeated deep":        {200, `{"data":{"has_more":false,"ledger_records":[{"ledger_id":"1","ledger_id":"2"}]}}`, 1, "repeats a key"},
		"invalid UTF-8":        {200, "{\"data\":{\"has_more\":false,\"ledger_records\":[{\"account_id\":\"1\",\"ledger_id\":\"\xff\",\"settle_type\":1}]},\"extra\":{\"error_code\":0}}", 2, "the page at cursor \"0\": ledger_records[0]: ledger_id: is not valid text"},
		"half a cursor":        {200, `{"data":{"has_more":true,"cursor":"\ud83c","ledger_records":[]},"extra":{"error_code":0}}`, 2, "data.cursor: is not valid text"},
		"trailing":             {200, emptyPage + emptyPage, 1, "goes on after its end"},
		"trailing text":        {200, emptyPage + " ok", 1, "goes on after its end"},
		"too large":            {200, strings.Repeat(" ", maxAnswer) + emptyPage, 1, "larger than 4194304 bytes"},
		"no data":              {200, `{"extra":{"error_code":0}}`, 2, "page has no data"},
		"no ledger_records":    {200, `{"data":{"has_more":false},"extra":{"error_code":0}}`, 2, "ledger_records"},
		"null, and has_more":   {200, `{"data":{"has_more":true,"cursor":"2","ledger_records":null},"extra":{"error_code":0}}`, 2, "ledger_records"},
		"no has_more":          {200, `{"data":{"ledger_records":[]},"extra":{"error_code":0}}`, 2, "has_more"},
		"no cursor":            {200, `{"data":{"has_more":true,"ledger_records":[]},"extra":{"error_code":0}}`, 2, "cursor"},
		"amount of fractions":  {200, `{"data":{"has_more":false,"ledger_records":[{"ledger_id":"1","account_id":"1","settle_type":1,"amount":{"pay":1.5}}]},"extra":{"error_code":0}}`, 2, "pay"},
		"repeated code":        {200, `{"data":{"ledger_records":[],"has_more":false},"extra":{"error_code":5000001,"error_code":0}}`, 1, "repeats a key"},
		"repeated as escape":   {200, `{"data":{"has_more":true,"has\u005fmore":false,"ledger_records":[]}}`, 1, "repeats a key"},
		"20,000 levels":        {200, `{"data":{"has_more":false,"ledger_records":[],"deep":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}}`, 8, "not JSON"},
		"a byte too large":     {200, emptyPage + strings.Repeat(" ", maxAnswer+1-len(emptyPage)), 1, "larger than 4194304 bytes"},
		"other case":           {200, `{"Data":{"has_more":false,"ledger_records":[]},"extra":{"error_code":0}}`, 2, "page has no data"},
		"404":                  {404, "not found", 1, "HTTP 404 Not Found"},
		"404 with a page":      {404, emptyPage, 1, "HTTP 404 Not Found"},
		"400 with a code":      {400, `{"extra":{"error_code":4000002}}`, 1, "参数非法"},
		"403 with a code":      {403, `{"extra":{"error_code":5000001}}`, 8, "系统异常"},
		"408":                  {408, "", 8, "HTTP 408"},
		"503 with a page":      {503, emptyPage, 8, "HTTP 503"},
		"503 with a code":      {503, `{"extra":{"error_code":4000002}}`, 8, "HTTP 503 Service Unavailable: 参数非法"},
		"429":                  {429, "slow down", 8, "HTTP 429 Too Many Requests"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{bills: respond(tt.status, tt.body)}
				answer, err := client(fast, f).Bills(t.Context(), someUnit, "0", 50)
				fault := mustFail(t, err)
				if len(f.arrivals) != tt.requests || !strings.Contains(fault.Reason, tt.reason) {
					t.Errorf("%d requests, got %q, want %d and %q", len(f.arrivals), fault.Reason, tt.requests, tt.reason)
				}
				if fault.Failure().Reach != schema.ReachUnit {
					t.Errorf("reach is %q, want the unit", fault.Failure().Reach)
				}
				if want := len(tt.body) <= maxAnswer && jsontext.Value(tt.body).IsValid(jsontext.AllowInvalidUTF8(true)); want != (answer.Body != nil) {
					t.Errorf("evidence is %q of %.100q", answer.Body, tt.body)
				}
			})
		})
	}
}

// A key in another case is another key and has no effect; an answer may be as large as
// the limit.
func TestHostileAnswersThatAreTaken(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"folded keys": `{"DATA":{"error_code":5000001},"data":{"has_more":false,"HAS_MORE":true,"Ledger_Records":[{}],"ledger_records":[],"Error_Code":1},"EXTRA":{"error_code":1},"extra":{"error_code":"0","Error_Code":1,"logid":"L1"}}`,
		"the limit":   emptyPage + strings.Repeat(" ", maxAnswer-len(emptyPage)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := client(fast, &fake{bills: respond(200, body)}).Bills(t.Context(), someUnit, "0", 50)
			if err != nil || string(got.Body) != body || got.LogID != "L1" {
				t.Fatalf("got %.100q, %v", got.Body, err)
			}
			if page, err := normalise.DecodePage(got.Body); err != nil || page.HasMore || len(page.Records) != 0 {
				t.Errorf("read as %+v, %v; want an empty day", page, err)
			}
		})
	}
}

// A body that ends early, at any byte, is cut short, even if the transport does not
// notice.
func TestCutAtEveryByte(t *testing.T) {
	t.Parallel()
	const whole = `{"data":{"cursor":"0","has_more":false,"ledger_records":[{"ledger_id":"1","account_id":"2","settle_type":1,"group_name":"爆品🎉\u4e00","amount":{"pay":990}}]},"extra":{"error_code":0,"logid":"L1"}}`
	for n := range len(whole) {
		for _, end := range []error{io.EOF, io.ErrUnexpectedEOF} {
			synctest.Test(t, func(t *testing.T) {
				requests := 0
				c := client(fast, cutting{whole[:n], end, &requests})
				_, err := c.Bills(t.Context(), someUnit, "0", 50)
				fault := mustFail(t, err)
				want := "cut short"
				if n == 0 && end == io.EOF {
					want = "empty"
				}
				if !strings.Contains(fault.Reason, want) || requests != attempts[repeat] {
					t.Errorf("cut at %d with %v: %d requests, got %q", n, end, requests, fault.Reason)
				}
				if end != io.EOF && !errors.Is(err, end) {
					t.Errorf("error %v hides its cause", err)
				}
			})
		}
	}
}

type cutting struct {
	body     string
	end      error
	requests *int
}

func (c cutting) RoundTrip(r *http.Request) (*http.Response, error) {
	body := io.MultiReader(strings.NewReader(c.body), failing{c.end})
	if r.URL.Path == pathToken {
		body = strings.NewReader(tokenAnswer(1, "7200"))
	} else {
		*c.requests++
	}
	return &http.Response{StatusCode: 200, Body: io.NopCloser(body), Request: r}, nil
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

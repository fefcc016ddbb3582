package douyin

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"billwalk/schema"
)

// unreadable are answers that cannot be read, although the platform answers.
var unreadable = map[string]string{
	"text":         "upstream timed out",
	"an id":        "{\"data\":{\"has_more\":false,\"ledger_records\":[{\"account_id\":\"1\",\"ledger_id\":\"\xff\",\"settle_type\":1}]},\"extra\":{\"error_code\":0,\"logid\":\"L9\"}}",
	"an amount":    `{"data":{"has_more":false,"ledger_records":[{"account_id":"1","ledger_id":"2","settle_type":1,"amount":{"pay":"1\ud83c"}}]},"extra":{"error_code":0,"logid":"L9"}}`,
	"repeated key": `{"data":{"has_more":true,"has_more":false,"ledger_records":[]},"extra":{"error_code":0,"logid":"L9"}}`,
	"trailing":     emptyPage + " ok",
	"a wrong type": `{"data":{"has_more":"no","ledger_records":[]},"extra":{"error_code":0,"logid":"L9"}}`,
}

// An answer that cannot be read is a failure of its unit, and the error contains it. Any
// number of them does not delay calls of other units.
func TestUnreadableIsNoOutage(t *testing.T) {
	t.Parallel()
	for name, body := range unreadable {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				broken := true
				f := &fake{bills: func(w http.ResponseWriter, r *http.Request) {
					if broken {
						respond(200, "\ufeff"+body)(w, r)
						return
					}
					respond(200, emptyPage)(w, r)
				}}
				c := client(fast, f)
				for range 2 * maxSilent {
					_, err := c.Bills(t.Context(), someUnit, "7", 50)
					fault := mustFail(t, err)
					if fault.Failure().Reach != schema.ReachUnit || !strings.HasPrefix(fault.Reason, `the page at cursor "7": `) {
						t.Fatalf("%s", fault)
					}
					if got := string(fault.Unreadable()); got != "\ufeff"+body {
						t.Fatalf("the error has %q, received was %q", got, body)
					}
					if c.bills.circuit.open() {
						t.Fatal("the circuit is open")
					}
				}
				broken = false
				if _, err := c.Bills(t.Context(), someUnit, "0", 50); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

// A missing answer is not unreadable, and the circuit counts it.
func TestUnansweredIsNotUnreadable(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		body   string
		counts bool
	}{
		"empty": {200, "", true}, "a byte order mark alone": {200, "\ufeff", true}, "HTML": {200, "\ufeff<html>", true}, "cut": {200, emptyPage[:40], true},
		"cut in a character": {200, "{\"data\":\"\xe9", true}, "502": {502, "<html>", true}, "503 with a page": {503, emptyPage, true}, "408": {408, "", true},
		"404": {404, "nothing", false}, "429": {429, "", false}, "a code": {200, `{"extra":{"error_code":5000001}}`, false}, "text": {200, "no", false},
	} {
		_, fault := judge(apiBills, test.status, []byte(strings.TrimPrefix(test.body, "\ufeff")))
		if fault == nil || fault.unanswered != test.counts || fault.unanswered && fault.unreadable {
			t.Errorf("%s: %+v, want counted %t", name, fault, test.counts)
		}
	}
}

// A byte order mark before an answer is ignored, and so is half a character in a display
// text.
func TestBOMAndBadText(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		page := "{\"data\":{\"description\":\"\xff\",\"has_more\":false,\"ledger_records\":[{\"account_id\":\"1\",\"ledger_id\":\"2\",\"settle_type\":1,\"group_name\":\"双\\ud83c\"}]},\"extra\":{\"error_code\":0,\"logid\":\"L1\",\"description\":\"\\ud83c\"}}"
		settlements := `{"data":[{"settle_id":"s","settle_status":"FAIL","cp_extra":"\ud83c"}],"extra":{"error_code":0,"logid":"L2"}}`
		f := &fake{bills: respond(200, "\ufeff"+page), settlements: respond(200, "\ufeff "+settlements)}
		f.token = func(w http.ResponseWriter, r *http.Request) {
			respond(200, "\ufeff"+strings.Replace(tokenAnswer(f.tokenCount(), "7200"), `"description":""`, "\"description\":\"\xff\"", 1))(w, r)
		}
		c := client(fast, f)
		if got, err := c.Bills(t.Context(), someUnit, "0", 50); err != nil || string(got.Body) != page || got.LogID != "L1" {
			t.Errorf("%q, %v", got.Body, err)
		}
		q := schema.Query{Match: schema.Match{Parameter: "order_id", Column: "shop_order_id"}, Value: "8"}
		if got, err := c.Settlements(t.Context(), q); err != nil || strings.TrimSpace(string(got.Body)) != settlements || got.LogID != "L2" {
			t.Errorf("%q, %v", got.Body, err)
		}
	})
}

// The reason names the settle query.
func TestUnreadableSettlement(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{settlements: respond(200, `{"data":[{"settle_id":"s7","settle_status":"FAIL","order_id":"\ud83c"}],"extra":{"error_code":0,"logid":"L2"}}`)}
		q := schema.Query{Match: schema.Match{Parameter: "order_id", Column: "shop_order_id"}, Value: "8"}
		_, err := client(fast, f).Settlements(t.Context(), q)
		fault := mustFail(t, err)
		if want := `the answer to order_id "8": data[0]: order_id: is not valid text`; !strings.HasPrefix(fault.Reason, want) || !strings.Contains(fault.Reason, "settle_id s7") || fault.LogID != "L2" || fault.Unreadable() == nil || fault.Failure().Reach != schema.ReachUnit {
			t.Errorf("%+v", fault)
		}
	})
}

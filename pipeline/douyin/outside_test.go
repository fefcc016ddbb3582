package douyin

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"billwalk/schema"
)

// outsideForms are errors beside data and extra, as gateways write them.
var outsideForms = []string{
	`{"data":null,"err_no":%d,"err_msg":"说明","log_id":"L8"}`,
	`{"data":[],"error_code":%d,"description":"说明","logid":"L8"}`,
	`{"data":{},"code":%d,"message":"说明","log_id":"L8"}`,
	`{"err_no":"%d","err_tips":"说明","data":{"logid":"L8"}}`,
	`{"data":{"cursor":"0","has_more":false,"ledger_records":[]},"err_no":%d,"err_msg":"说明","log_id":"L8"}`,
	`{"data":{"cursor":"0","has_more":false,"ledger_records":[]},"extra":{"error_code":0,"logid":"L8"},"err_no":%d,"err_msg":"说明"}`,
	`{"data":[],"extra":{"error_code":2191009,"logid":"L8"},"err_no":%d,"err_msg":"说明"}`,
}

// TestErrorsOutside: an error in any place has the same remedy, code, text and logid.
func TestErrorsOutside(t *testing.T) {
	t.Parallel()
	for _, api := range []string{apiBills, apiSettlements, apiToken} {
		for number, known := range codes {
			if known.remedy == notFound || generalCodes[number] {
				continue // beside another code these do not decide
			}
			want := newError(api, known.remedy, "")
			for _, form := range outsideForms {
				_, fault := judge(api, http.StatusOK, fmt.Appendf(nil, form, number))
				if fault == nil || fault.Code != number || fault.remedy != want.remedy || fault.reach != want.reach || fault.LogID != "L8" ||
					!strings.Contains(fault.Reason, "说明") || fault.Hint != hintOf(api, known) {
					t.Errorf("%s: %s of %d is %+v", api, form, number, fault)
				}
			}
		}
	}
}

// A token that is refused outside data and extra is renewed once, and the call repeated.
func TestTokenRefusedOutside(t *testing.T) {
	t.Parallel()
	for _, form := range outsideForms[:5] {
		synctest.Test(t, func(t *testing.T) {
			refused := false
			f := &fake{settlements: func(w http.ResponseWriter, r *http.Request) {
				body := noSettlements
				if !refused {
					refused, body = true, fmt.Sprintf(form, 28001008)
				}
				respond(http.StatusOK, body)(w, r)
			}}
			c := client(fast, f)
			if _, err := c.Settlements(t.Context(), someQuery); err != nil {
				t.Fatalf("%s: %v", form, err)
			}
			if s := c.Stats(); s.Token != 2 || s.Settlements != 2 {
				t.Errorf("%s: %+v, want a second token", form, s)
			}
		})
	}
}

// TestNoEvidence: an answer with neither success nor an error is retried once, and is an
// error that describes it.
func TestNoEvidence(t *testing.T) {
	t.Parallel()
	for body, part := range map[string]string{
		`{"data":{"has_more":false,"ledger_records":[]}}`: "no extra.error_code",
		`{"data":[],"extra":null}`:                        "data is a list, extra is null",
		`{"data":"","extra":[]}`:                          "data is text, extra is a list",
		`{"data":{"has_more":false,"ledger_records":[]},"extra":{"logid":"L8"},"message":"service degraded"}`: "service degraded",
		`{"status":"DOWN"}`: `"status"`,
		`{"data":[],"extra":{"error_code":0},"code":"Unavailable"}`:       "code is text",
		`{"data":[],"extra":{"error_code":0},"err_no":{"code":28001008}}`: "err_no is an object",
		`{"data":[],"extra":{"error_code":0.0}}`:                          "extra.error_code is a number",
	} {
		for _, settle := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{bills: respond(200, body), settlements: respond(200, body)}
				c := client(fast, f)
				var err error
				if settle {
					_, err = c.Settlements(t.Context(), someQuery)
				} else {
					_, err = c.Bills(t.Context(), someUnit, "0", 50)
				}
				fault := mustFail(t, err)
				if s := c.Stats(); s.Bills+s.Settlements != 2 || fault.Failure().Reach != schema.ReachUnit || !strings.Contains(fault.Reason, part) || fault.Hint.English == "" {
					t.Errorf("%s: %+v after %+v, want %q", body, fault, s, part)
				}
			})
		}
	}
}

// TestTokenWithoutEvidence: client_token has no extra. Its evidence is the token without
// an error.
func TestTokenWithoutEvidence(t *testing.T) {
	t.Parallel()
	const grant = `"data":{"access_token":"clt.1","expires_in":7200`
	for body, good := range map[string]bool{
		`{` + grant + `}}`: true,
		`{` + grant + `,"error_code":null},"message":"success"}`:              true,
		`{` + grant + `,"error_code":"0"},"err_no":0}`:                        true,
		`{` + grant + `},"err_no":10020,"err_msg":"too many"}`:                false,
		`{` + grant + `},"code":"Forbidden"}`:                                 false,
		`{` + grant + `,"error_code":"none"}}`:                                false,
		`{` + grant + `},"extra":{"error_code":10013}}`:                       false,
		`{"data":null,"err_no":10013,"err_msg":"client_secret","log_id":"L"}`: false,
	} {
		synctest.Test(t, func(t *testing.T) {
			err := client(fast, &fake{token: respond(200, body)}).Token(t.Context())
			if (err == nil) != good {
				t.Errorf("%s: %v", body, err)
			}
		})
	}
}

// TestCodesWin: of several codes, the one with the furthest reach decides in any place. A
// sub code decides only beside a general code.
func TestCodesWin(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		body   string
		remedy remedy
		code   int64
		sub    int64
	}{
		{`{"extra":{"error_code":2191009,"sub_error_code":2190004}}`, giveUpApp, 2191009, 2190004},
		{`{"data":{"error_code":2119005},"extra":{"error_code":28001018}}`, giveUpApp, 28001018, 0},
		{`{"extra":{"error_code":2119005,"sub_error_code":11006},"err_no":28001019}`, giveUpApp, 28001019, 11006},
		{`{"extra":{"error_code":4000002},"err_no":28001008}`, renewToken, 28001008, 0},
		{`{"extra":{"error_code":2119005,"sub_error_code":11002}}`, renewToken, 2119005, 11002},
		{`{"extra":{"error_code":2119001,"sub_error_code":12001}}`, slowDown, 2119001, 12001},
		{`{"extra":{"error_code":2191009,"sub_error_code":12001},"err_no":2190001}`, giveUpToday, 2190001, 12001},
		{`{"extra":{"error_code":2119005,"sub_error_code":11006}}`, giveUpAccount, 2119005, 11006},
		{`{"extra":{"error_code":2119001,"sub_error_code":11006}}`, giveUpUnit, 2119001, 11006},
		{`{"extra":{"error_code":2191006,"sub_error_code":11006}}`, giveUpAccount, 2191006, 11006},
		{`{"extra":{"error_code":5000001,"sub_error_code":23002}}`, giveUpUnit, 5000001, 23002},
		{`{"extra":{"error_code":5000001,"sub_error_code":99999}}`, repeat, 5000001, 99999},
		{`{"extra":{"error_code":77,"sub_error_code":99999}}`, giveUpUnit, 77, 99999},
		{`{"data":{"error_code":3000001},"extra":{"error_code":6000001}}`, unavailable, 6000001, 0},
		{`{"data":{"error_code":4000001},"extra":{"error_code":5000001}}`, giveUpUnit, 4000001, 0},
	} {
		_, fault := judge(apiBills, 200, []byte(tt.body))
		if fault == nil || fault.remedy != tt.remedy || fault.Code != tt.code || fault.SubCode != tt.sub {
			t.Errorf("%s is %+v, want remedy %d of %d and %d", tt.body, fault, tt.remedy, tt.code, tt.sub)
		}
	}
}

var (
	han       = regexp.MustCompile(`\p{Han}`)
	halfWidth = regexp.MustCompile(`\p{Han}[,;:()?!]|[,;:()?!]\p{Han}`)
)

// TestHintsFit: the hint of every code in every API fits the remedy and the API.
func TestHintsFit(t *testing.T) {
	t.Parallel()
	repeats := []remedy{repeat, repeatOnce, repeatFew, slowDown}
	has := func(hint string, parts ...string) bool {
		return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(hint, p) })
	}
	for _, api := range []string{apiBills, apiSettlements, apiToken} {
		for _, table := range []map[int64]code{codes, subCodes} {
			for number, known := range table {
				both := hintOf(api, known)
				hint := both.Both()
				where := fmt.Sprintf("%s, %d (%s): %q", api, number, known.meaning, hint)
				switch {
				case both.Chinese == "" || both.English == "" || han.MatchString(both.English) || !han.MatchString(both.Chinese):
					t.Error(where, "is not in two languages")
				case halfWidth.MatchString(both.Chinese), halfWidth.MatchString(known.meaning.Chinese):
					t.Error(where, "has punctuation of half width in Chinese text")
				case slices.Contains(repeats, known.remedy) && has(hint, "match"):
					t.Error(where, "blames the job for a transient fault")
				case known.remedy == giveUpApp && !has(hint, "应用", "小程序", "client_key"):
					t.Error(where, "does not mention the app")
				case api != apiSettlements && has(hint, "settlements.match"), api != apiBills && has(hint, "account id", "餐饮", "life.capacity"):
					t.Error(where, "belongs to another API")
				case api == apiBills && has(hint, "小程序", "industry_open"):
					t.Error(where, "belongs to another app")
				case known.remedy == giveUpToday && both != hintQuota, known.remedy == slowDown && !has(hint, "qps", "client_key"):
					t.Error(where, "does not say how to slow down")
				}
			}
		}
	}
	for _, number := range []int64{3000001, 4000001, 4000002, 2119001} {
		if !strings.Contains(hintOf(apiBills, codes[number]).Chinese, "其他行业商家请勿查询") {
			t.Errorf("%d does not say for whom this API is", number)
		}
	}
}

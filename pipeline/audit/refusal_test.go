package audit

import (
	"errors"
	"strings"
	"testing"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// envelopes are answers without their content, and whether they prove success.
var envelopes = map[string]bool{
	`{"data":CONTENT,"extra":{"error_code":0}}`:                                                  true,
	`{"extra":{"sub_error_code":"0","error_code":"0"},"data":CONTENT,"err_no":0,"code":null}`:    true,
	`{"data":CONTENT,"extra":{"error_code":0,"logid":[]},"message":"success","error_code":"-0"}`: true,
	`{"data":CONTENT,"extra":{"error_code":0},"log_id":5,"err_tips":{"a":1},"status":"fail"}`:    true,

	`{"data":CONTENT}`:                                                              false,
	`{"data":CONTENT,"extra":null}`:                                                 false,
	`{"data":CONTENT,"extra":[]}`:                                                   false,
	`{"data":CONTENT,"extra":[{"error_code":0}]}`:                                   false,
	`{"data":CONTENT,"extra":"{\"error_code\":0}"}`:                                 false,
	`{"data":CONTENT,"extra":{}}`:                                                   false,
	`{"data":CONTENT,"extra":{"error_code":null}}`:                                  false,
	`{"data":CONTENT,"extra":{"error_code":""}}`:                                    false,
	`{"data":CONTENT,"extra":{"error_code":0.0}}`:                                   false,
	`{"data":CONTENT,"extra":{"error_code":false}}`:                                 false,
	`{"data":CONTENT,"extra":{"error_code":{"code":0}}}`:                            false,
	`{"data":CONTENT,"extra":{"Error_Code":0}}`:                                     false,
	`{"data":CONTENT,"extra":{"error_code":28001008}}`:                              false,
	`{"data":CONTENT,"extra":{"error_code":0,"sub_error_code":23002}}`:              false,
	`{"data":CONTENT,"extra":{"error_code":0,"err_no":"28001003"}}`:                 false,
	`{"data":CONTENT,"extra":{"error_code":99999999999999999999}}`:                  false,
	`{"data":CONTENT,"err_no":28001008,"err_msg":"access_token过期","log_id":"L"}`:    false,
	`{"data":CONTENT,"err_no":"28001008"}`:                                          false,
	`{"data":CONTENT,"err_no":28001008,"extra":{"error_code":0}}`:                   false,
	`{"data":CONTENT,"err_no":"28001008","extra":{"error_code":0}}`:                 false,
	`{"data":CONTENT,"error_code":2190004,"extra":{"error_code":0}}`:                false,
	`{"data":CONTENT,"code":40006,"extra":{"error_code":0}}`:                        false,
	`{"data":CONTENT,"code":"InvalidToken","extra":{"error_code":0}}`:               false,
	`{"data":CONTENT,"code":"","extra":{"error_code":0}}`:                           false,
	`{"data":CONTENT,"err_no":{"code":28001008},"extra":{"error_code":0}}`:          false,
	`{"data":CONTENT,"err_no":[],"extra":{"error_code":0}}`:                         false,
	`{"data":CONTENT,"sub_error_code":11002,"extra":{"error_code":0}}`:              false,
	`{"data":CONTENT,"error":{"code":28001008,"message":"access_token过期"}}`:         false,
	`{"result":{"data":CONTENT,"extra":{"error_code":0}},"err_no":28001008}`:        false,
	`{"result":{"data":CONTENT,"extra":{"error_code":0}}}`:                          false,
	`{"data":{"data":CONTENT,"extra":{"error_code":0}},"extra":{"error_code":"0"}}`: false,
}

// TestEvidence: the build and the audit accept an answer only with evidence of success.
func TestEvidence(t *testing.T) {
	t.Parallel()
	for form, proves := range envelopes {
		for content, settlements := range map[string]bool{
			`{"cursor":"0","has_more":false,"ledger_records":[]}`: false, `[]`: true, `[{"settle_id":"1","settle_status":"SUCCESS"}]`: true, `null`: true,
		} {
			body := []byte(strings.Replace(form, "CONTENT", content, 1))
			var built, audited error
			if settlements {
				_, built = normalise.DecodeSettlements(body)
				_, audited = readSettlements(&schema.SettleAnswer{Body: body})
			} else {
				_, built = normalise.DecodePage(body)
				_, audited = readPage(body)
			}
			if (built == nil) != proves || (audited == nil) != proves {
				t.Errorf("%s: built with %v, audited with %v; want %t", body, built, audited, proves)
			}
		}
	}
}

// TestOrderNotFound: an unknown order is an answer, unless there is another error.
func TestOrderNotFound(t *testing.T) {
	t.Parallel()
	for body, found := range map[string]bool{
		`{"extra":{"error_code":2191002,"sub_error_code":20000}}`:                                   true,
		`{"extra":{"error_code":20000}}`:                                                            true,
		`{"data":null,"extra":{"error_code":0,"sub_error_code":"20000"}}`:                           true,
		`{"data":[],"err_no":20000,"err_msg":"订单不存在"}`:                                              true,
		`{"extra":{"error_code":77,"sub_error_code":20000}}`:                                        true,
		`{"extra":{"error_code":2190004,"sub_error_code":20000}}`:                                   false,
		`{"extra":{"error_code":28001006,"sub_error_code":20000}}`:                                  false,
		`{"extra":{"error_code":2191002,"sub_error_code":20000},"err_no":28001008}`:                 false,
		`{"data":{"error_code":28001008},"extra":{"error_code":2191002,"sub_error_code":20000}}`:    false,
		`{"extra":{"error_code":2191002,"sub_error_code":20000},"sub_error_code":13000}`:            false,
		`{"extra":{"error_code":2191002,"sub_error_code":20000},"code":"busy"}`:                     false,
		`{"extra":{"error_code":2191002,"sub_error_code":20005}}`:                                   false,
		`{"extra":{"error_code":4000002,"sub_error_code":20000},"data":[],"message":"not allowed"}`: false,
	} {
		_, built := normalise.DecodeSettlements([]byte(body))
		_, audited := readSettlements(&schema.SettleAnswer{Body: []byte(body)})
		if (built == nil) != found || (audited == nil) != found {
			t.Errorf("%s: built with %v, audited with %v; want %t", body, built, audited, found)
		}
	}
}

// TestRefusalSaysWhy: a refusal has code, message and logid, wherever they are.
func TestRefusalSaysWhy(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"data":{"cursor":"0","has_more":false,"ledger_records":[]},"err_no":28001006,"err_msg":"网络调用错误","log_id":"L9"}`,
		`{"data":{"has_more":false,"ledger_records":[],"error_code":"28001006","description":"网络调用错误","logid":"L9"}}`,
		`{"data":{},"extra":{"sub_error_code":28001006,"description":"网络调用错误","logid":"L9"}}`,
	} {
		_, err := readPage([]byte(body))
		no, ok := errors.AsType[*refusal](err)
		if !ok || no.withdrawn() {
			t.Fatalf("%s: %v", body, err)
		}
		for _, part := range []string{"28001006", "网络调用错误", "L9"} {
			if !strings.Contains(no.Error(), part) {
				t.Errorf("%s: %q does not name %s", body, no, part)
			}
		}
	}
}

package douyin

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-json-experiment/json/jsontext"

	"billwalk/schema"
)

// echoes are texts in which an answer may repeat the request.
var echoes = map[string]string{
	"as it is":         `"TOKEN and SECRET"`,
	"with code points": `"\u0063\u006ct.canary-token-1 \u0063anary-secret-5f1c"`,
	"JSON within JSON": `"{\"Authorization\":\"Bearer TOKEN\",\"s\":\"\\u0063anary-secret-5f1c\"}"`,
	"in a URL":         `"https://open.douyin.com/?access_token=clt%2Ecanary%2Dtoken-1&client_secret=SECRET"`,
	"in a name":        `{"TOKEN":1,"SECRET":2}`,
}

// TestEchoes: the token and the client secret are removed from an answer that repeats
// them, in any place and form. It is still JSON, and its hash is that of the archived
// answer.
func TestEchoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, checkEchoes)
}

func checkEchoes(t *testing.T) {
	for name, echo := range echoes {
		echo = strings.NewReplacer("TOKEN", canaryToken+"-1", "SECRET", canarySecret).Replace(echo)
		for where, body := range map[string]string{
			"a bill":             `{"data":{"cursor":"0","has_more":false,"ledger_records":[{"account_id":"1","ledger_id":"2","settle_type":1,"note":ECHO}]},"extra":{"error_code":0,"logid":"L1"}}`,
			"beside the data":    `{"data":{"cursor":"0","has_more":false,"ledger_records":[]},"extra":{"error_code":0,"logid":"L1","description":ECHO}}`,
			"an error":           `{"data":{"error_code":9999,"description":ECHO},"extra":{"error_code":9999,"logid":ECHO}}`,
			"a cut answer":       `{"data":{"ledger_records":[{"a":ECHO`,
			"an unknown answer":  `{"data":ECHO}`,
			"a gateway's answer": `<html>ECHO</html>`,
		} {
			body = strings.ReplaceAll(body, "ECHO", echo)
			c := clientWith(&fake{bills: respond(200, body)}, WithPatience(0))
			answer, err := c.Bills(t.Context(), someUnit, "0", 50)
			texts := []string{string(answer.Body), answer.LogID}
			if fault, ok := errors.AsType[*Error](err); ok {
				texts = append(texts, err.Error(), string(fault.Unreadable()), fault.Failure().Reason, fault.Failure().LogID)
			}
			if where == "a bill" && err != nil {
				t.Fatalf("%s %s: %v", name, where, err)
			}
			if len(answer.Body) > 0 && !jsontext.Value(answer.Body).IsValid() {
				t.Errorf("%s in %s: no JSON: %s", name, where, answer.Body)
			}
			for _, text := range texts {
				if plain := decoded(text); strings.Contains(plain, "canary") {
					t.Errorf("%s in %s is not removed: %s", name, where, text)
				}
			}
		}
	}
}

// decoded undoes the escapes that the echoes have.
func decoded(text string) string {
	return strings.NewReplacer(`\\u0063`, "c", `\u0063`, "c", `\u006c`, "l", "%2E", ".", "%2D", "-").Replace(text)
}

// TestTokenAnswerIsNotKept: an answer of client_token is not returned as evidence, and no
// message contains its token or the secret.
func TestTokenAnswerIsNotKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, checkTokenAnswers)
}

func checkTokenAnswers(t *testing.T) {
	var hidden schema.Redactor
	hidden.Hide(schema.NewSecret("platform.test"), "${PLATFORM}")
	for _, body := range []string{
		`{"data":{"access_token":"` + canaryToken + `","expires_in":7200,"error_code":10013,"description":"` + canaryToken + ` ` + canarySecret + ` at platform.test"},"extra":{"logid":"` + canaryToken + `"}}`,
		`{"data":{"access_token":"` + canaryToken + `","error_code":"` + canaryToken + `"}}`,
		`{"data":{"access_token":"` + canaryToken + `","expires_in":"` + canaryToken + `"}}`,
	} {
		c := clientWith(&fake{token: respond(200, body), bills: respond(200, emptyPage)}, WithHidden(&hidden))
		answer, err := c.Bills(t.Context(), someUnit, "0", 50)
		fault := mustFail(t, err)
		if all := err.Error() + string(answer.Body) + string(fault.Unreadable()) + answer.LogID; strings.Contains(all, "canary") || strings.Contains(all, "platform.test") {
			t.Errorf("%s: a secret is shown in %s", body, all)
		}
		if len(answer.Body) > 0 {
			t.Errorf("%s is kept", answer.Body)
		}
	}
}

// TestUnreachableAddress: the address may come from the environment, and is not shown.
func TestUnreachableAddress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, checkAddress)
}

func checkAddress(t *testing.T) {
	var hidden schema.Redactor
	hidden.Hide(schema.NewSecret("platform.test"), "${PLATFORM}")
	lost := roundTripper(func(r *http.Request) (*http.Response, error) {
		return nil, errors.New("lookup " + r.URL.Host + ": no such host")
	})
	_, err := clientWith(lost, WithHidden(&hidden), WithPatience(0)).Bills(t.Context(), someUnit, "0", 50)
	if text := mustFail(t, err).Error(); !strings.Contains(text, "lookup ${PLATFORM}: no such host") {
		t.Error(text)
	}
}

func clientWith(t http.RoundTripper, options ...Option) *Client {
	return New(fast, append(options, WithTransport(t), WithLogger(slog.New(slog.DiscardHandler)))...)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

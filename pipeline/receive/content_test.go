package receive

import (
	"crypto/sha1"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// legacyOf returns an old callback with quoted as its msg in the body, signed as msg.
func legacyOf(before, quoted, msg string) *post {
	timestamp := fmt.Sprint(time.Now().Unix())
	parts := slices.Sorted(slices.Values([]string{someToken, timestamp, "n", msg}))
	body := fmt.Sprintf(`%s{"timestamp":%q,"nonce":"n","msg":%s,"type":"settle","msg_signature":"%x"}`, before, timestamp, quoted, sha1.Sum([]byte(strings.Join(parts, ""))))
	return &post{method: http.MethodPost, path: "/callbacks/settle/trade/legacy", body: []byte(body), header: http.Header{"Content-Type": {"application/json"}}}
}

// TestBadTextIsTaken: text that was cut in a msg is stored, and so is a byte order mark. An
// id that is not valid text goes to quarantine.
func TestBadTextIsTaken(t *testing.T) {
	t.Parallel()
	current := func(member string) string {
		return `{"version":"2.0","type":"settle","msg":"{\"settle_id\":\"s\",\"status\":\"FAIL\"` + member + `}"}`
	}
	legacy := func(member string) *post {
		msg := `{"settle_no":"s","status":"FAIL"` + member + `}`
		return legacyOf("", `"`+strings.ReplaceAll(strings.ReplaceAll(msg, `\`, `\\`), `"`, `\"`)+`"`, msg)
	}
	for name, test := range map[string]struct {
		post        *post
		quarantined bool
	}{
		"half a character":         {signedPost("n", current(`,\"message\":\"\\ud83c\"`)), false},
		"half a character outside": {signedPost("n", current(`,\"cp_extra\":\"\ud83c\"`)), false},
		"not UTF-8":                {signedPost("n", current(",\\\"cp_extra\\\":\\\"\xe9\xa4\\\"")), false},
		"a byte order mark":        {signedPost("n", "\ufeff"+current("")), false},
		"an id":                    {signedPost("n", current(`,\"order_id\":\"\\ud83c\"`)), true},
		"an amount":                {signedPost("n", current(",\\\"rake\\\":\\\"1\xff\\\"")), true},
		"old: half a character":    {legacy(`,"message":"\ud83c"`), false},
		"old: not UTF-8":           {legacy(",\"cp_extra\":\"\xe9\xa4\""), false},
		"old: a byte order mark":   {legacyOf("\ufeff", `"{\"settle_no\":\"s\",\"status\":\"FAIL\"}"`, `{"settle_no":"s","status":"FAIL"}`), false},
		"old: an id":               {legacy(",\"order_id\":\"\xff\""), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, func(c *Config) {
				c.Readable = func(c *schema.Callback) error { return normalise.CheckCallback(c, nil) }
			})
			if w := test.post.to(f); w.Code != http.StatusOK || w.Body.String() != string(acknowledgement) {
				t.Fatalf("%d %s\n%s", w.Code, w.Body, f.logged)
			}
			if taken, apart := len(f.shelf.stored(false)), len(f.shelf.stored(true)); taken+apart != 1 || test.quarantined != (apart == 1) {
				t.Errorf("got %d stored, %d in quarantine\n%s", taken, apart, f.logged)
			}
		})
	}
}

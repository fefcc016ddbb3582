package schema

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const hiddenToken = `clt.4f/9+a"b\c%2=Z0`

// spellings are the ways in which an answer or a log may write a text.
func spellings(text string) map[string]string {
	escaped := ""
	for _, c := range []byte(text) {
		escaped += fmt.Sprintf(`\u%04X`, c)
	}
	quoted := func(text string) string {
		data, err := json.Marshal(text)
		if err != nil {
			panic(err)
		}
		return string(data[1 : len(data)-1])
	}
	return map[string]string{
		"as JSON": quoted(text), "with slashes escaped": strings.ReplaceAll(quoted(text), "/", `\/`), "as code points": escaped,
		"as a query": url.QueryEscape(text), "as a path": quoted(url.PathEscape(text)), "JSON within JSON": quoted(quoted(text)),
		"code points within JSON": quoted(escaped),
	}
}

// TestRedactor: a hidden text is found however it is written, valid JSON stays valid, and
// nothing else changes.
func TestRedactor(t *testing.T) {
	t.Parallel()
	var r Redactor
	r.HideSecret(NewSecret(hiddenToken))
	r.Hide(NewSecret("HUNTER2"), "${PASSWORD}")
	r.HideSecret(NewSecret("short"))
	r.HideSecret(NewSecret("12345678"))
	for name, written := range spellings(hiddenToken) {
		for _, form := range []string{`{"a":1,"token":"%s","b":[true]}`, `{"a":"say \"%s\" and \\","%[1]s":null}`, `["%s%[1]s"]`} {
			text := fmt.Sprintf(form, written)
			got := string(r.Bytes([]byte(text)))
			if want := fmt.Sprintf(form, redacted); got != want || !json.Valid([]byte(got)) {
				t.Errorf("%s: %s becomes %s, want %s", name, text, got, want)
			}
		}
		if got := r.Text("<html>" + written + `"`); got != "<html>"+redacted+`"` {
			t.Errorf("%s in HTML becomes %s", name, got)
		}
	}
	if got := r.Text("<p>" + hiddenToken + "</p>"); got != "<p>"+redacted+"</p>" {
		t.Errorf("the bare text becomes %s", got)
	}
	for text, want := range map[string]string{
		"open /srv/HUNTER2/x: no":       "open /srv/${PASSWORD}/x: no",
		`{"n":12345678,"s":"12345678"}`: `{"n":12345678,"s":"[redacted]"}`,
		`{"id":"9123456780"}`:           `{"id":"9123456780"}`,
		"in short, a shortage":          "in short, a shortage",
		`{"a":"\\u004","b":"100%"}`:     `{"a":"\\u004","b":"100%"}`,
	} {
		if got := r.Text(text); got != want {
			t.Errorf("%s becomes %s, want %s", text, got, want)
		}
	}
	var none *Redactor
	if got := none.Text(hiddenToken); got != hiddenToken {
		t.Errorf("without anything hidden: %s", got)
	}
	if dump := fmt.Sprintf("%+v %#v", &r, r.list()); strings.Contains(dump, "HUNTER2") {
		t.Errorf("a dump shows what is hidden: %s", dump)
	}
}

// FuzzRedactor: valid JSON stays valid with the same numbers, and no string contains a
// hidden text.
func FuzzRedactor(f *testing.F) {
	f.Add(`{"a":"HUNTER2\\","b":["\u0048UNTER2"]}`, "HUNTER2")
	f.Add(`["a\"bcdefghi","\\nabcdefgh"]`, `a"bcdefghi`)
	f.Add(`["\nabcdefgh\\\\"]`, `nabcdefgh\`)
	f.Add(`{"n":12345678,"s":"12345678"}`, "12345678")
	f.Fuzz(func(t *testing.T, text, secret string) {
		var r Redactor
		r.HideSecret(NewSecret(secret))
		got := r.Bytes([]byte(text))
		if json.Valid([]byte(text)) && !json.Valid(got) {
			t.Fatalf("%q without %q is %q, and no JSON", text, secret, got)
		}
		var whole string
		if !worthHiding(secret) || strings.Contains(redacted, secret) || json.Unmarshal(got, &whole) != nil {
			return
		}
		var before string
		if err := json.Unmarshal([]byte(text), &before); err == nil && before == secret && strings.Contains(whole, secret) {
			t.Fatalf("%q still has %q: %q", text, secret, whole)
		}
	})
}

// BenchmarkRedactor redacts a page of bills, with a client secret and two tokens hidden.
func BenchmarkRedactor(b *testing.B) {
	var r Redactor
	for _, c := range "abc" {
		r.HideSecret(NewSecret(strings.Repeat(string(c)+"0f9", 8)))
	}
	page := []byte(`[` + strings.Repeat(`{"account_id":"7113893944009705516","group_name":"双人餐","cp_extra":"{\"a\":\"b\"}","amount":12345},`, 500) + `0]`)
	b.SetBytes(int64(len(page)))
	for b.Loop() {
		r.Bytes(page)
	}
}

// TestMayContain: what replace finds is never overlooked, whatever is around it.
func TestMayContain(t *testing.T) {
	t.Parallel()
	piece := rapid.SampledFrom([]string{"a", "b", "1", `\`, `\\`, "%", "%61", "%5c", `\u0061`, `\\u0062`, `\"`, `"`, "/", strings.Repeat("x", 40)})
	rapid.Check(t, func(t *rapid.T) {
		list := []hidden{{NewSecret(rapid.StringMatching(`[ab1]{1,4}`).Draw(t, "short")), "-"}, {NewSecret(rapid.StringMatching(`[ab\\%"/]{1,8}`).Draw(t, "long")), "+"}}
		text := []byte(strings.Join(rapid.SliceOf(piece).Draw(t, "text"), ""))
		if changed := replace(text, list, false); changed != nil && !mayContain(text, list) {
			t.Fatalf("%q with %q and %q hidden is %q, and is overlooked", text, list[0].text.Reveal(), list[1].text.Reveal(), changed)
		}
	})
}

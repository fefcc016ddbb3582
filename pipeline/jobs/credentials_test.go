package jobs

import (
	"strings"
	"testing"
)

// blemishes are additions of shells, variable files, editors and web pages to a
// credential, with a part of the fault's text.
var blemishes = []struct{ name, text, want string }{
	{"double quotes", `"` + canary + `"`, "without quotation marks around it"},
	{"single quotes", `'` + canary + `'`, "without quotation marks around it"},
	{"a word processor's quotes", "“" + canary + "”", "without quotation marks around it"},
	{"half a pair of quotes", canary + `"`, "without quotation marks around it"},
	{"a line break behind it", canary + "\n", "without blanks around it"},
	{"a CR behind it", canary + "\r", "without blanks around it"},
	{"a blank before it", " " + canary, "without blanks around it"},
	{"a control character", canary[:4] + "\x01" + canary[4:], "on one line"},
	{"a mark before it", "\ufeff" + canary, "invisible characters (it has U+FEFF)"},
	{"a zero-width space", canary + "\u200b", "invisible characters (it has U+200B)"},
	{"a mark of direction", canary[:4] + "\u200e" + canary[4:], "invisible characters (it has U+200E)"},
	{"a soft hyphen", canary[:4] + "\u00ad" + canary[4:], "invisible characters (it has U+00AD)"},
	{"a no-break space", canary[:4] + "\u00a0" + canary[4:], "invisible characters (it has U+00A0)"},
	{"an invalid byte", canary + "\xff", "ASCII alone (it has U+FFFD)"},
	{"a blank inside", canary[:4] + " " + canary[4:], "ASCII alone (it has U+0020)"},
	{"full-width letters", canary + "ａ", "ASCII alone (it has U+FF41)"},
}

// TestBlemishedCredentials: a credential with a blemish is a fault that names its variable
// or line, and shows no part of it.
func TestBlemishedCredentials(t *testing.T) {
	t.Parallel()
	for _, c := range blemishes {
		for key, text := range map[string]string{
			"client_key":    changed(t, "client_key: key", `client_key: "${HELD}"`),
			"client_secret": changed(t, "client_secret: canary-literal", `client_secret: "${HELD}"`),
		} {
			file := mustParse(t, text, map[string]string{"HELD": c.text}, nil)
			_, err := file.Job("nightly")
			if err == nil || !strings.Contains(err.Error(), ": "+key+": want ") || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "found the value of ${HELD}") || strings.Contains(err.Error(), canary[:4]) {
				t.Errorf("%s with %s: %v", key, c.name, err)
			}
		}
		for _, name := range awsVariables {
			text := changed(t, `{url: "file:lake"}`, `{url: "s3://lake"}`)
			_, err := parse(t, text, map[string]string{name: c.text}, nil)
			if err == nil || !strings.HasPrefix(err.Error(), "jobs.yaml:2:13: lake: variable "+name+": want ") || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), canary[:4]) {
				t.Errorf("%s with %s: %v", name, c.name, err)
			}
			mustParse(t, minimal, map[string]string{name: c.text}, nil) // a folder needs no credentials
		}
	}
	literal := changed(t, "client_secret: canary-literal", `client_secret: "'`+canary+`'"`)
	_, err := parse(t, strings.Replace(literal, "client_key: key", "client_key: "+canary+"\u200b", 1), nil, nil)
	wantFaults(t, err, "jobs.yaml:4:59: client_key: want a text without invisible characters (it has U+200B): 请去掉不可见字符; type it again, or copy it without its format, found another text\n"+
		"jobs.yaml:4:93: client_secret: want a text without quotation marks around it: 请去掉引号; take them off where it is set, found another text")
}

// TestGoodCredentials: credentials in the usual forms are accepted unchanged.
func TestGoodCredentials(t *testing.T) {
	t.Parallel()
	accepted(t, "credential", credential, map[string]string{"aw1234567890abcd": "aw1234567890abcd", "wJalrXUtnFEMI/K7MDENG+bPxRfiCY=": "wJalrXUtnFEMI/K7MDENG+bPxRfiCY=", "a'b": "a'b"}, "", "密")
	text := changed(t, `{url: "file:lake"}`, `{url: "s3://lake"}`)
	mustParse(t, text, map[string]string{"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG", "AWS_SESSION_TOKEN": ""}, nil)
}

// TestBlemishedTokens: a blemish of a legacy_token is a fault for receivers only. One of a
// code_key is a warning, because it may be any text.
func TestBlemishedTokens(t *testing.T) {
	t.Parallel()
	for _, held := range []string{`"` + canary + `"`, canary + "\u200b", canary + "\n"} {
		file := mustParse(t, receiving(t, `{public_keys: [p.pem], legacy_token: "${HELD}"}`), map[string]string{"HELD": held}, nil)
		mustJob(t, file, "nightly")
		if _, err := file.Receivers(); err == nil || !strings.Contains(err.Error(), "legacy_token: want a text") || !strings.Contains(err.Error(), "${HELD}") || strings.Contains(err.Error(), canary) {
			t.Errorf("legacy_token %q: %v", held, err)
		}
	}
	file := mustParse(t, receiving(t, "{public_keys: [p.pem], legacy_token: 某某 of sixteen x'}"), nil, nil)
	if apps, err := file.Receivers(); err != nil || apps[0].Callbacks.LegacyToken.Reveal() != "某某 of sixteen x'" {
		t.Errorf("a token of the user's choice: %v", err)
	}
	for held, want := range map[string]string{
		`"` + canary + `"`: "columns: code_key has quotation marks around it",
		canary + "\u200b":  "columns: code_key has an invisible character (U+200B)",
		"a b \"c":          "",
	} {
		text := changed(t, "    bills: {app: life}", "    bills: {app: life}\n    columns: {code: hash, code_key: \"${HELD}\"}")
		job := mustJob(t, mustParse(t, text, map[string]string{"HELD": held}, nil), "nightly")
		got := strings.Join(job.Warnings, "\n")
		if (got == "") != (want == "") || !strings.HasPrefix(got, want) || strings.Contains(got, canary) || job.Columns.CodeKey.Reveal() != held {
			t.Errorf("code_key %q: warnings %q, want %q", held, got, want)
		}
	}
}

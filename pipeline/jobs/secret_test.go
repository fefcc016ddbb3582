package jobs

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

const canary = "canary-5e7a-0123"

// No way of formatting a File shows a secret.
func TestDumpsShowNoSecret(t *testing.T) {
	t.Parallel()
	text := changed(t, "canary-literal", canary) + "    columns: {code: hash, code_key: " + canary + "}\n"
	text = strings.Replace(text, "client_secret:", "callbacks: {public_keys: [p.pem], legacy_token: "+canary+"}, client_secret:", 1)
	file := mustParse(t, text, nil, nil)
	job := mustJob(t, file, "nightly")
	life := file.Apps["life"]
	if life.ClientSecret.Reveal() != canary || life.Callbacks.LegacyToken.Reveal() != canary || job.Columns.CodeKey.Reveal() != canary {
		t.Fatal("the secrets were not read")
	}
	var dumps []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		dumps = append(dumps, fmt.Sprintf(verb, file), fmt.Sprintf(verb, *file), fmt.Sprintf(verb, job), fmt.Sprintf(verb, life), fmt.Sprintf(verb, *life.Callbacks))
	}
	asJSON, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, dump := range append(dumps, string(asJSON), string(asYAML)) {
		if strings.Contains(dump, canary) || strings.Contains(dump, fmt.Sprintf("%x", canary)) {
			t.Errorf("a secret is shown in %s", dump)
		}
	}
	if !strings.Contains(string(asJSON), "[redacted]") || !strings.Contains(string(asYAML), "[redacted]") {
		t.Error("a dump has no sign of the redacted secrets")
	}
}

// A fault does not repeat an invalid secret, nor one that a variable put into another key.
func TestFaultsShowNoSecret(t *testing.T) {
	t.Parallel()
	vars := map[string]string{"SECRET": canary, "BROKEN": canary + "\n"}
	for _, c := range []struct{ old, with string }{
		{"canary-literal", `" ` + canary + `"`},
		{"canary-literal", `"${BROKEN}"`},
		{"canary-literal", `"` + canary + `$"`},
		{"canary-literal", `"${` + canary + `"`},
		{"canary-literal", "[" + canary + "]"},
		{"canary-literal", "{" + canary + ": 1}"},
		{"canary-literal", "!x " + canary},
		{"canary-literal", "*" + canary},
		{"canary-literal", `"` + canary + `\q"`},
		{"canary-literal", canary + `: x`},
		{"https://open.douyin.com", "https://user:" + canary + "@open.douyin.com"},
		{"https://open.douyin.com", "https://open.douyin.com?token=" + canary},
		{"https://open.douyin.com", "${SECRET}"},
		{"client_secret:", `callbacks: {public_keys: [p.pem], legacy_token: " ` + canary + `"}, client_secret:`},
		{"file:lake", "${SECRET}"},
		{"{app: life}", `{app: "${SECRET}"}`},
		{"{app: life}", `{app: life, page_size: "${SECRET}"}`},
		{"{app: life}", `{app: life, passes: "${SECRET:-2}"}`},
		{"7047437174853240835", `"${SECRET}"`},
		{"[{account_id: 7047437174853240835}]", `{file: "${SECRET}"}`},
		{"{app: life}", "{app: life}\n    dates: {from: \"${SECRET}\", to: -1d}"},
		{"{app: life}", "{app: life}\n    lookback: \"${SECRET}\""},
		{"{app: life}", "{app: life}\n    columns: {code: \"${SECRET}\"}"},
		{"{app: life}", "{app: life}\n    columns: {code: hash, code_key: \"" + canary + "\\n\"}"},
		{"{app: life}", "{app: life}\n    settlements: {app: life, match: [{order_id: \"${SECRET}\"}]}"},
	} {
		file, err := parse(t, changed(t, c.old, c.with), vars, nil)
		if err == nil {
			_, err = file.Job("nightly")
		}
		if err == nil {
			t.Errorf("%s: no fault", c.with)
			continue
		}
		if _, err := json.Marshal(file); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(err.Error(), canary) {
			t.Errorf("%s: the fault shows the secret: %v", c.with, err)
		}
	}
}

package jobs

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

// receiving returns minimal with a callbacks section of its app.
func receiving(t *testing.T, section string) string {
	t.Helper()
	return changed(t, "client_secret: canary-literal", "callbacks: "+section+", client_secret: canary-literal")
}

// The paths of keys are relative to jobs.yaml, and the keys are not opened.
func TestCallbacks(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		section string
		want    Callbacks
	}{
		{"{public_keys: [platform.pem]}", Callbacks{PublicKeys: []string{"/etc/billwalk/platform.pem"}}},
		{`{public_keys: [platform.pem, ../next.pem, "${KEYS}/third.pem"], legacy_token: "${TOKEN:-}"}`,
			Callbacks{PublicKeys: []string{"/etc/billwalk/platform.pem", "/etc/next.pem", "/run/keys/third.pem"}}},
		{`{public_keys: [/a.pem], legacy_token: "${HELD:-}"}`, Callbacks{PublicKeys: []string{"/a.pem"}, LegacyToken: schema.NewSecret("canary-token-0123")}},
		{`{public_keys: [/a.pem], app_ids: [ttcfdbb96650e33350, "${HELD}"]}`, Callbacks{PublicKeys: []string{"/a.pem"}, AppIDs: []string{"ttcfdbb96650e33350", "canary-token-0123"}}},
	} {
		env := environment(map[string]string{"KEYS": "/run/keys", "HELD": "canary-token-0123", "TOKEN": ""})
		file, err := Parse([]byte(receiving(t, test.section)), "/etc/billwalk/jobs.yaml", env, files(nil))
		if err != nil {
			t.Errorf("%s: %v", test.section, err)
			continue
		}
		if diff := cmp.Diff(&test.want, file.Apps["life"].Callbacks, sameFile); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.section, diff)
		}
	}
}

func TestCallbacksFaults(t *testing.T) {
	t.Parallel()
	for section, want := range map[string]string{
		"{}":                              `75: callbacks: key "public_keys" is missing`,
		"[p.pem]":                         "75: callbacks: want keys with values, found a list",
		"{public_keys: []}":               "89: public_keys: want a list of files such as [platform.pem], found an empty list",
		"{public_keys: p.pem}":            "89: public_keys: want a list of files such as [platform.pem], found a text",
		"{public_keys: [p.pem, '']}":      "97: public_keys: want a text on one line, without blanks around it, found an empty text",
		"{public_keys: [p.pem, {a: b}]}":  "97: public_keys: want a text, found keys with values",
		"{public_keys: [p.pem, ./p.pem]}": `97: public_keys: a file is repeated, found a text of 7 characters`,
		"{public_key: [p.pem], public_keys: [p.pem]}":  `76: unknown key "public_key": did you mean "public_keys"?`,
		"{public_keys: [p.pem], legacy_token: ' x'}":   "112: legacy_token: want a text on one line, without blanks around it, found another text",
		"{public_keys: [p.pem], legacy_token: [a, b]}": "112: legacy_token: want a text, found a list",
		"{public_keys: [p.pem], legacy_token: fifteen-letters}": "112: legacy_token: want at least 16 characters, or nothing to refuse old callbacks (it has 15): " +
			"请在控制台“支付设置”改用更长的 Token; set a longer Token in the console (支付设置), and here, found another text",
		"{public_keys: [p.pem], app_ids: tt1}":        "107: app_ids: want a list such as [ttcfdbb96650e33350], found a text",
		"{public_keys: [p.pem], app_ids: []}":         "107: app_ids: want a list such as [ttcfdbb96650e33350], found an empty list",
		"{public_keys: [p.pem], app_ids: [tt1, tt1]}": "113: app_ids: a mini-program is repeated",
		"{public_keys: [p.pem], app_ids: ['tt1 ']}":   "108: app_ids: want a text on one line, without blanks around it",
	} {
		_, err := parse(t, receiving(t, section), nil, nil)
		if err == nil {
			t.Errorf("%s: no fault, want %s", section, want)
			continue
		}
		wantFaults(t, err, "jobs.yaml:4:"+want)
	}
}

// An unset variable is a fault for those who need it: the receiver, or a job.
func TestReceivers(t *testing.T) {
	t.Parallel()
	const text = `version: 1
lake: {url: "file:lake"}
apps:
  zoo: {base_url: "https://open.douyin.com", client_key: "${UNSET}", client_secret: "${UNSET}", callbacks: {public_keys: [zoo.pem], app_ids: [tt1]}}
  life: {base_url: "https://open.douyin.com", client_key: k, client_secret: s}
  bar: {base_url: "https://open.douyin.com", client_key: k, client_secret: s, callbacks: {public_keys: ["${BAR}.pem"], legacy_token: "${TOKEN}"}}
jobs:
  bills: {accounts: [{account_id: 1}], bills: {app: bar}}
  sheet: {accounts: {file: "${UNSET}"}, bills: {app: life}}
`
	vars := map[string]string{"BAR": "bar", "TOKEN": "canary-token-0123"}
	apps, err := mustParse(t, text, vars, nil).Receivers()
	if err != nil || len(apps) != 2 || apps[0].Name != "bar" || apps[1].Name != "zoo" || apps[0].Callbacks.LegacyToken.Reveal() != "canary-token-0123" {
		t.Errorf("Receivers() = %v, %v; want bar and zoo", apps, err)
	}
	delete(vars, "TOKEN")
	vars["BAR"] = " "
	file := mustParse(t, text, vars, nil)
	mustJob(t, file, "bills")
	_, err = file.Receivers()
	wantFaults(t, err, "jobs.yaml:6:105: public_keys: want a text on one line, without blanks around it, found the value of ${BAR}\n"+
		"jobs.yaml:6:134: legacy_token: variable TOKEN is not set: set it, or write a default as in ${TOKEN:-default}")

	const none = "jobs.yaml has no app with callbacks: give one public_keys, as the manual shows"
	if apps, err := mustParse(t, minimal, nil, nil).Receivers(); err == nil || err.Error() != none {
		t.Errorf("Receivers() of none = %v, %v; want %s", apps, err, none)
	}
}

// Without app_ids, the client_key is the only mini-program, so the receiver needs it.
func TestAppIDs(t *testing.T) {
	t.Parallel()
	const text = `version: 1
lake: {url: "file:lake"}
apps:
  life: {base_url: "https://open.douyin.com", client_key: "${LIFE}", client_secret: s}
  several: {base_url: "https://open.douyin.com", client_key: "${UNSET}", client_secret: s, callbacks: {public_keys: [p.pem], app_ids: [tt2, tt3]}}
  trade: {base_url: "https://open.douyin.com", client_key: "${KEY}", client_secret: s, callbacks: {public_keys: [p.pem]}}
jobs:
  bills: {accounts: [{account_id: 1}], bills: {app: life}}
`
	file := mustParse(t, text, map[string]string{"KEY": "tt1", "LIFE": "aw1"}, nil)
	apps, err := file.Receivers()
	if err != nil || len(apps) != 2 {
		t.Fatalf("%v, %v", apps, err)
	}
	got := []schema.AppIDs{apps[0].AppIDs(), apps[1].AppIDs(), file.AppIDs()}
	if diff := cmp.Diff([]schema.AppIDs{{"tt2", "tt3"}, {"tt1"}, {"aw1", "tt2", "tt3", "tt1"}}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	file = mustParse(t, text, map[string]string{"LIFE": "aw1"}, nil)
	_, err = file.Receivers()
	wantFaults(t, err, "jobs.yaml:6:60: client_key: variable KEY is not set: set it, or write a default as in ${KEY:-default}")
	mustJob(t, file, "bills")
}

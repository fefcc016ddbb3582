package jobs

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// complete is a jobs.yaml with every key.
const complete = `version: 1
lake: {url: "s3://catering/prod", endpoint: "https://s3.example.com", region: us-east-1, path_style: true, buckets: 2}
apps:
  life:
    base_url: https://open.douyin.com
    client_key: key
    client_secret: literal
    qps: 10
    timeout: 30s
    callbacks:
      public_keys: [platform.pem]
      legacy_token: 0123456789abcdef
      app_ids: [tt1]
jobs:
  nightly:
    accounts:
      - {root_account_id: "7113893944009705516", name: one, until: 2026-12-31}
      - {account_id: "7047437174853240835"}
    dates: {from: -2d, to: -1d}
    lookback: 7d
    bills: {app: life, page_size: 50, passes: 2}
    settlements:
      app: life
      match: [{settle_id: shop_order_id}, {order_id: item_order_id}, {out_settle_no: order_ext_id}, {out_order_no: certificate_id}]
      tolerance_fen: 1
      final_check: true
    withdrawals: {lookback: 30d, statuses: {in_flight: ["1"], paid: ["2", "5"], failed: ["3"]}}
    stores: true
    columns: {code: hash, code_key: any}
    report: true
    notify: [{kind: feishu, url: "https://open.feishu.cn/open-apis/bot/v2/hook/x", secret: any, on: trouble}]
  weekly:
    accounts: {file: a.csv}
    bills: {app: life}
`

// planted is a secret of the usual form: letters and digits.
const planted = "HUNTER2x9QZ"

// messages returns all faults and warnings of a file.
func messages(text string, vars map[string]string) string {
	lookUp := func(name string) (string, bool) {
		value, ok := vars[name]
		return value, ok
	}
	file, err := Parse([]byte(text), "jobs.yaml", lookUp, files(map[string]string{"a.csv": "account_id\n1\n", planted + "/a.csv": "account_id\nx\n"}))
	if err != nil {
		return err.Error()
	}
	all := fmt.Sprint(file.Lake.Warnings)
	for _, name := range file.Names() {
		job, err := file.Job(name)
		all += fmt.Sprint(err, job.Warnings)
		if !strings.Contains(name, planted) {
			all += fmt.Sprint(file.Conflict(name))
		}
	}
	_, err = file.Receivers()
	return all + fmt.Sprint(err)
}

// scalars visits the values of a document, each with its key.
func scalars(n *yaml.Node, key string, visit func(key string, value *yaml.Node)) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			scalars(n.Content[i+1], n.Content[i].Value, visit)
		}
	case yaml.ScalarNode:
		visit(key, n)
	default:
		for _, item := range n.Content {
			scalars(item, key, visit)
		}
	}
}

// offset returns the offset of a node in a text.
func offset(text string, n *yaml.Node) int {
	lines := strings.SplitAfter(text, "\n")
	return len(strings.Join(lines[:n.Line-1], "")) + n.Column - 1
}

// width returns the length of a scalar in the text.
func width(n *yaml.Node) int {
	if n.Style&yaml.DoubleQuotedStyle != 0 {
		return len(n.Value) + 2
	}
	return len(n.Value)
}

func document(t testing.TB) *yaml.Node {
	t.Helper()
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(complete), &root); err != nil {
		t.Fatal(err)
	}
	return &root
}

// TestCanaryInEveryField puts a secret into every field, with every common mistake: no
// message repeats it.
func TestCanaryInEveryField(t *testing.T) {
	t.Parallel()
	if text := messages(complete, nil); strings.Contains(text, "jobs.yaml") {
		t.Fatalf("the complete file has faults: %s", text)
	}
	vars := map[string]string{"SECRET": planted}
	var met []string
	scalars(document(t), "", func(key string, n *yaml.Node) {
		met = append(met, key)
		at := offset(complete, n)
		for _, form := range []string{
			"%s", `"%s"`, `" %s"`, `"%s\n"`, "[%s]", "{%s}", "{%s: 1}", "{client_secret:%s}", "{client_secret=%s}", `{"client_secret:%s": 1}`, "{client_secret：%s}", "!%s x", "&%s x", "*%s", "%%%s",
			`"%s\q"`, "'%s", `"%s`, "[%s", "{%s", "%s: x", "@%s", "`%s", "https://user:%s@example.com", "https://example.com/?token=%s", "https://example.com/%s#", `"${%s}"`, `"${SECRET}"`, `"x${SECRET}y"`, `"${SECRET}/a.csv"`, `"${SECRET:-%[1]s}"`, `"${NONE:-%s}$"`, `"$%s"`, "| \n%s", "{<<: {%s: 1}}",
		} {
			if !strings.Contains(form, "%") {
				form += "%.0s"
			}
			text := complete[:at] + fmt.Sprintf(form, planted) + complete[at+width(n):]
			if all := messages(text, vars); strings.Contains(all, planted) {
				t.Errorf("%s: %s: the secret is shown: %s", key, form, all)
			}
		}
	})
	for _, key := range slices.Concat(fileKeys, lakeKeys, appKeys, callbacksKeys, jobKeys, datesKeys, billsKeys, settlementsKeys, withdrawalsKeys, statusesKeys, columnsKeys, webhookKeys, accountKeys, sourceKeys, parameters) {
		sections := []string{"lake", "apps", "jobs", "callbacks", "accounts", "dates", "bills", "settlements", "columns", "match", "notify", "withdrawals", "statuses"}
		if !slices.Contains(met, key) && !slices.Contains(sections, key) {
			t.Errorf("no secret was planted in %s: add it to complete", key)
		}
	}
}

// TestUnknownKeys: a message shows a key only, not a value that follows it, and no text
// that does not look like a key.
func TestUnknownKeys(t *testing.T) {
	t.Parallel()
	for entry, want := range map[string]string{
		"{client_secret:HUNTER2}": `unknown key "client_secret": write client_secret, a colon and a blank before its value`,
		"{client_secret=HUNTER2}": `unknown key "client_secret": write client_secret, a colon and a blank before its value`,
		"{client_secret：HUNTER2}": `unknown key "client_secret": write client_secret, a colon and a blank before its value`,
		"{client_secretHUNTER2}":  `unknown key "client_secret": write client_secret, a colon and a blank before its value`,
		"{client_secrt:HUNTER2}":  `unknown key "client_secrt": did you mean "client_secret"?`,
		"{HUNTER2}":               "unknown key of 7 characters: the keys here are " + strings.Join(appKeys, ", "),
		"{qsp: 1}":                `unknown key "qsp": did you mean "qps"?`,
	} {
		text := messages("apps: {life: "+entry+"}", nil) + "\n"
		if !strings.Contains(text, ": "+want+"\n") || strings.Contains(text, "HUNTER2") {
			t.Errorf("%s: want %s in\n%s", entry, want, text)
		}
	}
}

// FuzzSecrets puts a secret into a field, with any text before and after it: no fault and
// no warning repeats it.
func FuzzSecrets(f *testing.F) {
	for i, around := range [][2]string{
		{"", ""}, {"'", ""}, {"\"", ""}, {"{client_secret:", "}"}, {"{", "}"}, {"[", "]"}, {"&", " x"}, {"*", ""}, {"!", " x"}, {"!!", " x"}, {"\t", ""}, {"- ", ""}, {"? ", ""}, {": ", ": "}, {"${", "}"}, {"${X:-", "}"},
		{"|\n", "\n"}, {"\n", ": x\n"}, {"\n  ", ": {}\n"}, {"x\n    ", ": {qps: 1}\n"}, {"# ", "\n"}, {"%", "\n---\n"}, {"\"\\", "\""}, {"\"${HELD}", "\""}, {"{? ", "}"}, {"client_secret ", ": x"}, {"x # ", ""}, {"<<: ", ""}, {"\u2028", "\u0085"},
	} {
		f.Add(uint8(i), around[0], around[1])
	}
	var places []*yaml.Node
	scalars(document(f), "", func(_ string, n *yaml.Node) { places = append(places, n) })
	f.Fuzz(func(t *testing.T, place uint8, before, after string) {
		n := places[int(place)%len(places)]
		at := offset(complete, n)
		text := complete[:at] + before + planted + after + complete[at+width(n):]
		if all := messages(text, map[string]string{"HELD": planted, "SECRET": planted}); strings.Contains(all, planted) {
			t.Fatalf("the secret is shown: %s\nof\n%s", all, text)
		}
	})
}

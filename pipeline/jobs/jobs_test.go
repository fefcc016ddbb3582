package jobs

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"billwalk/schema"
)

const manual = "../../jobs.yaml"

var credentials = map[string]string{
	"DOUYIN_LIFE_CLIENT_KEY": "awlife", "DOUYIN_LIFE_CLIENT_SECRET": "canary-life",
	"DOUYIN_TRADE_CLIENT_KEY": "tttrade", "DOUYIN_TRADE_CLIENT_SECRET": "canary-trade",
	"BILLWALK_CODE_KEY": "canary-code",
}

// sameFile compares the exported fields of a File, including its secrets.
var sameFile = cmp.Options{cmpopts.IgnoreUnexported(File{}), cmp.Comparer(func(a, b Date) bool { return a == b }), cmp.Comparer(func(a, b schema.Secret) bool { return a == b })}

func TestManualLoads(t *testing.T) {
	t.Parallel()
	got, err := Load(manual, environment(credentials))
	if err != nil {
		t.Fatal(err)
	}
	douyin := "https://open.douyin.com"
	want := &File{
		Lake: Lake{URL: "s3://catering-lake/prod", Region: "us-east-1", Buckets: 1},
		Apps: map[string]App{
			"life":  {"life", douyin, "awlife", schema.NewSecret("canary-life"), 10, 30 * time.Second, nil},
			"trade": {"trade", douyin, "tttrade", schema.NewSecret("canary-trade"), 20, 30 * time.Second, &Callbacks{PublicKeys: []string{"../../platform.pem"}, AppIDs: []string{"tttrade"}}},
		},
		Jobs: map[string]Job{"nightly": {
			Name: "nightly",
			Accounts: []schema.Account{
				{ID: "7113893944009705516", Root: true, Name: "某某餐饮"},
				{ID: "7047437174853240835"},
			},
			Dates:       Dates{Date{ago: 1}, Date{ago: 1}},
			Lookback:    7,
			Bills:       Bills{"life", 50, 2},
			Settlements: &Settlements{"trade", []schema.Match{{Parameter: "order_id", Column: "shop_order_id"}, {Parameter: "out_order_no", Column: "order_ext_id"}}, 0, false},
			Withdrawals: &Withdrawals{35, Statuses{[]string{"1"}, []string{"2"}, []string{"3"}}},
			Stores:      true,
			Columns:     Columns{Hash, schema.NewSecret("canary-code")},
			Report:      true,
		}},
	}
	if diff := cmp.Diff(want, got, sameFile); diff != "" {
		t.Errorf("the manual reads differently (-want +got):\n%s", diff)
	}
}

// The manual explains every key and every choice.
func TestManualIsComplete(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	for _, known := range [][]string{fileKeys, lakeKeys, appKeys, callbacksKeys, jobKeys, datesKeys, billsKeys, settlementsKeys, withdrawalsKeys, statusesKeys, columnsKeys, webhookKeys, accountKeys, sourceKeys} {
		for _, key := range known {
			if !strings.Contains(string(text), key+":") && key != nameKey {
				t.Errorf("the manual lacks the key %s", key)
			}
		}
	}
	for _, word := range slices.Concat(parameters, matchColumns, webhookKinds, []string{string(Keep), string(Hash), string(Drop), string(Always), string(Trouble)}) {
		if !strings.Contains(string(text), word) {
			t.Errorf("the manual lacks the choice %s", word)
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	file := mustParse(t, minimal, nil, nil)
	want := &File{
		Lake: Lake{URL: "file:lake", Region: "us-east-1", Buckets: 1},
		Apps: map[string]App{"life": {"life", "https://open.douyin.com", "key", schema.NewSecret("canary-literal"), 10, 30 * time.Second, nil}},
		Jobs: map[string]Job{"nightly": {
			Name:     "nightly",
			Accounts: []schema.Account{{ID: "7047437174853240835"}},
			Dates:    Dates{Date{ago: 1}, Date{ago: 1}},
			Bills:    Bills{"life", 50, 2},
			Columns:  Columns{Code: Drop},
			Report:   true,
		}},
	}
	if diff := cmp.Diff(want, file, sameFile); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestLookbackDefault: the default is a week with settlements, which may be late.
func TestLookbackDefault(t *testing.T) {
	t.Parallel()
	const settlements = "    settlements: {app: life, match: [order_id: shop_order_id]}\n"
	for lines, want := range map[string]int{
		"": 0, "    lookback: 2d\n": 2,
		settlements: 7, settlements + "    lookback: 0d\n": 0, "    lookback: 3d\n" + settlements: 3, settlements + "    lookback: ${BACK:-0d}\n": 0,
	} {
		if job := mustJob(t, mustParse(t, minimal+lines, nil, nil), "nightly"); job.Lookback != want {
			t.Errorf("with %q: lookback %d, want %d", lines, job.Lookback, want)
		}
	}
}

// TestFinalCheck: a final check needs a lookback.
func TestFinalCheck(t *testing.T) {
	t.Parallel()
	const head = "    settlements: {app: life, match: [order_id: shop_order_id], final_check: "
	for lines, want := range map[string]bool{
		"true}\n": true, "false}\n": false, "true}\n    lookback: 1d\n": true, "false}\n    lookback: 0d\n": false, "\"${CHECK:-true}\"}\n": true,
	} {
		if s := mustJob(t, mustParse(t, minimal+head+lines, nil, nil), "nightly").Settlements; s.FinalCheck != want {
			t.Errorf("with %q: %v", lines, s.FinalCheck)
		}
	}
	for lines, want := range map[string]string{
		"yes}\n":                    `9:77: final_check: want true or false, found "yes"`,
		"true}\n    lookback: 0d\n": `10:15: lookback: want at least 1d for final_check: true, which queries on the last night of the lookback, found "0d"`,
	} {
		_, err := parse(t, minimal+head+lines, nil, nil)
		wantFaults(t, err, "jobs.yaml:"+want)
	}
	file := mustParse(t, minimal+head+"true}\n    lookback: \"${BACK}\"\n  other: {accounts: [{account_id: 1}], bills: {app: life}}\n", map[string]string{"BACK": "0d"}, nil)
	mustJob(t, file, "other")
	if _, err := file.Job("nightly"); err == nil || !strings.Contains(err.Error(), "found the value of ${BACK}") {
		t.Errorf("a lookback of 0d from a variable: %v", err)
	}
}

func TestJobUnknown(t *testing.T) {
	t.Parallel()
	file := mustParse(t, minimal+"  weekly:\n    accounts: [{account_id: 1}]\n    bills: {app: life}\n", nil, nil)
	for name, want := range map[string]string{
		"nigthly": `jobs.yaml has no job "nigthly": did you mean "nightly"? its jobs are nightly, weekly`,
		"demo":    `jobs.yaml has no job "demo": its jobs are nightly, weekly`,
	} {
		if _, err := file.Job(name); err == nil || err.Error() != want {
			t.Errorf("Job(%q) = %v, want %s", name, err, want)
		}
	}
	if got := file.Names(); !slices.Equal(got, []string{"nightly", "weekly"}) {
		t.Errorf("Names() = %v", got)
	}
}

// An unset variable, or an impossible value of one, is a fault only for the jobs that
// need it.
func TestEnvironmentStopsOnlyItsJobs(t *testing.T) {
	t.Parallel()
	const text = `version: 1
lake: {url: "file:${LAKE}"}
apps:
  life: {base_url: "https://open.douyin.com", client_key: "${LIFE_KEY}", client_secret: s, qps: "${LIFE_QPS:-10}"}
  trade: {base_url: "https://open.douyin.com", client_key: "${TRADE_KEY}", client_secret: s}
jobs:
  bills: {accounts: [{account_id: 1}], bills: {app: life}}
  joined: {accounts: [{account_id: 1}], bills: {app: life}, settlements: {app: trade, match: [order_id: shop_order_id]}}
  sheet: {accounts: {file: "${SHEET}.csv"}, bills: {app: life}}
`
	vars := map[string]string{"LAKE": "lake", "LIFE_KEY": "key"}
	file := mustParse(t, text, vars, nil)
	mustJob(t, file, "bills")
	_, err := file.Job("joined")
	wantFaults(t, err, "jobs.yaml:5:60: client_key: variable TRADE_KEY is not set: set it, or write a default as in ${TRADE_KEY:-default}")
	_, err = file.Job("sheet")
	wantFaults(t, err, "jobs.yaml:9:28: file: variable SHEET is not set: set it, or write a default as in ${SHEET:-default}")

	vars["SHEET"], vars["LIFE_QPS"] = "lost", "fast"
	file = mustParse(t, text, vars, nil)
	_, err = file.Job("sheet")
	wantFaults(t, err, "jobs.yaml:4:97: qps: want requests per second, a number above 0 and up to 1000000, found the value of ${LIFE_QPS}\n"+
		"jobs.yaml:9:28: file: want an accounts file, found the value of ${SHEET}: file does not exist")

	delete(vars, "LAKE")
	_, err = parse(t, text, vars, nil)
	if err == nil || !strings.HasPrefix(err.Error(), "jobs.yaml:2:13: url: variable LAKE is not set") || !strings.Contains(err.Error(), "TRADE_KEY") {
		t.Errorf("an unset variable in lake: got %v, want it and all others reported", err)
	}
}

func TestEmptyCodeKeyDropsCodesAndWarns(t *testing.T) {
	t.Parallel()
	vars := maps.Clone(credentials)
	vars["BILLWALK_CODE_KEY"] = ""
	file, err := Load(manual, environment(vars))
	if err != nil {
		t.Fatal(err)
	}
	job := mustJob(t, file, "nightly")
	if job.Columns.Code != Drop || len(job.Warnings) != 1 || !strings.Contains(job.Warnings[0], "code_key is empty") {
		t.Errorf("columns %v, warnings %q: want codes dropped, and one warning of it", job.Columns, job.Warnings)
	}
}

func TestDemo(t *testing.T) {
	t.Parallel()
	accounts := []schema.Account{{ID: "1", Root: true}}
	file := Demo("http://127.0.0.1:9090", accounts)
	job := mustJob(t, file, DemoName)
	if !slices.Equal(job.Accounts, accounts) || job.Bills.Passes != 2 || file.Apps[job.Bills.App].QPS != 50 {
		t.Errorf("Demo = %+v", file)
	}
	first, last, err := job.Dates.Range(100+schema.FirstDay, false)
	if err != nil || first != 97+schema.FirstDay || last != 99+schema.FirstDay {
		t.Errorf("days %s to %s, %v", first, last, err)
	}
	if problem := outOfRange(file); problem != "" {
		t.Error(problem)
	}
}

func TestLoadWithoutFile(t *testing.T) {
	t.Parallel()
	_, err := Load("testdata/none.yaml", environment(nil))
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "--config") {
		t.Errorf("Load = %v, want fs.ErrNotExist and advice", err)
	}
}

func TestLoadRefusesHugeFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "jobs.yaml")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, maxBytes+1); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, environment(nil)); err == nil || !strings.Contains(err.Error(), "larger than 16 MiB") {
		t.Errorf("Load = %v", err)
	}
}

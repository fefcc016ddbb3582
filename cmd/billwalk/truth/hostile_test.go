package truth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/cli"
	"billwalk/pipeline/jobs"
	"billwalk/schema"
	"billwalk/sinks/object/objecttest"
)

// evil would colour a terminal, go back over what is printed, turn it around, and
// begin a line of its own.
const evil = "\x1b[31m\x9b2J\u009b\a\b\r\nbillwalk: done\u2028\u202e\u200b\x00\t"

// TestTerminal: whatever the platform says in its errors, and a merchant or the
// command line in names, is printed as text and no more.
func TestTerminal(t *testing.T) {
	t.Parallel()
	said, _ := json.Marshal(evil)
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "client_token"):
			_, _ = io.WriteString(w, `{"data":{"access_token":"clt.1","expires_in":7200}}`)
		case r.FormValue("account_id") == "1":
			_, _ = fmt.Fprintf(w, `{"data":{"error_code":4000001,"description":%s},"extra":{"logid":%[1]s}}`, said)
		default:
			_, _ = fmt.Fprintf(w, `{"data":{"has_more":false,"ledger_records":[{"account_id":%s,"ledger_id":%[1]s,"shop_order_id":%[1]s,"settle_type":1}]},"extra":{"error_code":0}}`, said)
		}
	}))
	t.Cleanup(platform.Close)
	accounts := []schema.Account{{ID: "1", Name: "a" + evil[:6]}, {ID: "2", Name: evil}}
	j := billwalktest.Job{Lake: billwalktest.FolderLake(t), Platform: platform.URL, QPS: 100, Extra: "    columns: {code: keep}\n"}
	for _, a := range accounts {
		j.Accounts = append(j.Accounts, schema.Account{ID: a.ID, Name: strings.ToValidUTF8(a.Name, "?")})
	}
	config := j.Write(t)
	for _, args := range [][]string{
		{"run", "nightly", "--config", config, "--from", billwalktest.FirstDay.String()},
		{"plan", "nightly", "--config", config, "--from", billwalktest.FirstDay.String()},
		{"run", evil, "--config", config}, {evil}, {"run", "nightly", "--config", evil}, {"run", "nightly", "--config", config, "--from", evil}, {"run", "nightly", "--" + evil},
	} {
		var out, log bytes.Buffer
		cli.Main(args, &out, &log)
		if out.Len()+log.Len() == 0 {
			t.Errorf("%q says nothing", args)
		}
		billwalktest.CheckPlain(t, out.String()+log.String())
		if strings.Contains("\n"+out.String()+log.String(), "\nbillwalk: done") {
			t.Errorf("%q: foreign text has a line of its own:\n%s", args, out.String()+log.String())
		}
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Warn(evil, "reason", evil) // as on a terminal
	billwalktest.CheckPlain(t, log.String())
}

// contractKeys are all that a lake holds, by the contract.
var contractKeys = regexp.MustCompile(`^(` + strings.Join([]string{
	`(bills|settlements|reconciliation|exceptions|restatements)/bill_date=\d{4}-\d\d-\d\d/bucket-\d{3}\.parquet`,
	`_manifests/(lake|bill_date=\d{4}-\d\d-\d\d/bucket-\d{3})\.json`,
	`archive/(bills|settlements)/bill_date=\d{4}-\d\d-\d\d/account=\d{1,32}/[0-9A-Z]{26}(-\d{5}\.jsonl\.zst|\.json)`,
	`archive/unreadable/bill_date=\d{4}-\d\d-\d\d/account=\d{1,32}/[0-9A-Z]{26}-(bills|settlements)\.jsonl\.zst`,
	`_control(/[A-Za-z0-9][A-Za-z0-9_=.-]*)+`, `runs/[0-9A-Z]{26}\.json`,
}, "|") + `)$`)

// hostileIDs are ids that no platform sends, and one day does.
var hostileIDs = []string{
	"../../x", "..", ".", "/etc/passwd", "a/b", `a\b`, "a\x00b", "a\nb", "%2e%2e%2f", "C:x", "~", "account=1", "1/../2", "１２", "\x1b[2J",
	strings.Repeat("9", 33), strings.Repeat("7", 10<<10), " ", "null", "$(id)", "'; DROP TABLE bills; --", "\u202e1",
}

// TestHostileIDs serves records and settlements whose every id is hostile. They
// are rows like any other; no file is named by them.
func TestHostileIDs(t *testing.T) {
	t.Parallel()
	around := t.TempDir()
	lake := billwalktest.Place{URL: "file:" + filepath.Join(around, "a/b/lake"), SQL: filepath.Join(around, "a/b/lake")}
	s, log := billwalktest.Run(t, idJob(t, lake, "7047437174853240835", hostileIDs), "run", "nightly", "--from", billwalktest.FirstDay.String())
	if int(s.Rows["bills"]) != len(hostileIDs) || s.Units.Complete != 1 {
		t.Errorf("exit %d, %d bills\n%s", s.ExitCode, s.Rows["bills"], log)
	}
	found := 0
	err := filepath.WalkDir(around, func(path string, entry fs.DirEntry, err error) error {
		name, _ := filepath.Rel(lake.SQL, path)
		switch {
		case err == nil && name == ".billwalk": // the store's own
			return filepath.SkipDir
		case err == nil && !entry.IsDir() && !contractKeys.MatchString(filepath.ToSlash(name)):
			t.Errorf("there is a %q", name)
		}
		found++
		return err
	})
	if err != nil || found < 10 {
		t.Errorf("%d files, %v", found, err)
	}
	billwalktest.RequireDuckDB(t)
	type row struct{ ID string }
	var want []row
	for _, id := range hostileIDs {
		want = append(want, row{fmt.Sprintf("%X", id)})
	}
	slices.SortFunc(want, func(a, b row) int { return strings.Compare(a.ID, b.ID) })
	got := billwalktest.DuckDB[row](t, fmt.Sprintf(`SELECT hex(ledger_id) AS "ID" FROM '%s/bills/*/*.parquet' WHERE account_id = ledger_id AND account_id = shop_order_id ORDER BY 1`, lake.SQL))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ids in hex (-served +read):\n%.2000s", diff)
	}
}

// FuzzIDs: whatever stands for an account in jobs.yaml, and for every id in the
// platform's answers, a run writes no key that the contract does not name.
func FuzzIDs(f *testing.F) {
	for _, id := range hostileIDs {
		f.Add("7047437174853240835", id)
		f.Add(id, "1")
	}
	f.Fuzz(func(t *testing.T, account, id string) {
		file, err := jobs.Load(idJob(t, billwalktest.Place{URL: "file:unused"}, account, []string{strings.ToValidUTF8(id, "?")}), os.LookupEnv)
		if err != nil {
			return
		}
		store := objecttest.NewMem()
		w, err := cli.Setup{Now: billwalktest.Now, Store: store}.Open(t.Context(), file, "nightly", cli.Days{From: billwalktest.FirstDay.String()}, true)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		if s, err := w.Run.Do(t.Context()); err != nil {
			t.Fatalf("account %q, id %q: exit %d, %v", account, id, s.ExitCode, err)
		}
		for info, err := range store.List(t.Context(), "") {
			if err != nil || !contractKeys.MatchString(info.Key) {
				t.Fatalf("account %q, id %q: there is a %q, %v", account, id, info.Key, err)
			}
		}
	})
}

// idJob is a jobs.yaml with one account, over a platform that has a bill and a
// settlement for each of the ids, which stands wherever an id can stand.
func idJob(t testing.TB, lake billwalktest.Place, account string, ids []string) string {
	t.Helper()
	quoted := make([]string, len(ids))
	for i, id := range ids {
		text, err := json.Marshal(id)
		if err != nil {
			t.Fatal(err)
		}
		quoted[i] = string(text)
	}
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "client_token"):
			_, _ = io.WriteString(w, `{"data":{"access_token":"clt.1","expires_in":7200}}`)
		case strings.Contains(r.URL.Path, "query_settle"):
			_, _ = fmt.Fprintf(w, `{"data":[{"settle_id":%s,"settle_status":"SUCCESS","out_settle_no":%[1]s,"item_order_id":%[1]s}],"extra":{"error_code":0,"logid":%[1]s}}`, quoted[0])
		default:
			var records []string
			for _, id := range quoted {
				records = append(records, fmt.Sprintf(`{"account_id":%s,"ledger_id":%[1]s,"shop_order_id":%[1]s,"order_ext_id":%[1]s,"item_order_id":%[1]s,"certificate_id":%[1]s,"settle_type":1}`, id))
			}
			_, _ = fmt.Fprintf(w, `{"data":{"cursor":%s,"has_more":false,"ledger_records":[%s]},"extra":{"error_code":0,"logid":%[1]s}}`, quoted[0], strings.Join(records, ","))
		}
	}))
	t.Cleanup(platform.Close)
	return billwalktest.Job{Lake: lake, Platform: platform.URL, Accounts: []schema.Account{{ID: schema.AccountID(account)}}, QPS: 1000, Trade: 1000}.Write(t)
}

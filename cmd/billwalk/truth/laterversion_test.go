package truth

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/cli"
	"billwalk/pipeline"
	"billwalk/schema"
)

// The column that a later version adds to every table, and where its test finds the
// lake of this version and what this version did in one more night.
const (
	addedColumn   = "added_later"
	addedVariable = "BILLWALK_ADDED_LATER" // the value of the new bills' column; NULL where it is empty
	laterLake     = "BILLWALK_LATER_LAKE"
	laterNight    = "BILLWALK_LATER_NIGHT"
)

// TestLaterVersion: a lake outlives a version that adds a nullable column to each
// table. This test is built once more as that version, which then works on this
// version's lake (TestAsLaterVersion). It publishes what this one would have, and not
// a file more; and this version refuses what the later one has written.
func TestLaterVersion(t *testing.T) {
	t.Parallel()
	billwalktest.RequireDuckDB(t)
	if isLater() {
		t.Skip("this is the later version")
	}
	n := keptNights(t)
	from, to := billwalktest.FirstDay.String(), (billwalktest.FirstDay + 2).String()
	if s, log := billwalktest.Run(t, n.config, "replay", "nightly", "--from", from, "--to", to); s.ExitCode != pipeline.ExitDone {
		t.Fatalf("exit %d\n%s", s.ExitCode, log) // by the rules of today
	}
	lake := billwalktest.FolderLake(t)
	if err := os.CopyFS(lake.SQL, os.DirFS(n.lake.SQL)); err != nil {
		t.Fatal(err)
	}
	night, err := json.Marshal(unchanged(n.run(billwalktest.FirstDay+4, nil)))
	if err != nil {
		t.Fatal(err)
	}
	later := exec.Command(buildLater(t), "-test.run", "^TestAsLaterVersion$", "-test.v")
	later.Env = append(os.Environ(), laterLake+"="+lake.SQL, laterNight+"="+string(night))
	if out, err := later.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestAsLaterVersion") {
		t.Fatalf("the later version: %v\n%s", err, out)
	}
	refuseLater(t, n.platform, lake)
}

// unchanged says of each object of a run whether it stayed as it was.
func unchanged(s *pipeline.Summary) map[string]bool {
	all := make(map[string]bool)
	for _, o := range s.Partitions {
		all[o.Key] = o.Unchanged
	}
	return all
}

// refuseLater has this version meet what the later one has written: it says so, by
// file, column and writer, and changes none of it.
func refuseLater(t *testing.T, platform *billwalktest.Served, lake billwalktest.Place) {
	t.Helper()
	j := keptJob
	j.Lake, j.Platform, j.Accounts = lake, platform.URL, platform.Accounts()
	config, before := j.Write(t), tableFiles(t, lake)
	for _, verb := range []string{"run", "replay", "verify"} {
		out := new(strings.Builder)
		code := cli.Main([]string{verb, "nightly", "--config", config, "--from", billwalktest.FirstDay.String(), "--to", (billwalktest.FirstDay + 2).String()}, out, out)
		for _, want := range []string{"/bucket-00", addedColumn, "billwalk version 0.0.0 (build ", "this is billwalk " + cli.Version(), "a newer one"} {
			if code != pipeline.ExitFailed || !strings.Contains(out.String(), want) {
				t.Errorf("%s: exit %d, and no word of %q:\n%s", verb, code, want, out)
			}
		}
	}
	if diff := cmp.Diff(before, tableFiles(t, lake)); diff != "" {
		t.Errorf("what the later version wrote was replaced:\n%.2000s", diff)
	}
}

// tableFiles returns the hashes of all data files and manifests.
func tableFiles(t *testing.T, lake billwalktest.Place) map[string]string {
	t.Helper()
	hashes := make(map[string]string)
	folders := []string{"_manifests"}
	for _, listed := range schema.Tables {
		table := listed.Describe()
		if table.Optional {
			continue
		}
		folders = append(folders, table.Name)
	}
	for _, folder := range folders {
		err := fs.WalkDir(os.DirFS(lake.SQL), folder, func(name string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				hashes[name] = schema.HashOf([]byte(billwalktest.ReadFile(t, filepath.Join(lake.SQL, name))))
			}
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	return hashes
}

// TestAsLaterVersion is what the later version does in this version's lake.
func TestAsLaterVersion(t *testing.T) {
	if !isLater() || os.Getenv(laterLake) == "" {
		t.Skip("TestLaterVersion runs this")
	}
	j := keptJob
	j.Lake = billwalktest.Place{URL: "file:" + os.Getenv(laterLake), SQL: os.Getenv(laterLake)}
	n := newNights(t, keptWorld, j)
	l := &later{nights: n, before: tableFiles(t, j.Lake)}
	l.rows = l.text(t)
	l.readsOld(t)
	l.keepsUnchanged(t)
	l.night(t)
	l.mixed(t)
	l.restates(t)
}

// later is a lake of the earlier version in the hands of the later one.
type later struct {
	*nights
	before map[string]string // files as the earlier version left them
	rows   string            // and what its views say
}

// views returns DuckDB's views of the lake, as ddl prints them.
func (l *later) views() string { return schema.DuckDB(l.lake.SQL, schema.OptionalTables()...) }

// text returns all rows of the first days, as the views say, without the columns that
// were added, and without what tells when and by which call they were found.
func (l *later) text(t *testing.T) string {
	sql := l.views()
	for _, listed := range schema.Tables {
		table := listed.Describe()
		if table.Optional {
			continue
		}
		sql += fmt.Sprintf("SELECT * EXCLUDE (added_later) FROM %s WHERE bill_date <= DATE '%s' ORDER BY ALL;\n", table.Name, billwalktest.FirstDay+2)
	}
	return billwalktest.DuckDBText(t, "-csv", sql)
}

// values counts the rows by day and value of the added column.
func (l *later) values(t *testing.T, table string) string {
	return billwalktest.DuckDBText(t, "-csv", l.views()+fmt.Sprintf(".headers off\nSELECT DISTINCT bill_date, coalesce(%s, 'NULL') FROM %s ORDER BY ALL", addedColumn, table))
}

// readsOld: status, verify and the views work on a lake of which no file has the column.
func (l *later) readsOld(t *testing.T) {
	var out strings.Builder
	if code := cli.Main([]string{"status", "nightly", "--config", l.config, "--from", billwalktest.FirstDay.String(), "--to", (billwalktest.FirstDay + 2).String()}, &out, &out); code != pipeline.ExitDone {
		t.Errorf("status: exit %d\n%s", code, &out)
	}
	billwalktest.CheckProven(t, l.config, billwalktest.FirstDay, billwalktest.FirstDay+2)
	for _, listed := range schema.Tables {
		table := listed.Describe()
		if table.Optional {
			continue
		}
		if got := l.values(t, table.Name); strings.Contains(strings.ReplaceAll(got, ",NULL", ""), ",") || got == "" {
			t.Errorf("%s has values: %s", table.Name, got)
		}
	}
	l.demoQueries(t)
}

// demoQueries runs the queries that the demo prints.
func (l *later) demoQueries(t *testing.T) {
	t.Helper()
	queries := 0
	for line := range strings.Lines(cli.DemoQueries) {
		if sql, found := strings.CutPrefix(strings.TrimSpace(line), `duckdb -c "`); found {
			queries++
			billwalktest.DuckDBText(t, "-csv", strings.ReplaceAll(strings.TrimSuffix(sql, `"`), "'lake/", "'"+l.lake.SQL+"/"))
		}
	}
	if queries != 3 {
		t.Errorf("the demo prints %d queries", queries)
	}
}

// keepsUnchanged: a replay writes no file for the column's sake.
func (l *later) keepsUnchanged(t *testing.T) {
	s, log := billwalktest.Run(t, l.config, "replay", "nightly", "--from", billwalktest.FirstDay.String(), "--to", (billwalktest.FirstDay + 2).String())
	if s.ExitCode != pipeline.ExitDone {
		t.Fatalf("replay: exit %d\n%s", s.ExitCode, log)
	}
	if diff := cmp.Diff(l.before, tableFiles(t, l.lake)); diff != "" {
		t.Errorf("a replay changed (-before +after):\n%s", diff)
	}
}

// night: one more night, with its lookback, publishes what the earlier version would
// have published, and the new files have the column.
func (l *later) night(t *testing.T) {
	var want map[string]bool
	if err := json.Unmarshal([]byte(os.Getenv(laterNight)), &want); err != nil {
		t.Fatal(err)
	}
	got := unchanged(l.run(billwalktest.FirstDay+4, nil))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unchanged objects (-earlier version +this):\n%s", diff)
	}
	kept, after := 0, tableFiles(t, l.lake)
	for key, same := range got {
		if same {
			kept++
			if after[key] != l.before[key] {
				t.Errorf("%s was replaced", key)
			}
		}
	}
	if kept == 0 || kept == len(got) {
		t.Errorf("%d of %d objects stayed: nothing was tested", kept, len(got))
	}
	billwalktest.CheckProven(t, l.config, billwalktest.FirstDay, billwalktest.FirstDay+3)
}

// mixed: files without the column and files with it are read together, whichever comes
// first. A day whose bills have a value of it is rewritten; its restatements are
// carried on, and nothing of it is restated.
func (l *later) mixed(t *testing.T) {
	restated := l.restatements(t)
	l.demoQueries(t)
	for i, day := range []schema.Day{billwalktest.FirstDay + 2, billwalktest.FirstDay} { // the last file first, and then the first one
		t.Setenv(addedVariable, "later")
		s, log := billwalktest.Run(t, l.config, "replay", "nightly", "--from", day.String(), "--to", day.String())
		t.Setenv(addedVariable, "")
		if s.ExitCode != pipeline.ExitDone || !slices.Contains(slices.Collect(maps.Values(unchanged(&s))), false) {
			t.Fatalf("replay of %s: exit %d\n%s", day, s.ExitCode, log)
		}
		want := fmt.Sprintf("%s,NULL\n%s,NULL\n%s,later\n%s,NULL\n", billwalktest.FirstDay, billwalktest.FirstDay+1, billwalktest.FirstDay+2, billwalktest.FirstDay+3)
		if i == 1 {
			want = strings.Replace(want, "NULL", "later", 1)
		}
		if diff := cmp.Diff(want, l.values(t, "bills")); diff != "" {
			t.Errorf("bills (-want +got):\n%s", diff)
		}
		l.demoQueries(t)
	}
	if diff := cmp.Diff(restated, l.restatements(t)); diff != "" || restated == "" {
		t.Errorf("restatements (-before +after):\n%s", diff)
	}
	billwalktest.CheckProven(t, l.config, billwalktest.FirstDay, billwalktest.FirstDay+3)
}

func (l *later) restatements(t *testing.T) string {
	return billwalktest.DuckDBText(t, "-csv", l.views()+".headers off\nSELECT * FROM restatements ORDER BY ALL")
}

// restates: of a bill that changes after it was published without the column, that is
// restated which the platform changed.
func (l *later) restates(t *testing.T) {
	before := l.restatements(t)
	t.Setenv(addedVariable, "later")
	s := l.run(billwalktest.FirstDay+5, func(w *cli.Job) { w.Run.Walk.Source = fewerFen{w.Run.Walk.Source} })
	t.Setenv(addedVariable, "")
	columns := billwalktest.DuckDBText(t, "-csv", l.views()+fmt.Sprintf(".headers off\nSELECT DISTINCT change, \"columns\" FROM restatements WHERE bill_date = DATE '%s'", billwalktest.FirstDay+1))
	if n := s.Restated[schema.Changed]; n == 0 || columns != "changed,[goods_fen]\n" {
		t.Errorf("%d changed, columns %s", n, columns)
	}
	for line := range strings.Lines(before) {
		if !strings.Contains(l.restatements(t), line) {
			t.Errorf("lost: %s", line)
		}
	}
	billwalktest.CheckProven(t, l.config, billwalktest.FirstDay, billwalktest.FirstDay+4)
}

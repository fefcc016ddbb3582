package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/pipeline/jobs"
	"billwalk/schema"
	"billwalk/schema/sql"
	"billwalk/sinks/object"
	"billwalk/sinks/report"
)

// noted is a program, and a lake in a folder in which orders of an account differ.
type noted struct {
	*program
	w      *wired
	out    *bytes.Buffer
	folder string
}

func newNoted(t *testing.T) *noted {
	t.Helper()
	n := &noted{program: quiet(billwalktest.Now), out: new(bytes.Buffer), folder: t.TempDir()}
	n.program.out = n.out
	store, err := object.Open(t.Context(), "file:"+n.folder, object.S3Options{})
	if err != nil {
		t.Fatal(err)
	}
	n.world.store = store
	accounts := sandbox.New(sandbox.Config{Accounts: 1}).Accounts()
	accounts[0].ID, accounts[0].Name = "71", "重庆老灶火锅"
	day := billwalktest.FirstDay.String()
	n.w, err = n.openDays(t.Context(), jobs.Demo("http://127.0.0.1:1", accounts), jobs.DemoName, &dateFlags{from: day, to: day}, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.w.close)
	return n
}

// publish publishes groups of the account on a day.
func (n *noted) publish(t *testing.T, day schema.Day, at time.Time, groups ...schema.Reconciliation) {
	t.Helper()
	base, err := n.w.lake.Base(t.Context(), day, 0)
	if err != nil {
		t.Fatal(err)
	}
	stage, err := n.w.lake.Stage(base)
	if err != nil {
		t.Fatal(err)
	}
	defer stage.Close()
	for i := range groups {
		groups[i].WalkAccountID = "71"
		if err := stage.Append(&groups[i]); err != nil {
			t.Fatal(err)
		}
	}
	bill := schema.BillKey{AccountID: "83", LedgerID: "L1", SettleType: 1}
	if base.Manifest != nil {
		if err := stage.Append(&schema.Restatement{BillKey: bill, WalkAccountID: "71", Change: schema.Changed, RestatedAt: at}); err != nil {
			t.Fatal(err)
		}
	}
	m := &schema.Manifest{RunID: "01R", Job: jobs.DemoName, PublishedAt: at, Units: []schema.Entry{{Account: n.w.run.Accounts[0], State: schema.Complete}}}
	if err := stage.Finish(m); err != nil {
		t.Fatal(err)
	}
	if err := stage.Publish(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

func (n *noted) duckdb(t *testing.T, query string) string {
	t.Helper()
	return billwalktest.DuckDBText(t, "-list", schema.DuckDB(n.folder, schema.OptionalTables()...)+"\n.headers off\n"+query)
}

// TestResolve: what is noted shows in the views until the order's amounts change, on
// whatever day; the tables stay as they are.
func TestResolve(t *testing.T) {
	t.Parallel()
	n := newNoted(t)
	day, at := billwalktest.FirstDay, billwalktest.Now()
	group := func(key string, verdict schema.Verdict, billed, settled schema.Fen) schema.Reconciliation {
		return schema.Reconciliation{GroupKey: key, Verdict: verdict, BillRows: 1, Billed: total(billed), Settled: total(settled), Diff: total(settled - billed)}
	}
	item := group("items/i1", schema.Mismatched, 200, 100)
	item.ItemOrderID = schema.Some("i1")
	n.publish(t, day, at.Add(-time.Hour), group("over", schema.Mismatched, 1000, 1900), item, group("fine", schema.Matched, 5, 5))
	n.publish(t, day+1, at.Add(-time.Hour), group("over", schema.Matched, 800, 0))
	const states = "SELECT order_key, diff_total_fen, state, reason, resolved_by FROM resolution_states ORDER BY ALL; SELECT * FROM 差异处理; SELECT count(*) FROM changes_after_closing;"
	if got := n.duckdb(t, states); got != "0\n" {
		t.Errorf("before anything is noted:\n%s", got)
	}
	before := n.duckdb(t, "FROM reconciliation ORDER BY ALL")
	notes := []note{newNote("", "over", "71", "平台已补，\"工单\" 7", "李"), newNote("", "items", "71", "second", "王")}
	if err := n.appendNotes(t.Context(), n.w, notes); err != nil {
		t.Fatal(err)
	}
	if err := n.appendNotes(t.Context(), n.w, []note{newNote("", "items", "71", "the later one counts", "王")}); err != nil {
		t.Fatal(err)
	}
	if want := "resolved order over of account 71 (重庆老灶火锅), 1.00 yuan, by 李: 平台已补，\"工单\" 7\n"; !strings.HasPrefix(n.out.String(), want) {
		t.Errorf("printed\n%s", n.out.String())
	}
	if err := n.appendClosing(t.Context(), n.w, "张"); err != nil {
		t.Fatal(err)
	}
	const noted = "SELECT order_key, diff_total_fen, state, reason, resolved_by FROM resolution_states ORDER BY ALL; SELECT \"订单\", \"处理时差额(元)\", \"状态\" FROM 差异处理 ORDER BY ALL;" +
		" SELECT bill_date, closed_by, generation FROM closings; SELECT \"账单ID\", \"结账人\" FROM 结账后变更"
	want := "items|-100|resolved|the later one counts|王\nover|100|resolved|平台已补，\"工单\" 7|李\nitems|-1.00|已处理\nover|1.00|已处理\n" + day.String() + "|张|1\n"
	if diff := cmp.Diff(want, n.duckdb(t, noted)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, n.duckdb(t, "FROM reconciliation ORDER BY ALL")); diff != "" {
		t.Errorf("reconciliation changed (-before +after):\n%s", diff)
	}
	// A later day brings another bill of the one order, and the closed day is published again.
	n.publish(t, day+2, at.Add(time.Hour), group("over", schema.BillOnly, 50, 0))
	n.publish(t, day, at.Add(time.Hour), group("over", schema.Mismatched, 1000, 1900), item, group("fine", schema.Matched, 5, 5))
	want = strings.Replace(want, "over|100|resolved", "over|100|reopened", 1)
	want = strings.Replace(want, "over|1.00|已处理", "over|1.00|金额已变，重新打开", 1) + "L1|张\n"
	if diff := cmp.Diff(want, n.duckdb(t, noted)); diff != "" {
		t.Errorf("after changes (-want +got):\n%s", diff)
	}
	// Go says what the views say; where nothing of an order is open any more, there is nothing to reopen.
	n.publish(t, day+3, at.Add(time.Hour), group("done", schema.Mismatched, 3, 4))
	if err := n.appendNotes(t.Context(), n.w, []note{newNote("", "done", "71", "x", "王")}); err != nil {
		t.Fatal(err)
	}
	n.publish(t, day+3, at.Add(time.Hour), group("done", schema.Matched, 4, 4))
	now, err := n.w.lake.ResolutionStates(t.Context(), func(schema.ResolutionKey) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for key, r := range now {
		got = append(got, fmt.Sprintf("%s|%s|%s|%s\n", key.WalkAccountID, key.Order, r.State, r.Reason))
	}
	slices.Sort(got)
	want = n.duckdb(t, "SELECT walk_account_id, order_key, state, reason FROM resolution_states ORDER BY ALL")
	if diff := cmp.Diff(want, strings.Join(got, "")); diff != "" || !strings.Contains(want, "done|cleared") || !strings.Contains(want, "over|reopened") || !strings.Contains(want, "items|resolved") {
		t.Errorf("the views (-) and Go (+):\n%s\n%s", diff, want)
	}
}

// TestReportNotes: a report has what is resolved apart from what is open, marks what is open
// again, and has what changed after the close, as the saved query.
func TestReportNotes(t *testing.T) {
	t.Parallel()
	n := newNoted(t)
	day, at := billwalktest.FirstDay, billwalktest.Now()
	differs := func(key string, settled schema.Fen) schema.Reconciliation {
		return schema.Reconciliation{GroupKey: key, Verdict: schema.Mismatched, BillRows: 1, Billed: total(1000), Settled: total(settled), Diff: total(settled - 1000)}
	}
	n.publish(t, day, at.Add(-time.Hour), differs("a", 1001), differs("b", 900), differs("c", 800))
	if err := n.appendNotes(t.Context(), n.w, []note{newNote("", "a", "71", "x", "李"), newNote("", "b", "71", "y", "李")}); err != nil {
		t.Fatal(err)
	}
	if err := n.appendClosing(t.Context(), n.w, "张"); err != nil {
		t.Fatal(err)
	}
	r, err := n.loadReport(t.Context(), n.w)
	if err != nil {
		t.Fatal(err)
	}
	if _, line, _ := strings.Cut(n.out.String(), "closed "); strings.Contains(line, "不可日清") == r.Close.Ready || strings.Count(line, "\n") != 1 {
		t.Errorf("ready to be closed: %t; printed %q", r.Close.Ready, line)
	}
	n.publish(t, day, at.Add(time.Hour), differs("a", 1002), differs("b", 900), differs("c", 800))
	if r, err = n.loadReport(t.Context(), n.w); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, list := range [][]report.Order{r.Orders.List, r.Orders.ResolvedList} {
		for _, o := range list {
			state := report.ResolutionState("open")
			if o.Noted != nil {
				state = o.Noted.State
			}
			got = append(got, fmt.Sprint(o.Key, " ", o.Stake, " ", state))
		}
	}
	if want := []string{"c 200 open", "a 2 reopened", "b 100 resolved"}; !slices.Equal(got, want) {
		t.Errorf("orders %q, want %q", got, want)
	}
	if o := r.Orders; o.Open.Stake != 202 || o.Resolved.Stake != 100 || o.Open.Billed+o.Resolved.Billed+o.Closed.Billed != 3000 || r.Ages[0].Stake != 202 {
		t.Errorf("sums %+v, ages %+v", o, r.Ages)
	}
	query, _ := sql.Saved("changes_after_close", sql.Settings{})
	changes := n.duckdb(t, "CREATE VIEW changes AS "+query+"SELECT closed_by, old_generation, new_generation, added, changed FROM changes WHERE bill_date IS NOT NULL")
	if len(r.Closed) != 1 || r.Closed[0].By != "张" || r.Closed[0].Changed != 1 || !strings.HasPrefix(changes, "张|") || !strings.HasSuffix(changes, "|0|1\n") {
		t.Errorf("closed %+v, the query says %s", r.Closed, changes)
	}
}

// TestFailOnResolved: differences that people have settled do not end a run with exit 4, until
// their amounts change.
func TestFailOnResolved(t *testing.T) {
	t.Parallel()
	n := newNoted(t)
	day, at := billwalktest.FirstDay, billwalktest.Now()
	differs := func(key string, settled schema.Fen) schema.Reconciliation {
		return schema.Reconciliation{GroupKey: key, Verdict: schema.Mismatched, Billed: total(1000), Settled: total(settled), Diff: total(settled - 1000)}
	}
	judge := func(want int, resolved int64) {
		t.Helper()
		base, err := n.w.lake.Base(t.Context(), day, 0)
		if err != nil {
			t.Fatal(err)
		}
		s := &pipeline.Summary{Verdicts: map[schema.Verdict]int64{schema.Mismatched: 2}, Partitions: base.Manifest.Objects}
		if err := (&failOn{differences: true}).judge(t.Context(), n.w.lake, s); err != nil || s.ExitCode != want || s.Resolved != resolved {
			t.Errorf("exit %d with %d resolved, %v; want exit %d with %d", s.ExitCode, s.Resolved, err, want, resolved)
		}
	}
	resolve := func(order string) {
		t.Helper()
		if err := n.appendNotes(t.Context(), n.w, []note{newNote("", order, "71", "平台已补", "李")}); err != nil {
			t.Fatal(err)
		}
	}
	n.publish(t, day, at, differs("a", 1001), differs("b", 900))
	judge(pipeline.ExitDifferences, 0)
	resolve("a")
	judge(pipeline.ExitDifferences, 1)
	resolve("b")
	judge(pipeline.ExitDone, 2)
	n.publish(t, day, at, differs("a", 1002), differs("b", 900))
	judge(pipeline.ExitDifferences, 1)
}

// TestResolveRefuses: all rows are checked before any is written, and every fault is named
// with its line.
func TestResolveRefuses(t *testing.T) {
	t.Parallel()
	n := newNoted(t)
	n.publish(t, billwalktest.FirstDay, billwalktest.Now(), schema.Reconciliation{GroupKey: "over", Verdict: schema.Mismatched, Billed: total(1), Settled: total(2), Diff: total(1)},
		schema.Reconciliation{GroupKey: "fine", Verdict: schema.Matched, Billed: total(1), Settled: total(1), Diff: total(0)})
	for name, test := range map[string]struct{ csv, want string }{
		"no column":    {"order,account\nover,71\n", `resolutions.csv:1: there is no column "reason"`},
		"no row":       {"order,account,reason\n", "it has no row but the header"},
		"empty":        {"", "the header order,account,reason is missing"},
		"no reason":    {"order,account,reason\nover,71,x\nover,71, \n", "resolutions.csv:3: want an order, an account, a reason"},
		"no account":   {"order,account,reason\nover,7.1E+18,x\n", `resolutions.csv:2: "7.1E+18" is not an account id`},
		"not UTF-8":    {"order,account,reason\nover,71,\xc0\xb4\n", "resolutions.csv:2: it is not UTF-8"},
		"ragged":       {"order,account,reason\nover,71\n", "resolutions.csv: record on line 2: wrong number of fields"},
		"other":        {"\ufefforder,account,reason,by\nover,71,x,李\nover,72,y,李\n", "resolutions.csv:3: account 72 is none of job demo"},
		"not there":    {"order,account,reason\nover,71,x\ngone,71,y\n", "resolutions.csv:3: the lake has no order gone of account 71 (重庆老灶火锅)"},
		"nothing open": {"order,account,reason\nfine,71,x\ngone,71,y\n", "resolutions.csv:2: order fine of account 71 (重庆老灶火锅) has nothing open"},
	} {
		path := filepath.Join(t.TempDir(), "resolutions.csv")
		if err := os.WriteFile(path, []byte(test.csv), 0o600); err != nil {
			t.Fatal(err)
		}
		notes, err := readNotes(path, "李")
		if err == nil {
			err = n.appendNotes(t.Context(), n.w, notes)
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want %q", name, err, test.want)
		}
	}
	if rows, err := n.w.lake.Resolutions(t.Context()); err != nil || len(rows) != 0 {
		t.Errorf("%d rows were noted, %v", len(rows), err)
	}
}

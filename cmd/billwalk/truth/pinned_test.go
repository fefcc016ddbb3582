package truth

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline"
	"billwalk/schema"
)

// pinnedTables are the tables that a pinned print is counted in; units are of the manifests.
var pinnedTables = []string{"bills", "settlements", "reconciliation", "exceptions", "units"}

// TestPinnedInTheMiddle: a run of two of five days is killed when it has published their bills, and
// before it has ended. Pinned views of these days are refused, by the names of the days and the
// run; those of the other days agree in all tables with the night before; and when the run has been
// repeated, those of all days do, also of days of which the withdrawals were published again.
func TestPinnedInTheMiddle(t *testing.T) {
	t.Parallel()
	billwalktest.RequireDuckDB(t)
	n := newPinnedNights(t, billwalktest.FolderLake(t))
	first, last := n.first, n.last
	pinned := n.pinned

	whole := n.run(t, n.config, first, last)
	_, before, _ := pinned()
	checkPinned(t, before, whole.Partitions)

	middle := []schema.Day{first + 1, first + 2}
	n.server.killRun(t, n.again, middle[0], middle[1])
	code, _, text := pinned()
	if code != pipeline.ExitFailed || !strings.Contains(text, "is at work, or was killed") || !strings.Contains(text, "--whole-days") {
		t.Errorf("exit %d: %s", code, text)
	}
	for day := first; day <= last; day++ {
		if named := strings.Contains(text, day.String()+" bucket"); named != slices.Contains(middle, day) {
			t.Errorf("%s is named: %t", day, named)
		}
	}
	if said, err := duckdb(before + "SELECT count(*) FROM bills WHERE account_id = 'none';"); err == nil || !strings.Contains(said, "have been replaced since these views were printed") {
		t.Errorf("the views of the night before: %v, %s", err, said)
	}
	code, others, text := pinned("--whole-days")
	if code != pipeline.ExitDone || !strings.Contains(others, "\n-- Left out: "+middle[0].String()) {
		t.Fatalf("exit %d: %s", code, text)
	}
	checkPinned(t, others, slices.DeleteFunc(slices.Clone(whole.Partitions), func(o schema.Object) bool { return slices.Contains(middle, o.Day) }))

	healed := n.run(t, n.again, middle[0], middle[1])
	for _, o := range healed.Partitions {
		if table := o.Table; table == schema.Bills.Name && !o.Unchanged || table == schema.Withdrawals.Name && o.Unchanged {
			t.Errorf("%s: unchanged: %t; want the bills as the killed run left them, and the withdrawals published", o.Key, o.Unchanged)
		}
	}
	code, all, text := pinned()
	if code != pipeline.ExitDone || strings.Contains(all, "Left out") {
		t.Fatalf("exit %d: %s", code, text)
	}
	checkPinned(t, all, append(slices.DeleteFunc(whole.Partitions, func(o schema.Object) bool { return slices.Contains(middle, o.Day) }), healed.Partitions...))
}

// pinnedNights are five days at a platform, and two jobs of them: to the second every bill is another
// one, and it follows the withdrawals.
type pinnedNights struct {
	server        *heldServer
	first, last   schema.Day
	config, again string
}

func newPinnedNights(t *testing.T, lake billwalktest.Place) *pinnedNights {
	t.Helper()
	at := billwalktest.Now()
	world := billwalktest.World(31, 12)
	world.Withdrawals, world.Now = true, func() time.Time { return at }
	platform := billwalktest.Serve(t, world)
	n := &pinnedNights{server: serveHeld(t, platform), first: billwalktest.FirstDay - 2, last: billwalktest.LastDay}
	job := billwalktest.Job{
		Lake: lake, Buckets: 2, Platform: n.server.URL, Accounts: platform.Accounts(), QPS: 5000, Trade: 5000, Lookback: 1, Extra: "    columns: {code: keep}\n",
	}
	n.config = job.Write(t)
	job.Extra = "    columns: {code: drop}\n    withdrawals: {}\n"
	n.again = job.Write(t)
	return n
}

// pinned prints the pinned views.
func (n *pinnedNights) pinned(flags ...string) (code int, sql, errors string) {
	var out, log bytes.Buffer
	code = billwalktest.CommandLine(append([]string{"--config", n.config, "ddl", "duckdb", "--pinned"}, flags...), &out, &log)
	return code, out.String(), log.String()
}

func (n *pinnedNights) run(t *testing.T, config string, from, to schema.Day) pipeline.Summary {
	t.Helper()
	s, log := billwalktest.Run(t, config, "run", "nightly", "--from", from.String(), "--to", to.String())
	if s.ExitCode != pipeline.ExitDone && s.ExitCode != pipeline.ExitIncomplete {
		t.Fatalf("exit %d\n%s", s.ExitCode, log)
	}
	return s
}

// heldServer is a platform at which a run can be killed in the middle of its publications.
type heldServer struct {
	URL     string
	holds   atomic.Bool
	reached chan struct{}
}

// serveHeld serves a platform. While it holds, queries of withdrawals are not answered: they are
// made when the bills are published.
func serveHeld(t *testing.T, platform http.Handler) *heldServer {
	t.Helper()
	s := &heldServer{reached: make(chan struct{}, 1)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.holds.Load() && strings.Contains(r.URL.Path, "/withdraw/") {
			select {
			case s.reached <- struct{}{}:
			default:
			}
			<-r.Context().Done()
			return
		}
		platform.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// killRun kills a run when it has published the days' bills, and before it has ended.
func (s *heldServer) killRun(t *testing.T, config string, from, to schema.Day) {
	t.Helper()
	s.holds.Store(true)
	defer s.holds.Store(false)
	p := exec.Command("billwalk", "--config", config, "--output", "json", "run", "nightly", "--from", from.String(), "--to", to.String())
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.reached:
	case <-time.After(time.Minute):
		t.Error("the run asks for no withdrawals")
	}
	_ = p.Process.Kill()
	_ = p.Wait()
}

// checkPinned counts the rows of the tables in printed views, by day, and compares them with what
// runs have published.
func checkPinned(t *testing.T, views string, published []schema.Object) {
	t.Helper()
	want := make(map[string]int64)
	for _, o := range published {
		for _, table := range pinnedTables {
			if o.Table == table || o.Table == schema.Bills.Name && table == "units" {
				want[fmt.Sprintf("%s|%s", table, o.Day)] += o.Rows
			}
		}
	}
	query := views
	for _, table := range pinnedTables[:4] {
		query += fmt.Sprintf("SELECT '%s', bill_date, count(*) FROM %[1]s GROUP BY ALL;\n", table)
	}
	query += "SELECT 'units', day, sum(bills)::BIGINT FROM units GROUP BY ALL;\n" +
		"SELECT 'not in groups', bill_date, sum(n) FROM (SELECT bill_date, count(*) AS n FROM bills WHERE counted GROUP BY ALL UNION ALL SELECT bill_date, -sum(bill_rows) FROM reconciliation GROUP BY ALL) GROUP BY ALL HAVING sum(n) <> 0;\n" +
		"SELECT 'twice', settle_id, count(*) FROM settlements GROUP BY ALL HAVING count(*) > 1;\n"
	text, err := duckdb(query)
	if err != nil {
		t.Fatalf("duckdb: %v, %s", err, text)
	}
	got := make(map[string]int64)
	for line := range strings.Lines(text) {
		cut := strings.LastIndex(line, "|")
		var n int64
		if _, err := fmt.Sscan(line[max(cut, 0)+1:], &n); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		got[line[:max(cut, 0)]] = n
	}
	maps.DeleteFunc(want, func(_ string, n int64) bool { return n == 0 })
	maps.DeleteFunc(got, func(_ string, n int64) bool { return n == 0 })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-published +pinned):\n%s", diff)
	}
	if len(got) == 0 {
		t.Error("the views have no rows")
	}
}

// duckdb runs SQL and returns what DuckDB says.
func duckdb(sql string) (string, error) {
	cmd := exec.Command("duckdb", "-no-init", "-bail", "-list", "-noheader")
	cmd.Stdin = strings.NewReader(sql)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

package kill

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline"
	"billwalk/pipeline/shards"
	"billwalk/schema"
	"billwalk/sinks/object"
)

const shardBuckets = 8

// shardNight is a night that several processes share.
type shardNight struct {
	platform *billwalktest.Served
	mu       sync.Mutex
	arrived  map[string][]time.Time // requests, by path
	lake     billwalktest.Place
	config   string
}

func newShardNight(t *testing.T, qps float64, strike func(path string)) *shardNight {
	at := billwalktest.Now()
	world := billwalktest.World(7, 15)
	world.Withdrawals, world.Now = true, func() time.Time { return at }
	n := &shardNight{platform: billwalktest.Serve(t, world), lake: billwalktest.FolderLake(t), arrived: make(map[string][]time.Time)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.mu.Lock()
		n.arrived[r.URL.Path] = append(n.arrived[r.URL.Path], time.Now())
		n.mu.Unlock()
		if strike != nil {
			strike(r.URL.Path)
		}
		n.platform.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	n.config = billwalktest.Job{
		Lake: n.lake, Buckets: shardBuckets, Platform: server.URL, Accounts: n.platform.Accounts(), QPS: qps, Trade: qps, Lookback: 2, Passes: 2, PageSize: 10, Report: true, Extra: "    withdrawals: {}\n    stores: true\n",
	}.Write(t)
	return n
}

func (n *shardNight) args(verb, shard string) []string {
	args := []string{verb, "nightly", "--config", n.config, "--output", "json", "--from", billwalktest.FirstDay.String(), "--to", (billwalktest.FirstDay + 1).String()}
	if shard != "" {
		args = append(args, "--shard", shard)
	}
	return args
}

// together runs a verb in so many processes, and again those that were killed or have to go on.
// It returns what those printed that ended well.
func (n *shardNight) together(t *testing.T, verb string, count int, started func(shard int, p *os.Process)) (printed []string) {
	t.Helper()
	printed = make([]string, count)
	var all sync.WaitGroup
	for i := range count {
		all.Go(func() {
			for try := range 10 {
				var out, log bytes.Buffer
				p := exec.Command("billwalk", n.args(verb, fmt.Sprintf("%d/%d", i, count))...)
				p.Stdout, p.Stderr = &out, &log
				if err := p.Start(); err != nil {
					t.Error(err)
					return
				}
				if started != nil {
					started(i, p.Process)
				}
				_ = p.Wait() // what it returns, the status says
				switch status := p.ProcessState.Sys().(syscall.WaitStatus); {
				case status.Signaled() && try < 9, status.ExitStatus() == pipeline.ExitStopped:
					continue
				case status.ExitStatus() != pipeline.ExitDone && status.ExitStatus() != pipeline.ExitIncomplete:
					t.Errorf("%s of shard %d of %d: exit %d: %s%s", verb, i, count, status.ExitStatus(), out.String(), log.String())
				}
				printed[i] = out.String()
				return
			}
		})
	}
	all.Wait()
	return printed
}

// shardRows are the rows of a night, by table.
type shardRows struct {
	Bills          []schema.Bill
	Settlements    []schema.Settlement
	Reconciliation []schema.Reconciliation
	Exceptions     []schema.Exception
	Withdrawals    []schema.Withdrawal
	WithdrawnBills []schema.WithdrawnBill
	Stores         []schema.Store
}

// notOfTheShards leaves out what tells when and by which calls the rows were fetched: an order with
// bills of two shards is queried by both.
var notOfTheShards = cmp.Options{billwalktest.NotOfTheRun, cmpopts.IgnoreFields(schema.Settlement{}, "AskedBy")}

func (n *shardNight) rows(t *testing.T) (rows shardRows) {
	t.Helper()
	store, err := object.Open(t.Context(), n.lake.URL, n.lake.Options)
	if err != nil {
		t.Fatal(err)
	}
	rows = shardRows{
		rowsIn(t, store, schema.Bills), rowsIn(t, store, schema.Settlements), rowsIn(t, store, schema.Reconciliations), rowsIn(t, store, schema.Exceptions),
		rowsIn(t, store, schema.Withdrawals), rowsIn(t, store, schema.WithdrawnBills), rowsIn(t, store, schema.Stores),
	}
	if len(rows.Bills) == 0 || len(rows.Settlements) == 0 || len(rows.Exceptions) == 0 || len(rows.Withdrawals) == 0 || len(rows.WithdrawnBills) == 0 || len(rows.Stores) == 0 {
		t.Fatalf("%d bills, %d settlements, %d exceptions, %d withdrawals of %d bills, %d stores: too little to compare",
			len(rows.Bills), len(rows.Settlements), len(rows.Exceptions), len(rows.Withdrawals), len(rows.WithdrawnBills), len(rows.Stores))
	}
	return rows
}

// idle returns which of count shards lend their part of each API's rate.
func (n *shardNight) idle(t *testing.T, count int) (all map[string][]int) {
	t.Helper()
	store, err := object.Open(t.Context(), n.lake.URL, n.lake.Options)
	if err != nil {
		t.Fatal(err)
	}
	data, _, err := object.ReadAll(t.Context(), store, fmt.Sprintf("_control/shards/nightly-of-%d-%s-%s/idle.json", count, billwalktest.FirstDay, billwalktest.FirstDay+1))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// rowsIn reads all rows of a table, file by file.
func rowsIn[R any](t *testing.T, store object.Store, table schema.Table[R]) (rows []R) {
	t.Helper()
	for _, key := range billwalktest.KeysBelow(t, store, table.Name+"/") {
		data, _, err := object.ReadAll(t.Context(), store, key)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, billwalktest.RowsOf(t, table, map[string]*bytes.Reader{table.Name: bytes.NewReader(data)})...)
	}
	return rows
}

// TestShards: four processes publish what one publishes, and make no more calls in any second
// than one may. What they have published, they prove and build again together; the last of them
// writes the report of all accounts.
func TestShards(t *testing.T) {
	t.Parallel()
	const qps, count = 80, 4
	one, many := newShardNight(t, 1000, nil), newShardNight(t, qps, nil)
	billwalktest.Run(t, one.config, one.args("run", "")[0], "nightly", "--from", billwalktest.FirstDay.String(), "--to", (billwalktest.FirstDay + 1).String())
	want := one.rows(t)
	reports, units := 0, 0
	for _, out := range many.together(t, "run", count, nil) {
		var s pipeline.Summary
		if err := json.Unmarshal([]byte(out), &s); err != nil {
			t.Fatal(err, out)
		}
		units += s.Units.Complete + s.Units.Unavailable + s.Units.Failed
		if s.Report != "" {
			reports++
		}
	}
	if diff := cmp.Diff(want, many.rows(t), notOfTheShards); diff != "" {
		t.Errorf("(-one process +%d shards):\n%s", count, diff)
	}
	if all := 2 * len(many.platform.Accounts()); units != all || reports != 1 {
		t.Errorf("%d units of %d, %d reports", units, all, reports)
	}
	for path, at := range many.arrived {
		switch n := busiest(at); {
		case strings.Contains(path, "token") && len(at) > 2:
			t.Errorf("%d tokens were fetched for 2 apps", len(at))
		case n > qps:
			t.Errorf("%d calls of %s in one second, of %d", n, path, qps)
		}
	}
	if idle := many.idle(t, count); len(idle[shards.Bills]) != count || len(idle[shards.Settlements]) != count {
		t.Errorf("%v: in the end all shards lend their part of the rate", idle)
	}
	many.together(t, "verify", count, nil)
	for _, out := range many.together(t, "replay", count, nil) {
		var s pipeline.Summary
		if err := json.Unmarshal([]byte(out), &s); err != nil {
			t.Fatal(err, out)
		}
		for _, o := range s.Partitions {
			if !o.Unchanged {
				t.Errorf("replay: %s is published anew", o.Key)
			}
		}
	}
}

// busiest returns the maximum number of arrivals in any second.
func busiest(at []time.Time) (most int) {
	slices.SortFunc(at, time.Time.Compare)
	for first, last := 0, 0; last < len(at); last++ {
		for at[last].Sub(at[first]) > time.Second {
			first++
		}
		most = max(most, last-first+1)
	}
	return most
}

// kills are those at calls of some kind.
type kills struct {
	calls, next int
	gap         int // the most calls between two, about
	done, most  int
}

// due counts a call, and reports whether a process is to be killed at it.
func (k *kills) due(random *rand.Rand) bool {
	if k.calls++; k.calls <= k.next || k.done == k.most {
		return false
	}
	k.next = k.calls + k.gap/6 + random.IntN(k.gap)
	return true
}

// TestShardsKilled: processes that share a night are killed at random, and started again as the
// policy does it: the lake is that of one process that was never killed.
func TestShardsKilled(t *testing.T) {
	t.Parallel()
	one := newShardNight(t, 1000, nil)
	billwalktest.Run(t, one.config, "run", "nightly", "--from", billwalktest.FirstDay.String(), "--to", (billwalktest.FirstDay + 1).String())
	want := one.rows(t)
	for _, count := range []int{2, 8} {
		t.Run(fmt.Sprint(count), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(uint64(count), 1))
			var mu sync.Mutex
			running := make(map[int]*os.Process)
			kills := map[bool]*kills{false: {next: 15, gap: 60, most: 6}, true: {gap: 10, most: 2}} // by whether withdrawals are fetched, which are few
			n := newShardNight(t, 400, func(path string) {
				mu.Lock()
				defer mu.Unlock()
				if k := kills[strings.Contains(path, "withdraw")]; k.due(random) {
					if victim := running[random.IntN(count)]; victim != nil && victim.Kill() == nil {
						k.done++
					}
				}
			})
			n.together(t, "run", count, func(shard int, p *os.Process) {
				mu.Lock()
				defer mu.Unlock()
				running[shard] = p
			})
			if diff := cmp.Diff(want, n.rows(t), notOfTheShards); diff != "" {
				t.Errorf("(-one process +%d shards that were killed):\n%s", count, diff)
			}
			if kills[false].done < 4 || kills[true].done == 0 {
				t.Errorf("%d kills, and %d while withdrawals were fetched, are too few", kills[false].done, kills[true].done)
			}
			n.together(t, "verify", count, nil)
		})
	}
}

package months

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/billwalktest/race"
	"billwalk/cmd/billwalk/cli"
	"billwalk/pipeline"
	"billwalk/pipeline/douyin/sandbox/month"
	"billwalk/pipeline/jobs"
	"billwalk/pipeline/normalise"
	"billwalk/pipeline/settle"
	"billwalk/pipeline/walk"
	"billwalk/schema"
	"billwalk/sinks/object/objecttest"
)

// TestMonth runs a job through a month of nights in which the platform changes what
// it has said, for lookbacks of none, 2 and 7 days. After each night the tables are
// the platform's truth, order by order, and all that did not agree was asked for. In
// the end the lake is proven, a replay changes nothing but what the nights could not
// know any more, SQL reconciles as Go does, and a lake made from nothing is the truth
// of one look.
//
// By default each seed has one of the lookbacks; BILLWALK_MONTH_SEEDS=200 runs as many
// seeds with all of them.
func TestMonth(t *testing.T) {
	t.Parallel()
	lookbacks := []int{0, 2, 7}
	seeds, err := strconv.Atoi(cmp.Or(os.Getenv("BILLWALK_MONTH_SEEDS"), "10"))
	if err != nil || seeds < 1 {
		t.Fatalf("BILLWALK_MONTH_SEEDS: want a number from 1 on, got %q", os.Getenv("BILLWALK_MONTH_SEEDS"))
	}
	for seed := range seeds {
		for i, lookback := range lookbacks {
			if os.Getenv("BILLWALK_MONTH_SEEDS") == "" && seed%len(lookbacks) != i {
				continue
			}
			t.Run(fmt.Sprintf("%dd/%d", lookback, seed), func(t *testing.T) {
				t.Parallel()
				if race.Detector { // ten times as slow
					billwalktest.Sample(t, seed, 5)
				}
				m := newMonth(t, uint64(seed), lookback)
				for night := range monthNights {
					m.night(night)
					if t.Failed() {
						t.FailNow()
					}
				}
				m.end()
			})
		}
	}
}

// monthNights is half a month where each night takes ten times as long.
var monthNights = func() int {
	if race.Detector {
		return 15
	}
	return 30
}()

var monthFirst = billwalktest.MustDay("2026-06-03")

// monthRun is one month, its lake, and the lake's truth.
type monthRun struct {
	*testing.T
	clock    atomic.Int64 // unix milliseconds
	lookback int
	platform *month.Platform
	truth    *month.Truth
	store    *objecttest.Mem
	config   string   // jobs.yaml
	job      *cli.Job // the last run
	late     []string // orders that were due in the last night and not asked for
	extra    int      // orders that agreed and were asked for
}

func newMonth(t *testing.T, seed uint64, lookback int) *monthRun {
	return newMonthOf(t, month.Config{Seed: seed, Nights: monthNights, Lookback: lookback})
}

func newMonthOf(t *testing.T, config month.Config) *monthRun {
	m := &monthRun{T: t, lookback: config.Lookback, store: objecttest.NewMem()}
	config.First, config.Now, config.AppID = monthFirst, m.now, "trade-key"
	m.platform = month.New(config)
	m.truth = month.NewTruth(m.platform)
	server := httptest.NewServer(m.platform)
	t.Cleanup(server.Close)
	m.config = billwalktest.Job{Lake: billwalktest.Place{URL: "file:unused"}, Platform: server.URL, Accounts: m.platform.Accounts(), QPS: 20_000, Trade: 20_000, Lookback: config.Lookback, Buckets: 1 + int(config.Seed/5)%2*2}.Write(t)
	return m
}

// now is a clock that goes on a little whenever it is looked at.
func (m *monthRun) now() time.Time { return time.UnixMilli(m.clock.Add(1)) }

func (m *monthRun) firstDay(night int) schema.Day { return monthFirst + schema.Day(night-m.lookback) }

// night runs the job, and compares the tables of all days with the truth.
func (m *monthRun) night(night int) {
	m.Helper()
	today := monthFirst + schema.Day(night) + 1
	m.clock.Store(today.Start().Add(14 * time.Hour).UnixMilli())
	m.run(cli.Days{}, true)
	m.truth.Run(night, m.firstDay(night), today-1)
	m.checkAsked(night)
	m.compare(night, m.firstDay(night), today-1)
}

// run makes a run of the days, or a replay.
func (m *monthRun) run(days cli.Days, asking bool) *pipeline.Summary {
	m.Helper()
	file, err := jobs.Load(m.config, func(string) (string, bool) { return "", false })
	if err != nil {
		m.Fatal(err)
	}
	w, err := cli.Setup{Now: m.now, Store: m.store}.Open(m.Context(), file, "nightly", days, asking)
	if err != nil {
		m.Fatal(err)
	}
	defer w.Close()
	if asking {
		w.Run.Settle.Trade, w.Run.Walk.Source = datedTrade{w.Run.Settle.Trade, m.now}, datedSource{w.Run.Walk.Source, m.now}
		w.Run.Walk.AllowShrink = true // an account has few bills here
	}
	m.job = w
	s, err := w.Do(m.Context())
	if err != nil || s.ExitCode != pipeline.ExitDone && s.ExitCode != pipeline.ExitIncomplete {
		m.Fatalf("exit %d, %v", s.ExitCode, err)
	}
	return s
}

// datedTrade dates answers by the test's clock.
type datedTrade struct {
	settle.Trade
	now func() time.Time
}

func (d datedTrade) Settlements(ctx context.Context, q schema.Query) (normalise.SettlementsAnswer, error) {
	a, err := d.Trade.Settlements(ctx, q)
	a.FetchedAt = d.now().UTC()
	return a, err
}

// datedSource dates answers by the test's clock.
type datedSource struct {
	walk.Source
	now func() time.Time
}

func (d datedSource) Bills(ctx context.Context, u schema.Unit, cursor string, size int) (normalise.PageAnswer, error) {
	a, err := d.Source.Bills(ctx, u, cursor, size)
	a.FetchedAt = d.now().UTC()
	return a, err
}

// checkAsked wants all orders asked for that did not agree, and hardly any others.
func (m *monthRun) checkAsked(night int) {
	m.Helper()
	asked := m.platform.QueriedOrders(night)
	late := m.late
	m.late = nil
	for _, key := range m.truth.Due {
		if slices.Contains(asked, key) || m.platform.RefusesQuery(night, key) {
			continue
		}
		// Days are asked for one by one, the newest first, and what an earlier one of
		// the same order has tonight is not known yet.
		if m.late = append(m.late, key); slices.Contains(late, key) || !m.platform.HasSeveralDays(key) {
			m.Errorf("night %d: order %s does not agree, and was not asked for: %s", night, key, m.platform.Story(key))
		}
	}
	for _, key := range asked {
		if !slices.Contains(m.truth.Due, key) {
			m.extra++
		}
	}
}

// end replays the month, has it verified and reconciled by SQL, and makes the lake
// anew from nothing.
func (m *monthRun) end() {
	m.Helper()
	last := monthFirst + schema.Day(monthNights) - 1
	all := cli.Days{From: monthFirst.String(), To: last.String()}
	m.compare(monthNights, monthFirst, last)
	m.proven(last)
	m.run(all, false)
	m.truth.Replay()
	m.compare(monthNights, monthFirst, last)
	m.proven(last)
	m.reconciledBySQL()
	if m.extra > 40 {
		m.Errorf("%d orders that agree were asked for", m.extra)
	}

	m.store = objecttest.NewMem()
	m.platform.ForgetQueries()
	m.truth = month.NewTruth(m.platform)
	m.run(all, true)
	m.truth.Run(monthNights-1, monthFirst, last)
	m.compare(monthNights, monthFirst, last)
	m.proven(last)
}

// proven has the lake verified: nothing is wrong but that accounts which were refused
// whenever their day was looked at are not published.
func (m *monthRun) proven(last schema.Day) {
	m.Helper()
	var out, log bytes.Buffer
	p := cli.Setup{Out: &out, Err: &log, Now: billwalktest.Now, Store: m.store}
	exit := p.Main(m.Context(), "--config", m.config, "--output", "json", "verify", "nightly", "--from", monthFirst.String(), "--to", last.String())
	v, code := billwalktest.VerificationOf(m, exit, out.Bytes(), log.String())
	all := len(v.Findings)
	v.Findings = slices.DeleteFunc(v.Findings, func(f schema.Finding) bool {
		_, account, ok := strings.Cut(f.Got, "no manifest tells of account ")
		return ok && m.truth.NeverWalked(schema.AccountID(account), f.Day)
	})
	if (code == 0) != (all == 0) || all == 0 && v.ProvenDays != int(last-monthFirst)+1 || v.Bills == 0 || len(v.Findings) > 0 {
		m.Errorf("exit %d, %d days proven, %d bills; findings:\n%s", code, v.ProvenDays, v.Bills, billwalktest.FindingLines(v.Findings))
	}
}

// reconciledBySQL has DuckDB reconcile the lake. Which queries were made SQL does not
// know: what is not_asked is left out.
func (m *monthRun) reconciledBySQL() {
	m.Helper()
	if _, err := exec.LookPath("duckdb"); err != nil && os.Getenv("BILLWALK_REQUIRE_DUCKDB") == "" {
		return
	}
	dir := m.TempDir()
	for info, err := range m.store.List(m.Context(), "") {
		if err != nil {
			m.Fatal(err)
		}
		if !strings.HasSuffix(info.Key, ".parquet") {
			continue
		}
		body, _, err := m.store.Get(m.Context(), info.Key)
		if err != nil {
			m.Fatal(err)
		}
		path := filepath.Join(dir, filepath.FromSlash(info.Key))
		data, err := io.ReadAll(body)
		if err = errors.Join(err, body.Close(), os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, data, 0o600)); err != nil {
			m.Fatal(err)
		}
	}
	billwalktest.CheckReconciledBySQL(m, billwalktest.Place{SQL: dir}, true, m.lookback, "list_contains(reasons, 'not_asked')")
}

package pipeline_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline"
	"billwalk/pipeline/claims"
	"billwalk/pipeline/douyin"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/pipeline/normalise"
	"billwalk/pipeline/progress"
	"billwalk/pipeline/walk"
	"billwalk/pipeline/withdraw"
	"billwalk/schema"
	"billwalk/sinks/archive"
	"billwalk/sinks/lake"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// handled answers requests without a network.
type handled struct{ http.Handler }

func (h handled) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), nil
}

// bank is a platform with withdrawals, and the lake of the nights that follow them.
type bank struct {
	t        *testing.T
	platform *sandbox.Platform
	client   *douyin.Client
	store    *objecttest.Mem
	now      time.Time
	runs     int
}

type bankLake struct{ realLake }

func (l bankLake) Amend(base schema.Base) (withdraw.Stage, error) { return l.Lake.Amend(base) }

type bankArchive struct{ *archive.Archive }

func (a bankArchive) Withdrawals() walk.Archive             { return a.Archive.Withdrawals() }
func (a bankArchive) WithdrawnBills(id string) walk.Archive { return a.Archive.WithdrawnBills(id) }

// run makes a run of the days, with calls or without, and returns what it found.
func (b *bank) run(from, to schema.Day, nightly, calls bool) *pipeline.Summary {
	b.t.Helper()
	published, err := lake.Open(b.t.Context(), b.store, 2, "v1")
	if err != nil {
		b.t.Fatal(err)
	}
	b.runs++
	answers := archive.New(b.store)
	r := &pipeline.Run{
		ID: fmt.Sprintf("01JD000000000000000000%04d", b.runs), Job: "bank", Accounts: b.platform.Accounts(), From: from, To: to, Buckets: 2, Backfill: !nightly,
		Walk: walk.Config{PageSize: 50, Passes: 1}, Archive: answers, Lake: realLake{published}, PublishedDays: published.PublishedDays,
		Rows: normalise.Normaliser{Code: normalise.KeepCode}, InFlight: 4, Now: func() time.Time { return b.now }, Log: slog.New(slog.DiscardHandler), Progress: new(progress.Counter),
		Claims: claims.Register{},
		Withdrawals: &pipeline.Withdrawals{
			Config:  withdraw.Config{Statuses: normalise.WithdrawalStatuses{InFlight: []string{"1"}, Paid: []string{"2"}, Failed: []string{"3"}}},
			Archive: bankArchive{answers}, Lake: bankLake{realLake{published}}, Lookback: 35,
		},
	}
	if calls {
		r.Walk.Source, r.Withdrawals.Source = b.client, b.client
	}
	s, err := r.Do(b.t.Context())
	if err != nil || s.ExitCode != pipeline.ExitDone {
		b.t.Fatalf("%s: exit %d, %v; %+v", to, s.ExitCode, err, s.Withdrawals)
	}
	return s
}

// rowsOf reads a table of the days, from both buckets.
func rowsOf[R any](b *bank, table schema.AnyTable, from, to schema.Day) (all []R) {
	published := lake.ToVerify(b.store, 2, "v1")
	for day := from; day <= to; day++ {
		for bucket := range 2 {
			for row, err := range published.Rows(b.t.Context(), table, day, bucket) {
				if err != nil {
					b.t.Fatal(err)
				}
				all = append(all, *any(row).(*R))
			}
		}
	}
	return all
}

// compare compares what is published with what the platform knows.
func (b *bank) compare(from, to schema.Day) {
	b.t.Helper()
	got, want := make(map[string]string), make(map[string]string)
	raised := make(map[string]map[string]bool)
	for _, e := range rowsOf[schema.Exception](b, &schema.Exceptions, from, to) {
		if !e.Rule.OfWithdrawals() || e.Rule == schema.RuleWithdrawnBefore {
			continue
		}
		id, _, _ := strings.Cut(strings.TrimPrefix(e.Detail, "withdrawal "), ":")
		if raised[id] == nil {
			raised[id] = make(map[string]bool)
		}
		raised[id][string(e.Rule)] = true
	}
	for _, w := range rowsOf[schema.Withdrawal](b, &schema.Withdrawals, from, to) {
		got[w.WithdrawID] = fmt.Sprint(w.AccountID, w.Verdict, w.Amount.V, w.Diff, slices.Sorted(maps.Keys(raised[w.WithdrawID])))
	}
	for _, w := range b.platform.Withdrawals(b.platform.Accounts(), from, to, b.now) {
		diff, rules := schema.Null[schema.Fen]{}, map[string]bool{}
		if w.DiffFen != nil {
			diff = schema.Some(schema.Fen(*w.DiffFen))
		}
		for _, e := range w.Exceptions {
			if e == sandbox.NotInBills {
				e = string(schema.RuleWithdrawnNotInBills)
			}
			if e != sandbox.BeforeFirstDay {
				rules[e] = true
			}
		}
		want[w.ID] = fmt.Sprint(w.Account, w.Verdict, w.Amount, diff, slices.Sorted(maps.Keys(rules)))
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
		b.t.Fatalf("%s: %d withdrawals (-want +got):\n%s", to, len(want), diff)
	}
}

// TestWithdrawalNights: over ten nights with every break, each withdrawal is published as the
// platform knows it, with its exceptions, and a second run of a night finds nothing new. A
// replay of all days, over the lake or into an empty one, has the same rows.
func TestWithdrawalNights(t *testing.T) {
	t.Parallel()
	var names []string
	for _, kind := range sandbox.BreakList() {
		if kind.Name != sandbox.Returned { // only its successor gives it away
			names = append(names, kind.Name)
		}
	}
	breaks, err := sandbox.ParseBreaks(strings.Join(names, ","))
	if err != nil {
		t.Fatal(err)
	}
	b := &bank{t: t, store: objecttest.NewMem()}
	b.platform = sandbox.New(sandbox.Config{Seed: 17, Accounts: 4, Bills: 30, Healthy: true, Withdrawals: true, Breaks: breaks, Now: func() time.Time { return b.now }})
	b.client = douyin.New(douyin.App{BaseURL: "http://platform.test", ClientKey: "key", ClientSecret: schema.NewSecret("secret"), QPS: 1e6}, douyin.WithTransport(handled{b.platform}),
		douyin.WithLogger(slog.New(slog.DiscardHandler)), douyin.WithClock(func() time.Time { return b.now }), douyin.WithJitter(func(time.Duration) time.Duration { return 0 }))
	last := day + 9
	for night := day; night <= last; night++ {
		b.now = (night + 1).Start().Add(12 * time.Hour)
		b.run(night, night, true, true)
		b.compare(day, night)
	}
	first := b.published(day, last)
	if s := b.run(last, last, true, true); len(s.Withdrawals.ToDo) != 0 || s.Calls.Bills != 0 && s.Withdrawals.Asked == 0 {
		t.Errorf("the same night again: %+v", s.Withdrawals)
	}
	b.run(day, last, false, false)
	if diff := cmp.Diff(first, b.published(day, last)); diff != "" {
		t.Errorf("replayed (-nights +replay):\n%s", diff)
	}
	archived := b.store
	b.store = objecttest.NewMem()
	for info, err := range archived.List(t.Context(), "archive/") {
		if err != nil {
			t.Fatal(err)
		}
		body, found, err := object.ReadAll(t.Context(), archived, info.Key)
		if err == nil {
			_, err = b.store.Put(t.Context(), info.Key, bytes.NewReader(body), object.IfAbsent(), found.Meta)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	b.run(day, last, false, false)
	if diff := cmp.Diff(first, b.published(day, last)); diff != "" {
		t.Errorf("replayed into an empty lake (-nights +replay):\n%s", diff)
	}
}

// published returns the hash of the rows of each amended table of the days.
func (b *bank) published(from, to schema.Day) map[string]string {
	hashes := make(map[string]string)
	published := lake.ToVerify(b.store, 2, "v1")
	for day := from; day <= to; day++ {
		for bucket := range 2 {
			m, err := published.Manifest(b.t.Context(), day, bucket)
			if err != nil {
				b.t.Fatal(err)
			}
			for _, table := range schema.AmendedTables {
				if o := m.Object(table); o != nil {
					hashes[o.Key] = o.RowsSHA256
				}
			}
		}
	}
	return hashes
}

package truth

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/cli"
	"billwalk/pipeline"
	"billwalk/pipeline/audit"
	"billwalk/pipeline/progress"
	"billwalk/pipeline/reconcile"
	"billwalk/schema"
	"billwalk/sinks/archive"
	"billwalk/sinks/lake"
	"billwalk/sinks/object"
)

// twoDays publishes two days that lie ten apart, and returns the lake with both.
func twoDays(t *testing.T) (l *provenLake, first, later schema.Day) {
	t.Helper()
	first = billwalktest.MustDay(verifyDay)
	later = first + 10
	l = newProvenLake(t, billwalktest.FolderLake(t), 21, 3, 12)
	billwalktest.Run(t, l.config, "run", "nightly", "--from", later.String())
	billwalktest.CheckProven(t, l.config, first, first)
	billwalktest.CheckProven(t, l.config, later, later)
	l.read(t)
	return l, first, later
}

// settlementOf returns a settlement of a published day, where its rows lie, and the
// manifest of these.
func (l *provenLake) settlementOf(t *testing.T, day schema.Day) (s schema.Settlement, key, manifest string) {
	t.Helper()
	published, err := lake.Open(t.Context(), l.store, 2, cli.Version())
	if err != nil {
		t.Fatal(err)
	}
	for bucket := range 2 {
		for row, err := range published.Settlements(t.Context(), day, bucket) {
			if err != nil {
				t.Fatal(err)
			}
			return *row, fmt.Sprintf("settlements/bill_date=%s/bucket-%03d.parquet", day, bucket), fmt.Sprintf("_manifests/bill_date=%s/bucket-%03d.json", day, bucket)
		}
	}
	t.Fatalf("%s has no settlement", day)
	return s, "", ""
}

// TestVerifyOneDay: a settle_id that counts on two days, ten apart, is found by the
// verification of either, with both days and amounts; whoever put it there has mended
// every hash and sum.
func TestVerifyOneDay(t *testing.T) {
	t.Parallel()
	l, first, later := twoDays(t)
	of, firstKey, _ := l.settlementOf(t, first)
	with, laterKey, manifest := l.settlementOf(t, later)
	store := forgery(t, l, manifest, schema.Settlements, "", "", func(s *schema.Settlement) { s.SettleID = of.SettleID }).store
	store.Store = l.store
	for day, key := range map[schema.Day]string{first: firstKey, later: laterKey} {
		v, code := verifying(t, l.config, store, day, day)
		i := slices.IndexFunc(v.Findings, func(f schema.Finding) bool { return strings.Contains(f.Want, "on one day of the lake") })
		if code != pipeline.ExitFailed || v.ProvenDays != 0 || i < 0 {
			t.Fatalf("%s: exit %d, %d days proven:\n%s", day, code, v.ProvenDays, billwalktest.FindingLines(v.Findings))
		}
		f := v.Findings[i]
		for _, want := range []string{first.String(), later.String(), fmt.Sprintf("with %d fen, and", of.Amount.V), fmt.Sprintf("with %d fen", with.Amount.V)} {
			if !strings.Contains(f.Got, want) {
				t.Errorf("%s: no word of %q: %s", day, want, f.Got)
			}
		}
		if f.Day != day || f.Key != key || !strings.HasSuffix(f.Place, "settle_id "+of.SettleID) {
			t.Errorf("%s: %+v, want %s", day, f, key)
		}
		if day == first && len(v.Findings) != 1 {
			t.Errorf("of the day that is as it was:\n%s", billwalktest.FindingLines(v.Findings))
		}
	}
}

// TestVerifyOtherDays: a day whose own files are sound is proven, and what is wrong
// with the settlements of another is said all the same: nobody knows what they count.
func TestVerifyOtherDays(t *testing.T) {
	t.Parallel()
	l, first, later := twoDays(t)
	_, key, manifest := l.settlementOf(t, later)
	for what, store := range map[string]overlay{
		key:      {bodies: map[string][]byte{key: append(slices.Clone(l.bodies[key]), 0)}},
		manifest: {bodies: map[string][]byte{manifest: []byte("{}")}},
		"":       {gone: map[string]bool{manifest: true}}, // it is not published
	} {
		store.Store = l.store
		v, code := verifying(t, l.config, store, first, first)
		named := slices.ContainsFunc(v.Findings, func(f schema.Finding) bool { return f.Key == what && f.Day == later })
		if v.ProvenDays != 1 || named != (what != "") || len(v.Findings) > 1 || (code == pipeline.ExitDone) != (what == "") {
			t.Errorf("%q: exit %d, %d days proven:\n%s", what, code, v.ProvenDays, billwalktest.FindingLines(v.Findings))
		}
	}
}

// TestVerifyStopsBetweenDays: a signal ends a verification that reads the settlements
// of other days.
func TestVerifyStopsBetweenDays(t *testing.T) {
	t.Parallel()
	l, first, later := twoDays(t)
	_, key, _ := l.settlementOf(t, later)
	ctx, cancel := context.WithCancel(t.Context())
	store := stopping{l.store, key, cancel}
	a := audit.Audit{Archive: archive.New(store), Lake: lake.ToVerify(store, 2, cli.Version()), Buckets: 2, From: first, To: first, Today: later + 1}
	if found, err := a.Run(ctx); err == nil || ctx.Err() == nil || len(found) > 0 {
		t.Errorf("%+v, %v, want the verification ended before its first day", found, err)
	}
}

// stopping is a store that ends a context when one of its objects is read.
type stopping struct {
	object.Store
	key  string
	stop func()
}

// Get implements object.Store.
func (s stopping) Get(ctx context.Context, key string) (io.ReadCloser, object.Info, error) {
	if key == s.key {
		s.stop()
	}
	return s.Store.Get(ctx, key)
}

// BenchmarkVerifyOneDay verifies a day of ten settlements in a lake of a million on a
// hundred days, or of as many as BILLWALK_SETTLEMENTS says: what it takes is the reading
// of the others' settle_ids. Its findings are those of a lake without an archive.
func BenchmarkVerifyOneDay(b *testing.B) {
	const days = 100
	store, settlements := manySettlements(b, days)
	var read atomic.Int64
	counted := counting{store, &read}
	for b.Loop() {
		read.Store(0)
		peak := heapPeak()
		a := audit.Audit{Archive: archive.New(store), Lake: lake.ToVerify(counted, 1, cli.Version()), Buckets: 1, From: billwalktest.FirstDay, To: billwalktest.FirstDay, Today: billwalktest.FirstDay + days}
		if _, err := a.Run(b.Context()); err != nil || len(a.Elsewhere) > 0 {
			b.Fatal(err, a.Elsewhere)
		}
		b.ReportMetric(peak(), "MB-heap")
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(settlements), "ns/settlement")
	b.ReportMetric(float64(read.Load())/1e6, "MB-read")
}

// staged is a lake as the pipeline knows it.
type staged struct{ *lake.Lake }

// Stage implements pipeline.Lake.
func (s staged) Stage(base schema.Base) (pipeline.Stage, error) { return s.Lake.Stage(base) }

// BenchmarkStanding makes a run without bills on such a lake: what it takes is finding
// out where the settlements stand.
func BenchmarkStanding(b *testing.B) {
	const days = 100
	store, settlements := manySettlements(b, days)
	published, err := lake.Open(b.Context(), store, 1, cli.Version())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		peak := heapPeak()
		r := pipeline.Run{
			ID: "run", Job: "nightly", From: billwalktest.FirstDay + days + 1, To: billwalktest.FirstDay + days + 1, Buckets: 1, Accounts: []schema.Account{{ID: "7047437174853240835"}},
			Archive: archive.New(store), Lake: staged{published}, Rules: reconcile.Rules{Configured: true, Lookback: 7}, PublishedDays: published.PublishedDays,
			Now: time.Now, Log: slog.New(slog.DiscardHandler), Progress: new(progress.Counter),
		}
		if _, err := r.Do(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(peak(), "MB-heap")
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(settlements), "ns/settlement")
}

// manySettlements is a lake of a million settlements, or of BILLWALK_SETTLEMENTS, on
// some days, and of ten on the first.
func manySettlements(b *testing.B, days int) (store object.Store, settlements int) {
	b.Helper()
	const few = 10
	settlements = 1_000_000
	if n, err := strconv.Atoi(os.Getenv("BILLWALK_SETTLEMENTS")); err == nil {
		settlements = n
	}
	store, err := object.Open(b.Context(), billwalktest.FolderLake(b).URL, object.S3Options{})
	if err != nil {
		b.Fatal(err)
	}
	published, err := lake.Open(b.Context(), store, 1, cli.Version())
	if err != nil {
		b.Fatal(err)
	}
	for d := range schema.Day(days + 1) {
		n := settlements / days
		if d == 0 {
			n = few
		}
		publishSettlements(b, published, billwalktest.FirstDay+d, int64(d)*1_000_000, n)
	}
	return store, settlements
}

// publishSettlements publishes a day of settlements as the platform has them.
func publishSettlements(b *testing.B, l *lake.Lake, day schema.Day, from int64, n int) {
	base, err := l.Base(b.Context(), day, 0)
	if err != nil {
		b.Fatal(err)
	}
	stage, err := l.Stage(base)
	if err != nil {
		b.Fatal(err)
	}
	defer stage.Close()
	for i := range int64(n) {
		id, fen := 7_000_000_000_000_000_000+(from+i)*7919, schema.Fen(1000+i%9000)
		err := stage.Append(&schema.Settlement{
			SettleID: fmt.Sprint(id), OrderID: schema.Some(fmt.Sprint(id + 1)), OutSettleNo: schema.Some(fmt.Sprint("S", id)), Status: schema.StatusSuccess,
			Amount: schema.Some(fen), Rake: schema.Some(fen / 100), Commission: schema.Some(fen / 20), SharesTotal: schema.Some(fen - fen/100 - fen/20),
			Shares: schema.Some([]schema.Share{{MerchantNo: "68882720803499563550", Amount: fen - fen/100 - fen/20}}),
			Detail: schema.Some(fmt.Sprintf("商户号68882720803499563550-分成金额(分)%d", fen-fen/100-fen/20)), SettleTime: schema.Some(day.Start().Add(time.Duration(i) * time.Second)),
			Source: schema.SourceQuery, AskedBy: schema.Some("order_id: shop_order_id"), LogID: schema.Some(fmt.Sprint("2022083118", id)), FetchedAt: day.Start().Add(30 * time.Hour),
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	m := &schema.Manifest{RunID: "run", Job: "nightly", PublishedAt: time.Unix(2, 0).UTC()}
	if err := stage.Finish(m); err != nil {
		b.Fatal(err)
	}
	if err := stage.Publish(b.Context(), m); err != nil {
		b.Fatal(err)
	}
}

// counting counts the bytes of the objects that are read.
type counting struct {
	object.Store
	bytes *atomic.Int64
}

// Get implements object.Store.
func (c counting) Get(ctx context.Context, key string) (io.ReadCloser, object.Info, error) {
	body, info, err := c.Store.Get(ctx, key)
	if err == nil {
		c.bytes.Add(info.Size)
	}
	return body, info, err
}

// heapPeak watches the heap until the function that it returns is called, which says
// how much it grew, in MB.
func heapPeak() func() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before, most, done, ended := m.HeapAlloc, m.HeapAlloc, make(chan bool), make(chan bool)
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
		}
	}()
	return func() float64 {
		close(done)
		<-ended
		return float64(most-before) / 1e6
	}
}

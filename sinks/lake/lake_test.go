package lake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"billwalk/schema"
	"billwalk/sinks/object"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const day schema.Day = 20777 // 2026-11-20

const (
	billsKey      = "bills/bill_date=2026-11-20/bucket-002.parquet"
	exceptionsKey = "exceptions/bill_date=2026-11-20/bucket-002.parquet"
	manifestOf    = "_manifests/bill_date=2026-11-20/bucket-002.json"
)

// recording is a store in memory that notes every operation, and fails those
// that the test wants failed.
type recording struct {
	*object.Mem
	mu    sync.Mutex
	puts  []string
	fault func(op object.Op, key string) (apply bool, err error)
}

func newRecording() *recording {
	r := &recording{Mem: object.NewMem()}
	r.Fault = func(op object.Op, key string) (bool, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if op == object.OpPut {
			r.puts = append(r.puts, key)
		}
		if r.fault == nil {
			return false, nil
		}
		return r.fault(op, key)
	}
	return r
}

// content returns every object of the store.
func (r *recording) content(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for info, err := range r.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		all[info.Key] = string(r.get(t, info.Key))
	}
	return all
}

func (r *recording) get(t *testing.T, key string) []byte {
	t.Helper()
	body, _, err := r.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func open(t *testing.T, store object.Store) *Lake {
	t.Helper()
	l, err := Open(t.Context(), store, 4, "v1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	l.tmp = t.TempDir()
	return l
}

func baseOf(t *testing.T, l *Lake) schema.Base {
	t.Helper()
	base, err := l.Base(t.Context(), day, 2)
	if err != nil {
		t.Fatal(err)
	}
	return base
}

// fill hands over n bills, and an exception.
func fill(n int) func(schema.Rows) error {
	return func(rows schema.Rows) error {
		for i := range n {
			b := schema.Bill{AccountID: "1", LedgerID: fmt.Sprintf("%05d", i), WalkAccountID: "1", SettleType: 1, FetchedAt: time.Unix(1, 0), ArchiveKey: "k"}
			b.Amounts[schema.Pay] = schema.Some(schema.Fen(100))
			if err := rows.Bill(&b); err != nil {
				return err
			}
		}
		return rows.Exception(&schema.Exception{Rule: schema.RuleGoods, Severity: schema.SeverityWarning, Detail: "x"})
	}
}

func publish(t *testing.T, l *Lake, base schema.Base, n int) (*schema.Manifest, error) {
	t.Helper()
	m := &schema.Manifest{RunID: "run", Job: "nightly", PublishedAt: time.Unix(2, 0).UTC()}
	return m, l.Publish(t.Context(), base, m, fill(n))
}

func TestOpenWritesNothing(t *testing.T) {
	t.Parallel()
	store := newRecording()
	l := open(t, store)
	base := baseOf(t, l)
	if base.Manifest != nil || base.ManifestETag != "" || base.ETags["bills"] != "" || base.ETags["exceptions"] != "" {
		t.Errorf("an empty lake has %+v", base)
	}
	if summary, err := l.Summary(t.Context(), "run"); summary != nil || err != nil {
		t.Errorf("an empty lake has a summary: %s, %v", summary, err)
	}
	if len(store.puts) != 0 {
		t.Errorf("written were %q", store.puts)
	}
}

// TestPublish: data first, then the manifest, and nothing else below a table's
// prefix; the manifest tells of what is there.
func TestPublish(t *testing.T) {
	t.Parallel()
	store := newRecording()
	l := open(t, store)
	for generation := int64(1); generation <= 3; generation++ {
		store.puts = nil
		m, err := publish(t, l, baseOf(t, l), 10*int(generation))
		if err != nil {
			t.Fatal(err)
		}
		want := []string{billsKey, exceptionsKey, manifestOf}
		if generation == 1 {
			want = append([]string{settingsKey}, want...)
		}
		if diff := cmp.Diff(want, store.puts); diff != "" {
			t.Errorf("order of the PUTs (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{manifestOf, settingsKey, billsKey, exceptionsKey}, slices.Sorted(maps.Keys(store.content(t)))); diff != "" {
			t.Errorf("objects (-want +got):\n%s", diff)
		}
		if m.Generation != generation || m.Version != schema.ManifestVersion || m.Day != day || m.Bucket != 2 || m.Billwalk != "v1.2.3" {
			t.Errorf("manifest %+v", m)
		}
		base := baseOf(t, l)
		if diff := cmp.Diff(m, base.Manifest, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("manifest (-published +read):\n%s", diff)
		}
		checkObjects(t, store, base, 10*generation)
	}
}

// TestSameRowsSameBytes: only the footer tells two publications apart.
func TestSameRowsSameBytes(t *testing.T) {
	t.Parallel()
	l := open(t, newRecording())
	first, err := publish(t, l, baseOf(t, l), 100)
	if err != nil {
		t.Fatal(err)
	}
	second, err := publish(t, l, baseOf(t, l), 100)
	if err != nil {
		t.Fatal(err)
	}
	if first.WriteID == second.WriteID {
		t.Error("two publications have one write id")
	}
	for i := range first.Objects {
		a, b := first.Objects[i], second.Objects[i]
		if a.RowsSHA256 != b.RowsSHA256 || a.SHA256 == b.SHA256 || a.ETag == b.ETag {
			t.Errorf("%s: %+v, then %+v", a.Table, a, b)
		}
	}
}

func TestBucketsAreFixed(t *testing.T) {
	t.Parallel()
	store := newRecording()
	l, other := open(t, store), &Lake{store: store, buckets: 8, tmp: t.TempDir()}
	if _, err := publish(t, l, baseOf(t, l), 1); err != nil {
		t.Fatal(err)
	}
	before := store.content(t)
	if _, err := Open(t.Context(), store, 8, ""); err == nil || !strings.Contains(err.Error(), "lake.buckets: 4") || !strings.Contains(err.Error(), "says 8") {
		t.Errorf("opened with 8 buckets: %v", err)
	}
	// A lake that was opened before another process made it.
	if _, err := publish(t, other, schema.Base{Day: day, Bucket: 2}, 1); err == nil || !strings.Contains(err.Error(), "lake.buckets") {
		t.Errorf("published with 8 buckets: %v", err)
	}
	if diff := cmp.Diff(before, store.content(t)); diff != "" {
		t.Errorf("changed by another number of buckets:\n%s", diff)
	}
}

// TestUnknownVersions: what a newer billwalk made, and what is damaged, is refused by name.
func TestUnknownVersions(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ key, content, want string }{
		{settingsKey, `{"version":2,"buckets":4}`, "use a newer one"},
		{settingsKey, `{`, "damaged"},
		{manifestOf, `{"version":2}`, "use a newer one"},
		{manifestOf, `{}`, "use a newer one"},
		{manifestOf, `x`, "damaged"},
	} {
		store := newRecording()
		if _, err := store.Put(t.Context(), row.key, strings.NewReader(row.content), object.Always(), nil); err != nil {
			t.Fatal(err)
		}
		l, err := Open(t.Context(), store, 4, "")
		if err == nil {
			_, err = l.Base(t.Context(), day, 2)
		}
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s is %s: %v, want an error that says %q", row.key, row.content, err, row.want)
		}
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	l := open(t, newRecording())
	for _, summary := range []string{`{"exit_code":5}`, `{"exit_code":0}`} {
		if err := l.Record(t.Context(), "run-1", []byte(summary)); err != nil {
			t.Fatal(err)
		}
		if got, err := l.Summary(t.Context(), "run-1"); err != nil || string(got) != summary {
			t.Errorf("%s, %v, want %s", got, err, summary)
		}
	}
}

// TestStoreFails: an error of the store is never taken for an empty lake.
func TestStoreFails(t *testing.T) {
	t.Parallel()
	down := errors.New("the store is down")
	for _, key := range []string{settingsKey, manifestOf, billsKey, exceptionsKey, "runs/run.json"} {
		store := newRecording()
		l := open(t, store)
		if _, err := publish(t, l, baseOf(t, l), 1); err != nil {
			t.Fatal(err)
		}
		store.fault = func(_ object.Op, k string) (bool, error) {
			if k == key {
				return false, down
			}
			return false, nil
		}
		_, openErr := Open(t.Context(), store, 4, "")
		_, baseErr := l.Base(t.Context(), day, 2)
		_, summaryErr := l.Summary(t.Context(), "run")
		if !errors.Is(errors.Join(openErr, baseErr, summaryErr), down) {
			t.Errorf("%s cannot be read, and nobody says so", key)
		}
	}
}

func TestPublishEndsWithItsContext(t *testing.T) {
	t.Parallel()
	store := newRecording()
	l := open(t, store)
	base := baseOf(t, l)
	ctx, cancel := context.WithCancel(t.Context())
	err := l.Publish(ctx, base, new(schema.Manifest), func(rows schema.Rows) error { cancel(); return fill(1)(rows) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that it was cancelled", err)
	}
	if content := store.content(t); len(content) != 1 || !bytes.Contains([]byte(content[settingsKey]), []byte(`"buckets":4`)) {
		t.Errorf("objects %q", content)
	}
}

package lake

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOpenWritesNothing(t *testing.T) {
	t.Parallel()
	store := newRecording()
	l := open(t, store)
	base := baseOf(t, l)
	want := schema.Base{Day: day, Bucket: 2, ETags: map[string]string{"bills": "", "settlements": "", "reconciliation": "", "exceptions": "", "restatements": ""}}
	if diff := cmp.Diff(want, base); diff != "" {
		t.Errorf("an empty lake has (-want +got):\n%s", diff)
	}
	if summary, err := l.Summary(t.Context(), "run"); summary != nil || err != nil {
		t.Errorf("an empty lake has a summary: %s, %v", summary, err)
	}
	if len(store.puts) != 0 {
		t.Errorf("written were %q", store.puts)
	}
}

// TestPublish: the data comes first, then the manifest, which describes it; there is nothing
// else below the prefix of a table.
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
		want := objects
		if generation == 1 {
			want = append([]string{settingsKey}, want...)
		}
		if diff := cmp.Diff(want, store.puts); diff != "" {
			t.Errorf("order of the PUTs (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(slices.Sorted(slices.Values(append([]string{settingsKey}, objects...))), slices.Sorted(maps.Keys(store.content(t)))); diff != "" {
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

// TestSameRowsSameBytes: two publications of the same rows differ in the footer only.
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
	if first.WriteID == second.WriteID || len(first.Objects) != len(tables) {
		t.Errorf("two publications: %+v, then %+v", first, second)
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
	l, other := open(t, store), open(t, store)
	other.buckets = 8
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

// TestUnknownVersions: objects of a newer billwalk and damaged objects are refused, with
// their keys.
func TestUnknownVersions(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ key, content, want string }{
		{settingsKey, `{"version":2,"buckets":4}`, "use a newer one"},
		{settingsKey, `{`, "damaged"},
		{manifestOf, `{"version":3}`, "use a newer one"},
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

// TestStoreFails: an error of the store does not look like an empty lake.
func TestStoreFails(t *testing.T) {
	t.Parallel()
	down := errors.New("the store is down")
	for _, key := range append([]string{settingsKey, "runs/run.json"}, objects...) {
		store := newRecording()
		l := open(t, store)
		if _, err := publish(t, l, baseOf(t, l), 1); err != nil {
			t.Fatal(err)
		}
		store.fault = func(_ objecttest.Op, k string) (bool, error) {
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
	err := publishRows(ctx, l, base, new(schema.Manifest), func(add func(schema.Row) error) error { cancel(); return fill(1)(add) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that it was cancelled", err)
	}
	if content := store.content(t); len(content) != 0 {
		t.Errorf("objects %q", content)
	}
}

// TestTwoTables: a lake from before there were settlements continues with five tables.
func TestTwoTables(t *testing.T) {
	t.Parallel()
	made, store := newRecording(), newRecording()
	l := open(t, made)
	if _, err := publish(t, l, baseOf(t, l), 5); err != nil {
		t.Fatal(err)
	}
	for key, content := range made.content(t) {
		if strings.HasPrefix(key, "_manifests/") || strings.HasPrefix(key, "bills/") || strings.HasPrefix(key, "exceptions/") {
			if _, err := store.Put(t.Context(), key, strings.NewReader(content), object.Always(), nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	l = open(t, store)
	base := baseOf(t, l)
	for table, etag := range base.ETags {
		if (etag != "") != (table == "bills" || table == "exceptions") {
			t.Errorf("%s has ETag %q", table, etag)
		}
	}
	if m, err := publish(t, l, base, 9); err != nil || m.Generation != 2 {
		t.Fatalf("generation %d, %v", m.Generation, err)
	}
	checkObjects(t, store, baseOf(t, l), 9)
}

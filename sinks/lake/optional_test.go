package lake

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

// TestOptionalTable publishes a day without rows of the optional table, then with some, and
// then without again: it has a file from its first rows on, which becomes empty, and is never
// deleted. Each day is verified, and the same rows again change nothing.
func TestOptionalTable(t *testing.T) {
	t.Parallel()
	store := newRecording()
	l := open(t, store)
	for _, night := range []struct {
		stores, rows int
		named        bool
	}{{0, 6, false}, {3, 9, true}, {2, 8, true}, {0, 6, true}} {
		if same := publishStores(t, l, night.stores); same {
			t.Fatalf("%d stores: the day is the same", night.stores)
		}
		if same := publishStores(t, l, night.stores); !same {
			t.Errorf("%d stores again: the day is not the same", night.stores)
		}
		m, err := l.Manifest(t.Context(), day, 2)
		if err != nil {
			t.Fatal(err)
		}
		if o := m.Object(schema.Stores.Name); (o != nil) != night.named || o != nil && o.Rows != int64(night.stores) {
			t.Errorf("%d stores: the manifest names %+v", night.stores, o)
		}
		if found, rows := proveAll(t, l); len(found) > 0 || rows != night.rows {
			t.Errorf("%d stores: %d rows, want %d; %+v", night.stores, rows, night.rows, found)
		}
		read := 0
		for _, err := range l.Rows(t.Context(), &schema.Stores, day, 2) {
			if err != nil {
				t.Fatal(err)
			}
			read++
		}
		if base := baseOf(t, l); read != night.stores || base.Torn() {
			t.Errorf("%d stores: %d are read, torn %v", night.stores, read, base.Torn())
		}
	}
}

// TestWithoutOptionalTable: a day without rows of the optional table has the very objects of
// before there was one.
func TestWithoutOptionalTable(t *testing.T) {
	t.Parallel()
	store := newRecording()
	publishStores(t, open(t, store), 0)
	want := slices.DeleteFunc(append([]string{settingsKey}, objects...), func(key string) bool {
		return slices.ContainsFunc(schema.OptionalTables(), func(table string) bool { return strings.HasPrefix(key, table+"/") })
	})
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(store.content(t)))); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	for _, table := range schema.OptionalTables() {
		if strings.Contains(string(store.get(t, manifestOf)), `"`+table) {
			t.Errorf("the manifest speaks of %s", table)
		}
	}
}

// publishStores publishes a day with some stores, unless the lake has the same rows.
func publishStores(t *testing.T, l *Lake, n int) (same bool) {
	t.Helper()
	s, err := l.Stage(baseOf(t, l))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range 3 {
		b, r := billAt(i), restatementAt(i)
		for _, row := range []schema.Row{&b, &r} {
			if err := s.Append(row); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range n {
		if err := s.Append(&schema.Store{AccountID: string(rune('1' + i)), FetchedAt: time.Unix(int64(n), 0).UTC()}); err != nil {
			t.Fatal(err)
		}
	}
	m := &schema.Manifest{RunID: "run", Job: "nightly", PublishedAt: time.Unix(2, 0).UTC()}
	if err := s.Finish(m); err != nil {
		t.Fatal(err)
	}
	if same, err = s.Same(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !same {
		err = s.Publish(context.Background(), m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return same
}

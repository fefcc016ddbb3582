package lake

import (
	"errors"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
	"billwalk/sinks/object/objecttest"
)

func stage(t *testing.T, l *Lake) *Stage {
	t.Helper()
	s, err := l.Stage(baseOf(t, l))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func collect[R any](t *testing.T, rows iter.Seq2[*R, error]) (all []R) {
	t.Helper()
	for row, err := range rows {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, *row)
	}
	return all
}

// first returns the first error, or nil.
func first[R any](rows iter.Seq2[*R, error]) error {
	for _, err := range rows {
		if err != nil {
			return err
		}
	}
	return nil
}

func listOf[R any](n int, at func(int) R) (all []R) {
	for i := range n {
		all = append(all, at(i))
	}
	return all
}

// TestStageReadsBack: the bills can be read before they are published. That ends the table
// of bills only.
func TestStageReadsBack(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 300} {
		store := newRecording()
		s := stage(t, open(t, store))
		if err := fill(n)(s.Append); err != nil {
			t.Fatal(err)
		}
		want := listOf(n, billAt)
		if diff := cmp.Diff(want, collect(t, s.Bills())); diff != "" {
			t.Errorf("bills (-given +read):\n%s", diff)
		}
		for i := range want {
			want[i] = schema.Bill{LedgerID: want[i].LedgerID, ShopOrderID: want[i].ShopOrderID}
		}
		for range 2 {
			if diff := cmp.Diff(want, collect(t, s.Bills("shop_order_id", "ledger_id"))); diff != "" {
				t.Errorf("two columns (-given +read):\n%s", diff)
			}
			if err := s.Finish(new(schema.Manifest)); err != nil {
				t.Fatal(err)
			}
		}
		if len(store.puts) != 0 {
			t.Errorf("written were %q", store.puts)
		}
	}
}

func TestRowsAfterTheEnd(t *testing.T) {
	t.Parallel()
	s := stage(t, open(t, newRecording()))
	add := s.Append
	bill := func() error { return add(new(schema.Bill)) }
	exception := func() error { return add(new(schema.Exception)) }
	if err := errors.Join(bill(), exception(), first(s.Bills())); err != nil {
		t.Fatal(err)
	}
	if err := bill(); err == nil {
		t.Error("a bill was taken after the bills were read")
	}
	if err := exception(); err != nil {
		t.Errorf("an exception, after the bills were read: %v", err)
	}
	m := new(schema.Manifest)
	if err := s.Finish(m); err != nil || m.Objects[1].Rows != 1 || m.Objects[4].Rows != 2 {
		t.Errorf("%v, %+v", err, m.Objects)
	}
	if err := exception(); err == nil {
		t.Error("an exception was taken after the end")
	}
	s.Close()
	for what, err := range map[string]error{
		"a bill": bill(), "reading": first(s.Bills()), "Finish": s.Finish(new(schema.Manifest)), "Publish": s.Publish(t.Context(), m),
	} {
		if err == nil {
			t.Errorf("%s: no error from a closed stage", what)
		}
	}
}

// TestPublishWhatWasFinished: a manifest that Finish has not completed is refused before
// anything is written.
func TestPublishWhatWasFinished(t *testing.T) {
	t.Parallel()
	store := newRecording()
	l := open(t, store)
	s, other := stage(t, l), stage(t, l)
	m := new(schema.Manifest)
	if err := other.Finish(m); err != nil {
		t.Fatal(err)
	}
	for _, m := range []*schema.Manifest{{}, m} {
		if err := s.Publish(t.Context(), m); !errors.Is(err, errUnfinished) {
			t.Errorf("%v, want %v", err, errUnfinished)
		}
	}
	if len(store.puts) != 0 {
		t.Errorf("written were %q", store.puts)
	}
}

// TestRowsHashBeforePublishing: the manifest of Finish shows, before the publication,
// whether the rows are those of another one.
func TestRowsHashBeforePublishing(t *testing.T) {
	t.Parallel()
	l := open(t, newRecording())
	if _, err := publish(t, l, baseOf(t, l), 100); err != nil {
		t.Fatal(err)
	}
	base := baseOf(t, l)
	for _, n := range []int{100, 101} {
		s := stage(t, l)
		m := new(schema.Manifest)
		if err := errors.Join(fill(n)(s.Append), s.Finish(m)); err != nil {
			t.Fatal(err)
		}
		for i, o := range m.Objects {
			if (o.RowsSHA256 == base.Manifest.Objects[i].RowsSHA256) != (n == 100 || o.Rows == 1) || o.ETag != "" {
				t.Errorf("%d rows: %+v, published are %+v", n, o, base.Manifest.Objects[i])
			}
		}
	}
}

func TestNoSuchBucket(t *testing.T) {
	t.Parallel()
	l := open(t, newRecording())
	for _, bucket := range []int{-1, 4} {
		if _, err := l.Stage(schema.Base{Day: day, Bucket: bucket}); err == nil {
			t.Errorf("there is a bucket %d of 4", bucket)
		}
	}
}

// TestLocalFiles: a stage's files never have a name, so that a kill leaves nothing, and none
// stays open however the stage ends.
func TestLocalFiles(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	bad := errors.New("no more rows")
	for name, row := range map[string]struct {
		fault func(op objecttest.Op, key string) (bool, error)
		fill  func(func(schema.Row) error) error
	}{
		"well":                  {nil, fill(10)},
		"without rows":          {nil, func(func(schema.Row) error) error { return nil }},
		"rows fail":             {nil, func(add func(schema.Row) error) error { return errors.Join(fill(5000)(add), bad) }},
		"a sum overflows":       {nil, func(add func(schema.Row) error) error { return overflow(add) }},
		"the data's PUT fails":  {failPut(restatementsKey), fill(10)},
		"the manifest's, too":   {failPut(manifestOf), fill(10)},
		"the settings' already": {failPut(settingsKey), fill(10)},
	} {
		store := newRecording()
		l, err := Open(t.Context(), store, 4, "")
		if err != nil {
			t.Fatal(err)
		}
		store.fault = row.fault
		err = publishRows(t.Context(), l, baseOf(t, l), new(schema.Manifest), func(add func(schema.Row) error) error {
			err := row.fill(add)
			noNames(t, name)
			return err
		})
		if (err == nil) != (name == "well" || name == "without rows") {
			t.Errorf("%s: %v", name, err)
		}
		noNames(t, name)
		if n := openFiles(t); n != 0 {
			t.Errorf("%s: %d files are still open", name, n)
		}
	}
}

// TestFewFiles: tables of few rows need no file before the end, and a stage that is read
// back only one.
func TestFewFiles(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	l, err := Open(t.Context(), newRecording(), 4, "")
	if err != nil {
		t.Fatal(err)
	}
	s := stage(t, l)
	check := func(when string, want int) {
		t.Helper()
		if n := openFiles(t); n != want {
			t.Errorf("%s: %d open files, want %d", when, n, want)
		}
		noNames(t, when)
	}
	check("at the beginning", 0)
	if err := fill(1000)(s.Append); err != nil {
		t.Fatal(err)
	}
	check("with 1000 rows of each table", 0)
	if err := first(s.Bills()); err != nil {
		t.Fatal(err)
	}
	check("with bills that were read", 1)
	if err := s.Finish(new(schema.Manifest)); err != nil {
		t.Fatal(err)
	}
	check("finished", len(tables))
	for range 2 {
		s.Close()
		check("closed", 0)
	}
}

func noNames(t *testing.T, when string) {
	t.Helper()
	left, err := os.ReadDir(os.TempDir())
	if err != nil || len(left) != 0 {
		t.Errorf("%s: there are %v, %v", when, left, err)
	}
}

// openFiles counts this process's open files of the temporary folder.
func openFiles(t *testing.T) (n int) {
	t.Helper()
	const all = "/proc/self/fd"
	entries, err := os.ReadDir(all)
	if err != nil {
		t.Skip("open files can be counted on Linux only: ", err)
	}
	for _, e := range entries {
		target, err := os.Readlink(filepath.Join(all, e.Name()))
		if err == nil && strings.HasPrefix(target, os.TempDir()+"/") {
			n++
		}
	}
	return n
}

func failPut(key string) func(objecttest.Op, string) (bool, error) {
	return func(op objecttest.Op, k string) (bool, error) {
		if op == objecttest.OpPut && k == key {
			return false, errors.New("the store is down")
		}
		return false, nil
	}
}

func overflow(add func(schema.Row) error) error {
	b := schema.Bill{SettleType: 1}
	b.Amounts[schema.Pay] = schema.Some(schema.Fen(1 << 62))
	return errors.Join(add(&b), add(&b))
}

package parquet

import (
	"errors"
	"math"
	"os"
	"testing"

	"billwalk/schema"
)

// TestCloseLeavesNothing closes writers at every point before the end.
func TestCloseLeavesNothing(t *testing.T) {
	t.Parallel()
	for name, fill := range map[string]func(*testing.T, *Writer){
		"at once":              func(*testing.T, *Writer) {},
		"within a batch":       func(t *testing.T, w *Writer) { appendBills(t, w, 10) },
		"within a row group":   func(t *testing.T, w *Writer) { appendBills(t, w, smallGroup+10) },
		"after an overflow":    overflow,
		"after the disk broke": func(t *testing.T, w *Writer) { breakDisk(t, w); _ = breaks(t, w) },
		"finished":             func(t *testing.T, w *Writer) { appendBills(t, w, 10); finish(t, w) },
		"finished, empty":      finish,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, disk := newWriter()
			fill(t, w)
			for range 3 {
				w.Close()
				disk.gone(t)
				holdsNothing(t, w)
				if err := w.Append(new(schema.Bill)); !errors.Is(err, errClosed) {
					t.Errorf("Append to what is closed says %v", err)
				}
				if _, err := w.Finish(stamp); !errors.Is(err, errClosed) {
					t.Errorf("Finish of what is closed says %v", err)
				}
			}
		})
	}
}

// TestFileComesLate: a table of less than a row group has no file before its end, and
// one without rows uses no memory.
func TestFileComesLate(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ rows, before, after int }{{0, 0, 1}, {smallGroup - 1, 0, 1}, {smallGroup, 1, 1}} {
		w, disk := newWriter()
		defer w.Close()
		if row.rows == 0 {
			holdsNothing(t, w)
		}
		appendBills(t, w, row.rows)
		equal(t, "files", len(disk.files), row.before)
		finish(t, w)
		equal(t, "files at the end", len(disk.files), row.after)
		holdsNothing(t, w)
	}
}

// TestFinishEnds: nothing is added to a finished file, which Finish returns again.
func TestFinishEnds(t *testing.T) {
	t.Parallel()
	w, _ := newWriter()
	defer w.Close()
	appendBills(t, w, 10)
	first, err := w.Finish(stamp)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append(new(schema.Bill)); !errors.Is(err, errFinished) {
		t.Errorf("Append to what is finished says %v", err)
	}
	again, err := w.Finish(Stamp{Generation: 2})
	if err != nil || again.SHA256 != first.SHA256 || again.Totals.Rows != 10 {
		t.Errorf("%+v, then %+v, %v", first, again, err)
	}
}

// TestNoFinishWithoutARow: if a row was refused, there is no file without it.
func TestNoFinishWithoutARow(t *testing.T) {
	t.Parallel()
	w, _ := newWriter()
	defer w.Close()
	overflow(t, w)
	if _, err := w.Finish(stamp); !errors.Is(err, schema.ErrOverflow) {
		t.Errorf("Finish says %v, want %v", err, schema.ErrOverflow)
	}
}

// TestFinishOnABrokenDisk: the error is returned, and nothing is left.
func TestFinishOnABrokenDisk(t *testing.T) {
	t.Parallel()
	w, disk := newWriter()
	breakDisk(t, w)
	appendBills(t, w, 10)
	for range 2 {
		if _, err := w.Finish(stamp); !errors.Is(err, os.ErrClosed) {
			t.Errorf("Finish says %v, want what the disk said", err)
		}
		disk.gone(t)
	}
	w.Close()
}

// TestNoFile: if no file can be created, the error is returned after one attempt.
func TestNoFile(t *testing.T) {
	t.Parallel()
	full, tries := errors.New("the disk is full"), 0
	w := withSmallGroups(NewWriter(schema.Bills, "v1.2.3", func() (*os.File, error) { tries++; return nil, full }))
	defer w.Close()
	if err := breaks(t, w); !errors.Is(err, full) {
		t.Errorf("Append says %v, want %v", err, full)
	}
	if _, err := w.Finish(stamp); !errors.Is(err, full) {
		t.Errorf("Finish says %v, want %v", err, full)
	}
	equal(t, "tries", tries, 1)
}

// disk creates files without names, and keeps them.
type disk struct{ files []*os.File }

func (d *disk) create() (*os.File, error) {
	file, err := os.CreateTemp("", "*.parquet")
	if err == nil {
		d.files, err = append(d.files, file), os.Remove(file.Name())
	}
	return file, err
}

func (d *disk) gone(t *testing.T) {
	t.Helper()
	for _, file := range d.files {
		if _, err := file.Stat(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("a file is still open: %v", err)
		}
	}
}

func newWriter() (*Writer, *disk) {
	d := new(disk)
	return withSmallGroups(NewWriter(schema.Bills, "v1.2.3", d.create)), d
}

// smallGroup is the rows of a row group where the tests fill some.
const smallGroup = 700

func withSmallGroups(w *Writer) *Writer {
	w.groups.limits.rows = smallGroup
	return w
}

// holdsNothing checks that a writer has no memory for rows.
func holdsNothing(t *testing.T, w *Writer) {
	t.Helper()
	if g := &w.groups; g.pending != nil || g.workspace != nil {
		t.Error("the writer still has memory for rows")
	}
}

func finish(t *testing.T, w *Writer) {
	t.Helper()
	if _, err := w.Finish(stamp); err != nil {
		t.Fatal(err)
	}
}

// breakDisk makes all further writes fail.
func breakDisk(t *testing.T, w *Writer) {
	t.Helper()
	appendBills(t, w, smallGroup)
	w.output.file.Close()
}

// appendBills appends the next n bills.
func appendBills(t *testing.T, w *Writer, n int) {
	t.Helper()
	for range n {
		b := billAt(int(w.totals.Rows))
		if err := w.Append(&b); err != nil {
			t.Fatal(err)
		}
	}
}

func overflow(t *testing.T, w *Writer) {
	t.Helper()
	b := billAt(2)
	b.Amounts[schema.Pay] = schema.Some(schema.Fen(math.MaxInt64))
	if err := w.Append(&b); err != nil {
		t.Fatal(err)
	}
	if err := w.Append(&b); !errors.Is(err, schema.ErrOverflow) {
		t.Fatalf("Append says %v, want %v", err, schema.ErrOverflow)
	}
}

// breaks appends rows until one is refused, at the latest when a full row group cannot be
// written.
func breaks(t *testing.T, w *Writer) error {
	t.Helper()
	for range 2 * smallGroup {
		b := billAt(int(w.totals.Rows))
		if err := w.Append(&b); err != nil {
			return err
		}
	}
	t.Fatal("no error from a broken disk")
	return nil
}

package lake

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/parquet"
)

// rewrite replaces the published exceptions, of which there is one, by a file that another
// version with another table would write, and the manifest with it.
func rewrite(t *testing.T, store *recording, table schema.Table[schema.Exception], detail string) {
	t.Helper()
	m, err := schema.DecodeManifest(store.get(t, manifestOf))
	if err != nil {
		t.Fatal(err)
	}
	w := parquet.NewWriter(table, "v9.0.0", func() (*os.File, error) { return os.CreateTemp(t.TempDir(), "") })
	defer w.Close()
	if err := w.Append(&schema.Exception{Rule: schema.RuleGoods, Severity: schema.SeverityWarning, Detail: detail}); err != nil {
		t.Fatal(err)
	}
	file, err := w.Finish(parquet.Stamp{Generation: m.Generation, WriteID: m.WriteID})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(file.Body())
	if err != nil {
		t.Fatal(err)
	}
	o := &m.Objects[slices.Index(tables, table.Name)]
	store.replace(t, o.Key, body, nil)
	info, err := store.Head(t.Context(), o.Key)
	if err != nil {
		t.Fatal(err)
	}
	o.Bytes, o.SHA256, o.RowsSHA256, o.Totals, o.ETag = file.Bytes, file.SHA256, file.RowsSHA256, file.Totals, info.ETag
	data, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	store.replace(t, manifestOf, data, nil)
}

// meta returns an object's metadata.
func (r *recording) meta(t *testing.T, key string) map[string]string {
	t.Helper()
	info, err := r.Head(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return info.Meta
}

// earlier is the table exceptions before two of its columns were added, and later the table
// after a column was added that this version does not know.
func earlier() schema.Table[schema.Exception] {
	table := schema.Exceptions
	table.Fields = slices.DeleteFunc(slices.Clone(table.Fields), func(f schema.Field[schema.Exception]) bool {
		return f.Name == "actual_fen" || f.Name == "record"
	})
	return table
}

func later() schema.Table[schema.Exception] {
	table := schema.Exceptions
	added := *table.Column("record")
	added.Name = "added_later"
	table.Fields = append(slices.Clone(table.Fields), added)
	return table
}

// TestSame: rows are the same whichever version wrote them. A file of a later version is not
// replaced, a damaged one is.
func TestSame(t *testing.T) {
	t.Parallel()
	const key = "exceptions/bill_date=2026-11-20/bucket-002.parquet"
	for _, row := range []struct {
		name    string
		change  func(*testing.T, *recording)
		rows    int
		want    bool
		refused string
	}{
		{"nothing changed", func(*testing.T, *recording) {}, 3, true, ""},
		{"a row more", func(*testing.T, *recording) {}, 4, false, ""},
		{"an earlier version", func(t *testing.T, s *recording) { rewrite(t, s, earlier(), "x") }, 3, true, ""},
		{"an earlier version, other rows", func(t *testing.T, s *recording) { rewrite(t, s, earlier(), "y") }, 3, false, ""},
		{"a later version", func(t *testing.T, s *recording) { rewrite(t, s, later(), "x") }, 3, false, key},
		{"a later version, other rows", func(t *testing.T, s *recording) { rewrite(t, s, later(), "y") }, 4, false, key},
		{"a damaged file", func(t *testing.T, s *recording) { s.replace(t, key, []byte("x"), nil) }, 3, false, ""},
		{"a later version, cut before its manifest", func(t *testing.T, s *recording) {
			sealed, info := s.get(t, manifestOf), s.meta(t, key)
			rewrite(t, s, later(), "x")
			s.replace(t, manifestOf, sealed, nil)
			s.replace(t, key, s.get(t, key), info)
		}, 3, false, key},
		{"another table's file, by hand", func(t *testing.T, s *recording) {
			s.replace(t, key, s.get(t, billsKey), map[string]string{"x": "y"})
		}, 3, false, ""},
		{"the same bytes by another publication", func(t *testing.T, s *recording) {
			s.replace(t, key, append(s.get(t, key), 0), nil)
		}, 3, false, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			store := newRecording()
			l := open(t, store)
			if _, err := publish(t, l, baseOf(t, l), 3); err != nil {
				t.Fatal(err)
			}
			row.change(t, store)
			stage, err := l.Stage(baseOf(t, l))
			if err != nil {
				t.Fatal(err)
			}
			defer stage.Close()
			if err := fill(row.rows)(stage.Append); err != nil {
				t.Fatal(err)
			}
			same, err := stage.Same(t.Context())
			if same != row.want || (err != nil) != (row.refused != "") {
				t.Errorf("%v, %v, want %v", same, err, row.want)
			}
			if err != nil && (!strings.HasPrefix(err.Error(), row.refused+": exceptions: column ") || !strings.Contains(err.Error(), "written by \"billwalk version ") ||
				!strings.HasSuffix(err.Error(), "this is billwalk v1.2.3: use the version that wrote it, or a newer one")) {
				t.Errorf("it says: %v", err)
			}
		})
	}
}

// TestProveOtherVersions: a file of an earlier version is verified, and the finding for one
// of a later version says which version to use.
func TestProveOtherVersions(t *testing.T) {
	t.Parallel()
	store := newRecording()
	l := open(t, store)
	if _, err := publish(t, l, baseOf(t, l), 3); err != nil {
		t.Fatal(err)
	}
	rewrite(t, store, earlier(), "x")
	if found, rows := proveAll(t, l); len(found) > 0 || rows != 4*3+4 {
		t.Errorf("an earlier version: %d rows, %+v", rows, found)
	}
	rewrite(t, store, later(), "x")
	m, err := l.Manifest(t.Context(), day, 2)
	if err != nil {
		t.Fatal(err)
	}
	findings := l.ProveRows(t.Context(), m, func(schema.Row) error { return nil })
	want := []schema.Finding{{
		Day: day, Bucket: 2, Key: "exceptions/bill_date=2026-11-20/bucket-002.parquet", Place: "column added_later", Fix: fixVersion,
		Got: `exceptions: column added_later: the file has it (utf8), this version's table exceptions does not; the file was written by "billwalk version 9.0.0 (build devel)", and this is billwalk v1.2.3`,
	}}
	for i := range findings {
		findings[i].Got = strings.ReplaceAll(findings[i].Got, "(build unknown)", "(build devel)")
	}
	if diff := cmp.Diff(want, findings); diff != "" {
		t.Errorf("a later version (-want +got):\n%s", diff)
	}
}

// TestBillColumns: the columns of the published file, or none if there is no file.
func TestBillColumns(t *testing.T) {
	t.Parallel()
	store := newRecording()
	l := open(t, store)
	if columns, err := l.BillColumns(t.Context(), day, 2); columns != nil || err != nil {
		t.Errorf("nothing is published: %q, %v", columns, err)
	}
	if _, err := publish(t, l, baseOf(t, l), 3); err != nil {
		t.Fatal(err)
	}
	columns, err := l.BillColumns(t.Context(), day, 2)
	if err != nil || len(columns) != len(schema.Bills.Fields) || columns[0] != "account_id" {
		t.Errorf("%q, %v", columns, err)
	}
	if _, err := store.Put(t.Context(), billsKey, bytes.NewReader([]byte("x")), object.Always(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := l.BillColumns(t.Context(), day, 2); err == nil || !strings.HasPrefix(err.Error(), billsKey+": bills: ") {
		t.Errorf("a damaged file: %v", err)
	}
}

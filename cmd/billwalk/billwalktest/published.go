package billwalktest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"billwalk/schema"
	"billwalk/sinks/lake"
	"billwalk/sinks/object"
	"billwalk/sinks/parquet"
)

// Published is what stands of one day in a lake of one bucket: all rows, and what
// the manifest says of them.
type Published struct {
	Bills          []schema.Bill
	Settlements    []schema.Settlement
	Reconciliation []schema.Reconciliation
	Exceptions     []schema.Exception
	Restatements   []schema.Restatement
	Withdrawals    []schema.Withdrawal // of a job that follows them
	WithdrawnBills []schema.WithdrawnBill
	Stores         []schema.Store // of a job that lists them

	Units      []schema.Entry
	Verdicts   map[schema.Verdict]int64
	ByRule     map[schema.Rule]int64
	Identities map[schema.Rule]schema.Check
}

// NotOfTheRun leaves out what tells when and by which calls the rows were
// fetched: two runs over the same days differ in nothing else.
var NotOfTheRun = cmp.Options{
	cmpopts.IgnoreFields(schema.Bill{}, "FetchedAt", "LogID", "ArchiveKey"),
	cmpopts.IgnoreFields(schema.Settlement{}, "FetchedAt", "LogID"),
	cmpopts.IgnoreFields(schema.Exception{}, "ArchiveKey"),
	cmpopts.IgnoreFields(schema.Withdrawal{}, "FetchedAt", "LogID", "ArchiveKey"),
	cmpopts.IgnoreFields(schema.Store{}, "FetchedAt"),
	cmpopts.IgnoreFields(schema.Listing{}, "Walk", "RunID", "FinishedAt", "Pages"), // the hashes of pages are those of their logids, too
	cmpopts.IgnoreFields(schema.Entry{}, "Certificate", "Rules"),
	cmpopts.EquateEmpty(),
}

// ReadPublished reads a day back, and checks that its manifest is whole: each
// object is there, as the manifest says, and there is no other.
func ReadPublished(t testing.TB, place Place, day schema.Day) (p Published) {
	t.Helper()
	store, err := object.Open(t.Context(), place.URL, place.Options)
	if err != nil {
		t.Fatal(err)
	}
	l, err := lake.Open(t.Context(), store, 1, "test")
	if err != nil {
		t.Fatal(err)
	}
	base, err := l.Base(t.Context(), day, 0)
	if err != nil || base.Manifest == nil {
		t.Fatalf("the day has no manifest, %v", err)
	}
	m := base.Manifest
	if !schema.HasTables(m.Objects) {
		t.Errorf("the manifest names %d objects", len(m.Objects))
	}
	files := make(map[string]*bytes.Reader)
	for _, o := range m.Objects {
		data, info, err := object.ReadAll(t.Context(), store, o.Key)
		if err != nil {
			t.Fatal(err)
		}
		hash := sha256.Sum256(data)
		if hex.EncodeToString(hash[:]) != o.SHA256 || info.ETag != o.ETag || int64(len(data)) != o.Bytes {
			t.Errorf("%s is not the one of the manifest", o.Key)
		}
		if keys := KeysBelow(t, store, o.Table+"/"); !slices.Equal(keys, []string{o.Key}) {
			t.Errorf("below %s/ are %q", o.Table, keys)
		}
		files[o.Table] = bytes.NewReader(data)
	}
	p.Bills = RowsOf(t, schema.Bills, files)
	p.Settlements = RowsOf(t, schema.Settlements, files)
	p.Reconciliation = RowsOf(t, schema.Reconciliations, files)
	p.Exceptions = RowsOf(t, schema.Exceptions, files)
	p.Restatements = RowsOf(t, schema.Restatements, files)
	p.Withdrawals = RowsOf(t, schema.Withdrawals, files)
	p.WithdrawnBills = RowsOf(t, schema.WithdrawnBills, files)
	p.Stores = RowsOf(t, schema.Stores, files)
	p.Units, p.Verdicts, p.ByRule, p.Identities = m.Units, m.Verdicts, m.Exceptions, m.Identities
	return p
}

// RowsOf reads the rows of a table from its file. Of a table without a file there are none.
func RowsOf[R any](t testing.TB, table schema.Table[R], files map[string]*bytes.Reader) (rows []R) {
	t.Helper()
	if files[table.Name] == nil {
		return nil
	}
	for row, err := range parquet.Read(table, files[table.Name]) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, *row)
	}
	return rows
}

// KeysBelow lists the keys with a prefix.
func KeysBelow(t testing.TB, store object.Store, prefix string) (keys []string) {
	t.Helper()
	for info, err := range store.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, info.Key)
	}
	return keys
}

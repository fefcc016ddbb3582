package pipeline_test

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/lake"
	"billwalk/sinks/object"

	gocmp "github.com/google/go-cmp/cmp"
)

// drawRecords draws records of few bills of the payees: repeated and conflicting ones, with
// members in any order, with and without sub types and amounts.
func drawRecords(t *rapid.T, label string, payees ...string) []string {
	one := rapid.Custom(func(t *rapid.T) string {
		amounts := make(map[string]int64)
		for _, name := range []string{"pay", "goods", "merchant_ticket"} {
			if rapid.Bool().Draw(t, "has "+name) {
				amounts[name] = rapid.Int64Range(-1000, 1000).Draw(t, name)
			}
		}
		members := map[string]any{
			"account_id": rapid.SampledFrom(payees).Draw(t, "account"), "ledger_id": rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "ledger"),
			"settle_type": rapid.IntRange(1, 3).Draw(t, "type"), "amount": amounts,
		}
		if rapid.Bool().Draw(t, "has sub type") {
			members["settle_sub_type"] = rapid.IntRange(0, 22).Draw(t, "sub type")
		}
		if rapid.Bool().Draw(t, "has more") {
			members["new_field"] = rapid.SampledFrom([]any{nil, 1, "x"}).Draw(t, "more")
		}
		raw, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	})
	list := rapid.SliceOfN(one, 0, 40).Draw(t, label)
	if len(list) > 0 {
		list = append(list, rapid.SliceOfN(rapid.SampledFrom(list), 0, 20).Draw(t, label+" again")...)
	}
	return list
}

// said returns a record's content, in which the order of members does not matter.
func said(raw string) string {
	canonical := jsontext.Value(raw)
	if err := canonical.Canonicalize(); err != nil {
		panic(err)
	}
	return string(canonical)
}

// reordered writes the record with its members the other way round.
func reordered(raw string) string {
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(raw), &members); err != nil {
		panic(err)
	}
	out := []byte{'{'}
	for i, name := range slices.Backward(slices.Sorted(maps.Keys(members))) {
		out = fmt.Appendf(out, " %q : %s", name, members[name])
		if i > 0 {
			out = append(out, ',')
		}
	}
	return string(append(out, '}'))
}

// without provenance, a row is what its record says.
func withoutProvenance(b schema.Bill) schema.Bill {
	b.FetchedAt, b.ArchiveKey, b.LogID, b.WalkAccountID = time.Time{}, "", schema.Null[string]{}, ""
	return b
}

func byContent(a, b schema.Bill) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) }

// TestConservation: whatever two overlapping walks find, on pages of any size and in any
// order, every different record is one row; dropped records are counted; sums are those of
// the records; every conflict has an exception.
func TestConservation(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		root, own := brand, schema.Account{ID: "1"}
		buckets := rapid.SampledFrom([]int{1, 4, 16}).Draw(t, "buckets")
		found := map[schema.Account][]string{root: drawRecords(t, "root", "1", "2"), own: drawRecords(t, "own", "1")}
		var first []schema.Bill
		for range 2 {
			w := newWorld(t, root, own)
			w.buckets = buckets
			for a, list := range found {
				list = rapid.Permutation(list).Draw(t, "order")
				for i := range list {
					if rapid.Bool().Draw(t, "reorder") {
						list[i] = reordered(list[i])
					}
				}
				w.set(a, list...)
			}
			s, err := w.do(t.Context(), pageSize(rapid.IntRange(1, 50).Draw(t, "page size")), inFlight(2))
			if err != nil || s.ExitCode != 0 {
				t.Fatalf("exit %d, %v", s.ExitCode, err)
			}
			rows := w.lake.bills(day)
			checkConserved(t, w, found, rows)
			for i := range rows {
				rows[i] = withoutProvenance(rows[i])
				rows[i].Counted, rows[i].GroupKey = schema.Null[bool]{}, schema.Null[string]{} // the content that came first counts
			}
			slices.SortFunc(rows, byContent)
			if first == nil {
				first = rows
			}
			if diff := gocmp.Diff(first, rows); diff != "" {
				t.Fatalf("other pages, other rows:\n%s", diff)
			}
		}
	})
}

func checkConserved(t *rapid.T, w *world, found map[schema.Account][]string, rows []schema.Bill) {
	different, keys := make(map[string]bool), make(map[string]bool)
	sum := new(big.Int)
	received := 0
	for _, list := range found {
		received += len(list)
		for _, raw := range list {
			if different[said(raw)] {
				continue
			}
			different[said(raw)] = true
			var r struct {
				Account string `json:"account_id"`
				Ledger  string `json:"ledger_id"`
				Type    int    `json:"settle_type"`
				Sub     *int   `json:"settle_sub_type"`
				Amount  struct{ Pay int64 }
			}
			if err := json.Unmarshal([]byte(raw), &r); err != nil {
				t.Fatal(err)
			}
			sub, _ := json.Marshal(r.Sub)
			keys[fmt.Sprint(r.Account, r.Ledger, r.Type, string(sub))] = true
			sum.Add(sum, big.NewInt([]int64{0, 1, -1, 0}[r.Type]*max(r.Amount.Pay, 0))) // 3 has no direction, and what has a minus is NULL
		}
	}
	var repeated, elsewhere, paid int64
	for _, a := range w.accounts {
		e := w.entry(a)
		repeated, elsewhere = repeated+e.Repeated, elsewhere+e.Elsewhere
	}
	counted := make(map[schema.BillKey]int)
	for _, b := range rows {
		if b.Counts() {
			counted[b.Key()]++
		}
		paid += int64(b.Amounts[schema.Pay].V)
	}
	for key, n := range counted {
		if n != 1 {
			t.Fatalf("%d contents of bill %v count", n, key)
		}
	}
	if len(counted) != len(keys) {
		t.Fatalf("%d of %d bills count", len(counted), len(keys))
	}
	conflicts := 0
	for _, e := range w.lake.exceptions(day) {
		if e.Rule == schema.RuleDuplicateConflict {
			conflicts++
		}
	}
	if len(rows) != len(different) || int64(received) != int64(len(rows))+repeated+elsewhere {
		t.Fatalf("of %d records, %d different: got %d rows, %d repeated, %d elsewhere", received, len(different), len(rows), repeated, elsewhere)
	}
	if sum.Cmp(big.NewInt(paid)) != 0 {
		t.Fatalf("pay_fen sums to %d, the records to %s", paid, sum)
	}
	if conflicts != len(different)-len(keys) {
		t.Fatalf("got %d conflicts, want %d", conflicts, len(different)-len(keys))
	}
}

// TestRowBytes: in a lake with files, a day whose rows did not change stays as published;
// where a file was replaced by something else, the day is published again, and the same rows
// have the same bytes.
func TestRowBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store, kiosk)
	w.set(store, records(store.ID, "bill", 300)...)
	w.set(kiosk, append(records(kiosk.ID, "bill", 70), record(kiosk.ID, "bill-00003", -5))...)
	published, err := lake.Open(t.Context(), w.store, 1, "test")
	if err != nil {
		t.Fatal(err)
	}
	var first []schema.Object
	for i, row := range []struct {
		change     func(*pipeline.Run)
		damage     string
		generation int64
	}{{inFlight(1), "", 1}, {inFlight(7), "", 1}, {replay, "", 1}, {replay, "bills", 2}, {inFlight(2), "settlements", 3}} {
		if row.damage != "" {
			key := row.damage + "/bill_date=2026-11-20/bucket-000.parquet"
			if _, err := w.store.Put(t.Context(), key, strings.NewReader("x"), object.Always(), nil); err != nil {
				t.Fatal(err)
			}
		}
		s := w.run(pipeline.ExitDone, into(realLake{published}), row.change)
		if first == nil {
			first = s.Partitions
		}
		for j, o := range s.Partitions {
			if again := row.damage != ""; o.RowsSHA256 != first[j].RowsSHA256 || again && o.SHA256 == first[j].SHA256 || o.Unchanged == again && i > 0 {
				t.Errorf("run %d: %+v, at first %+v", i, o, first[j])
			}
			checkObject(t, w, o)
		}
		base, err := published.Base(t.Context(), day, 0)
		if err != nil || base.Manifest.Generation != row.generation || s.Rows["bills"] != 371 || len(s.Partitions) != 5 {
			t.Fatalf("run %d: generation %d with %d bills, %v", i, base.Manifest.Generation, s.Rows["bills"], err)
		}
	}
}

// checkObject reads a published file's bytes back.
func checkObject(t *testing.T, w *world, o schema.Object) {
	t.Helper()
	body, info, err := w.store.Get(t.Context(), o.Key)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	if hash := sha256.Sum256(data); hex.EncodeToString(hash[:]) != o.SHA256 || int64(len(data)) != o.Bytes || info.ETag != o.ETag {
		t.Errorf("%s is not what the manifest says", o.Key)
	}
}

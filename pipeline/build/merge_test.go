package build

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/spill"
	"billwalk/schema"
)

// TestMerged: however a walk's rows are cut into runs and these into blocks, they are merged
// in the order of their bills, each with its outcomes and exceptions, and the records of one
// bill in the order of the walk.
func TestMerged(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l, end := drawnLoader(t)
		defer end()
		bills := drawBills(t)
		for rest := bills; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "rows")
			rows := rowsOf(rest[:n], len(bills)-len(rest))
			if err := l.add(rows); err != nil {
				t.Fatal(err)
			}
			if rest = rest[n:]; rapid.Bool().Draw(t, "a run ends") {
				if err := l.flush(rapid.IntRange(1, 5).Draw(t, "rows of a block")); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := l.flush(3); err != nil {
			t.Fatal(err)
		}
		type row struct {
			schema.Bill
			Ordinal, Found int32
		}
		var got, want []row
		for i, b := range bills {
			want = append(want, row{b, int32(i), int32(i % 3)})
		}
		slices.SortStableFunc(want, func(a, b row) int { k, l := a.Key(), b.Key(); return k.Compare(&l) })
		m := newMerger(l.file)
		for range 2 { // in the memory of the time before
			got = nil
			for b, err := range m.merged(l.unit.runs) {
				if err != nil {
					t.Fatal(err)
				}
				found := make(map[int]int32)
				for _, e := range b.Exceptions {
					if e.Detail != fmt.Sprint("record ", b.ordinals[e.Row]) {
						t.Fatalf("row %d of record %d has the exception of %s", e.Row, b.ordinals[e.Row], e.Detail)
					}
					found[e.Row]++
				}
				for i := range b.Bills.Rows {
					r := row{Ordinal: b.ordinals[i], Found: found[i]}
					schema.Bills.LoadFrom(b.Bills, i, &r.Bill)
					got = append(got, r)
					if b.Outcomes[i] != outcomesOf(int(r.Ordinal)) {
						t.Fatalf("record %d has the outcomes %v", r.Ordinal, b.Outcomes[i])
					}
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
	})
}

func drawBills(t *rapid.T) []schema.Bill {
	one := rapid.Custom(func(t *rapid.T) schema.Bill {
		b := schema.Bill{
			AccountID:  rapid.SampledFrom([]string{"7", "70", "8"}).Draw(t, "account"),
			LedgerID:   rapid.SampledFrom([]string{"", "7000880685316890223", "7000880685316890224", "70008806853168902", "9"}).Draw(t, "ledger"),
			SettleType: rapid.Int32Range(1, 2).Draw(t, "type"), LogID: schema.Some(fmt.Sprint(rapid.Int().Draw(t, "logid"))),
		}
		if rapid.Bool().Draw(t, "has sub type") {
			b.SettleSubType = schema.Some(rapid.Int32Range(0, 1).Draw(t, "sub type"))
		}
		b.FetchedAt = b.FetchedAt.UTC().AddDate(2025, 0, 0)
		return b
	})
	return rapid.SliceOfN(one, 0, 40).Draw(t, "bills")
}

// rowsOf returns bills as rows, with outcomes and exceptions that tell which record they are
// of.
func rowsOf(bills []schema.Bill, first int) *normalise.Rows {
	rows := normalise.NewRows()
	for i := range bills {
		schema.Bills.AppendTo(rows.Bills, &bills[i])
		rows.Outcomes = append(rows.Outcomes, outcomesOf(first+i))
		for range (first + i) % 3 {
			rows.Exceptions = append(rows.Exceptions, normalise.RowException{Row: i, Exception: schema.Exception{Detail: fmt.Sprint("record ", first+i)}})
		}
	}
	return rows
}

func outcomesOf(record int) (o normalise.Outcomes) {
	for i := range o {
		o[i] = normalise.Outcome((record + i) % 3)
	}
	return o
}

// TestVariants: of the records of a bill in one walk the first is kept, those that say what one
// before says are dropped, and the others are conflicts whose record is kept.
func TestVariants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l, end := drawnLoader(t)
		defer end()
		bills := drawBills(t)
		if err := l.add(rowsOf(bills, 0)); err != nil {
			t.Fatal(err)
		}
		contents, found := make([]normalise.Content, len(bills)), make(variants)
		for i := range bills {
			contents[i][0] = rapid.ByteRange(0, 2).Draw(t, "content")
			if !l.unit.repeated[int32(i)] {
				continue
			}
			if err := found.add(l.unit, l.file, int32(i), bills[i].Key(), contents[i], fmt.Append(nil, "record ", i)); err != nil {
				t.Fatal(err)
			}
		}
		for i := range bills {
			before, said := false, false
			for j := range i {
				if bills[i].Key() == bills[j].Key() {
					before, said = true, said || contents[i] == contents[j]
				}
			}
			got, several := l.unit.resolved[int32(i)]
			if several != before || got.dropped != said || several && (got.says == same) != said {
				t.Fatalf("record %d, of a bill seen before: %v, with this content: %v; got %+v, %v", i, before, said, got, several)
			}
			if several && !said {
				if raw, err := l.file.Read(got.record); err != nil || string(raw) != fmt.Sprint("record ", i) {
					t.Fatalf("record %d: got %q, %v", i, raw, err)
				}
			}
		}
	})
}

func drawnLoader(t *rapid.T) (*loader, func() error) {
	file, err := spill.NewRecords("bills")
	if err != nil {
		t.Fatal(err)
	}
	return newLoader(normalise.Normaliser{}, file, &unit{payees: make(map[string]bool)}), file.Close
}

package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"billwalk/schema"
)

// The pages of a unit together are the truth, for every unit and page size.
func TestPagesPartitionTheTruth(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		seed  uint64
		bills int
		size  int
	}{{0, 12, 1}, {1, 60, 7}, {2, 200, 50}, {3, 1, 50}} {
		p := New(Config{Seed: c.seed, Bills: c.bills, Now: fixedClock})
		w := walk(t, p)
		w.authorise()
		for _, u := range demoUnits(p, 3) {
			records, err := w.unit(u, c.size)
			checkRefusal(t, p, u, err)
			sameLines(t, u.String(), servedLines(t, records, u.Day), truthLines(p.TruthOf([]schema.Unit{u})))
		}
	}
}

// checkRefusal checks the error of a walk against Lost and Unavailable.
func checkRefusal(t testing.TB, p *Platform, u schema.Unit, err error) {
	t.Helper()
	code, lost := p.Lost(u)
	if why, unavailable := p.Unavailable(u); unavailable {
		if lost {
			t.Errorf("%s is both lost and unavailable", u)
		}
		code, lost = why, true
	}
	var got codeError
	switch {
	case err != nil && !lost:
		t.Errorf("%s failed: %v; want no error", u, err)
	case err == nil && lost:
		t.Errorf("%s was walked; want code %d", u, code)
	case lost && code != 0 && (!errors.As(err, &got) || int64(got) != code):
		t.Errorf("%s failed with %v, want code %d", u, err, code)
	case lost && code == 0 && errors.As(err, &got):
		t.Errorf("%s failed with %v, want a malformed answer", u, err)
	}
}

func TestTruthCountsSharedBillsOnce(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 4})
	brand := p.Accounts()[0]
	stores := p.Stores(brand.ID)
	if !brand.Root || len(stores) != 3 {
		t.Fatalf("account %v has %d stores, want a brand with three", brand, len(stores))
	}
	whole := p.Truth([]schema.Account{brand}, demoDay, demoDay)
	both := p.Truth(append([]schema.Account{brand}, stores...), demoDay, demoDay)
	sameLines(t, "brand and stores", truthLines(both), truthLines(whole))

	head := schema.Account{ID: brand.ID} // the head office alone, without its stores' bills
	apart := p.Truth(append([]schema.Account{head}, stores...), demoDay, demoDay)
	sameLines(t, "head and stores one by one", truthLines(apart), truthLines(whole))
	if alone := p.Truth([]schema.Account{head}, demoDay, demoDay); len(alone) == 0 || len(alone) >= len(whole) {
		t.Errorf("the head office alone has %d of %d rows, want some", len(alone), len(whole))
	}
}

func TestTotalsAddUpTheTruth(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 5})
	want := map[string]ColumnTotal{}
	rows := 0
	for _, row := range p.Truth(p.Accounts(), demoDay, demoDay+2) {
		rows++
		for _, column := range FenColumns() {
			key := fmt.Sprint(row.Account, row.Day, column)
			total := want[key]
			if fen := row.Amounts[column]; fen != nil {
				total.Sum += *fen
			} else {
				total.Nulls++
			}
			want[key] = total
		}
	}
	got := map[string]ColumnTotal{}
	for _, total := range p.Totals(p.Accounts(), demoDay, demoDay+2) {
		rows -= total.Rows
		for column, sum := range total.Columns {
			got[fmt.Sprint(total.Account, total.Day, column)] = sum
		}
	}
	if rows != 0 || len(got) != len(want) || len(want) == 0 {
		t.Fatalf("%d rows left over, %d totals, want %d", rows, len(got), len(want))
	}
	for key, total := range want {
		if got[key] != total {
			t.Errorf("%s: %+v, want %+v", key, got[key], total)
		}
	}
}

// The same seed serves the same bytes in any order of the calls, another seed others.
func TestSameSeedSameBytes(t *testing.T) {
	t.Parallel()
	answers := func(seed uint64, reverse bool) map[string]string {
		p := New(Config{Seed: seed, Bills: 60, Now: fixedClock, Faults: mustFaults(t, "5000001,http503,9999999,numeric-ids")})
		w := walk(t, p)
		w.authorise()
		units := demoUnits(p, 1)
		if reverse {
			slices.Reverse(units)
		}
		out := map[string]string{}
		for _, u := range units {
			for _, size := range []int{50, 20, 50} {
				got := w.query(unitQuery(u, firstCursor, size))
				out[fmt.Sprint(u, size)] += fmt.Sprintf("%d %s\n", got.status, got.body)
			}
		}
		return out
	}
	first := answers(7, false)
	for name, second := range map[string]map[string]string{"again": answers(7, false), "in reverse": answers(7, true)} {
		for query, answer := range first {
			if second[query] != answer {
				t.Errorf("%s, %s: other bytes", name, query)
			}
		}
	}
	for query := range answers(8, false) {
		if first[query] != "" {
			t.Errorf("seed 8 has an account of seed 7: %s", query)
		}
	}
}

func TestLogIDsDiffer(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 9, Now: fixedClock})
	w := walk(t, p)
	w.authorise()
	seen := map[string]bool{}
	for _, u := range demoUnits(p, 3) {
		for range 2 {
			id := parsePage(t, w.query(unitQuery(u, firstCursor, 50)).body).Extra.LogID
			if len(id) != 31 || seen[id] {
				t.Errorf("%s: logid %q, want a new one of 31 digits", u, id)
			}
			seen[id] = true
		}
	}
}

// Exact repeats of a bill are on another page.
func TestRepeatsCrossPages(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 10})
	w := walk(t, p)
	w.authorise()
	repeats := 0
	for _, u := range demoUnits(p, 1) {
		records, err := w.unit(u, 50)
		checkRefusal(t, p, u, err)
		first := map[string]int{}
		for i, raw := range records {
			id := text(parseRecord(t, raw).LedgerID)
			at, seen := first[id]
			if !seen {
				first[id] = i
				continue
			}
			if same(records[at], raw) {
				repeats++
				if at/50 == i/50 {
					t.Errorf("%s: bill %d repeats %d on the same page", u, i, at)
				}
			}
		}
	}
	if repeats == 0 {
		t.Error("no bill is repeated")
	}
}

func same(a, b json.RawMessage) bool { return string(a) == string(b) }

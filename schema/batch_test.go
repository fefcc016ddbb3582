package schema

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// randomBills returns bills with and without values, some of them repeated.
func randomBills(dice *rand.Rand, n int, nullable bool) []Bill {
	text := func() Null[string] {
		if nullable && dice.IntN(3) == 0 {
			return Null[string]{}
		}
		return Some([]string{"", "7420378437319986270", "双人套餐", fmt.Sprint(dice.Uint64())}[dice.IntN(4)])
	}
	number := func() Null[int32] {
		if nullable && dice.IntN(3) == 0 {
			return Null[int32]{}
		}
		return Some(1 + dice.Int32N(5))
	}
	bills := make([]Bill, n)
	for i := range bills {
		b := &bills[i]
		b.AccountID, b.LedgerID, b.WalkAccountID, b.SettleType = text().V, fmt.Sprint(i), "7", 1+dice.Int32N(4)
		b.BizType, b.ShopOrderID, b.ItemOrderID, b.OrderExtID = number(), text(), text(), text()
		b.PoiID, b.GroupName, b.Code, b.Extra, b.LogID = text(), text(), text(), text(), text()
		b.FetchedAt, b.ArchiveKey = time.UnixMicro(dice.Int64N(1<<50)).UTC(), text().V
		for a := range b.Amounts {
			b.Amounts[a] = Null[Fen]{V: Fen(dice.Int64() - dice.Int64()), Valid: true}
			if nullable && dice.IntN(3) == 0 {
				b.Amounts[a] = Null[Fen]{}
			}
		}
		b.SettleTime = Null[time.Time]{V: b.FetchedAt, Valid: true}
	}
	return bills
}

func loaded(b *Batch) []Bill {
	bills := make([]Bill, b.Rows)
	for i := range bills {
		Bills.LoadFrom(b, i, &bills[i])
	}
	return bills
}

func TestBatch(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	whole, want := NewBatch(Bills.Columns()), []Bill(nil)
	for part := range 8 { // the first without any NULL
		bills, b := randomBills(dice, 50+part, part > 0), NewBatch(Bills.Columns())
		for i := range bills {
			Bills.AppendTo(b, &bills[i])
		}
		if diff := cmp.Diff(bills, loaded(b)); diff != "" {
			t.Fatalf("part %d: rows read back differ from those added (-added +read):\n%s", part, diff)
		}
		read := NewBatch(Bills.Columns())
		if rest, err := read.SetBytes(b.AppendBytes(nil)); err != nil || len(rest) > 0 {
			t.Fatalf("got %d bytes left and error %v, want none", len(rest), err)
		}
		if diff := cmp.Diff(bills, loaded(read)); diff != "" {
			t.Fatalf("part %d: rows read from bytes differ (-added +read):\n%s", part, diff)
		}
		b = read
		var rows []int32
		for _, i := range dice.Perm(len(bills))[:40] {
			rows, want = append(rows, int32(i)), append(want, bills[i])
		}
		whole.Gather(b, rows)
	}
	if diff := cmp.Diff(want, loaded(whole)); diff != "" {
		t.Errorf("gathered rows differ (-want +got):\n%s", diff)
	}
	twice := NewBatch(Bills.Columns())
	for range 2 {
		twice.Append(whole)
	}
	if diff := cmp.Diff(append(want, want...), loaded(twice)); diff != "" {
		t.Errorf("rows of two batches differ (-want +got):\n%s", diff)
	}
	for range 3 { // what is left in the memory does not show
		whole.Reset()
		for i := range want {
			Bills.AppendTo(whole, &want[len(want)-1-i])
		}
		slices.Reverse(want)
		if diff := cmp.Diff(want, loaded(whole)); diff != "" {
			t.Errorf("rows added after Reset differ (-want +got):\n%s", diff)
		}
	}
}

// TestReserve: rows for which there is room are added without new memory.
func TestReserve(t *testing.T) {
	t.Parallel()
	sample, b := NewBatch(Bills.Columns()), NewBatch(Bills.Columns())
	b.Reserve(10, sample) // which says nothing
	for _, bill := range randomBills(rand.New(rand.NewPCG(1, 3)), 100, true) {
		Bills.AppendTo(sample, &bill)
	}
	const times = 5
	b.Reserve(times*sample.Rows, sample)
	room := func() (all []int) {
		for i := range b.Columns {
			if v := &b.Columns[i]; v.Coded() {
				all = append(all, cap(v.Codes))
			} else {
				all = append(all, cap(v.Int64s), cap(v.Int32s), cap(v.Text), cap(v.Offsets))
			}
		}
		return all
	}
	before := room()
	for range times {
		b.Append(sample)
	}
	if after := room(); !slices.Equal(before, after) {
		t.Errorf("room for %d, then %d", before, after)
	}
	if got, want := loaded(b), slices.Repeat(loaded(sample), times); !cmp.Equal(got, want) {
		t.Error("the rows are not those that were added")
	}
}

// TestRuns: rows that are added at once are the same as rows that are added one by one, and
// whole batches and gathered rows as well, whatever the memory held before.
func TestRuns(t *testing.T) {
	t.Parallel()
	columns := []Column{{Name: "n", Type: Int64}, {Name: "i", Type: Int32}, {Name: "t", Type: Text, Layout: Distinct}, {Name: "d", Type: Text}}
	dice := rand.New(rand.NewPCG(5, 6))
	single, runs, copied, gathered := NewBatch(columns), NewBatch(columns), NewBatch(columns), NewBatch(columns)
	for round := range 40 {
		for _, b := range []*Batch{single, runs, copied, gathered} {
			b.Reset()
		}
		for range 6 {
			n, present := 1+dice.IntN(MaxRun), dice.Uint64()
			if round%3 == 0 || dice.IntN(2) == 0 {
				present = ^uint64(0)
			}
			addRun(dice, single, runs, n, present&allPresent(n))
		}
		all := make([]int32, single.Rows)
		for i := range all {
			all[i] = int32(i)
		}
		part := 1 + dice.IntN(len(all))
		copied.Append(single)
		gathered.Gather(single, all[:part])
		gathered.Gather(single, all[part:])
		for name, b := range map[string]*Batch{"runs": runs, "copied": copied, "gathered": gathered} {
			for c := range columns {
				if got, want := shown(&b.Columns[c]), shown(&single.Columns[c]); !slices.Equal(got, want) {
					t.Fatalf("round %d, %s, column %s:\n%q\nwant\n%q", round, name, columns[c].Name, got, want)
				}
			}
		}
	}
}

// addRun adds the same rows one by one to single and at once to runs.
func addRun(dice *rand.Rand, single, runs *Batch, n int, present uint64) {
	int64s, int32s, texts := make([]int64, n), make([]int32, n), make([][]byte, n)
	for i := range n {
		for c := range single.Columns {
			if present>>i&1 == 0 {
				single.Columns[c].AppendNull()
			}
		}
		if present>>i&1 == 0 {
			continue
		}
		int64s[i], int32s[i], texts[i] = dice.Int64(), dice.Int32(), []byte(fmt.Sprint(dice.IntN(9)))
		single.Columns[0].AppendInt64(int64s[i])
		single.Columns[1].AppendInt32(int32s[i])
		single.Columns[2].AppendText(texts[i])
		single.Columns[3].AppendText(texts[i])
	}
	runs.Columns[0].AppendInt64s(int64s, present)
	runs.Columns[1].AppendInt32s(int32s, present)
	runs.Columns[2].AppendTexts(texts, present)
	runs.Columns[3].AppendTexts(texts, present)
	single.Rows, runs.Rows = single.Rows+n, runs.Rows+n
}

// shown returns the values of a vector, and its counts.
func shown(v *Vector) []string {
	all := []string{fmt.Sprint(v.Rows, " rows, ", v.Nulls, " NULL")}
	for i := range v.Rows {
		switch {
		case v.IsNull(i):
			all = append(all, "NULL")
		case v.Int64s != nil:
			all = append(all, fmt.Sprint(v.Int64s[i]))
		case v.Int32s != nil:
			all = append(all, fmt.Sprint(v.Int32s[i]))
		default:
			all = append(all, string(v.TextAt(i)))
		}
	}
	return all
}

func TestRepeat(t *testing.T) {
	t.Parallel()
	b := NewBatch([]Column{{Name: "n", Type: Int64}, {Name: "t", Type: Text, Layout: Distinct}, {Name: "d", Type: Text}})
	for _, n := range []int{3, MaxRun, 1} {
		b.Columns[0].RepeatInt64(7, n)
		b.Columns[1].RepeatText([]byte("a"), n)
		b.Columns[2].RepeatText([]byte("b"), n)
		for c := range b.Columns {
			b.Columns[c].RepeatNull(2)
		}
	}
	for c, value := range []string{"7", "a", "b"} {
		want := []string{"74 rows, 6 NULL"}
		for _, n := range []int{3, MaxRun, 1} {
			want = append(append(want, slices.Repeat([]string{value}, n)...), "NULL", "NULL")
		}
		if got := shown(&b.Columns[c]); !slices.Equal(got, want) {
			t.Errorf("column %d: %q", c, got)
		}
	}
}

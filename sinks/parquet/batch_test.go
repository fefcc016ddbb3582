package parquet

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

// randomBills returns n bills. Each column has its own habits: always NULL or never, one
// value or many, short texts or long ones, small numbers or any.
func randomBills(dice *rand.Rand, n int) []schema.Bill {
	text := func() func() schema.Null[string] {
		nulls, values, long := dice.IntN(4), 1<<dice.IntN(12), 1<<dice.IntN(10)
		return func() schema.Null[string] {
			if nulls == 0 || nulls == 1 && dice.IntN(3) == 0 {
				return schema.Null[string]{}
			}
			k := dice.IntN(values)
			return schema.Some(strings.Repeat(hostileNames[k%len(hostileNames)], k%long/8) + fmt.Sprint(k))
		}
	}
	number := func(most int64) func() schema.Null[int64] {
		nulls, values := dice.IntN(4), int64(1)<<dice.IntN(20)
		return func() schema.Null[int64] {
			if nulls == 0 || nulls == 1 && dice.IntN(3) == 0 {
				return schema.Null[int64]{}
			}
			if values == 1<<19 {
				return schema.Some((dice.Int64() - dice.Int64()) % most)
			}
			return schema.Some(dice.Int64N(values) - values/2)
		}
	}
	bills := make([]schema.Bill, n)
	fillTexts := func(at func(*schema.Bill) *schema.Null[string]) {
		next := text()
		for i := range bills {
			*at(&bills[i]) = next()
		}
	}
	for _, at := range []func(*schema.Bill) *schema.Null[string]{
		func(b *schema.Bill) *schema.Null[string] { return &b.ShopOrderID },
		func(b *schema.Bill) *schema.Null[string] { return &b.ItemOrderID },
		func(b *schema.Bill) *schema.Null[string] { return &b.PoiID },
		func(b *schema.Bill) *schema.Null[string] { return &b.SkuID },
		func(b *schema.Bill) *schema.Null[string] { return &b.GroupName },
		func(b *schema.Bill) *schema.Null[string] { return &b.Code },
		func(b *schema.Bill) *schema.Null[string] { return &b.Extra },
		func(b *schema.Bill) *schema.Null[string] { return &b.LogID },
	} {
		fillTexts(at)
	}
	subType, direction := number(math.MaxInt32), number(3)
	amounts := make([]func() schema.Null[int64], schema.AmountCount)
	for a := range amounts {
		amounts[a] = number(math.MaxInt64 / int64(n+1))
	}
	for i := range bills {
		b := &bills[i]
		b.AccountID, b.LedgerID, b.WalkAccountID = fmt.Sprint(i/37), fmt.Sprint(1e15+float64(i)), "7"
		b.SettleType, b.ArchiveKey = int32(dice.IntN(3)), hostileNames[dice.IntN(3)]
		b.SettleSubType, b.Direction = narrow(subType()), narrow(direction())
		for a := range b.Amounts {
			v := amounts[a]()
			b.Amounts[a] = schema.Null[schema.Fen]{V: schema.Fen(v.V), Valid: v.Valid}
		}
		b.FetchedAt = time.UnixMicro(dice.Int64N(100)).UTC()
		if dice.IntN(5) > 0 {
			b.SettleTime = schema.Some(time.UnixMicro(dice.Int64N(math.MaxInt32) - 1e9).UTC())
		}
	}
	return bills
}

func narrow(v schema.Null[int64]) schema.Null[int32] {
	return schema.Null[int32]{V: int32(v.V), Valid: v.Valid}
}

// appendCut appends the rows, some one by one and some in batches of any size that are used
// again.
func appendCut[R any](t *testing.T, dice *rand.Rand, w *Writer, table schema.Table[R], rows []R) {
	t.Helper()
	batch := schema.NewBatch(table.Columns())
	for len(rows) > 0 {
		n := 1 + dice.IntN(len(rows))
		single := dice.IntN(3) == 0
		batch.Reset()
		for i := range rows[:n] {
			table.AppendTo(batch, &rows[i])
			if single {
				if err := w.Append(&rows[i]); err != nil {
					t.Fatal(err)
				}
			}
		}
		if !single {
			if err := w.AppendBatch(batch); err != nil {
				t.Fatal(err)
			}
		}
		rows = rows[n:]
	}
}

// TestSameBytesOfAnyCut: the file depends on the rows alone, not on how they are cut into
// batches or on the number of processors, and has all of them. The test is not parallel,
// because it changes that number.
func TestSameBytesOfAnyCut(t *testing.T) {
	dice := rand.New(rand.NewPCG(15, 4))
	for round := range 12 {
		checkCuts(t, dice, schema.Bills, randomBills(dice, 1+dice.IntN(3000)), limits{rows: 700, texts: 64 << (10 + round%3*10)})
	}
	checkCuts(t, dice, schema.Settlements, rowsOf(2000, settlementAt), limits{300, maxTexts})
	checkCuts(t, dice, schema.Reconciliations, rowsOf(2000, reconciliationAt), limits{300, 10_000})
	checkCuts(t, dice, schema.Exceptions, rowsOf(900, exceptionAt), limits{300, maxTexts})
	checkCuts(t, dice, schema.Restatements, rowsOf(500, restatementAt), limits{300, maxTexts})
}

func rowsOf[R any](n int, rowAt func(int) R) []R {
	rows := make([]R, n)
	for i := range rows {
		rows[i] = rowAt(i)
	}
	return rows
}

func checkCuts[R any](t *testing.T, dice *rand.Rand, table schema.Table[R], rows []R, l limits) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var first File
	for try := range 4 {
		runtime.GOMAXPROCS(1 + try%2)
		w := NewWriter(table, "v1.2.3", fileIn(t.TempDir()))
		defer w.Close()
		w.groups.limits = l
		if try == 0 {
			for i := range rows {
				if err := w.Append(&rows[i]); err != nil {
					t.Fatal(err)
				}
			}
		} else {
			appendCut(t, dice, w, table, rows)
		}
		file, err := w.Finish(stamp)
		if err != nil {
			t.Fatal(err)
		}
		if first.file == nil {
			first = file
			checkDigest(t, file)
			checkRows(t, table, file, rows)
		}
		if first.SHA256 != file.SHA256 || first.RowsSHA256 != file.RowsSHA256 || !reflect.DeepEqual(first.Totals, file.Totals) {
			t.Fatalf("%s, %d rows: cut differently, the file differs", table.Name, len(rows))
		}
	}
}

// checkDigest compares the hashes made while writing with those of the file.
func checkDigest(t *testing.T, written File) {
	t.Helper()
	found, err := Digest(t.Context(), written.file)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "bytes", found.Bytes, written.Bytes)
	equal(t, "hash", found.SHA256, written.SHA256)
	equal(t, "hash of the rows", found.RowsSHA256, written.RowsSHA256)
}

func checkRows[R any](t *testing.T, table schema.Table[R], file File, rows []R) {
	t.Helper()
	i := 0
	for got, err := range Read(table, file.Body()) {
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(*got, rows[i]) {
			t.Fatalf("%s, row %d (-want +got):\n%s", table.Name, i, cmp.Diff(rows[i], *got))
		}
		i++
	}
	equal(t, "rows", i, len(rows))
}

// TestHugeDictionary: texts that turn out not to repeat, and are longer together than a
// dictionary may be, are stored without one.
func TestHugeDictionary(t *testing.T) {
	t.Parallel()
	bills := rowsOf(500, func(i int) schema.Bill {
		b := billAt(i)
		b.GroupName = schema.Some(strings.Repeat("面", 5000) + fmt.Sprint(i))
		if i%7 == 0 {
			b.GroupName = schema.Null[string]{}
		}
		return b
	})
	w := NewWriter(schema.Bills, "v1.2.3", fileIn(t.TempDir()))
	defer w.Close()
	appendCut(t, rand.New(rand.NewPCG(1, 1)), w, schema.Bills, bills)
	file, err := w.Finish(stamp)
	if err != nil {
		t.Fatal(err)
	}
	checkRows(t, schema.Bills, file, bills)
}

// TestWrongBatch: a batch that no rows of the table can have made is refused.
func TestWrongBatch(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(b *schema.Batch){
		"ledger_id: it is NULL in 1 rows": func(b *schema.Batch) { b.Columns[1].AppendNull(); b.Columns[1].Rows-- },
		"0 values in a batch of 1 rows":   func(b *schema.Batch) { b.Columns[4].Rows = 0 },
		"a batch of 3 columns":            func(b *schema.Batch) { b.Columns = b.Columns[:3] },
	} {
		b := schema.NewBatch(schema.Bills.Columns())
		bill := billAt(3)
		schema.Bills.AppendTo(b, &bill)
		change(b)
		w, _ := newWriter()
		defer w.Close()
		if err := w.AppendBatch(b); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if _, err := w.Finish(stamp); err == nil {
			t.Error("the file is finished without the batch")
		}
	}
}

// TestBatchOverflow: sums that leave int64 are the same error as by row.
func TestBatchOverflow(t *testing.T) {
	t.Parallel()
	w, _ := newWriter()
	defer w.Close()
	b := schema.NewBatch(schema.Bills.Columns())
	bill := billAt(2)
	bill.Amounts[schema.Pay] = schema.Some(schema.Fen(math.MaxInt64))
	for range 2 {
		schema.Bills.AppendTo(b, &bill)
	}
	if err := w.AppendBatch(b); err == nil || err.Error() != "sum of bills.pay_fen: "+schema.ErrOverflow.Error() {
		t.Errorf("AppendBatch says %v", err)
	}
}

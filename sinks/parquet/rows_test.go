package parquet

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"testing"
	"time"

	"billwalk/schema"
)

// hostileNames are product names as merchants write them, and worse.
var hostileNames = []string{
	"双人套餐(含饮料)", "", "🍜 拉面 \U0001F468\u200d\U0001F469\u200d\U0001F467", "a\x00b", "tab\tnew\nline", `'; DROP TABLE bills; --`, "NULL", "e\u0301 é",
}

// billAt returns the i-th bill: sorted as bills are, with every nullable column NULL in some
// rows and not in others, amounts of both signs, ids of 20 digits.
func billAt(i int) schema.Bill {
	b := schema.Bill{
		AccountID:     strconv.Itoa(7113893944009705516 + i/5000),
		LedgerID:      fmt.Sprintf("98765432100%09d", i),
		WalkAccountID: "7113893944009705516",
		SettleType:    int32(1 + i%5),
		FetchedAt:     time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Millisecond),
		ArchiveKey:    "archive/bills/bill_date=2026-11-20/account=7113893944009705516/01JD0000000000000000000000-00001.jsonl.zst",
	}
	ids := []*schema.Null[string]{
		&b.ShopOrderID, &b.ItemOrderID, &b.OrderExtID, &b.CertificateID, &b.VerifyID, &b.PoiID, &b.VerifyPoiAccountID,
		&b.SkuID, &b.Code, &b.SettleTypeDesc, &b.Extra, &b.LogID,
	}
	for n, id := range ids {
		if i%(n+2) != 0 {
			*id = schema.Some(fmt.Sprintf("%020d", i*(n+1)))
		}
	}
	for n, number := range []*schema.Null[int32]{&b.BizType, &b.SettleSubType, &b.Direction, &b.FundAmountType} {
		if i%(n+3) != 0 {
			*number = schema.Some(int32(i%7 - 3))
		}
	}
	if i%4 != 0 {
		b.GroupName = schema.Some(hostileNames[i%len(hostileNames)])
	}
	if i%9 != 0 {
		b.SettleTime = schema.Some(time.Date(2026, 11, 20, 0, 0, i, 999_999_000, schema.China).UTC())
	}
	for a := range schema.AmountCount {
		if i%(int(a)+2) != 1 {
			b.Amounts[a] = schema.Some(schema.Fen(i*(int(a)+1)%200_003 - 100_001))
		}
	}
	if i == 1 { // of the size where a float would round
		b.Amounts[schema.FundAmount] = schema.Some(schema.Fen(math.MinInt64/2 + 1))
	}
	return b
}

func exceptionAt(i int) schema.Exception {
	e := schema.Exception{Rule: schema.RuleGoods, Severity: schema.SeverityWarning, Detail: hostileNames[i%len(hostileNames)]}
	if i%2 == 0 {
		e.AccountID, e.LedgerID, e.Record = schema.Some("7113893944009705516"), schema.Some(fmt.Sprint(i)), schema.Some(`{"ledger_id":1}`)
		e.Expected, e.Actual = schema.Some(schema.Fen(i)), schema.Some(schema.Fen(-i))
	}
	return e
}

func settlementAt(i int) schema.Settlement {
	s := schema.Settlement{
		SettleID: fmt.Sprintf("74000000%012d", i), Status: schema.StatusSuccess, Source: schema.SourceQuery,
		FetchedAt: time.Date(2026, 11, 21, 5, 0, i, 0, time.UTC),
	}
	if i%3 != 0 {
		s.OrderID, s.Detail = schema.Some(fmt.Sprint(i/2)), schema.Some(hostileNames[i%len(hostileNames)])
		s.Amount, s.SharesTotal = schema.Some(schema.Fen(i)), schema.Some(schema.Fen(-i))
		s.SettleTime, s.IsAutoSettle = schema.Some(time.Unix(int64(i), 1000).UTC()), schema.Some(i%2 == 0)
		s.Shares = schema.Some[[]schema.Share](nil)
	}
	for n := range i % 5 {
		s.Shares = schema.Some(append(s.Shares.V, schema.Share{MerchantNo: fmt.Sprintf("%020d", i*n), Amount: schema.Fen(i - 2*n)}))
	}
	return s
}

func reconciliationAt(i int) schema.Reconciliation {
	r := schema.Reconciliation{WalkAccountID: "7113893944009705516", GroupKey: fmt.Sprintf("%08d", i), Verdict: schema.Verdicts[i%len(schema.Verdicts)]}
	for n := range i % 4 {
		r.Reasons = append(r.Reasons, schema.Leg(n).String()+"_differs")
		r.Billed[n], r.Settled[n], r.BillRows = schema.Some(schema.Fen(i)), schema.Some(schema.Fen(-i)), int64(n)
		r.MatchedBy, r.FirstSettleTime = schema.Some(schema.ByItem), schema.Some(time.Unix(int64(i), 0).UTC())
	}
	return r
}

func restatementAt(i int) schema.Restatement {
	b := billAt(i)
	r := schema.Restatement{BillKey: b.Key(), WalkAccountID: b.WalkAccountID, Change: schema.Added, NewGeneration: int64(i), RestatedAt: b.FetchedAt}
	if i%2 == 0 {
		r.Change, r.Columns, r.Old = schema.Changed, []string{"pay_fen", "extra"}, schema.Some(`{"pay_fen":"1"}`)
		r.DiffTotal = schema.Some(schema.Fen(-i))
	}
	return r
}

// write writes n rows into a file that is gone when the test ends.
func write[R any](t testing.TB, table schema.Table[R], n int, rowAt func(int) R, stamp Stamp) File {
	t.Helper()
	w := NewWriter(table, "v1.2.3", fileIn(t.TempDir()))
	t.Cleanup(w.Close)
	for i := range n {
		row := rowAt(i)
		if err := w.Append(&row); err != nil {
			t.Fatal(err)
		}
	}
	file, err := w.Finish(stamp)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// fileIn creates files that other programs can open, too.
func fileIn(folder string) func() (*os.File, error) {
	return func() (*os.File, error) { return os.CreateTemp(folder, "*.parquet") }
}

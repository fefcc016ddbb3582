package parquet

import (
	"fmt"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"billwalk/schema"
)

// hostileNames are product names as merchants write them, and worse.
var hostileNames = []string{
	"双人套餐(含饮料)", "", "🍜 拉面 \U0001F468\u200d\U0001F469\u200d\U0001F467", "a\x00b", "tab\tnew\nline", `'; DROP TABLE bills; --`, "NULL", "e\u0301 é",
}

// billAt makes the i-th bill: sorted as bills are, every nullable column NULL in
// some rows and not in others, amounts of both signs, ids of 20 digits.
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
		b.SettleTime = schema.Some(time.Date(2026, 11, 20, 0, 0, i, 999_999_000, schema.China))
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

// write writes n rows into a file that is gone when the test ends.
func write[R any](t testing.TB, table schema.Table[R], mem memory.Allocator, n int, rowAt func(int) R, stamp Stamp) File {
	t.Helper()
	w, err := Create(table, t.TempDir(), mem)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		row := rowAt(i)
		if err := w.Append(&row); err != nil {
			w.Abort()
			t.Fatal(err)
		}
	}
	file, err := w.Close(stamp)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

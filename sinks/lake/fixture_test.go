package lake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

const day schema.Day = 20777 // 2026-11-20

const (
	billsKey          = "bills/bill_date=2026-11-20/bucket-002.parquet"
	restatementsKey   = "restatements/bill_date=2026-11-20/bucket-002.parquet"
	storesKey         = "stores/bill_date=2026-11-20/bucket-002.parquet"
	withdrawnBillsKey = "withdrawn_bills/bill_date=2026-11-20/bucket-002.parquet"
	manifestOf        = "_manifests/bill_date=2026-11-20/bucket-002.json"
	turnOf            = "_control/turns/bill_date=2026-11-20/bucket-002.json"
)

// objects are the keys of one publication, in the order of their PUTs.
var objects = []string{
	turnOf,
	restatementsKey,
	billsKey,
	"settlements/bill_date=2026-11-20/bucket-002.parquet",
	"reconciliation/bill_date=2026-11-20/bucket-002.parquet",
	"exceptions/bill_date=2026-11-20/bucket-002.parquet",
	storesKey,
	"withdrawals/bill_date=2026-11-20/bucket-002.parquet",
	withdrawnBillsKey,
	manifestOf,
}

// recording is a store in memory that records every operation, and fails those that the test
// selects.
type recording struct {
	*objecttest.Mem
	mu    sync.Mutex
	puts  []string
	fault func(op objecttest.Op, key string) (apply bool, err error)
}

func newRecording() *recording {
	r := &recording{Mem: objecttest.NewMem()}
	r.Fault = func(op objecttest.Op, key string) (bool, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if op == objecttest.OpPut {
			r.puts = append(r.puts, key)
		}
		if r.fault == nil {
			return false, nil
		}
		return r.fault(op, key)
	}
	return r
}

// content returns every object of the store.
func (r *recording) content(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for info, err := range r.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		all[info.Key] = string(r.get(t, info.Key))
	}
	return all
}

func (r *recording) get(t *testing.T, key string) []byte {
	t.Helper()
	body, _, err := r.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func open(t *testing.T, store object.Store) *Lake {
	t.Helper()
	l, err := Open(t.Context(), store, 4, "v1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	l.tmp = t.TempDir()
	return l
}

func baseOf(t *testing.T, l *Lake) schema.Base {
	t.Helper()
	base, err := l.Base(t.Context(), day, 2)
	if err != nil {
		t.Fatal(err)
	}
	return base
}

func billAt(i int) schema.Bill {
	b := schema.Bill{
		AccountID: "1", LedgerID: fmt.Sprintf("%05d", i), WalkAccountID: "1", SettleType: 1,
		ShopOrderID: schema.Some(fmt.Sprint(i / 2)), FetchedAt: time.Unix(1, 0).UTC(), ArchiveKey: "k",
	}
	b.Amounts[schema.Pay] = schema.Some(schema.Fen(100))
	return b
}

func restatementAt(i int) schema.Restatement {
	b := billAt(i)
	return schema.Restatement{
		BillKey: b.Key(), WalkAccountID: b.WalkAccountID, Change: schema.Changed, Columns: []string{"pay_fen"},
		Old: schema.Some(`{"pay_fen":"1"}`), New: schema.Some(`{"pay_fen":"100"}`), NewGeneration: 2, RestatedAt: time.Unix(2, 0).UTC(),
	}
}

// fill adds n rows to each table, but one of each table that follows exceptions, and one exception.
func fill(n int) func(func(schema.Row) error) error {
	return func(add func(schema.Row) error) error {
		for i := range n {
			b, r := billAt(i), restatementAt(i)
			if err := errors.Join(
				add(&b),
				add(&schema.Settlement{
					SettleID: b.LedgerID, Status: schema.StatusSuccess, Source: schema.SourceQuery, Amount: b.Amounts[schema.Pay],
					Shares: schema.Some([]schema.Share{{MerchantNo: "1", Amount: 100}}),
				}),
				add(&schema.Reconciliation{WalkAccountID: b.WalkAccountID, GroupKey: b.LedgerID, Verdict: schema.Matched}),
				add(&r),
			); err != nil {
				return err
			}
		}
		return errors.Join(
			add(&schema.Exception{Rule: schema.RuleGoods, Severity: schema.SeverityWarning, Detail: "x"}),
			add(&schema.Store{AccountID: "1", PoiID: schema.Some("2"), PoiName: schema.Some("店"), FetchedAt: time.Unix(2, 0).UTC()}),
			add(&schema.Withdrawal{AccountID: "1", WithdrawID: "3", Amount: schema.Some[schema.Fen](100), Verdict: schema.Tied, FetchedAt: time.Unix(2, 0).UTC(), ArchiveKey: "x"}),
			add(&schema.WithdrawnBill{AccountID: "1", WithdrawID: "3", LedgerID: "4", FundAmount: schema.Some[schema.Fen](100)}),
		)
	}
}

func publish(t *testing.T, l *Lake, base schema.Base, n int) (*schema.Manifest, error) {
	t.Helper()
	m := &schema.Manifest{RunID: "run", Job: "nightly", PublishedAt: time.Unix(2, 0).UTC()}
	return m, publishRows(t.Context(), l, base, m, fill(n))
}

// publishRows publishes the rows that fill adds.
func publishRows(ctx context.Context, l *Lake, base schema.Base, m *schema.Manifest, fill func(func(schema.Row) error) error) error {
	s, err := l.Stage(base)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := fill(s.Append); err != nil {
		return err
	}
	if err := s.Finish(m); err != nil {
		return err
	}
	return s.Publish(ctx, m)
}

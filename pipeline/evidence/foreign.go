package evidence

import (
	"slices"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// ForeignRow is a settlement of another order than its answer is to.
type ForeignRow struct {
	normalise.SettleRow
	query  schema.Query
	Answer *schema.SettleAnswer
}

// QueriedBill returns the bill that the answer was queried for: of the order's bills the
// first that has the id, and rather one under which the answer is filed.
func (f *ForeignRow) QueriedBill(bills []reconcile.Bill) *reconcile.Bill {
	first := slices.MinFunc(bills, func(a, b reconcile.Bill) int {
		if byFit := f.fit(&b) - f.fit(&a); byFit != 0 {
			return byFit
		}
		return a.BillKey.Compare(&b.BillKey)
	})
	return &first
}

// fit is greater for a bill that the answer is more likely to be queried for.
func (f *ForeignRow) fit(b *reconcile.Bill) (fit int) {
	if b.Matches(f.query) {
		fit += 2
	}
	if b.Day == f.Answer.Day && b.Account == f.Answer.Account {
		fit++ // the answer is filed under its unit
	}
	return fit
}

// ExceptionsFor returns the row's exceptions, as of the bill that was queried for.
func (f *ForeignRow) ExceptionsFor(queried *reconcile.Bill) []schema.Exception {
	for i := range f.Exceptions {
		e := &f.Exceptions[i]
		e.ShopOrderID, e.AccountID, e.LedgerID = schema.Some(queried.OrderKey()), schema.Some(queried.AccountID), schema.Some(queried.LedgerID)
	}
	return f.Exceptions
}

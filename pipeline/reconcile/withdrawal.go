package reconcile

import (
	"fmt"

	"billwalk/schema"
)

// Listing is what is known of the bills of a withdrawal.
type Listing int

// A withdrawal by hand has no bills that the platform lists.
const (
	NotListed Listing = iota // not fetched, or not whole
	Listed
	ByHand
)

// TieOut ties a withdrawal to its bills: it sets bill_rows, bills_fen, diff_fen and the
// verdict. bills are those of a listed one, and are ignored otherwise. If their sum overflows
// int64 the error is schema.ErrOverflow and names the withdrawal.
func TieOut(w *schema.Withdrawal, stage schema.WithdrawStage, listing Listing, bills []schema.WithdrawnBill) error {
	w.BillRows, w.BillsTotal, w.Diff = schema.Null[int64]{}, schema.Null[schema.Fen]{}, schema.Null[schema.Fen]{}
	if listing == Listed {
		if err := addBills(w, bills); err != nil {
			return fmt.Errorf("withdrawal %s of account %s: %w", w.WithdrawID, w.AccountID, err)
		}
	}
	w.Verdict = verdictOf(w, stage, listing)
	return nil
}

// addBills sets the number and sum of the withdrawal's bills, and how far its amount is from
// the sum. As in SQL, a bill without an amount is left out of the sum, and a sum of such bills
// alone is NULL.
func addBills(w *schema.Withdrawal, bills []schema.WithdrawnBill) (err error) {
	w.BillRows = schema.Some(int64(len(bills)))
	w.BillsTotal.Valid = len(bills) == 0
	for i := range bills {
		if amount := bills[i].Withdrawn(); amount.Valid {
			w.BillsTotal.Valid = true
			if w.BillsTotal.V, err = w.BillsTotal.V.Add(amount.V); err != nil {
				return err
			}
		}
	}
	if w.BillsTotal.Valid && w.Amount.Valid {
		w.Diff.V, err = w.Amount.V.Sub(w.BillsTotal.V)
		w.Diff.Valid = err == nil
	}
	return err
}

// verdictOf returns the verdict of a withdrawal whose sums are set. One that failed has paid
// nothing, and one under way may still fail, whatever its bills are.
func verdictOf(w *schema.Withdrawal, stage schema.WithdrawStage, listing Listing) schema.WithdrawVerdict {
	switch {
	case stage == schema.WithdrawNotPaid:
		return schema.WithdrawFailed
	case stage == schema.WithdrawUnderWay:
		return schema.WithdrawInFlight
	case listing == ByHand:
		return schema.WithdrawManual
	case listing == NotListed:
		return schema.WithdrawNotAsked
	case w.Diff.Valid && w.Diff.V == 0:
		return schema.Tied
	}
	return schema.WithdrawMismatched
}

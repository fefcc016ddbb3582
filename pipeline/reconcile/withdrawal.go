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
// the sum. The sum is NULL where one of them has no amount.
func addBills(w *schema.Withdrawal, bills []schema.WithdrawnBill) error {
	w.BillRows = schema.Some(int64(len(bills)))
	amounts := make([]schema.Null[schema.Fen], len(bills))
	for i := range bills {
		amounts[i] = bills[i].Withdrawn()
	}
	var err error
	if w.BillsTotal, err = schema.Total(amounts...); err != nil || !w.BillsTotal.Valid || !w.Amount.Valid {
		return err
	}
	diff, err := w.Amount.V.Sub(w.BillsTotal.V)
	w.Diff = schema.Null[schema.Fen]{V: diff, Valid: err == nil}
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

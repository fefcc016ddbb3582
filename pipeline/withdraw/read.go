package withdraw

import (
	"context"
	"fmt"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/walk"
	"billwalk/schema"
)

// read reads the list of a certified walk, and the bills of each withdrawal as far as the
// archive holds them.
func (f *Fetcher) read(ctx context.Context, c *schema.Certificate) (*Launches, error) {
	l := &Launches{Unit: c.Unit(), Certificate: c}
	if c.State == schema.Unavailable {
		return l, nil
	}
	at := make(map[string]int) // place of each withdrawal, by its id
	for answer, err := range walk.Certified(ctx, f.Archive.Withdrawals(), c) {
		if err != nil {
			return nil, err
		}
		page, err := normalise.ReadWithdrawals(answer.Body)
		if err != nil {
			return nil, fmt.Errorf("archive object %s: page %d: %w", answer.Key, answer.Page, err)
		}
		for i := range page.Records {
			row := page.Records[i].Row(&f.Statuses, provenance(c, answer))
			l.Exceptions = append(l.Exceptions, row.Exceptions...)
			w := Withdrawal{Withdrawal: row.Withdrawal, Stage: row.Stage}
			if place, again := at[w.WithdrawID]; again {
				l.Withdrawals[place] = w // a later page has the later state
				continue
			}
			at[w.WithdrawID] = len(l.Withdrawals)
			l.Withdrawals = append(l.Withdrawals, w)
		}
	}
	for i := range l.Withdrawals {
		if err := f.recallBills(ctx, l.Unit, &l.Withdrawals[i]); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// recallBills ties a withdrawal to its bills as the archive holds them.
func (f *Fetcher) recallBills(ctx context.Context, u schema.Unit, w *Withdrawal) error {
	if w.Stage != schema.WithdrawPaid || !schema.PlainID(w.WithdrawID) {
		return f.tie(ctx, w, nil)
	}
	certificate, _, err := f.Archive.WithdrawnBills(w.WithdrawID).Unit(ctx, u)
	if err != nil {
		return err
	}
	return f.tie(ctx, w, certificate)
}

// readBills reads the bills of a certified walk, each once. Bills are the same if their keys
// are; of two contents the first counts, as the sum then tells.
func (f *Fetcher) readBills(ctx context.Context, w *Withdrawal, c *schema.Certificate) ([]Bill, error) {
	var bills []Bill
	seen := make(map[schema.BillKey]bool)
	for answer, err := range walk.Certified(ctx, f.Archive.WithdrawnBills(w.WithdrawID), c) {
		if err != nil {
			return nil, err
		}
		page, err := normalise.DecodePage(answer.Body)
		if err != nil {
			return nil, fmt.Errorf("archive object %s: page %d: %w", answer.Key, answer.Page, err)
		}
		for _, record := range page.Records {
			if key := record.Key(); !seen[key] {
				seen[key] = true
				b := f.Rows.Row(record, provenance(c, answer)).Bill
				bill := Bill{Key: key, Order: b.ShopOrderID, ArchiveKey: answer.Key, WithdrawnBill: schema.WithdrawnBill{
					AccountID: w.AccountID, WithdrawID: w.WithdrawID, LedgerID: b.LedgerID, SettleType: schema.Some(b.SettleType), SettleSubType: b.SettleSubType,
					FundAmount: b.Amounts[schema.FundAmount], Goods: b.Amounts[schema.Goods],
				}}
				if b.SettleTime.Valid {
					bill.SettledOn = schema.Some(schema.DayOf(b.SettleTime.V))
				}
				bills = append(bills, bill)
			}
		}
	}
	return bills, nil
}

func provenance(c *schema.Certificate, a schema.Answer) normalise.Provenance {
	return normalise.Provenance{Walk: c.Account.ID, Root: c.Account.Root, Day: c.Day, LogID: a.LogID, FetchedAt: a.FetchedAt, ArchiveKey: a.Key}
}

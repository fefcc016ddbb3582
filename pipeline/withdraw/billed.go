package withdraw

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"billwalk/schema"
)

// billed is a bill as it is published.
type billed struct {
	day    schema.Day
	amount schema.Null[schema.Fen] // that a withdrawal pays for it
}

// lookup finds the published bills of those that a day's withdrawals pay.
type lookup struct {
	*bucketNight
	day    schema.Day // on which they were launched
	wanted map[schema.BillKey]bool
	found  map[schema.BillKey]billed
	read   map[schema.Day]string // rows_sha256 of the bills of each day that was read
}

// findBilled looks each bill up on the day of its settle_time, and then on the days before the
// withdrawal, back to the lookback, unless that day was never published.
func (b *bucketNight) findBilled(ctx context.Context, day schema.Day, all []*Launches) (*lookup, error) {
	l := &lookup{bucketNight: b, day: day, wanted: make(map[schema.BillKey]bool), found: make(map[schema.BillKey]billed), read: make(map[schema.Day]string)}
	settled := make(map[schema.Day]bool)
	around := false
	for bill := range billsIn(all) {
		l.wanted[bill.Key] = true
		if bill.SettledOn.Valid {
			settled[bill.SettledOn.V] = true
		}
	}
	for _, on := range slices.Sorted(maps.Keys(settled)) {
		if err := l.readDay(ctx, on); err != nil {
			return nil, err
		}
	}
	for bill := range billsIn(all) {
		if _, found := l.found[bill.Key]; !found && (!bill.SettledOn.Valid || l.read[bill.SettledOn.V] != "") {
			around = true
		}
	}
	for on := day; around && on >= day-schema.Day(b.Lookback) && len(l.found) < len(l.wanted); on-- {
		if err := l.readDay(ctx, on); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// billsIn yields the bills of all withdrawals.
func billsIn(all []*Launches) func(yield func(*Bill) bool) {
	return func(yield func(*Bill) bool) {
		for _, l := range all {
			for i := range l.Withdrawals {
				for j := range l.Withdrawals[i].Bills {
					if !yield(&l.Withdrawals[i].Bills[j]) {
						return
					}
				}
			}
		}
	}
}

// readDay looks for the wanted bills among those that are published on a day, and count.
func (l *lookup) readDay(ctx context.Context, day schema.Day) error {
	if _, again := l.read[day]; again {
		return nil
	}
	m, err := l.manifest(ctx, day)
	if err != nil {
		return err
	}
	l.read[day] = billsOf(m)
	if m == nil {
		return nil
	}
	columns := []string{"account_id", "ledger_id", "settle_type", "settle_sub_type", "counted", "fund_amount_fen", "goods_fen"}
	for row, err := range l.Lake.Rows(ctx, &schema.Bills, day, l.bucket, columns...) {
		if err != nil {
			return err
		}
		bill := row.(*schema.Bill)
		key := bill.Key()
		if known, again := l.found[key]; again && known.day <= day { // the first day that has it counts
			continue
		}
		if l.wanted[key] && bill.Counts() {
			key.AccountID, key.LedgerID = strings.Clone(key.AccountID), strings.Clone(key.LedgerID)
			paid := schema.WithdrawnBill{FundAmount: bill.Amounts[schema.FundAmount], Goods: bill.Amounts[schema.Goods]}
			l.found[key] = billed{day, paid.Withdrawn()}
		}
	}
	return nil
}

// reads returns the days that were read, ascending.
func (l *lookup) reads() []schema.BillsRead {
	reads := []schema.BillsRead{}
	for _, day := range slices.Sorted(maps.Keys(l.read)) {
		reads = append(reads, schema.BillsRead{Day: day, RowsSHA256: l.read[day]})
	}
	return reads
}

// judge enters the published bill of a bill that a withdrawal pays, and returns what is wrong
// with the two.
func (l *lookup) judge(ctx context.Context, w *Withdrawal, bill *Bill, walk schema.AccountID, others []string) (exceptions []schema.Exception, err error) {
	report := func(rule schema.Rule, expected, actual schema.Null[schema.Fen], format string, args ...any) {
		exceptions = append(exceptions, schema.Exception{
			Rule: rule, Severity: rule.Severity(), AccountID: schema.Some(w.AccountID), LedgerID: schema.Some(bill.LedgerID), ShopOrderID: bill.Order,
			Expected: expected, Actual: actual, Detail: fmt.Sprintf("withdrawal %.64s: %s", w.WithdrawID, fmt.Sprintf(format, args...)), ArchiveKey: schema.Some(bill.ArchiveKey),
		})
	}
	none, pays := schema.Null[schema.Fen]{}, bill.Withdrawn()
	published, found := l.found[bill.Key]
	if found {
		bill.InBills, bill.BilledOn = true, schema.Some(published.day.String())
	}
	switch {
	case found && pays.Valid && pays != published.amount:
		report(schema.RuleWithdrawnAmount, published.amount, pays, "it lists the bill with another amount than the table bills has on %s", published.day)
	case !found:
		before, err := l.before(ctx, w, bill, walk)
		switch {
		case err != nil:
			return nil, err
		case !before:
			report(schema.RuleWithdrawnNotInBills, none, pays, "no published day has the bill of account %.32s%s", bill.Key.AccountID, settledText(bill))
		case bill.SettledOn.V < l.day-schema.Day(l.Lookback):
			report(schema.RuleWithdrawnBefore, none, pays, "it pays a bill%s, and that day is not published", settledText(bill))
		}
	}
	if !pays.Valid {
		report(schema.RuleWithdrawnDirection, none, none, "the direction of the bill is unknown")
	}
	for _, other := range others {
		report(schema.RuleWithdrawnTwice, none, pays, "withdrawal %.64s pays the bill as well", other)
	}
	return exceptions, nil
}

func settledText(bill *Bill) string {
	if !bill.SettledOn.Valid {
		return ""
	}
	return " that was settled on " + bill.SettledOn.V.String()
}

// before reports whether a bill that was not found is the payee's own, of a day before its
// bills are published. What is paid of these days is the opening of the payee's balance.
func (l *lookup) before(ctx context.Context, w *Withdrawal, bill *Bill, walk schema.AccountID) (bool, error) {
	on := bill.SettledOn
	if bill.Key.AccountID != w.AccountID || !on.Valid {
		return false, nil
	}
	for day := on.V; day >= on.V-schema.Day(l.Lookback); day-- {
		if walked, err := l.walked(ctx, day, walk); walked || err != nil {
			return false, err
		}
	}
	return true, nil
}

func compareBills(x, y *schema.WithdrawnBill) int {
	return cmp.Or(cmp.Compare(x.AccountID, y.AccountID), cmp.Compare(x.WithdrawID, y.WithdrawID), cmp.Compare(x.LedgerID, y.LedgerID),
		cmp.Compare(x.SettleType.V, y.SettleType.V), cmp.Compare(x.SettleSubType.V, y.SettleSubType.V))
}

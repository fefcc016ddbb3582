package audit

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"billwalk/schema"
)

// billed looks the bills of a partition's withdrawals up in the published bills of the days
// that the manifest names, and of the days of their settle_time.
type billed struct {
	*withdrawalTables
	lake   Lake
	paid   *payments
	near   near
	wanted map[digest][]*withdrawnReading // by the bill's key; those with a row
}

// billColumns are the columns of bills that are read for it.
var billColumns = []string{"account_id", "ledger_id", "settle_type", "settle_sub_type", "counted", "fund_amount_fen", "goods_fen"}

// near has manifests of days whose bills withdrawals pay.
type near map[schema.Day][]*schema.Manifest

// proveBilled checks what the rows of withdrawn bills say of the table bills, and the numbers of
// the exceptions of withdrawals, by rule. It returns the findings.
func proveBilled(ctx context.Context, lake Lake, t *withdrawalTables, paid *payments, around near, exceptions map[schema.Rule]int64) ([]schema.Finding, error) {
	if t.damaged[t.key(schema.WithdrawnBills.Name)] {
		return nil, nil
	}
	b := &billed{withdrawalTables: t, lake: lake, paid: paid, near: around, wanted: make(map[digest][]*withdrawnReading)}
	t.findings = nil // check has returned them
	days := make(map[schema.Day]bool)
	if t.m.Withdrawals != nil {
		for _, read := range t.m.Withdrawals.Bills {
			days[read.Day] = true
		}
	}
	for _, payee := range t.payees {
		for _, l := range payee.bills {
			for i := range l.bills {
				if one := &l.bills[i]; one.seen {
					b.wanted[one.key] = append(b.wanted[one.key], one)
					days[one.day] = true
				}
			}
		}
	}
	delete(days, schema.Day(0)) // without a settle_time
	if len(b.wanted) > 0 {
		for _, day := range slices.Sorted(maps.Keys(days)) {
			if err := b.read(ctx, day); err != nil {
				return nil, err
			}
		}
	}
	b.checkDays()
	err := b.checkExceptions(ctx, exceptions)
	return t.findings, err
}

// checkDays compares the rows' billed_on with the days that have the bills.
func (b *billed) checkDays() {
	key, wrong := b.key(schema.WithdrawnBills.Name), 0
	for _, payee := range b.payees {
		for _, l := range payee.bills {
			for i := range l.bills {
				one := &l.bills[i]
				want, got := one.wrong()
				if want == "" || !one.seen {
					continue
				}
				if wrong++; wrong <= maxRows {
					b.find(key, fmt.Sprintf("account %s, withdraw_id %s, ledger_id %s, billed_on", payee.Account.ID, l.id, one.ledgerID), want, got, fixReplay)
				}
			}
		}
	}
	if wrong > maxRows {
		b.find(key, "billed_on", "", fmt.Sprintf("%d more rows name another day than the bills'", wrong-maxRows), fixReplay)
	}
}

// read notes which of the wanted bills a day has.
func (b *billed) read(ctx context.Context, day schema.Day) error {
	n := 0
	b.findings = append(b.findings, b.lake.ProveBills(ctx, day, b.m.Bucket, billColumns, func(row *schema.Bill) bool {
		if row.Counts() {
			worth := row.Amounts[schema.FundAmount]
			if !worth.Valid {
				worth = row.Amounts[schema.Goods]
			}
			for _, one := range b.wanted[keyOf(row)] {
				one.found = append(one.found, billedDay{day, worth})
			}
		}
		n++
		return n%4096 != 0 || ctx.Err() == nil
	})...)
	return ctx.Err()
}

// between is how many exceptions of a rule there must be, and may be.
type between struct{ least, most int64 }

func (n *between) add(must bool) {
	n.most++
	if must {
		n.least++
	}
}

// maxLookback is the maximum of the days before a withdrawal in which its bills are looked for.
const maxLookback = 366

// checkExceptions checks the numbers of exceptions of withdrawals. Some depend on what had been
// published when the day was last looked at.
func (b *billed) checkExceptions(ctx context.Context, exceptions map[schema.Rule]int64) error {
	if b.damaged[b.key(schema.Exceptions.Name)] || b.uncertain() {
		return nil
	}
	want := make(map[schema.Rule]*between)
	for _, rule := range schema.Rules {
		if rule.OfWithdrawals() {
			want[rule] = new(between)
		}
	}
	old := int64(0) // bills that no day has, so old that there is an exception
	for _, payee := range b.payees {
		for rule, n := range map[schema.Rule]int64{schema.RuleWithdrawalRecord: payee.faults, schema.RuleWithdrawalStatus: payee.unknown(b.statuses)} {
			want[rule].least, want[rule].most = want[rule].least+n, want[rule].most+n
		}
		for _, l := range payee.bills {
			for i := range l.bills {
				one := &l.bills[i]
				if !one.seen {
					continue
				}
				worth := one.worth()
				if !worth.Valid {
					want[schema.RuleWithdrawnDirection].add(true)
				}
				for _, earlier := range b.paid.others(one, l.id, b.m.Day, b.m.Bucket) {
					want[schema.RuleWithdrawnTwice].add(earlier)
				}
				if on := one.on(one.billedOn); on != nil {
					if worth.Valid && worth != on.worth {
						want[schema.RuleWithdrawnAmount].add(true)
					}
					continue
				}
				foreign := one.account != string(payee.Account.ID) || one.day == 0
				must := foreign
				if !foreign {
					var err error
					if must, err = b.walked(ctx, one.day, payee.entry.WalkAccount); err != nil {
						return err
					}
				}
				want[schema.RuleWithdrawnNotInBills].add(must)
				want[schema.RuleWithdrawnBefore].add(false)
				if !foreign && one.day < b.m.Day-maxLookback {
					old++
				}
			}
		}
	}
	for _, rule := range schema.Rules {
		if n := exceptions[rule]; rule.OfWithdrawals() && (n < want[rule].least || n > want[rule].most) {
			b.find(b.key(schema.Exceptions.Name), "rule "+string(rule), want[rule].String(), fmt.Sprint(n, " rows"), fixReplay)
		}
	}
	if n := exceptions[schema.RuleWithdrawnNotInBills] + exceptions[schema.RuleWithdrawnBefore]; n < old {
		b.find(b.key(schema.Exceptions.Name), "rule "+string(schema.RuleWithdrawnBefore), fmt.Sprint("at least ", old, " rows"), fmt.Sprint(n, " rows"), fixReplay)
	}
	return nil
}

func (n *between) String() string {
	if n.least == n.most {
		return fmt.Sprint(n.least, " rows")
	}
	return fmt.Sprintf("%d to %d rows", n.least, n.most)
}

// walked reports whether the bills of an account are published on a day, in the bucket.
func (b *billed) walked(ctx context.Context, day schema.Day, account schema.AccountID) (bool, error) {
	manifests, known := b.near[day]
	if !known {
		var err error
		if manifests, _, err = b.lake.Published(ctx, day); err != nil {
			return false, err
		}
		b.near[day] = manifests
	}
	for _, m := range manifests {
		if e := m.Entry(account); m.Bucket == b.m.Bucket && e != nil && e.Certificate != nil {
			return true, nil
		}
	}
	return false, nil
}

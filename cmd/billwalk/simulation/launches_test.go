package simulation

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
)

// withdrawals compares those of the last run's days with what the platform knew of them while
// it was under way, and their bills with the published bills.
func (o *oracle) withdrawals(last *simProcess) {
	if !o.story.job.withdrawals {
		return
	}
	billed := make(map[string]map[string]bool) // by day
	payees := make(map[schema.Day]map[schema.AccountID]bool)
	got := make(map[string]string)
	for day := last.from; day <= last.to; day++ {
		billed[day.String()], payees[day] = make(map[string]bool), make(map[schema.AccountID]bool)
		for bucket := range o.story.job.buckets {
			o.launched(o.manifestOf(day, bucket), billed[day.String()], payees[day], got)
		}
	}
	o.inBills(last, billed)
	named := make(map[schema.AccountID]bool)
	for _, of := range payees {
		maps.Copy(named, of)
	}
	want := make(map[string]map[string]bool)
	for _, at := range []time.Time{last.began, last.ended} {
		for _, w := range o.platform.Withdrawals(o.story.accounts, last.from, last.to, at) {
			if !named[w.Account] || got[w.ID] == "" && !o.isWalked(w.Account, w.Day) {
				continue
			}
			if want[w.ID] == nil {
				want[w.ID] = make(map[string]bool)
			}
			want[w.ID][withdrawalText(&w)] = true
		}
	}
	for id, texts := range want {
		if !texts[got[id]] {
			o.complain("withdrawal %s is %q, and the platform knows %v", id, got[id], slices.Sorted(maps.Keys(texts)))
		}
	}
	if more := gocmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); more != "" {
		o.complain("withdrawals (-platform +lake):\n%s", more)
	}
}

// launched collects the withdrawals of a manifest, its bills, and the payees of these.
func (o *oracle) launched(m *schema.Manifest, billed map[string]bool, payees map[schema.AccountID]bool, rows map[string]string) {
	if m == nil {
		return
	}
	for _, b := range read(o, m, schema.Bills, append([]string{"counted"}, keyColumns...)...) {
		payees[schema.AccountID(b.AccountID)] = true
		if b.Counts() {
			billed[fmt.Sprint(m.Bucket, b.LedgerID, b.SettleType, b.SettleSubType)] = true
		}
	}
	for _, e := range m.Units {
		if !e.Account.Root {
			payees[e.Account.ID] = true
		}
	}
	for _, w := range read(o, m, schema.Withdrawals) {
		if rows[w.WithdrawID] != "" {
			o.complain("withdrawal %s is there twice", w.WithdrawID)
		}
		rows[w.WithdrawID] = fmt.Sprint(w.AccountID, m.Day, w.Amount.V, w.Status.V, w.Verdict, w.BillRows.V, w.BillsTotal.V, w.Diff)
	}
}

// withdrawalText is a row of the lake as the platform knows it.
func withdrawalText(w *sandbox.Withdrawal) string {
	var rows, sum int64
	var diff schema.Null[schema.Fen]
	if w.DiffFen != nil {
		rows, sum, diff = int64(w.BillRows), w.BillsFen, schema.Some(schema.Fen(*w.DiffFen))
	}
	return fmt.Sprint(w.Account, w.Day, w.Amount, w.Status, w.Verdict, rows, sum, diff)
}

// isWalked reports whether a published day has the bills of a payee.
func (o *oracle) isWalked(payee schema.AccountID, day schema.Day) bool {
	for _, a := range o.story.accounts {
		ofStore := slices.ContainsFunc(o.platform.Stores(a.ID), func(s schema.Account) bool { return s.ID == payee })
		if a.ID != payee && !ofStore {
			continue
		}
		m := o.manifestOf(day, a.ID.Bucket(o.story.job.buckets))
		if m == nil {
			continue
		}
		if e := m.Entry(a.ID); e != nil && e.Certificate != nil {
			return true
		}
	}
	return false
}

// inBills judges what the bills of withdrawals say of the table bills.
func (o *oracle) inBills(last *simProcess, billed map[string]map[string]bool) {
	for day := last.from; day <= last.to; day++ {
		for bucket := range o.story.job.buckets {
			m := o.manifestOf(day, bucket)
			if m == nil {
				continue
			}
			for _, w := range read(o, m, schema.WithdrawnBills) {
				key := fmt.Sprint(bucket, w.LedgerID, w.SettleType.V, w.SettleSubType)
				for on, bills := range billed {
					if w.InBills && w.BilledOn.V == on && !bills[key] || !w.InBills && bills[key] {
						o.complain("bill %s of withdrawal %s: in_bills %t, billed_on %q; %s has it: %t", w.LedgerID, w.WithdrawID, w.InBills, cmp.Or(w.BilledOn.V, "NULL"), on, bills[key])
					}
				}
			}
		}
	}
}

package report

import (
	"cmp"
	"context"
	"encoding/binary"
	"hash/maphash"
	"maps"
	"slices"
	"strings"
	"time"

	"billwalk/schema"
)

// moved is what one part has: its bills and the withdrawals that were launched on its day.
type moved struct {
	day         schema.Day
	bills       []movedBill
	withdrawals []launched
	unknown     map[uint64]bool
}

type movedBill struct {
	account string
	key     uint64
	fen     schema.Null[schema.Fen]
}

// withdrawals returns the withdrawals of the report's days, and what waits by all days up to
// them; nil for a lake or a job without withdrawals.
func (l *loader) withdrawals(ctx context.Context) (*Withdrawals, error) {
	if !l.Withdrawals && !slices.ContainsFunc(l.parts, func(p part) bool { return p.manifest != nil && p.manifest.Object(schema.Withdrawals.Name) != nil }) {
		return nil, nil
	}
	days, err := l.lake.PublishedDays(ctx)
	if err != nil {
		return nil, err
	}
	var parts []part
	for _, day := range days {
		if day > l.To {
			break
		}
		for _, bucket := range l.buckets() {
			parts = append(parts, part{day: day, bucket: bucket})
		}
	}
	if len(parts) == 0 {
		return nil, nil
	}
	b := newBalances(l.From, l.To)
	if err := inOrder(ctx, parts, l.readMoved, b.add); err != nil {
		return nil, err
	}
	b.end()
	l.addPayees(b.own)
	w := b.withdrawals()
	w.Since = parts[0].day
	if b.err != nil {
		return nil, b.err
	}
	return w, l.namePayees(ctx, w.Accounts)
}

// addPayees adds the payees of the job's accounts, also those without a bill: the manifests
// know whose they are.
func (l *loader) addPayees(own map[string]bool) {
	for _, a := range l.Accounts {
		own[string(a.ID)] = true
	}
	for _, p := range l.parts {
		if p.manifest == nil || p.manifest.Withdrawals == nil {
			continue
		}
		for _, payee := range p.manifest.Withdrawals.Payees {
			if l.accounts[payee.WalkAccount] {
				own[string(payee.Account.ID)] = true
			}
		}
	}
}

// movedColumns are the columns of bills that readMoved needs.
var movedColumns = []string{
	"account_id", "walk_account_id", "ledger_id", "settle_type", "settle_sub_type", "counted", schema.FundAmount.Column(), schema.Goods.Column(),
}

func (l *loader) readMoved(ctx context.Context, p part) (moved, error) {
	m := moved{day: p.day, unknown: make(map[uint64]bool)}
	accounts := make(map[string]string) // one text for all bills of an account
	for b, err := range rows[schema.Bill](ctx, l, &schema.Bills, p, movedColumns...) {
		if err != nil {
			return m, err
		}
		if !l.accounts[b.WalkAccountID] || !b.Counts() {
			continue
		}
		if _, known := accounts[b.AccountID]; !known {
			accounts[b.AccountID] = strings.Clone(b.AccountID)
		}
		fen := b.Amounts[schema.FundAmount]
		if !fen.Valid {
			fen = b.Amounts[schema.Goods]
		}
		m.bills = append(m.bills, movedBill{accounts[b.AccountID], withdrawnKey(b.LedgerID, b.SettleType, b.SettleSubType.V), fen})
	}
	return m, l.readLaunched(ctx, p, &m)
}

// readLaunched reads the withdrawals of a part with their bills, and which of these no day has.
func (l *loader) readLaunched(ctx context.Context, p part, m *moved) error {
	place := make(map[string]int)
	for w, err := range rows[schema.Withdrawal](ctx, l, &schema.Withdrawals, p) {
		if err != nil {
			return err
		}
		place[w.AccountID+"/"+w.WithdrawID] = len(m.withdrawals)
		m.withdrawals = append(m.withdrawals, launched{Withdrawal: shownWithdrawal(p.day, w)})
	}
	if len(m.withdrawals) == 0 {
		return nil
	}
	for b, err := range rows[schema.WithdrawnBill](ctx, l, &schema.WithdrawnBills, p) {
		if err != nil {
			return err
		}
		if i, ok := place[b.AccountID+"/"+b.WithdrawID]; ok {
			w := &m.withdrawals[i]
			w.bills = append(w.bills, listedBill{
				WithdrawnBill{b.LedgerID, b.SettleType.V, b.BilledOn.V, Amount(b.Withdrawn())},
				withdrawnKey(b.LedgerID, b.SettleType.V, b.SettleSubType.V), maphash.String(hashSeed, b.LedgerID),
			})
		}
	}
	for x, err := range rows[schema.Exception](ctx, l, &schema.Exceptions, p, "rule", "ledger_id") {
		if err != nil {
			return err
		}
		if x.Rule == schema.RuleWithdrawnNotInBills {
			m.unknown[maphash.String(hashSeed, x.LedgerID.V)] = true
		}
	}
	return nil
}

// withdrawnKey is the same for a bill and for what a withdrawal lists of it.
func withdrawnKey(ledger string, settleType, subType int32) uint64 {
	key := append(make([]byte, 0, 64), ledger...)
	key = binary.LittleEndian.AppendUint32(key, uint32(settleType))
	key = binary.LittleEndian.AppendUint32(key, uint32(subType))
	return maphash.Bytes(hashSeed, key)
}

func shownWithdrawal(day schema.Day, w *schema.Withdrawal) Withdrawal {
	shown := Withdrawal{
		Day: day, Account: w.AccountID, ID: w.WithdrawID, Verdict: w.Verdict, Status: w.Status.V, Amount: Amount(w.Amount), Bills: Amount(w.BillsTotal), Diff: Amount(w.Diff),
		Launched: timeOf(w.LaunchTime), Paid: timeOf(w.WithdrawTime), Message: w.Message.V, Bank: w.SettleAccount.V, LogID: w.LogID.V,
	}
	if rows := w.BillRows; rows.Valid { // the row is filled anew
		shown.BillRows = &rows.V
	}
	return shown
}

func timeOrder(a, b *time.Time) int {
	switch {
	case a != nil && b != nil:
		return a.Compare(*b)
	case a != nil:
		return -1
	case b != nil:
		return +1
	}
	return 0
}

// withdrawals returns what was added up, of the job's payees.
func (b *balances) withdrawals() *Withdrawals {
	w := &Withdrawals{Accounts: []PayeeBalance{}, Periods: []PeriodBalance{}, Verdicts: []WithdrawSum{}, List: []Withdrawal{}}
	var days []PeriodBalance
	waiting := b.ages()
	for _, account := range slices.Sorted(maps.Keys(b.payees)) {
		if !b.own[account] {
			continue
		}
		p := b.payees[account]
		sum := PayeeBalance{Account: account, Waiting: waiting[account], UnexplainedSince: p.unexplained}
		sum.Opening = p.before
		b.adder.add(&sum.Opening, p.carried)
		sum.Closing = sum.Opening
		for _, day := range slices.Sorted(maps.Keys(p.days)) {
			balance := *p.days[day]
			balance.Opening, balance.Closing = sum.Closing, sum.Closing
			b.adder.add(&balance.Closing, balance.In)
			b.sub(&balance.Closing, balance.Out)
			b.sub(&balance.Closing, balance.Withdrawn)
			b.merge(&sum.Balance, &balance, false)
			days = append(days, PeriodBalance{day.String(), account, balance})
		}
		w.Accounts = append(w.Accounts, sum)
		b.total(&w.Total, &sum)
	}
	w.ByMonth, w.Periods = b.periods(days)
	b.list(w)
	return w
}

func (b *balances) total(total, o *PayeeBalance) {
	b.merge(&total.Balance, &o.Balance, true)
	b.adder.add(&total.UnexplainedSince, o.UnexplainedSince)
	for i := range total.Waiting {
		total.Waiting[i].Bills += o.Waiting[i].Bills
		b.adder.add(&total.Waiting[i].Fen, o.Waiting[i].Fen)
	}
}

// ages adds up what waits by account and age.
func (b *balances) ages() map[string][4]Waiting {
	ages := make(map[string][4]Waiting)
	for _, bill := range b.waiting {
		age := int(b.to - bill.day)
		sums := ages[bill.account]
		band := slices.IndexFunc(WaitingBands[:], func(band AgeBand) bool { return age >= band.Least && (age <= band.Most || band.Most == 0) })
		sums[band].Bills++
		b.adder.add(&sums[band].Fen, bill.fen)
		ages[bill.account] = sums
	}
	return ages
}

// periods returns the days by day and account; by month if they are too many, or none.
func (b *balances) periods(days []PeriodBalance) (byMonth bool, periods []PeriodBalance) {
	order := func(a, c PeriodBalance) int {
		return cmp.Or(cmp.Compare(a.Period, c.Period), cmp.Compare(a.Account, c.Account))
	}
	if len(days) > maxPeriods {
		byMonth = true
		for _, day := range days { // of an account, one after the other
			day.Period = day.Period[:len("2006-01")]
			if last := len(periods) - 1; last >= 0 && periods[last].Account == day.Account && periods[last].Period == day.Period {
				b.merge(&periods[last].Balance, &day.Balance, false)
				continue
			}
			periods = append(periods, day)
		}
		days = periods
	}
	if len(days) > maxPeriods {
		return byMonth, []PeriodBalance{}
	}
	slices.SortFunc(days, order)
	return byMonth, append([]PeriodBalance{}, days...)
}

// list lists the withdrawals, and adds them up by verdict.
func (b *balances) list(w *Withdrawals) {
	sums := make(map[schema.WithdrawVerdict]*WithdrawSum)
	var own []launched
	for _, one := range b.shown {
		if !b.own[one.Account] {
			continue
		}
		own = append(own, one)
		sum := sums[one.Verdict]
		if sum == nil {
			sum = &WithdrawSum{Verdict: one.Verdict}
			sums[one.Verdict] = sum
		}
		sum.Count++
		b.adder.add(&sum.Amount, one.Amount.V)
		b.adder.add(&sum.Bills, one.Withdrawal.Bills.V)
		b.adder.add(&sum.Diff, one.Diff.V)
	}
	for _, verdict := range schema.WithdrawVerdicts {
		if sums[verdict] != nil {
			w.Verdicts = append(w.Verdicts, *sums[verdict])
		}
	}
	slices.SortStableFunc(own, func(a, c launched) int {
		return cmp.Or(cmp.Compare(urgency(a.Verdict), urgency(c.Verdict)), -cmp.Compare(magnitude(a.Amount.V), magnitude(c.Amount.V)), cmp.Compare(a.ID, c.ID))
	})
	w.Left = int64(max(0, len(own)-MaxWithdrawals))
	for i, one := range own[:min(len(own), MaxWithdrawals)] {
		if i < maxWithdrawnDrills {
			for _, bill := range one.bills[:min(len(one.bills), maxWithdrawnBills)] {
				one.List = append(one.List, bill.WithdrawnBill)
			}
		}
		w.List = append(w.List, one.Withdrawal)
	}
}

// urgency orders verdicts by how soon somebody has to look.
func urgency(v schema.WithdrawVerdict) int {
	return slices.Index([]schema.WithdrawVerdict{schema.WithdrawMismatched, schema.WithdrawNotAsked, schema.WithdrawFailed, schema.WithdrawManual, schema.WithdrawInFlight, schema.Tied}, v)
}

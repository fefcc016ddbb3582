package report

import (
	"time"

	"billwalk/schema"
)

// fixtureWithdrawals are withdrawals of each verdict of one payee, whose sums foot.
func fixtureWithdrawals(day schema.Day, payee string, at time.Time) *Withdrawals {
	some := func(fen schema.Fen) Amount { return Amount(schema.Some(fen)) }
	rows := func(n int64) *int64 { return &n }
	balance := Balance{Opening: 500, In: 28700, Out: 1500, Withdrawn: 12001, Closing: 15699, Unexplained: 2001, BillsWithdrawn: 2, BillsWaiting: 3, BillsUnknown: 1}
	waiting := [4]Waiting{{2, 17000}, {}, {1, 700}, {}}
	first := Balance{Opening: 500, In: 28700, Out: 1500, Closing: 27700, BillsWithdrawn: 2, BillsWaiting: 3, BillsUnknown: 1}
	second := Balance{Opening: 27700, Withdrawn: 12001, Closing: 15699, Unexplained: 2001}
	w := &Withdrawals{
		Since: day - 10, Total: PayeeBalance{Balance: balance, Waiting: waiting, UnexplainedSince: 2001},
		Accounts: []PayeeBalance{{payee, "=收款户 <b>", balance, waiting, 2001}},
		Periods:  []PeriodBalance{{day.String(), payee, first}, {(day + 1).String(), payee, second}},
		List: []Withdrawal{
			{Day: day + 1, Account: payee, ID: "6001", Verdict: schema.WithdrawMismatched, Status: "2", Amount: some(10001), BillRows: rows(2), Bills: some(10000), Diff: some(1), Launched: &at, Paid: &at, Bank: "****1234", LogID: "2026112604120009",
				List: []WithdrawnBill{{"9001", 1, day.String(), some(9500)}, {"9000", 1, "", some(500)}}},
			{Day: day + 1, Account: payee, ID: "6002", Verdict: schema.WithdrawFailed, Status: "3", Amount: some(10000), Launched: &at, Message: "=账户冻结<i>"},
			{Day: day + 1, Account: payee, ID: "6003", Verdict: schema.WithdrawManual, Status: "2", Amount: some(2000), Launched: &at, Paid: &at},
			{Day: day + 1, Account: payee, ID: "6004", Verdict: schema.WithdrawInFlight, Status: "9", Amount: some(300), Launched: &at},
		},
	}
	for _, one := range w.List {
		w.Verdicts = append(w.Verdicts, WithdrawSum{one.Verdict, 1, one.Amount.V, one.Bills.V, one.Diff.V})
	}
	return w
}

// monthOfWithdrawals are as many withdrawals, and days of payees, as a report lists.
func monthOfWithdrawals(day schema.Day, at time.Time) *Withdrawals {
	w := fixtureWithdrawals(day, "7", at)
	sums, one := w.Total.Balance, w.List[0]
	w.Accounts, w.Periods, w.List = nil, nil, nil
	for a := range maxPeriods / 31 {
		payee := PayeeBalance{Account: idOf(a), Name: "收款户", Balance: sums, Waiting: w.Total.Waiting}
		payee.Closing += schema.Fen(scatter(a) % 1_000_000)
		w.Accounts = append(w.Accounts, payee)
		for d := range 31 {
			balance := sums
			balance.In, balance.Closing = schema.Fen(scatter(31*a+d)%10_000_000), schema.Fen(scatter(31*a+d+1)%10_000_000)
			w.Periods = append(w.Periods, PeriodBalance{(day + schema.Day(d)).String(), payee.Account, balance})
		}
	}
	for i := range MaxWithdrawals {
		next := one
		next.ID, next.Account, next.LogID, next.List = idOf(i), idOf(i%100), "20261126"+idOf(i), nil
		if i < maxWithdrawnDrills {
			for n := range maxWithdrawnBills {
				next.List = append(next.List, WithdrawnBill{idOf(1000*i + n), 1, day.String(), Amount(schema.Some(schema.Fen(scatter(i*n) % 100_000)))})
			}
		}
		w.List = append(w.List, next)
	}
	return w
}

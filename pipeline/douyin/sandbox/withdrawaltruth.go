package sandbox

import (
	"slices"
	"strconv"
	"time"

	"billwalk/schema"
)

// Withdrawal is one withdrawal as a lake must hold it.
type Withdrawal struct {
	Account      schema.AccountID `json:"account_id"` // of the payee
	ID           string           `json:"withdraw_id"`
	Day          schema.Day       `json:"launch_date"` // on which it was launched
	Amount       int64            `json:"amount_fen,string"`
	Status       string           `json:"status"` // as received, whether as text or as a number
	LaunchTime   time.Time        `json:"launch_time"`
	WithdrawTime time.Time        `json:"withdraw_time,omitzero"` // when it was paid or failed; zero before
	BankAccount  string           `json:"settle_account"`         // not masked
	Verdict      string           `json:"verdict"`                // tied, mismatched, manual, in_flight or failed
	BillRows     int              `json:"bill_rows"`              // in its list; of one by hand 0
	BillsFen     int64            `json:"bills_fen,string"`       // the sum of those whose direction is known
	DiffFen      *int64           `json:"diff_fen"`               // amount less bills; nil unless tied or mismatched
	Break        string           `json:"break,omitempty"`        // the break that it is planted with
	Exceptions   []string         `json:"exceptions,omitempty"`   // that it raises beside its verdict, sorted
	Bills        []WithdrawnBill  `json:"-"`                      // in the order of its list
}

// WithdrawnBill is one bill in the list of a withdrawal.
type WithdrawnBill struct {
	Account       schema.AccountID // account_id of the bill
	LedgerID      string
	SettleType    int
	SettleSubType int        // 0 if absent
	Day           schema.Day // of the bill, whether a lake has it or not
	FundAmount    *int64     // signed fen; nil is NULL
	Goods         *int64     // likewise
	Payable       *int64     // fund_amount, or goods where there is none; nil if the direction is unknown
	InBills       bool       // a walk of the accounts on the days finds it
	Before        bool       // it is the payee's, of a day before the first
	Differs       bool       // a walk finds it with another worth
}

// Withdrawals returns the withdrawals that the accounts' payees launched on the days
// from..to and not after a time, sorted by account, day and launch, as they stand at that
// time in a lake that has walked the accounts on these days alone. None are of accounts
// for which [Platform.WithdrawalsLost].
func (p *Platform) Withdrawals(accounts []schema.Account, from, to schema.Day, at time.Time) []Withdrawal {
	obtained := p.payeeDays(accounts, from, to)
	var all []Withdrawal
	paid := map[billKey]int{}
	for _, of := range p.withdrawingPayees(accounts) {
		for _, wd := range p.world.launches(of, from, to, at) {
			row := p.withdrawalRow(&wd, from, at, obtained)
			if row.counts() {
				for _, b := range row.Bills {
					paid[b.key()]++
				}
			}
			all = append(all, row)
		}
	}
	for i := range all {
		if row := &all[i]; row.counts() && slices.ContainsFunc(row.Bills, func(b WithdrawnBill) bool { return paid[b.key()] > 1 }) {
			row.Exceptions = append(row.Exceptions, WithdrawnTwice)
		}
		slices.Sort(all[i].Exceptions)
	}
	return all
}

// WithdrawalsLost reports whether no client can ever list the account's withdrawals: its
// merchant has not authorised the app, or every query meets a lasting fault. code is the
// answer's error code, 0 if the answer is malformed.
func (p *Platform) WithdrawalsLost(account schema.AccountID) (code int64, lost bool) {
	of, ok := p.world.payees[account]
	if !ok || p.Unauthorised(of.merchant.account()) {
		return codeUnauthorised, true
	}
	f, ok := p.withdrawalsFault(of)
	return f.code, ok
}

// withdrawingPayees returns the payees that the accounts include, once each, and whose
// withdrawals can be listed.
func (p *Platform) withdrawingPayees(accounts []schema.Account) []*payee {
	var payees []*payee
	for _, account := range accounts {
		scope, _ := p.world.scopeOf(account)
		for _, of := range scope.payees {
			if _, lost := p.WithdrawalsLost(of.id); !lost && !slices.Contains(payees, of) {
				payees = append(payees, of)
			}
		}
	}
	return payees
}

// payeeDays returns the payees' days that walks of the accounts obtain.
func (p *Platform) payeeDays(accounts []schema.Account, from, to schema.Day) map[place]bool {
	days := map[place]bool{}
	for at := range p.obtained(unitsOf(accounts, from, to)) {
		days[at] = true
	}
	return days
}

// billKey is the key of a bill in a lake.
type billKey struct {
	ledger        string
	settle, under int
}

func (b *WithdrawnBill) key() billKey { return billKey{b.LedgerID, b.SettleType, b.SettleSubType} }

// counts reports whether the withdrawal was paid, and its bills are known.
func (w *Withdrawal) counts() bool { return w.Verdict == tied || w.Verdict == mismatched }

func (p *Platform) withdrawalRow(wd *withdrawal, from schema.Day, at time.Time, obtained map[place]bool) Withdrawal {
	state := wd.at(at)
	row := Withdrawal{
		Account: wd.payee.id, ID: wd.id, Day: wd.day(), Amount: wd.amount, Status: strconv.Itoa(state.status), LaunchTime: wd.launched,
		BankAccount: wd.payee.bankAccount(),
	}
	if slices.ContainsFunc(p.world.breaks.kinds, func(b BreakDoc) bool { return b.Name == wd.story }) {
		row.Break = wd.story
	}
	if state.status == withdrawPaid || state.status == withdrawFailed {
		row.WithdrawTime = state.from
	}
	if p.manual(wd) == 0 {
		for _, b := range p.world.list(wd, 0, p.world.listLength(wd)) {
			bill := b.row(b.known && obtained[place{payee: b.at.payee, day: b.at.day}])
			bill.Before = b.at.payee == wd.payee && b.at.day < from
			row.Bills = append(row.Bills, bill)
		}
	}
	row.BillRows = len(row.Bills)
	for _, b := range row.Bills {
		if b.Payable != nil {
			row.BillsFen += *b.Payable
		}
	}
	row.judge(state.status, p.manual(wd) != 0)
	return row
}

// judge sets the verdict, and the exceptions of this withdrawal alone.
func (w *Withdrawal) judge(status int, byHand bool) {
	switch diff := w.Amount - w.BillsFen; {
	case status == withdrawFailed:
		w.Verdict = failed
	case status != withdrawPaid:
		w.Verdict = inFlight
	case byHand:
		w.Verdict = manual
	default:
		w.DiffFen = &diff
		w.Verdict = tied
		if diff != 0 {
			w.Verdict = mismatched
		}
	}
	if status == withdrawUnknown {
		w.Exceptions = append(w.Exceptions, StatusUnknown)
	}
	if !w.counts() {
		return
	}
	for rule, raised := range map[string]func(WithdrawnBill) bool{
		NotInBills:       func(b WithdrawnBill) bool { return !b.InBills && !b.Before },
		BeforeFirstDay:   func(b WithdrawnBill) bool { return b.Before },
		AmountDiffers:    func(b WithdrawnBill) bool { return b.Differs },
		DirectionUnknown: func(b WithdrawnBill) bool { return b.Payable == nil },
	} {
		if slices.ContainsFunc(w.Bills, raised) {
			w.Exceptions = append(w.Exceptions, rule)
		}
	}
}

func (b *listedBill) row(inBills bool) WithdrawnBill {
	row := WithdrawnBill{
		Account: schema.AccountID(b.AccountID), LedgerID: b.LedgerID, SettleType: b.SettleType, SettleSubType: b.SettleSubType, Day: b.at.day, InBills: inBills,
	}
	if fen, ok := b.signed(fundAmount); ok {
		row.FundAmount = &fen
	}
	if fen, ok := b.signed(goods); ok {
		row.Goods = &fen
	}
	if fen, ok := b.payable(); ok {
		row.Payable = &fen
		row.Differs = inBills && fen != b.walked
	}
	return row
}

package sandbox

import (
	"time"

	"billwalk/schema"
)

// States of a bill's money.
const (
	BillWithdrawn       = "withdrawn"        // a withdrawal that was paid lists it
	BillWaiting         = "waiting"          // none does, as far as the lists tell
	BillNotWithdrawable = "not_withdrawable" // its direction is unknown
)

// BillState is where the money of one bill of a lake is.
type BillState struct {
	Account       schema.AccountID // of the payee
	Day           schema.Day
	LedgerID      string
	SettleType    int
	SettleSubType int // 0 if absent
	State         string
	Fen           int64    // what it adds to the account's balance, signed; 0 if not withdrawable
	WithdrawIDs   []string // of the paid withdrawals that list it
	NotWithdrawn  bool     // the break of its payout, which no withdrawal ever pays
}

// Balance is one payee's day of the roll-forward, in fen:
// Opening + In − Out − Withdrawn = Closing.
type Balance struct {
	Account schema.AccountID `json:"account_id"`
	Day     schema.Day       `json:"date"`
	Opening int64            `json:"opening_fen,string"` // of the first day, what the withdrawals pay of earlier days; then the closing of the day before
	In      int64            `json:"in_fen,string"`      // bills to the merchant
	Out     int64            `json:"out_fen,string"`     // bills from the merchant, without a sign
	// Withdrawn is the amount of the withdrawals launched on the day that are paid, those by hand included.
	Withdrawn int64 `json:"withdrawn_fen,string"`
	Closing   int64 `json:"closing_fen,string"`

	BillsWithdrawn  int   `json:"bills_withdrawn"` // of the day's bills, by their state
	BillsWaiting    int   `json:"bills_waiting"`
	BillsUnknown    int   `json:"bills_not_withdrawable"`
	WaitingFen      int64 `json:"waiting_fen,string"`      // of the day's bills
	WithdrawnBefore int64 `json:"paid_of_earlier,string"`  // what the day's withdrawals pay of days before the first
	Unexplained     int64 `json:"paid_unexplained,string"` // what they pay beyond their bills' worth by the walks, each bill once; by hand, all of it
}

// BillStates returns the state of each bill of [Platform.Truth] that counts, under the
// conditions of [Platform.Withdrawals].
func (p *Platform) BillStates(accounts []schema.Account, from, to schema.Day, at time.Time) []BillState {
	return p.billStates(accounts, from, to, p.Withdrawals(accounts, from, to, at))
}

func (p *Platform) billStates(accounts []schema.Account, from, to schema.Day, withdrawals []Withdrawal) []BillState {
	paid := map[billKey][]string{}
	for i := range withdrawals {
		if w := &withdrawals[i]; w.counts() {
			for _, b := range w.Bills {
				paid[b.key()] = append(paid[b.key()], w.ID)
			}
		}
	}
	var states []BillState
	for at := range p.obtained(unitsOf(accounts, from, to)) {
		left := p.world.notWithdrawn(at.payee, at.day)
		for b := range p.world.distinctBills(at.payee, at.day) {
			if b.again {
				continue
			}
			key := billKey{b.LedgerID, b.SettleType, b.SettleSubType}
			state := BillState{
				Account: at.payee.id, Day: at.day, LedgerID: b.LedgerID, SettleType: b.SettleType, SettleSubType: b.SettleSubType,
				WithdrawIDs: paid[key], State: BillWaiting, NotWithdrawn: left[key],
			}
			fen, ok := b.payable()
			switch state.Fen = fen; {
			case !ok:
				state.State, state.Fen = BillNotWithdrawable, 0
			case len(state.WithdrawIDs) > 0:
				state.State = BillWithdrawn
			}
			states = append(states, state)
		}
	}
	return states
}

// notWithdrawn returns the bills of a payee's day whose payout has the break NotWithdrawn.
func (w *world) notWithdrawn(of *payee, day schema.Day) map[billKey]bool {
	bills := map[billKey]bool{}
	for payout := range w.payouts(of, day, day+maxPayoutDays) {
		if payout.first > day || !w.withdraws || w.figures(payout).fen <= 0 || w.storyOfPayout(payout) != NotWithdrawn {
			continue
		}
		for at := range w.places(payout) {
			if at.day == day {
				b := w.bill(at)
				bills[billKey{b.LedgerID, b.SettleType, b.SettleSubType}] = true
			}
		}
	}
	return bills
}

// Balances returns the roll-forward of each payee of the accounts and each day from..to,
// under the conditions of [Platform.Withdrawals], sorted by payee and day. Whatever the
// world, a payee's last closing and all that is unexplained are what waits of all days.
func (p *Platform) Balances(accounts []schema.Account, from, to schema.Day, at time.Time) []Balance {
	withdrawals := p.Withdrawals(accounts, from, to, at)
	var all []Balance
	index := map[schema.AccountID]int{}
	for _, account := range accounts {
		scope, _ := p.world.scopeOf(account)
		for _, of := range scope.payees {
			if _, ok := index[of.id]; ok {
				continue
			}
			index[of.id] = len(all)
			for day := from; day <= to; day++ {
				all = append(all, Balance{Account: of.id, Day: day})
			}
		}
	}
	worth := map[billKey]int64{}
	for _, b := range p.billStates(accounts, from, to, withdrawals) {
		all[index[b.Account]+int(b.Day-from)].addBill(b)
		worth[billKey{b.LedgerID, b.SettleType, b.SettleSubType}] = b.Fen
	}
	for i := range withdrawals {
		for _, bill := range withdrawals[i].Bills {
			if bill.Before && bill.Payable != nil {
				worth[bill.key()] = *bill.Payable
			}
		}
	}
	for i := range withdrawals {
		w := &withdrawals[i]
		all[index[w.Account]+int(w.Day-from)].addWithdrawal(w, worth)
	}
	for _, first := range index {
		rows := all[first : first+int(to-from)+1]
		for _, row := range rows {
			rows[0].Opening += row.WithdrawnBefore
		}
		for i := range rows {
			if i > 0 {
				rows[i].Opening = rows[i-1].Closing
			}
			rows[i].Closing = rows[i].Opening + rows[i].In - rows[i].Out - rows[i].Withdrawn
		}
	}
	return all
}

func (b *Balance) addBill(s BillState) {
	b.In += max(s.Fen, 0)
	b.Out += max(-s.Fen, 0)
	switch s.State {
	case BillWithdrawn:
		b.BillsWithdrawn++
	case BillWaiting:
		b.BillsWaiting++
		b.WaitingFen += s.Fen
	default:
		b.BillsUnknown++
	}
}

// addWithdrawal adds a withdrawal that was paid. worth has the bills that were not paid
// yet, and what each adds to the balance.
func (b *Balance) addWithdrawal(w *Withdrawal, worth map[billKey]int64) {
	if !w.counts() && w.Verdict != manual {
		return
	}
	b.Withdrawn += w.Amount
	b.Unexplained += w.Amount
	for _, bill := range w.Bills {
		fen := worth[bill.key()]
		delete(worth, bill.key())
		b.Unexplained -= fen
		if bill.Before {
			b.WithdrawnBefore += fen
		}
	}
}

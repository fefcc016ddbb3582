package sandbox

import (
	"cmp"
	"slices"
	"time"

	"billwalk/schema"
)

// Statuses of a withdrawal, as a job has them by default: the platform documents none.
const (
	withdrawInFlight = 1
	withdrawPaid     = 2
	withdrawFailed   = 3
	withdrawUnknown  = 9
)

// The stories of withdrawals beside the breaks. None of them leaves a difference.
const (
	paidAtOnce   = ""
	paidSlowly   = "paid slowly"  // one to three days in flight
	retried      = "retried"      // fails, and another pays the same bills on the next day
	paidByHand   = "by hand"      // of bills that [Platform.Unavailable] withholds
	paidNoDetail = "no detail"    // likewise
	maxRetryDays = schema.Day(4)  // from the last day of a payout to the launch of its last withdrawal
	secondLaunch = 24 * time.Hour // after the first
	returnedAt   = 51 * time.Hour // after the launch
	afterReturn  = 72 * time.Hour // likewise: the launch of the withdrawal that follows
)

// withdrawal is one withdrawal of a payout.
type withdrawal struct {
	payout
	story    string
	attempt  int // of the payout's withdrawals, from 0
	id       string
	amount   int64
	launched time.Time
	states   []withdrawalState // in their order, the first from the launch on
}

type withdrawalState struct {
	from   time.Time
	status int
}

// at returns the state at a time. It must not be before the launch.
func (w *withdrawal) at(t time.Time) withdrawalState {
	state := w.states[0]
	for _, s := range w.states {
		if !s.from.After(t) {
			state = s
		}
	}
	return state
}

func (w *withdrawal) day() schema.Day { return schema.DayOf(w.launched) }

// manual returns the error code of a query for the withdrawal's bills, 0 for none.
func (w *withdrawal) manual() int64 {
	switch w.story {
	case Manual, paidByHand:
		return codeWithdrawnByHand
	case ManualNoDetail, paidNoDetail:
		return codeNoDetail
	}
	return 0
}

// storyOfPayout returns the break of the payout, or the story of an ordinary one.
func (w *world) storyOfPayout(of payout) string {
	if kind := w.breakOf(of); kind != "" {
		return kind
	}
	if m := of.payee.merchant; w.withdrawsByHand(m) {
		switch third(of.last) {
		case 0:
			if m.index%dozen == withdrawnByHand {
				return paidByHand
			}
		case 1:
			if m.index%dozen == withdrawnNoDetail {
				return paidNoDetail
			}
		}
	}
	switch w.payoutDice(of, "withdrawal") % 8 {
	case 0:
		return retried
	case 1, 2:
		return paidSlowly
	}
	return paidAtOnce
}

func (w *world) payoutDice(of payout, what string) uint64 {
	return w.dice(place{of.payee, of.last, of.part}, what)
}

// withdrawals returns the withdrawals of the payout, none if there is nothing to pay.
func (w *world) withdrawals(of payout) []withdrawal {
	f := w.figures(of)
	if f.fen <= 0 {
		return nil
	}
	chance := w.payoutDice(of, "launch")
	start := (of.last + 1).Start().Add(time.Hour + time.Duration(of.part)*5*time.Hour + time.Duration(chance%(4*3600))*time.Second)
	first := withdrawal{payout: of, story: w.storyOfPayout(of), launched: start}
	first.amount = w.amountOf(&first, f)
	takes := 10*time.Minute + time.Duration(chance>>32%(3*3600))*time.Second
	if first.story == paidSlowly {
		takes += time.Duration(1+chance>>16%3) * 24 * time.Hour
	}
	first.end(takes, withdrawPaid)
	all := []withdrawal{first}
	switch again := 0 * time.Hour; first.story {
	case NotWithdrawn:
		return nil
	case Stuck:
		all[0].states = all[0].states[:1]
	case UnknownStatus:
		all[0].end(takes, withdrawUnknown)
	case FailedForGood:
		all[0].end(takes, withdrawFailed)
	case retried, PaidTwice, Returned:
		again = secondLaunch
		switch first.story {
		case retried:
			all[0].end(takes, withdrawFailed)
		case Returned:
			again = afterReturn
			all[0].states = append(all[0].states, withdrawalState{start.Add(returnedAt), withdrawFailed})
		}
		next := first
		next.attempt, next.launched = 1, start.Add(again)
		next.end(takes, withdrawPaid)
		all = append(all, next)
	}
	for i := range all {
		all[i].id = w.withdrawalID(&all[i])
	}
	return all
}

// end has the withdrawal in flight until some time after its launch.
func (w *withdrawal) end(after time.Duration, status int) {
	w.states = []withdrawalState{{w.launched, withdrawInFlight}, {w.launched.Add(after), status}}
}

const maxAttempts = 10

func (w *world) withdrawalID(wd *withdrawal) string {
	return w.id(place{wd.payee, wd.last, wd.part*maxAttempts + wd.attempt}, idWithdrawal)
}

// launches returns the payee's withdrawals that were launched on the days from..to and
// not after a time, by their launch.
func (w *world) launches(of *payee, from, to schema.Day, until time.Time) []withdrawal {
	var list []withdrawal
	if !w.withdraws {
		return nil
	}
	for p := range w.payouts(of, from-maxRetryDays, to-1) {
		for _, wd := range w.withdrawals(p) {
			if day := wd.day(); day >= from && day <= to && !wd.launched.After(until) {
				list = append(list, wd)
			}
		}
	}
	slices.SortFunc(list, func(a, b withdrawal) int {
		return cmp.Or(a.launched.Compare(b.launched), cmp.Compare(a.id, b.id))
	})
	return list
}

// findWithdrawal returns the payee's withdrawal with the id, if it was launched by then.
func (w *world) findWithdrawal(of *payee, id string, until time.Time) (withdrawal, bool) {
	kind, number, day, slot, ok := readID(w.seed, id)
	if !ok || !w.withdraws || kind != idWithdrawal || number != of.number {
		return withdrawal{}, false
	}
	for p := range w.payouts(of, schema.Day(day), schema.Day(day)) {
		for _, wd := range w.withdrawals(p) {
			if wd.id == id && wd.part*maxAttempts+wd.attempt == slot && !wd.launched.After(until) {
				return wd, true
			}
		}
	}
	return withdrawal{}, false
}

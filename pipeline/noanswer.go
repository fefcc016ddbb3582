package pipeline

import (
	"fmt"

	"billwalk/schema"
)

// noAnswer is an entry of the archive that is no answer to its question: mostly an
// error that an earlier version took for one.
type noAnswer struct {
	schema.Question
	account schema.AccountID
	fetched int64 // microseconds
	fault   error
}

// refuse notes an entry that is no answer.
func (b *book) refuse(a *schema.SettleAnswer, why error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.none[a.Day] = append(b.none[a.Day], noAnswer{
		Question: a.Question(), account: a.Account, fetched: a.FetchedAt.UnixMicro(),
		fault: fmt.Errorf("archive object %s: the answer to %s %q: %w", a.Key, a.Parameter, a.Value, why),
	})
}

// unanswered returns what is filed under a day and is no answer, where none that was
// fetched later is known.
func (b *book) unanswered(day schema.Day) (left []noAnswer) {
	b.mu.RLock()
	none := b.none[day]
	b.mu.RUnlock()
	for _, n := range none {
		if b.around(n.Question, day).fetched < n.fetched {
			left = append(left, n)
		}
	}
	return left
}

// askAnew returns, as orders of their own, the questions of the unit to which the
// archive has no answer although it looks so. Those that its orders do not ask any
// more are among them.
func (b *book) askAnew(u schema.Unit) (orders []wanted) {
	asked := make(map[fingerprint]bool)
	for _, n := range b.unanswered(u.Day) {
		if f := fingerprintOf(n.Question); n.account == u.Account.ID && !asked[f] {
			asked[f] = true
			orders = append(orders, wanted{key: n.Value, account: n.account, questions: []schema.Question{n.Question}, anew: true})
		}
	}
	return orders
}

// answered looks for entries of the days that are no answers. A run asks again for
// them, and only logs it; for a replay they are an error.
func (b *builder) answered(from, to schema.Day) error {
	for day := from; day <= to; day++ {
		none := b.book.unanswered(day)
		switch {
		case len(none) == 0:
		case b.Trade == nil:
			return none[0].fault
		case !b.warned[day]:
			b.warned[day] = true
			b.Log.Warn("the archive has errors in place of answers of the settle query: they are asked for again", "bill_date", day, "answers", len(none), "error", none[0].fault)
		}
	}
	return nil
}

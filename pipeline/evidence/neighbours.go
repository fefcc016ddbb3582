package evidence

import (
	"context"
	"slices"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// Several processes may share a run, each with buckets of its own. What one of them knows of
// the bills of another is, first of all, by which ids they are known.

// IDs returns, sorted, what the forward bills of a partition are known by: their orders, what
// they may be queried by, and their items. All processes have the same.
func (e *Evidence) IDs(ctx context.Context, at schema.Partition) (ids []uint64, err error) {
	for bill, err := range e.bills.forward(ctx, at, e.Rules.Columns()...) {
		if err != nil {
			return nil, err
		}
		ids = e.appendIDs(ids, bill)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// appendIDs appends what a bill is known by.
func (e *Evidence) appendIDs(ids []uint64, bill *reconcile.Bill) []uint64 {
	ids = append(ids, orderID(bill.OrderKey()))
	for _, q := range e.Rules.Queries([]reconcile.Bill{*bill}) {
		ids = append(ids, hashQuery(q).short())
	}
	if bill.ItemOrderID != "" {
		ids = append(ids, hashID(itemMatch.Parameter, bill.ItemOrderID).short())
	}
	return ids
}

// HasIDs reports whether one of an order's forward bills is known by one of the ids, which are
// sorted.
func (e *Evidence) HasIDs(bills []reconcile.Bill, ids []uint64) bool {
	var own []uint64
	for i := range bills {
		if b := &bills[i]; b.Forward() && b.OrderKey() != "" {
			own = e.appendIDs(own, b)
		}
	}
	return slices.ContainsFunc(own, func(id uint64) bool { _, has := slices.BinarySearch(ids, id); return has })
}

func orderID(key string) uint64 { return hashID("order", key).short() }

// ofAnswer marks the id of a settlement in an answer: callbacks that name it belong to a bill, or
// did. It links no orders.
const ofAnswer = 1 << 63

// AnswerIDs loads the answers of a day's window, and returns, sorted, by which ids callbacks may
// name the settlements of those that are filed under the day.
func (e *Evidence) AnswerIDs(ctx context.Context, day schema.Day) (ids []uint64, err error) {
	if !e.HasCallbacks() {
		return nil, nil
	}
	if err := e.LoadAnswers(ctx, day); err != nil {
		return nil, err
	}
	e.answers.mu.RLock()
	defer e.answers.mu.RUnlock()
	for id, sources := range e.answers.byID {
		for _, s := range sources {
			if last := e.answers.days[day].Find(s.query.key()); last != nil && last.on(day).place == s.place {
				ids = append(ids, id.short()^ofAnswer)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// IDsOf returns the ids of queries, as IDs has them.
func IDsOf(queries []schema.Query) (ids []uint64) {
	for _, q := range queries {
		ids = append(ids, hashQuery(q).short())
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// AddForeign notes the ids of a partition of another process whose bills this one does not read:
// the callbacks that name them belong to bills.
func (e *Evidence) AddForeign(at schema.Partition, ids []uint64) {
	if e.HasCallbacks() {
		e.foreign[at] = ids
	}
}

// foreignDays returns the days, within reach of a callback's event, on which other processes have
// bills that it names, or another settlement with its order_id.
func (e *Evidence) foreignDays(s *callbackState) (days []schema.Day) {
	if len(e.foreign) == 0 {
		return nil
	}
	ids := s.ids.all()
	if s.ids.order != (idHash{}) {
		for other := range e.callbacks.with(s.ids.order) {
			ids = append(ids, other.ids.all()...)
		}
	}
	for at := range e.bills.partitions(s.day, linkDays(e.Rules.Lookback)) {
		list := e.foreign[at]
		if slices.ContainsFunc(ids, func(id idHash) bool {
			_, has := slices.BinarySearch(list, id.short())
			_, answered := slices.BinarySearch(list, id.short()^ofAnswer)
			return (has || answered) && id != (idHash{})
		}) {
			days = append(days, at.Day)
		}
	}
	return slices.Compact(days)
}

// Reload gives up what is known of answers and bills: both are read again, by what Wanted and
// Bills give by now.
func (e *Evidence) Reload() error {
	answers, err := newAnswers(e.Archive, e.Wanted, e.Rules.Match, e.answers.window)
	if err != nil {
		return err
	}
	answers.indexed = e.answers.indexed
	e.answers.close()
	e.answers = answers
	e.bills.forgetAll()
	return nil
}

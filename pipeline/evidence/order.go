package evidence

import (
	"cmp"
	"slices"
	"strings"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/reconcile"
	"billwalk/pipeline/spill"
	"billwalk/schema"
)

// Order is what is known of one order's settlements, as they count on one day.
type Order struct {
	Settlements []Row
	Foreign     []ForeignRow          // settlements of other orders, in its answers
	Answers     []QueryAnswer         // that the archive has, by match rule
	Elsewhere   []PublishedElsewhere  // settlements that count on other days
	Late        []PublishedElsewhere  // that have succeeded since the day that has them was published
	Shared      []SharedSettlement    // that count for other orders
	Published   map[string]schema.Day // by settle_id: where others are published, and stay
	linked      []int32               // callbacks, by index
}

// QueryAnswer is the last answer to a query.
type QueryAnswer struct {
	schema.Query
	Answer
}

// Order returns what is known of an order on a day. bills are its forward bills of the
// day's window.
func (e *Evidence) Order(day schema.Day, bills []reconcile.Bill) (*Order, error) {
	return e.NewOrderReader().Read(day, bills)
}

// OrderReader reads orders one after the other into the same memory: what is known of one is
// good until the next. It is not safe for concurrent use.
type OrderReader struct {
	*Evidence
	Ahead    bool // LoadAhead was called for the day: whether a settlement counts beyond its window is known
	order    Order
	queries  []schema.Query
	rows     []normalise.SettleRow // of an answer
	answered answeredRows
	got      map[spill.Place]map[string]bool // by answer: the settlements, of those looked up
	far      map[string]bool                 // by settle_id: in an answer that serves for other days of the window alone
}

// NewOrderReader returns a reader of orders.
func (e *Evidence) NewOrderReader() *OrderReader { return &OrderReader{Evidence: e} }

// Read is Evidence.Order.
func (r *OrderReader) Read(day schema.Day, bills []reconcile.Bill) (*Order, error) {
	e, o := r.Evidence, &r.order
	*o = Order{Settlements: o.Settlements[:0], Answers: o.Answers[:0]}
	r.answered.reset()
	r.queries = e.appendQueries(r.queries[:0], bills)
	for _, q := range r.queries {
		last := e.answers.around(q, day)
		if last.Outcome == NoAnswer {
			continue
		}
		o.Answers = append(o.Answers, QueryAnswer{q, last})
		if last.Outcome == Empty {
			continue
		}
		answer, err := e.answers.read(last, r.rows)
		if err != nil {
			return nil, err
		}
		r.rows = answer.rows
		for i := range answer.rows {
			if row := &answer.rows[i]; row.Foreign {
				o.Foreign = append(o.Foreign, ForeignRow{*row, q, answer.received})
			} else {
				r.answered.add(row)
			}
		}
	}
	if err := r.addFar(day); err != nil {
		return nil, err
	}
	if err := e.addCallbacks(o, r.answered.rows, bills); err != nil {
		return nil, err
	}
	if err := r.leaveElsewhere(day, bills); err != nil {
		return nil, err
	}
	return o, nil
}

// appendQueries appends to an empty list what may have been queried for the order, on any day.
func (e *Evidence) appendQueries(all []schema.Query, bills []reconcile.Bill) []schema.Query {
	if !reconcile.HasOtherDays(bills, bills[0].Day) {
		return e.Rules.AppendQueries(all, bills)
	}
	days := make(map[schema.Day][]reconcile.Bill, 1)
	for _, b := range bills {
		days[b.Day] = append(days[b.Day], b)
	}
	for _, bills := range days {
		for _, q := range e.Rules.Queries(bills) {
			if !slices.Contains(all, q) {
				all = append(all, q)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b schema.Query) int { // by rule; the days came in any order
		return cmp.Or(slices.Index(e.Rules.Match, a.Match)-slices.Index(e.Rules.Match, b.Match), strings.Compare(a.Value, b.Value))
	})
	return all
}

// answeredRows are the settlements of an order's answers. Where two answers have the
// same one, the later answer counts; of the same time, the first.
type answeredRows struct {
	rows   []normalise.SettleRow
	places map[string]int // by settle_id, once there are several
}

// reset removes the settlements, and keeps the memory.
func (a *answeredRows) reset() {
	a.rows = a.rows[:0]
	clear(a.places)
}

// add adds a row.
func (a *answeredRows) add(row *normalise.SettleRow) {
	if len(a.rows) == 0 {
		a.rows = append(a.rows, *row)
		return
	}
	if a.places == nil {
		a.places = make(map[string]int)
	}
	if len(a.rows) == 1 {
		a.places[a.rows[0].Settlement.SettleID] = 0
	}
	id := row.Settlement.SettleID
	at, known := a.places[id]
	switch {
	case !known:
		a.places[id] = len(a.rows)
		a.rows = append(a.rows, *row)
	case row.Settlement.FetchedAt.After(a.rows[at].Settlement.FetchedAt):
		a.rows[at] = *row
	}
}

// addCallbacks adds the callbacks of the order to the settlements of its answers.
func (e *Evidence) addCallbacks(o *Order, answered []normalise.SettleRow, bills []reconcile.Bill) error {
	if e.callbacks.none() {
		for i := range answered {
			o.Settlements = append(o.Settlements, Row{SettleRow: answered[i]})
		}
		return nil
	}
	links := e.links(bills, answered)
	for _, l := range links.all {
		o.linked = append(o.linked, l.state.index)
	}
	for i := range answered {
		callbacks, err := e.callbacks.readAll(links.take(settleIDs(&answered[i].Settlement)...))
		if err != nil {
			return err
		}
		o.Settlements = append(o.Settlements, merge(&answered[i], callbacks)...)
	}
	for _, first := range links.all {
		if first.state == nil {
			continue // taken
		}
		callbacks, err := e.callbacks.readAll(links.take(first.state.ids.settle))
		if err != nil {
			return err
		}
		for _, row := range merge(nil, callbacks) {
			row.Settlement.AskedBy = schema.Some(first.by)
			if o.unconfirmed(&row.Settlement) {
				row.addUnconfirmed()
			}
			o.Settlements = append(o.Settlements, row)
		}
	}
	return nil
}

// unconfirmed reports whether the settlement's order was queried after the callback
// came: the answer would have the settlement.
func (o *Order) unconfirmed(s *schema.Settlement) bool {
	return s.OrderID.Valid && slices.ContainsFunc(o.Answers, func(a QueryAnswer) bool {
		ofOrder := a.Parameter == "order_id" && a.Value == s.OrderID.V
		return ofOrder && a.Fetched > s.FetchedAt.UnixMicro()
	})
}

// CoveredByCallbacks reports whether callbacks say so much of the order that it need not
// be queried: every settlement is final, and those that succeeded reach what was billed.
// A callback that was lost, such as of a second try, would leave less.
func (o *Order) CoveredByCallbacks(bills []reconcile.Bill) bool {
	called := false
	var settled, billed []schema.Null[schema.Fen]
	for i := range o.Settlements {
		s := &o.Settlements[i].Settlement
		called = called || s.Source != schema.SourceQuery
		if !s.Status.Final() || o.Settlements[i].Contradicted {
			return false
		}
		if s.Status == schema.StatusSuccess {
			settled = append(settled, s.Amount)
		}
	}
	for i := range bills {
		billed = append(billed, bills[i].Legs[schema.LegTotal])
	}
	paid, paidErr := schema.Total(settled...)
	due, dueErr := schema.Total(billed...)
	return called && len(settled) > 0 && paid.Valid && due.Valid && paidErr == nil && dueErr == nil && paid.V >= due.V
}

// Contradicted reports whether a callback has come since the query was answered, and
// says otherwise.
func (o *Order) Contradicted() bool {
	return slices.ContainsFunc(o.Settlements, func(r Row) bool { return r.Contradicted })
}

// MarkLinked notes that the callbacks of an order belong to it, whose bills are all of
// one day: they need not be looked at as unmatched ones. Safe for concurrent use.
func (e *Evidence) MarkLinked(o *Order) {
	for _, index := range o.linked {
		e.callbacks.linked[index].Store(true)
	}
}

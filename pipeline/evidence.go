package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/notified"
	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// evidence is all that is known of settlements: what the trade system answered,
// and what its callbacks told.
type evidence struct {
	rules     *reconcile.Rules
	rows      normalise.Normaliser
	book      *book
	callbacks *callbacks

	neighbours *neighbours // of the bills that callbacks may be of
	standing   *standing
}

// found is what is known of one order's settlements.
type found struct {
	settlements []notified.Row
	foreign     []foreignRow
	answers     []answeredQuestion
	linked      []int32               // callbacks, by their place
	away        []awaySettlement      // they count on other days
	late        []awaySettlement      // they succeeded after the day where they stand was built for the last time
	stands      map[string]schema.Day // by settle_id: where others are published
}

// foreignRow is a settlement of another order than the answer is to.
type foreignRow struct {
	normalise.SettleRow
	question schema.Question
	answer   *schema.SettleAnswer
}

// asked returns the bill that the answer was asked for: the first of the order that has
// the id, of those that the answer is filed under.
func (f *foreignRow) asked(bills []reconcile.Bill) *reconcile.Bill {
	first := slices.MinFunc(bills, func(a, b reconcile.Bill) int {
		return cmp.Or(
			compareBools(b.Matches(f.question), a.Matches(f.question)),
			compareBools(f.filed(&b), f.filed(&a)),
			compareKeys(&a.BillKey, &b.BillKey),
		)
	})
	return &first
}

// exceptions returns what is wrong with the settlement, with the bill that was asked for.
func (f *foreignRow) exceptions(asked *reconcile.Bill) []schema.Exception {
	for i := range f.Exceptions {
		e := &f.Exceptions[i]
		e.ShopOrderID, e.AccountID, e.LedgerID = schema.Some(asked.OrderKey()), schema.Some(asked.AccountID), schema.Some(asked.LedgerID)
	}
	return f.Exceptions
}

// filed says that the answer is filed under the bill's unit.
func (f *foreignRow) filed(b *reconcile.Bill) bool {
	return b.Day == f.answer.Day && b.Account == f.answer.Account
}

// answeredQuestion is the last answer to a question.
type answeredQuestion struct {
	schema.Question
	known
}

// of returns what is known of an order as the day looks at it; bills are the
// order's forward bills of the day's window.
func (e *evidence) of(day schema.Day, bills []reconcile.Bill) (*found, error) {
	f := new(found)
	var queried answeredRows
	for _, q := range e.questions(bills) {
		last := e.book.around(q, day)
		if last.outcome == unknown {
			continue
		}
		f.answers = append(f.answers, answeredQuestion{q, last})
		if last.outcome == nothing {
			continue
		}
		answer, err := e.book.read(last)
		if err != nil {
			return nil, err
		}
		records, err := normalise.DecodeSettlements(answer.Body)
		if err != nil {
			return nil, fmt.Errorf("archive object %s: %w", answer.Key, err)
		}
		for i := range records {
			row := e.rows.Settlement(records[i], &answer)
			if row.Foreign {
				f.foreign = append(f.foreign, foreignRow{row, q, &answer})
				continue
			}
			queried.add(row)
		}
	}
	if err := e.merge(f, queried.rows, bills); err != nil {
		return nil, err
	}
	e.leaveElsewhere(f, day, bills)
	return f, nil
}

// answeredRows are the settlements of an order's answers. Of two answers that have
// one, the later one counts; of the same time, the first.
type answeredRows struct {
	rows   []normalise.SettleRow
	places map[string]int // by settle_id
}

func (a *answeredRows) add(row normalise.SettleRow) {
	if a.places == nil {
		a.places = make(map[string]int)
	}
	id := row.Settlement.SettleID
	at, known := a.places[id]
	switch {
	case !known:
		a.places[id] = len(a.rows)
		a.rows = append(a.rows, row)
	case row.Settlement.FetchedAt.After(a.rows[at].Settlement.FetchedAt):
		a.rows[at] = row
	}
}

// questions returns what may have been asked for the order, on any day.
func (e *evidence) questions(bills []reconcile.Bill) []schema.Question {
	days := make(map[schema.Day][]reconcile.Bill, 1)
	for _, b := range bills {
		days[b.Day] = append(days[b.Day], b)
	}
	var all []schema.Question
	for _, bills := range days {
		for _, q := range e.rules.Questions(bills) {
			if !slices.Contains(all, q) {
				all = append(all, q)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b schema.Question) int { // by rule; days have no order here
		return cmp.Or(slices.Index(e.rules.Match, a.Match)-slices.Index(e.rules.Match, b.Match), strings.Compare(a.Value, b.Value))
	})
	return all
}

// merge adds what callbacks tell of the order to what was answered.
func (e *evidence) merge(f *found, queried []normalise.SettleRow, bills []reconcile.Bill) error {
	links := e.linked(bills, queried)
	for _, l := range links.all {
		f.linked = append(f.linked, l.state.place)
	}
	for i := range queried {
		states, err := e.callbacks.readAll(links.take(settleIDs(&queried[i].Settlement)...))
		if err != nil {
			return err
		}
		f.settlements = append(f.settlements, notified.Merge(&queried[i], states)...)
	}
	for _, first := range links.all {
		if first.state == nil {
			continue // taken
		}
		states, err := e.callbacks.readAll(links.take(first.state.ids.settle))
		if err != nil {
			return err
		}
		for _, row := range notified.Merge(nil, states) {
			row.Settlement.AskedBy = schema.Some(first.by)
			if f.unconfirmed(&row.Settlement) {
				row.Exceptions = append(slices.Clip(row.Exceptions), notified.Unconfirmed(&row))
			}
			f.settlements = append(f.settlements, row)
		}
	}
	return nil
}

// unconfirmed says that the query was asked for the settlement's order after the
// callback came: its answer would have the settlement.
func (f *found) unconfirmed(s *schema.Settlement) bool {
	return s.OrderID.Valid && slices.ContainsFunc(f.answers, func(a answeredQuestion) bool {
		ofOrder := a.Parameter == "order_id" && a.Value == s.OrderID.V
		return ofOrder && a.fetched > s.FetchedAt.UnixMicro()
	})
}

// complete says that callbacks tell so much of the order that there is nothing to
// ask: all is final, and what succeeded reaches what was billed. So a callback that
// was lost, such as of a second try, is not missed.
func (f *found) complete(bills []reconcile.Bill) bool {
	told := false
	var settled, billed []schema.Null[schema.Fen]
	for i := range f.settlements {
		s := &f.settlements[i].Settlement
		told = told || s.Source != schema.SourceQuery
		if !s.Status.Final() || f.settlements[i].Contradicted {
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
	return told && len(settled) > 0 && paid.Valid && due.Valid && paidErr == nil && dueErr == nil && paid.V >= due.V
}

// contradicted says that a callback has come since the query answered, and says
// otherwise.
func (f *found) contradicted() bool {
	return slices.ContainsFunc(f.settlements, func(r notified.Row) bool { return r.Contradicted })
}

func (b *builder) evidence() evidence {
	return evidence{rules: &b.Rules, rows: b.Rows, book: b.book, callbacks: b.callbacks, neighbours: b.neighbours, standing: b.standing}
}

// survey returns a function that notes what is known of a partition's orders.
func (b *builder) survey(ctx context.Context, at partition) (func(*wanted, []reconcile.Bill) error, error) {
	elsewhere, err := b.neighbours.of(ctx, at)
	if err != nil {
		return nil, err
	}
	evidence := b.evidence()
	return func(o *wanted, bills []reconcile.Bill) error {
		bills = slices.Concat(bills, elsewhere[o.key])
		found, err := evidence.of(at.day, bills)
		if err != nil || len(found.settlements) == 0 {
			return err
		}
		known := reconcile.Order{Key: o.key, Bills: bills, Answered: true, Published: found.stands, BuiltDays: b.standing.planned}
		for i := range found.settlements {
			s := &found.settlements[i].Settlement
			known.Settlements = append(known.Settlements, *s)
			if s.Source == schema.SourceCallback {
				o.orderID = s.OrderID
			}
		}
		o.told, o.contradicted = found.complete(bills), found.contradicted()
		o.agrees, err = b.Rules.Agrees(at.day, &known)
		return err
	}, nil
}

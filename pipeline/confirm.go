package pipeline

import (
	"context"
	"fmt"
	"slices"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/notified"
	"billwalk/pipeline/passid"
	"billwalk/schema"
)

// A settlement that only callbacks name, and that has no bill, is of no order that
// is queried. It is queried by its own ids until it is confirmed. The answer is filed
// under the day of its event, and under no account.

// byCallback is the column of such a question: a callback, and no bill, gave the id.
const byCallback = "callback"

func confirms(q schema.Question) bool { return q.Column == byCallback }

// lone is such a settlement, as it is known on a day.
type lone struct {
	told    []notified.State     // callbacks of events of the day
	others  []notified.State     // its callbacks of other days
	record  *normalise.SettleRow // of the query; nil: no answer has the settlement
	nothing int64                // when nothing came back, unix microseconds
	foreign []schema.Exception   // of other settlements in the answer
}

func (l *lone) settlement() *schema.Settlement { return &l.told[0].Settlement }

// questions returns how the query may be asked for the settlement. Some callbacks of
// 担保支付 have ids that it does not know: it is asked for the developer's, too.
func (l *lone) questions() []schema.Question {
	s := l.settlement()
	questions := []schema.Question{{Match: schema.Match{Parameter: "settle_id", Column: byCallback}, Value: s.SettleID}}
	if s.OutSettleNo.V != "" {
		questions = append(questions, schema.Question{Match: schema.Match{Parameter: "out_settle_no", Column: byCallback}, Value: s.OutSettleNo.V})
	}
	return questions
}

// lones returns the states of the day's settlements that no bill explains, by
// settlement, once a run has asked for those that are to be confirmed.
func (b *builder) lones(asking, hard context.Context, day schema.Day) ([][]*notifiedState, error) {
	states, err := b.unexplained(hard, day)
	if err != nil || len(states) == 0 {
		return nil, err
	}
	var groups [][]*notifiedState
	for i, s := range states {
		if i == 0 || s.ids.settle != states[i-1].ids.settle {
			groups = append(groups, nil)
		}
		last := &groups[len(groups)-1]
		*last = append(*last, s)
	}
	if b.Trade != nil {
		if err := b.confirm(asking, hard, day, groups); err != nil {
			return nil, fmt.Errorf("settlements of callbacks alone: %w", err)
		}
	}
	evidence := b.evidence()
	return evidence.joinSame(hard, day, groups)
}

// confirm queries the settlements that have no final answer yet, and those that a
// later callback contradicts.
func (b *builder) confirm(asking, hard context.Context, day schema.Day, groups [][]*notifiedState) error {
	evidence := b.evidence()
	known := make([]bool, len(groups))
	orders := make([]wanted, len(groups))
	for i, states := range groups {
		if err := hard.Err(); err != nil {
			return err
		}
		l, err := evidence.lone(day, states)
		if err != nil {
			return err
		}
		known[i] = l.record != nil
		contradicted := slices.ContainsFunc(l.rows(), func(r notified.Row) bool { return r.Contradicted })
		orders[i] = wanted{key: l.settlement().SettleID, account: schema.NoAccount, questions: l.questions(), contradicted: contradicted}
	}
	s := b.settler()
	s.confirms = true
	s.turns = make(chan struct{}, max(1, s.inFlight))
	u := schema.Unit{Account: schema.Account{ID: schema.NoAccount}, Day: day}
	pass := &settlePass{settler: s, unit: u, name: passid.New(s.runID+" callbacks", u, s.now(), "")}
	done, err := pass.run(asking, hard, orders, nil)
	if err != nil {
		return err
	}
	if done.failure != nil {
		b.tradeFailures = append(b.tradeFailures, *done.failure)
	}
	sum := &b.summary.Settling
	sum.Asked += done.Asked
	sum.SettlementOnly.Asked += done.Asked
	sum.SettlementOnly.Answered += done.Answered
	sum.SettlementOnly.Unanswered += done.Unanswered
	if done.Asked == 0 {
		return nil
	}
	for i, states := range groups {
		l, err := evidence.lone(day, states)
		if err != nil {
			return err
		}
		if l.record != nil && !known[i] {
			sum.SettlementOnly.Confirmed++
		}
	}
	return nil
}

// lone returns what is known of a settlement of the day.
func (e *evidence) lone(day schema.Day, states []*notifiedState) (l lone, err error) {
	var others []*notifiedState
	seen, asked := make(map[*notifiedState]bool, len(states)), make(map[fingerprint]bool)
	for _, own := range states {
		seen[own] = true
	}
	for _, own := range states {
		if asked[own.ids.settle] {
			continue
		}
		asked[own.ids.settle] = true
		for s := range e.callbacks.with(own.ids.settle) {
			if s.ids.settle == own.ids.settle && !seen[s] {
				seen[s], others = true, append(others, s)
			}
		}
	}
	if l.told, err = e.callbacks.readAll(states); err != nil {
		return l, err
	}
	if l.others, err = e.callbacks.readAll(others); err != nil {
		return l, err
	}
	for _, q := range l.questions() {
		last := e.book.around(q, day)
		if last.outcome == nothing {
			l.nothing = last.fetched
		}
		if last.outcome <= nothing {
			continue
		}
		if err := e.answered(&l, last); err != nil {
			return l, err
		}
		if l.record != nil {
			break
		}
	}
	return l, nil
}

// answered takes the settlement's record from an answer.
func (e *evidence) answered(l *lone, k known) error {
	answer, err := e.book.read(k)
	if err != nil {
		return err
	}
	records, err := normalise.DecodeSettlements(answer.Body)
	if err != nil {
		return fmt.Errorf("archive object %s: %w", answer.Key, err)
	}
	for i := range records {
		row := e.rows.Settlement(records[i], &answer)
		row.Settlement.AskedBy = schema.Null[string]{} // no rule links it
		switch {
		case row.Foreign:
			for k := range row.Exceptions {
				row.Exceptions[k].ShopOrderID = l.settlement().OrderID
			}
			l.foreign = append(l.foreign, row.Exceptions...)
		case l.record == nil || row.Settlement.SettleID == l.settlement().SettleID:
			l.record = &row
		}
	}
	return nil
}

// joinSame joins callbacks that name one settlement by two ids, as the query's record
// shows: it must not count twice.
func (e *evidence) joinSame(ctx context.Context, day schema.Day, groups [][]*notifiedState) (joined [][]*notifiedState, err error) {
	places := make(map[string]int)
	for _, states := range groups {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		l, err := e.lone(day, states)
		if err != nil {
			return nil, err
		}
		id := l.settlement().SettleID
		if l.record != nil {
			id = l.record.Settlement.SettleID
		}
		if at, known := places[id]; known {
			joined[at] = append(joined[at], states...)
			continue
		}
		places[id] = len(joined)
		joined = append(joined, states)
	}
	return joined, nil
}

// rows returns the rows of the settlement on the day. Where it has callbacks of other
// days, too, the query's record is of all of them: it confirms the parts that add up
// to it, and has no row itself.
func (l *lone) rows() []notified.Row {
	if l.record != nil {
		rows := notified.Merge(l.record, slices.Concat(l.told, l.others))
		if len(l.others) == 0 {
			return rows
		}
		if len(rows) > 1 {
			items := make(map[schema.Null[string]]bool, len(l.told))
			for i := range l.told {
				items[l.told[i].Settlement.ItemOrderID] = true
			}
			return slices.DeleteFunc(rows, func(r notified.Row) bool { return !items[r.Settlement.ItemOrderID] })
		}
	}
	rows := notified.Merge(nil, slices.Clone(l.told))
	for i := range rows {
		if r := &rows[i]; l.record == nil && l.nothing > r.Settlement.FetchedAt.UnixMicro() {
			r.Exceptions = append(slices.Clip(r.Exceptions), notified.Unconfirmed(r))
		}
	}
	return rows
}

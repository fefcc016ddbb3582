package evidence

import (
	"slices"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// UnmatchedSettlement is what is known, on a day, of a settlement that belongs to no bill.
// It is queried by its own ids until the answer is final. The answer is filed under the
// day of its event, and under no account.
type UnmatchedSettlement struct {
	callbacks []callback           // of events of the day
	others    []callback           // of other days
	record    *normalise.SettleRow // of the query; nil where no answer has the settlement
	nothing   int64                // when nothing came back, unix microseconds
	Foreign   []schema.Exception   // of other settlements in the answer
}

// ReadUnmatched returns what is known of an unmatched settlement of the day.
func (e *Evidence) ReadUnmatched(day schema.Day, u Unmatched) (s UnmatchedSettlement, err error) {
	if s.callbacks, err = e.callbacks.readAll(u.states); err != nil {
		return s, err
	}
	if s.others, err = e.callbacks.readAll(e.otherStates(u)); err != nil {
		return s, err
	}
	for _, q := range s.Queries() {
		last := e.answers.around(q, day)
		if last.Outcome == Empty {
			s.nothing = last.Fetched
		}
		if last.Outcome <= Empty {
			continue
		}
		if err := e.takeRecord(&s, last); err != nil {
			return s, err
		}
		if s.record != nil {
			break
		}
	}
	return s, nil
}

// otherStates returns the states of the settlement that are of events of other days.
func (e *Evidence) otherStates(u Unmatched) (others []*callbackState) {
	seen, looked := make(map[*callbackState]bool, len(u.states)), make(map[idHash]bool)
	for _, own := range u.states {
		seen[own] = true
	}
	for _, own := range u.states {
		if looked[own.ids.settle] {
			continue
		}
		looked[own.ids.settle] = true
		for s := range e.callbacks.with(own.ids.settle) {
			if s.ids.settle == own.ids.settle && !seen[s] {
				seen[s], others = true, append(others, s)
			}
		}
	}
	return others
}

// takeRecord takes the settlement's record from an answer.
func (e *Evidence) takeRecord(s *UnmatchedSettlement, known Answer) error {
	answer, err := e.answers.read(known, nil)
	if err != nil {
		return err
	}
	for _, row := range answer.rows {
		row.Settlement.AskedBy = schema.Null[string]{} // no rule links it
		switch {
		case row.Foreign:
			for k := range row.Exceptions {
				row.Exceptions[k].ShopOrderID = s.first().OrderID
			}
			s.Foreign = append(s.Foreign, row.Exceptions...)
		case s.record == nil || row.Settlement.SettleID == s.ID():
			s.record = &row
		}
	}
	return nil
}

func (s *UnmatchedSettlement) first() *schema.Settlement { return &s.callbacks[0].Settlement }

// ID returns the settle_id that its callbacks have.
func (s *UnmatchedSettlement) ID() string { return s.first().SettleID }

// Confirmed reports whether the query knows the settlement.
func (s *UnmatchedSettlement) Confirmed() bool { return s.record != nil }

// Contradicted reports whether a callback has come since the query was answered, and says
// otherwise.
func (s *UnmatchedSettlement) Contradicted() bool {
	return slices.ContainsFunc(s.Rows(), func(r Row) bool { return r.Contradicted })
}

// Queries returns how the settlement may be queried. Some callbacks of 担保支付 have ids
// that the query does not know: the developer's id is tried, too.
func (s *UnmatchedSettlement) Queries() []schema.Query {
	queries := []schema.Query{{Match: schema.Match{Parameter: "settle_id", Column: callbackColumn}, Value: s.ID()}}
	if no := s.first().OutSettleNo.V; no != "" {
		queries = append(queries, schema.Query{Match: schema.Match{Parameter: "out_settle_no", Column: callbackColumn}, Value: no})
	}
	return queries
}

// Rows returns the rows of the settlement on the day. Where it has callbacks of other
// days, too, the query's record is of all of them: it confirms the items that add up
// to it, and has no row itself.
func (s *UnmatchedSettlement) Rows() []Row {
	if s.record != nil {
		rows := merge(s.record, slices.Concat(s.callbacks, s.others))
		if len(s.others) == 0 {
			return rows
		}
		if len(rows) > 1 {
			items := make(map[schema.Null[string]]bool, len(s.callbacks))
			for i := range s.callbacks {
				items[s.callbacks[i].Settlement.ItemOrderID] = true
			}
			return slices.DeleteFunc(rows, func(r Row) bool { return !items[r.Settlement.ItemOrderID] })
		}
	}
	rows := merge(nil, slices.Clone(s.callbacks))
	for i := range rows {
		if s.record == nil && s.nothing > rows[i].Settlement.FetchedAt.UnixMicro() {
			rows[i].addUnconfirmed()
		}
	}
	return rows
}

package settle

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"billwalk/pipeline/evidence"
	"billwalk/schema"
)

// Confirm queries the day's unmatched settlements by their own ids: those that have no
// final answer yet, and those that a later callback contradicts. When ctx ends no new
// query is made; lasting ends later, for those in flight.
func (s *Settler) Confirm(ctx, lasting context.Context, day schema.Day, unmatched []evidence.Unmatched) (ConfirmCounts, *schema.Failure, error) {
	counts, failure, err := s.confirm(ctx, lasting, day, unmatched)
	if err != nil {
		return counts, nil, fmt.Errorf("settlements of callbacks alone: %w", err)
	}
	return counts, failure, nil
}

func (s *Settler) confirm(ctx, lasting context.Context, day schema.Day, unmatched []evidence.Unmatched) (counts ConfirmCounts, failure *schema.Failure, err error) {
	orders, confirmed := make([]order, len(unmatched)), make([]bool, len(unmatched))
	for i, one := range unmatched {
		if err := lasting.Err(); err != nil {
			return counts, nil, err
		}
		known, err := s.Evidence.ReadUnmatched(day, one)
		if err != nil {
			return counts, nil, err
		}
		confirmed[i] = known.Confirmed()
		orders[i] = order{key: known.ID(), account: schema.NoAccount, queries: known.Queries(), contradicted: known.Contradicted()}
	}
	slots := s.slots()
	defer slots.close()
	p := s.newPass(schema.Unit{Account: schema.Account{ID: schema.NoAccount}, Day: day}, " callbacks", slots)
	p.confirms, p.Orders = true, int64(len(orders))
	slices.SortFunc(orders, func(a, b order) int { return strings.Compare(a.key, b.key) })
	if err := p.run(ctx, lasting, each(orders), nil); err != nil {
		return counts, nil, err
	}
	counts = ConfirmCounts{Asked: p.Asked, Answered: p.Answered, Unanswered: p.Unanswered}
	if p.Asked == 0 {
		return counts, p.Failure, nil
	}
	for i, one := range unmatched {
		known, err := s.Evidence.ReadUnmatched(day, one)
		if err != nil {
			return counts, nil, err
		}
		if known.Confirmed() && !confirmed[i] {
			counts.Confirmed++
		}
	}
	return counts, p.Failure, nil
}

package pipeline

import (
	"context"
	"fmt"

	"billwalk/pipeline/evidence"
	"billwalk/pipeline/passid"
	"billwalk/schema"
)

// unmatched returns the day's unmatched settlements, once a run has queried those that
// are to be confirmed.
func (b *builder) unmatched(asking, hard context.Context, day schema.Day) ([]evidence.Unmatched, error) {
	unmatched, err := b.evidence.Unmatched(hard, day)
	if err != nil || len(unmatched) == 0 {
		return nil, err
	}
	if b.Trade != nil {
		if err := b.confirm(asking, hard, day, unmatched); err != nil {
			return nil, fmt.Errorf("settlements of callbacks alone: %w", err)
		}
	}
	return b.evidence.JoinUnmatched(hard, day, unmatched)
}

// confirm queries the settlements that have no final answer yet, and those that a
// later callback contradicts.
func (b *builder) confirm(asking, hard context.Context, day schema.Day, unmatched []evidence.Unmatched) error {
	confirmed := make([]bool, len(unmatched))
	orders := make([]wanted, len(unmatched))
	for i, one := range unmatched {
		if err := hard.Err(); err != nil {
			return err
		}
		s, err := b.evidence.ReadUnmatched(day, one)
		if err != nil {
			return err
		}
		confirmed[i] = s.Confirmed()
		orders[i] = wanted{key: s.ID(), account: schema.NoAccount, questions: s.Queries(), contradicted: s.Contradicted()}
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
	for i, one := range unmatched {
		s, err := b.evidence.ReadUnmatched(day, one)
		if err != nil {
			return err
		}
		if s.Confirmed() && !confirmed[i] {
			sum.SettlementOnly.Confirmed++
		}
	}
	return nil
}

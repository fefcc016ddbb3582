package settle

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"billwalk/pipeline/passid"
	"billwalk/schema"
)

// Unit is one unit of a day, whose orders are queried.
type Unit struct {
	Account     schema.Account
	Certificate *schema.Certificate // of its bills; nil where there is none
	Uses        []schema.RuleUse    // how often the rules have answered for the account so far
}

// Outcome is what became of the orders of a unit.
type Outcome struct {
	Counts
	Uses    []schema.RuleUse // how often the rules have answered by now
	Failure *schema.Failure  // of the first order that has no answer; nil where all have one
}

// Day queries the orders of a day, unit by unit, side by side. When ctx ends no new query
// is made; lasting ends later, for those in flight. The outcomes are those of the units so
// far, also where the error is not nil. saved is how many further bills the orders have.
func (s *Settler) Day(ctx, lasting context.Context, day schema.Day, partitions []Partition, units []Unit) (outcomes map[schema.AccountID]Outcome, saved int64, err error) {
	orders, forward, err := s.orders(lasting, partitions)
	if err != nil {
		return nil, 0, err
	}
	defer orders.close()
	slots := s.slots()
	defer slots.close()
	outcomes = make(map[schema.AccountID]Outcome)
	var mu sync.Mutex
	var running errgroup.Group
	running.SetLimit(slots.count())
	slices.SortFunc(units, func(a, b Unit) int { return cmp.Compare(a.Account.ID, b.Account.ID) })
	kind := " settlements"
	if s.Again {
		kind += " again"
	}
	for _, u := range units {
		running.Go(func() error {
			p := s.newPass(schema.Unit{Account: u.Account, Day: day}, kind, slots)
			p.Uses, p.Orders = slices.Clone(u.Uses), orders.countOf(u.Account.ID)
			err := p.run(ctx, lasting, orders.of(u.Account.ID), u.Certificate)
			mu.Lock()
			defer mu.Unlock()
			outcomes[u.Account.ID] = p.Outcome
			return err
		})
	}
	err = running.Wait()
	return outcomes, forward - orders.count, err
}

// slots returns as many slots as queries may be in flight.
func (s *Settler) slots() slots {
	n := max(1, s.InFlight)
	if s.Needed != nil {
		n = max(n, s.Needed())
	}
	return newSlots(n)
}

func (s *Settler) newPass(u schema.Unit, kind string, slots slots) *pass {
	return &pass{Settler: s, unit: u, name: passid.New(s.RunID+kind, u, s.Now(), ""), slots: slots, batch: batch{turn: newTurn()}}
}

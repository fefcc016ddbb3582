package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"billwalk/pipeline/evidence"
	"billwalk/pipeline/passid"
	"billwalk/pipeline/progress"
	"billwalk/pipeline/stop"
	"billwalk/pipeline/unreadable"
	"billwalk/schema"
)

const (
	ordersAtATime = 64               // of one unit; after them it is learned which rule answers
	settleBatch   = 1 << 20          // of answers as received, stored as one batch
	settleSpan    = 30 * time.Second // between the first answer of a batch and its last
)

// settler asks the trade system for the orders of one day, as little as
// possible, and archives what it answers.
type settler struct {
	trade      Trade
	archive    Archive
	evidence   *evidence.Evidence
	now        func() time.Time
	log        *slog.Logger
	progress   *progress.Counter
	runID      string
	started    time.Time               // the run
	begun      time.Time               // its work, after it had waited for other runs
	lastDay    schema.Null[schema.Day] // the day that is looked at for the last time, if there is one
	finalCheck bool                    // all orders of that day are asked for
	endedWell  func(ctx context.Context, runID string) (bool, error)
	backfill   bool // the run is of given days
	inFlight   int  // questions asked side by side, over all units
	confirms   bool // queries settlements known from callbacks alone, and not orders
	halts      *stop.Halt
	turns      chan struct{} // one for each question in flight that has not failed yet
}

func (b *builder) settler() *settler {
	return &settler{
		trade: b.Trade, archive: b.Archive, evidence: b.evidence, now: b.Now, log: b.Log, progress: b.Progress, runID: b.ID,
		started: b.summary.StartedAt, begun: b.begun, lastDay: b.lastLook(), finalCheck: b.FinalCheck, backfill: b.Backfill, endedWell: b.refetch.runEndedWell, inFlight: b.TradeInFlight, halts: b.tradeHalts,
	}
}

// asked is what became of a unit's orders.
type asked struct {
	Settling
	uses    []schema.RuleUse
	failure *schema.Failure // of the first order that was not answered
}

// day asks for the orders of a day, unit by unit. When ctx ends nothing new is
// asked; hard outlasts it, for what is in flight.
//
// uses is how often the rules have answered for each account so far.
func (s *settler) day(ctx, hard context.Context, day schema.Day, orders []wanted, units map[schema.AccountID]*schema.Entry, uses map[schema.AccountID][]schema.RuleUse) (map[schema.AccountID]*asked, error) {
	byAccount := make(map[schema.AccountID][]wanted)
	for _, o := range orders {
		byAccount[o.account] = append(byAccount[o.account], o)
	}
	s.turns = make(chan struct{}, max(1, s.inFlight))
	results := make(map[schema.AccountID]*asked)
	var mu sync.Mutex
	var running errgroup.Group
	running.SetLimit(max(1, s.inFlight))
	for _, id := range slices.Sorted(maps.Keys(units)) {
		entry := units[id]
		running.Go(func() error {
			u := schema.Unit{Account: entry.Account, Day: day}
			pass := &settlePass{settler: s, unit: u, name: passid.New(s.runID+" settlements", u, s.now(), "")}
			pass.uses = slices.Clone(uses[id])
			done, err := pass.run(ctx, hard, byAccount[id], entry.Certificate)
			mu.Lock()
			defer mu.Unlock()
			results[id] = done
			return err
		})
	}
	return results, running.Wait()
}

// settlePass is one pass over the orders of a unit.
type settlePass struct {
	*settler
	asked
	unit    schema.Unit
	name    string
	batches int
	data    []byte
	held    []schema.SettleAnswer // of data: they count once they are stored
	began   time.Time
	aside   []*asking // what failed, and is being repeated while others are asked

	settledAt int64 // microseconds; when the last pass ended whose run ended well
}

// run asks for the orders that are due, some side by side. Those after them are
// asked by the rule that has answered most often.
func (p *settlePass) run(ctx, hard context.Context, orders []wanted, c *schema.Certificate) (*asked, error) {
	p.Orders = int64(len(orders))
	slices.SortFunc(orders, func(a, b wanted) int { return strings.Compare(a.key, b.key) })
	if err := p.lookBack(hard); err != nil {
		return &p.asked, err
	}
	due := slices.DeleteFunc(orders, func(o wanted) bool { return !p.due(&o) })
	p.progress.ExpectOrders(len(due))
	calls, cancel := stop.Outlast(ctx, stop.Grace) // a call may wait for an outage to end, but not for ever
	defer p.abandon(cancel)
	err := p.all(ctx, calls, hard, due)
	if anew := p.askAnew(); err == nil && p.Answered == int64(len(due)) && len(anew) > 0 {
		p.progress.ExpectOrders(len(anew))
		p.Orders, due = p.Orders+int64(len(anew)), append(due, anew...)
		err = p.all(ctx, calls, hard, anew)
	}
	if err != nil {
		return &p.asked, err
	}
	p.Unanswered = int64(len(due)) - p.Answered
	if p.Unanswered > 0 {
		p.explain(ctx)
		return &p.asked, nil
	}
	if c == nil || p.batches == 0 && p.evidence.PassCovers(c) {
		return &p.asked, nil
	}
	done := schema.SettlePass{Account: p.unit.Account, Day: p.unit.Day, Pass: p.name, Bills: c.Digest, Orders: int(p.Orders), Asked: p.Asked, FinishedAt: p.now().UTC(), RunID: p.runID}
	if err := p.archive.CertifySettlements(hard, &done); err != nil {
		return &p.asked, err
	}
	p.evidence.AddPass(done)
	return &p.asked, nil
}

// all asks for the orders, chunk by chunk, until the run is told to stop.
func (p *settlePass) all(ctx, calls, hard context.Context, orders []wanted) error {
	for chunk := range slices.Chunk(orders, ordersAtATime) {
		if ctx.Err() != nil {
			break
		}
		if _, halted := p.halts.Failure(p.unit); halted {
			break
		}
		if err := p.chunk(calls, chunk); err != nil {
			return errors.Join(err, p.flush(hard))
		}
	}
	return errors.Join(p.takeAside(calls, true), p.flush(hard))
}

// explain says why orders were not answered. What ended all calls comes before what
// became of one.
func (p *settlePass) explain(ctx context.Context) {
	if f, halted := p.halts.Failure(p.unit); halted {
		p.failure = &f
	}
	if p.failure == nil {
		if context.Cause(ctx) != stop.ErrDeadline {
			return // interrupted: the next run goes on
		}
		f := stop.DeadlineFailure(p.unit)
		p.failure = &f
	}
	what := "orders"
	if p.confirms {
		what = "settlements of callbacks alone"
	}
	p.failure.Reason = fmt.Sprintf("settle query: %d of %d %s have no answer: %s", p.Unanswered, p.Orders, what, p.failure.Reason)
}

// answered is what came of asking for one order.
type answered struct {
	answers []schema.SettleAnswer
	tried   []int // rules, by their place in questions
	silent  int   // rules left out
	found   bool
	err     error
}

// order asks the questions of an order until one is answered with settlements.
func (p *settlePass) order(ctx context.Context, o *wanted) (result answered) {
	turn, silent := p.inTurn(o)
	result.silent = silent
	for _, i := range turn {
		if _, halted := p.halts.Failure(p.unit); halted {
			result.err = stop.ErrStopped
			return result
		}
		answer, err := p.trade.Settlements(ctx, o.questions[i])
		result.tried = append(result.tried, i)
		if err != nil {
			result.err = p.failed(ctx, err)
			return result
		}
		answer.Account, answer.Day = p.unit.Account.ID, p.unit.Day
		answer.Body = bytes.TrimSpace(answer.Body) // white space around it is no part of a JSON value
		result.answers = append(result.answers, answer)
		found, err := evidence.HasOwnSettlement(&answer)
		if err != nil {
			result.err = p.failed(ctx, &schema.UnitError{Unit: p.unit, LogID: answer.LogID, Err: err})
			return result
		}
		if found {
			result.found = true
			return result
		}
	}
	return result
}

// failed notes at once what ends the asking for other orders, too.
func (p *settlePass) failed(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		p.halts.Record(schema.FailureOf(err, p.unit))
	}
	return err
}

// take notes what came of asking for an order: its answers count only together.
func (p *settlePass) take(ctx context.Context, o *wanted, r *answered) error {
	p.Asked += int64(len(r.tried))
	if r.err != nil {
		if p.failure == nil && !errors.Is(r.err, stop.ErrStopped) && ctx.Err() == nil {
			failure := unreadable.Keeper{Archive: p.archive, RunID: p.runID, Log: p.log}.Keep(ctx, p.unit, schema.UnreadableSettlements, p.now(), r.err)
			p.failure = &failure
			if failure.Reach == schema.ReachApp || failure.Reach == schema.ReachToday {
				return nil // the log has it already
			}
			id := "shop_order_id"
			if p.confirms {
				id = "settle_id"
			}
			p.log.Warn("an order was not answered", "account_id", p.unit.Account.ID, "bill_date", p.unit.Day, id, o.key,
				"error_code", failure.Code, "sub_code", failure.SubCode, "logid", failure.LogID, "reason", failure.Reason)
		}
		return nil
	}
	p.Answered++
	p.progress.OrderAnswered()
	p.learn(o, r)
	for _, a := range r.answers {
		if err := p.store(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// store archives an answer, in batches.
func (p *settlePass) store(ctx context.Context, a schema.SettleAnswer) error {
	line, err := p.archive.EncodeSettlement(a)
	if err != nil {
		return err
	}
	if len(p.data) == 0 {
		p.began = a.FetchedAt
	}
	p.data, p.held = append(p.data, line...), append(p.held, a)
	if len(p.data) >= settleBatch {
		return p.flush(ctx)
	}
	return nil
}

func (p *settlePass) flush(ctx context.Context) error {
	if len(p.data) == 0 {
		return nil
	}
	ctx, cancel := stop.Outlast(ctx, stop.FlushGrace)
	defer cancel()
	key, err := p.archive.AppendSettlements(ctx, p.unit, p.name, p.batches+1, p.data)
	if err != nil {
		return fmt.Errorf("archiving settlements of %s: %w", p.unit, err)
	}
	for _, a := range p.held {
		a.Key = key
		if err := p.evidence.AddAnswer(a); err != nil {
			return err
		}
	}
	p.batches, p.data, p.held = p.batches+1, p.data[:0], p.held[:0]
	return nil
}

// askAnew returns, as orders of their own, the queries of the unit to which the archive
// has no valid answer although it looks so.
func (p *settlePass) askAnew() (orders []wanted) {
	for _, q := range p.evidence.Unanswered(p.unit) {
		orders = append(orders, wanted{key: q.Value, account: p.unit.Account.ID, questions: []schema.Query{q}, anew: true})
	}
	return orders
}

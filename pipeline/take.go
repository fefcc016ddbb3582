package pipeline

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"

	"billwalk/pipeline/shards"
	"billwalk/pipeline/walk"
	"billwalk/schema"
)

// take takes the units as they end, and their days from step to step. calling ends before
// ctx, at the deadline; lasting ends later than both, for what is in flight.
func (t *steps) take(ctx, calling, lasting context.Context, outcomes iter.Seq[walk.Outcome]) error {
	left := make(map[schema.Day]int) // units that have not ended
	for _, u := range t.plan.Units {
		left[u.Day]++
	}
	var f faults
	for o := range outcomes {
		if err := t.builder.Load(lasting, o); err != nil {
			f.add(err)
			return f.err()
		}
		if left[o.Unit.Day]--; left[o.Unit.Day] == 0 {
			t.neighbours.hasWalked(lasting, o.Unit.Day)
		}
		for _, day := range t.toSettle(left) {
			if ctx.Err() == nil && t.neighbours.mayStage(lasting, day) { // what an interruption cut, the next run resumes
				f.add(t.settleDay(calling, lasting, day))
				t.settled[day] = true
			}
		}
		if t.neighbours != nil {
			continue
		}
		for day, ok := t.toJoin(left); ok && ctx.Err() == nil; day, ok = t.toJoin(left) {
			t.joinDay(calling, lasting, day, &f)
		}
	}
	if t.neighbours != nil && ctx.Err() == nil {
		t.neighbours.lend(lasting, shards.Bills)
		t.takeTogether(ctx, calling, lasting, left, &f)
	}
	return f.err()
}

// takeTogether takes the days, of which all units have ended, through what is left of the steps,
// together with the other shards.
func (t *steps) takeTogether(ctx, calling, lasting context.Context, left map[schema.Day]int, f *faults) {
	n := t.neighbours
	for _, day := range t.toSettle(left) {
		if n.staysForWalks() {
			n.await(ctx, walked(day))
		}
		if ctx.Err() != nil {
			return // what an interruption cut, the next run resumes
		}
		f.add(t.settleDay(calling, lasting, day))
		t.settled[day] = true
	}
	if t.run.Rules.Configured && ctx.Err() == nil {
		err := n.exchange(ctx)
		if err == nil {
			err = t.askAgain(ctx, calling, lasting)
		}
		if err != nil && ctx.Err() == nil {
			f.add(fmt.Errorf("what orders have in common with other shards: %w", err))
			return
		}
	}
	if t.run.Asked != nil {
		t.run.Asked()
	}
	for day, ok := t.toJoin(left); ok && ctx.Err() == nil; day, ok = t.toJoin(left) {
		t.joinDay(calling, lasting, day, f)
	}
}

// toSettle returns the days whose units have ended, in the order of the plan: what one
// teaches about the match rules serves the next.
func (t *steps) toSettle(left map[schema.Day]int) (days []schema.Day) {
	for _, day := range t.plan.days() {
		if left[day] > 0 {
			break
		}
		if !t.settled[day] {
			days = append(days, day)
		}
	}
	return days
}

// toJoin returns the newest day that can be joined now, if there is one: the bills of all days
// are known that have a say in its verdicts. Where an order's bills are further apart than the
// window, the earlier day takes the settlements, and is published first.
func (t *steps) toJoin(left map[schema.Day]int) (schema.Day, bool) {
	window, ahead := t.evidence.Window(), t.evidence.Ahead()
	for _, day := range slices.Backward(slices.Sorted(maps.Keys(t.settled))) {
		ready := !t.joined[day]
		for other := range left {
			ready = ready && (t.settled[other] || day-other > window || other-day > ahead) && (t.joined[other] || !t.goesFirst(other, day))
		}
		if ready {
			return day, true
		}
	}
	return 0, false
}

// goesFirst reports whether a day must be published before another one.
func (t *steps) goesFirst(earlier, day schema.Day) bool {
	return t.run.Rules.Configured && day-earlier > schema.Day(t.run.Rules.Lookback)
}

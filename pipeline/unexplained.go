package pipeline

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// hear loads the callbacks of the days that the run looks at, and of their
// windows. They may have come at any time since. Of what is damaged a run asks for
// the orders, and is incomplete; a replay cannot, and must not guess.
func (b *builder) hear(ctx context.Context) error {
	days := slices.Sorted(slices.Values(b.plan.days()))
	if !b.Rules.Configured || len(days) == 0 {
		return nil
	}
	first, last := days[0]-reach(b.Rules.Lookback), days[len(days)-1]+reach(b.Rules.Lookback)
	today := schema.DayOf(b.Now())
	received, ok, err := b.Archive.FirstReceived(ctx)
	if err != nil || !ok {
		return err
	}
	c, err := loadCallbacks(ctx, b.Archive, b.Log, b.AppIDs, max(received, first-1), max(today, last)+1, first, last)
	if err != nil {
		return err
	}
	b.callbacks = c
	if damaged := errors.Join(c.damaged...); damaged != nil && b.Trade == nil {
		return damaged
	} else if damaged != nil {
		b.tradeFailures = append(b.tradeFailures, schema.Failure{
			Day: days[0], Reach: schema.ReachUnit, Reason: "callbacks: " + damaged.Error(),
			Hint: "the orders are asked for; restore the objects to have what no bill explains, or move them away",
		})
	}
	b.summary.Callbacks = Callbacks{States: int64(len(c.states)), Unreadable: c.unreadable, Foreign: c.foreign}
	b.neighbours.linking, b.book.linking = !c.none(), !c.none()
	return b.planUnexplained(ctx, days)
}

// planUnexplained adds the partitions of unexplained settlements, where the job
// has no unit in them: also those that had some, which a later event may have moved.
func (b *builder) planUnexplained(ctx context.Context, days []schema.Day) error {
	bucket := schema.NoAccount.Bucket(b.Buckets)
	if slices.Contains(schema.BucketsOf(b.Accounts, b.Buckets), bucket) {
		return nil
	}
	for _, day := range days {
		base, err := b.Lake.Base(ctx, day, bucket)
		if err != nil {
			return err
		}
		had := base.Manifest != nil && base.Manifest.Verdicts[schema.SettlementOnly] > 0
		if len(b.callbacks.on(day)) == 0 && !had {
			continue
		}
		b.plan.Bases = append(b.plan.Bases, base)
	}
	return nil
}

// assembleUnexplained begins the day's partition of unexplained settlements, where
// no unit has.
func (b *builder) assembleUnexplained(ctx context.Context, day schema.Day) error {
	bucket := schema.NoAccount.Bucket(b.Buckets)
	for _, base := range b.plan.Bases {
		at := partition{base.Day, base.Bucket}
		if base.Day != day || base.Bucket != bucket || b.assemblies[at] != nil {
			continue
		}
		a, err := b.assemble(ctx, base)
		if err != nil {
			return err
		}
		a.unitless = true
		b.assemblies[at] = a
	}
	return nil
}

// vain says that there is nothing to publish in a partition of no unit.
func (a *assembly) vain() bool {
	return a.unitless && a.base.Manifest == nil && a.m.Verdicts[schema.SettlementOnly] == 0
}

// unexplained returns the states of the day's events that no bill within reach
// explains.
func (b *builder) unexplained(ctx context.Context, day schema.Day) ([]*notifiedState, error) {
	heard := b.callbacks.on(day)
	if len(heard) == 0 {
		return nil, nil
	}
	if err := b.neighbours.readAround(ctx, day); err != nil {
		return nil, err
	}
	var left []*notifiedState
	for i := range heard {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s := &heard[i]
		if b.callbacks.linkedOnce[s.place].Load() {
			continue
		}
		days := b.explains(s)
		if len(days) == 0 {
			left = append(left, s)
		} else if err := b.late(ctx, s, days); err != nil {
			return nil, err
		}
	}
	return left, nil
}

// explains returns the days within reach that have bills to which the state
// belongs.
func (b *builder) explains(s *notifiedState) []schema.Day {
	evidence := b.evidence()
	if order := evidence.owner(s); order != "" {
		return evidence.daysOf(s, order)
	}
	for _, id := range []fingerprint{s.ids.settle, s.ids.order} {
		if filed := b.book.tells(id, s.day); filed.outcome != unknown {
			return []schema.Day{filed.day}
		}
	}
	return nil
}

// late tells of a callback whose bills are of days that this run does not build,
// and were published before it came.
func (b *builder) late(ctx context.Context, s *notifiedState, days []schema.Day) error {
	planned := b.plan.days()
	if slices.ContainsFunc(days, func(d schema.Day) bool { return slices.Contains(planned, d) }) {
		return nil
	}
	for _, day := range days {
		for bucket := range b.Buckets {
			m, err := b.manifest(ctx, partition{day, bucket})
			if err != nil {
				return err
			}
			if m != nil && m.PublishedAt.UnixMicro() < s.mark.Received {
				b.summary.Callbacks.Late++
				b.Log.Warn("a callback came after its bills' day was last built: replay that day to have it in the tables", "bill_date", day)
				return nil
			}
		}
	}
	return nil
}

// manifest reads a manifest of a day that the run does not build, once.
func (b *builder) manifest(ctx context.Context, at partition) (*schema.Manifest, error) {
	m, ok := b.manifests[at]
	if ok {
		return m, nil
	}
	m, err := b.Lake.Manifest(ctx, at.day, at.bucket)
	if err == nil {
		b.manifests[at] = m
	}
	return m, err
}

// tells returns the answer, filed within reach of the day, that has a
// settlement of this settle_id or order_id.
func (b *book) tells(id fingerprint, day schema.Day) known {
	b.mu.RLock()
	answers := b.told[id]
	b.mu.RUnlock()
	within := reach(int(b.window))
	for _, a := range answers {
		if last := b.latestOf(a.question, day-within, day+within); last.outcome > nothing && last.offset == a.offset {
			return last
		}
	}
	return known{}
}

// toldBy returns the settle_ids and order_ids of which an answer's records tell.
func toldBy(records []normalise.SettleRecord, a *schema.SettleAnswer) (ids []fingerprint) {
	for i := range records {
		row := normalise.Normaliser{}.Settlement(records[i], a)
		if row.Foreign {
			continue
		}
		ids = append(ids, settleIDs(&row.Settlement)...)
		if order := linkIDsOf(&row.Settlement).order; order != (fingerprint{}) {
			ids = append(ids, order)
		}
	}
	return ids
}

// short is what is kept of an id where there are many.
func (f fingerprint) short() uint64 { return binary.BigEndian.Uint64(f[:]) }

// leftOver hands over the settlements that no bill explains: on their own day, in
// groups of no account.
func (j *joiner) leftOver(ctx context.Context, groups [][]*notifiedState) error {
	var settlements []schema.Settlement
	for _, states := range groups {
		if err := ctx.Err(); err != nil {
			return err
		}
		l, err := j.lone(j.at.day, states)
		if err != nil {
			return err
		}
		for _, row := range l.rows() {
			if _, elsewhere := j.standing.elsewhere(row.Settlement.SettleID, j.at.day); elsewhere {
				continue // a bill explains it after all, on a day that is far away
			}
			settlements = append(settlements, row.Settlement)
			if err := j.exceptions(row.Exceptions); err != nil {
				return err
			}
		}
		if err := j.exceptions(l.foreign); err != nil {
			return err
		}
	}
	return j.unbilled(settlements, reconcile.Unmatched)
}

// unbilled hands over settlements without a bill, and the groups that they are judged
// to be.
func (j *joiner) unbilled(settlements []schema.Settlement, judge func(schema.Day, []schema.Settlement) ([]schema.Reconciliation, error)) error {
	slices.SortFunc(settlements, func(a, b schema.Settlement) int { return compareSettlements(&a, &b) })
	for i := range settlements {
		if err := j.settlement(&settlements[i]); err != nil {
			return err
		}
	}
	groups, err := judge(j.at.day, settlements)
	if err != nil {
		return err
	}
	for i := range groups {
		if err := j.group(&groups[i]); err != nil {
			return err
		}
	}
	return nil
}

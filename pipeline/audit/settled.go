package audit

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"billwalk/schema"
)

// published proves the day's tables against the archive, bucket by bucket.
func (d *dayAudit) published(ctx context.Context) error {
	var partitions []*partition
	var mu sync.Mutex
	var running errgroup.Group
	running.SetLimit(runtime.GOMAXPROCS(0)) // each has the records of its units in hand
	for _, m := range d.manifests {
		d.count(m)
		running.Go(func() error {
			p := newPartition(d, m)
			p.prove(ctx)
			d.add(p.findings...)
			mu.Lock()
			defer mu.Unlock()
			partitions = append(partitions, p)
			return ctx.Err()
		})
	}
	if err := running.Wait(); err != nil {
		return err
	}
	for _, p := range partitions {
		if err := d.hear(ctx, p); err != nil {
			return err
		}
	}
	d.add(d.settled(partitions)...)
	return nil
}

// hear looks for the answers that told of a partition's settlements and are not
// filed under its own day: an order may have been asked for under another day on
// which it has bills.
func (d *dayAudit) hear(ctx context.Context, p *partition) error {
	for _, h := range p.tables.unheard {
		answered := slices.Clone(d.answers[d.day.Day].told.of(h.told.id))
		found := false
		for away := schema.Day(1); away <= schema.Day(d.Lookback) && !found; away++ {
			for _, day := range []schema.Day{d.day.Day - away, d.day.Day + away} {
				other, err := d.answersOf(ctx, day)
				if err != nil {
					return err
				}
				answered = append(answered, other.told.of(h.told.id)...)
			}
			found = h.told.heard(h.source, answered, h.called)
		}
		if !found {
			d.add(schema.Finding{
				Day: d.day.Day, Bucket: p.m.Bucket, Key: p.key(schema.Settlements.Name), Place: fmt.Sprintf("row %d, settle_id %s", h.row, h.id),
				Want: h.want(), Got: "the archive has none of that time with this status, these amounts and this settle_detail", Fix: fixReplay,
			})
		}
	}
	return nil
}

// want says what a row should rest on.
func (h *heard) want() string {
	switch h.source {
	case schema.SourceCallback:
		return "a settle callback"
	case schema.SourceBoth:
		return "an answer of the settle query, and a callback"
	}
	return "an answer of the settle query"
}

// settled holds the day's settlements against the groups that they are in: over all
// its buckets, since an order may have groups in several, and has its settlements
// in one of them.
func (d *dayAudit) settled(partitions []*partition) []schema.Finding {
	if len(partitions) == 0 {
		return nil
	}
	first := partitions[0]
	var sum settledTally
	for _, p := range partitions {
		if !p.whole() {
			return nil
		}
		if p.m.Bucket < first.m.Bucket {
			first = p
		}
	}
	finding := schema.Finding{Day: d.day.Day, Bucket: first.m.Bucket, Key: first.key(schema.Reconciliations.Name), Place: "settled sums and settlement_rows, over the day's buckets", Fix: fixReplay}
	for _, p := range partitions {
		if err := sum.merge(&p.tables.settled); err != nil {
			finding.Got = err.Error()
			return []schema.Finding{finding}
		}
	}
	if sum.rows == sum.grouped && sum.settlements == sum.groups {
		return nil
	}
	finding.Want = fmt.Sprintf("%d settlements of %d fen", sum.rows, sum.settlements)
	finding.Got = fmt.Sprintf("%d settlements of %d fen", sum.grouped, sum.groups)
	return []schema.Finding{finding}
}

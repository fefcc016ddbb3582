package audit

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"billwalk/schema"
)

// proveTables proves the day's tables against the archive, bucket by bucket.
func (d *dayAudit) proveTables(ctx context.Context) error {
	var partitions []*partition
	var mu sync.Mutex
	var running errgroup.Group
	running.SetLimit(runtime.GOMAXPROCS(0)) // each holds the records of its units
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
		if err := d.proveRemaining(ctx, p); err != nil {
			return err
		}
		if err := d.proveNeverAnswered(ctx, p); err != nil {
			return err
		}
		billed, err := proveBilled(ctx, d.Lake, p.tables.withdrawals, d.payments, d.near, p.tables.exceptions)
		if err != nil {
			return err
		}
		d.add(billed...)
	}
	findings := d.checkSettled(partitions)
	if len(findings) > 0 && len(d.foreign) > 0 { // an order may have groups in buckets that are not proven
		for _, m := range d.foreign {
			other := newPartition(d, m)
			other.prove(ctx) // for its sums: what it finds, its own proof says
			partitions = append(partitions, other)
		}
		findings = d.checkSettled(partitions)
		for i := range findings {
			findings[i].Bucket = d.manifests[0].Bucket // which the sums are about, too
		}
	}
	d.add(findings...)
	return ctx.Err()
}

// proveRemaining proves the settlements of a partition that the answers of its own day do not
// prove. An order may have been queried under another day on which it has bills.
func (d *dayAudit) proveRemaining(ctx context.Context, p *partition) error {
	for _, h := range p.tables.unproven {
		answers := slices.Clone(d.answers[d.day.Day].statements.of(h.statement.id))
		found := false
		for away := schema.Day(1); away <= schema.Day(d.Lookback) && !found; away++ {
			for _, day := range []schema.Day{d.day.Day - away, d.day.Day + away} {
				other, err := d.answersOf(ctx, day)
				if err != nil {
					return err
				}
				answers = append(answers, other.statements.of(h.statement.id)...)
			}
			found = h.statement.provenBy(h.source, answers, h.callbacks)
		}
		if !found {
			d.add(schema.Finding{
				Day: d.day.Day, Bucket: p.m.Bucket, Key: p.key(schema.Settlements.Name), Place: fmt.Sprintf("row %d, settle_id %s", h.row, h.id),
				Want: h.want(), Got: "the archive has none with this time, status, amounts and settle_detail", Fix: fixReplay,
			})
		}
	}
	return nil
}

// proveNeverAnswered proves the reason of an account: some rule was queried with so many ids,
// on the days of the longest lookback, and found nothing on the day itself. Of which rules and
// which lookback the job was that published the day, the bucket does not say.
func (d *dayAudit) proveNeverAnswered(ctx context.Context, p *partition) error {
	for _, h := range p.holders {
		if p.tables.billOnlyOf(h.Account.ID).neverAnswered == 0 {
			continue
		}
		rules := make(answersByRule)
		for day := d.day.Day - schema.Day(d.Lookback); day <= d.day.Day+schema.Day(d.Lookback); day++ {
			one, err := d.answersOf(ctx, day)
			if err != nil {
				return err
			}
			for u, r := range one.rules {
				if u.account == h.Account.ID {
					rules.of(u).add(&ruleAnswers{r.ids, r.found && day == d.day.Day})
				}
			}
		}
		if !slices.ContainsFunc(slices.Collect(maps.Values(rules)), (*ruleAnswers).silent) {
			d.add(schema.Finding{
				Day: d.day.Day, Bucket: p.m.Bucket, Key: p.key(schema.Reconciliations.Name), Place: fmt.Sprintf("account %s, reason %s", h.Account.ID, schema.ReasonNeverAnswered),
				Want: fmt.Sprintf("a match rule that was queried with %d ids and found nothing", schema.NeverAnsweredAfter), Got: "the archive has none", Fix: fixReplay,
			})
		}
	}
	return nil
}

// want returns what should prove a row.
func (h *settlementRef) want() string {
	switch h.source {
	case schema.SourceCallback:
		return "a settle callback"
	case schema.SourceBoth:
		return "an answer of the settle query and a callback"
	}
	return "an answer of the settle query"
}

// checkSettled compares the day's settlements with the groups that they are in. It sums over
// all buckets, as an order may have groups in several and its settlements in one of them.
func (d *dayAudit) checkSettled(partitions []*partition) []schema.Finding {
	if len(partitions) == 0 {
		return nil
	}
	first := partitions[0]
	var sum settledTally
	for _, p := range partitions {
		if !p.allRead() {
			return nil
		}
		if p.m.Bucket < first.m.Bucket {
			first = p
		}
	}
	finding := schema.Finding{Day: d.day.Day, Bucket: first.m.Bucket, Key: first.key(schema.Reconciliations.Name), Place: "settled sums and settlement_rows, over the day's buckets", Fix: fixReplay}
	for _, p := range partitions {
		p.tables.settled.unkeyed = p.m.RowRule < 3
		if err := sum.merge(&p.tables.settled); err != nil {
			finding.Got = err.Error()
			return []schema.Finding{finding}
		}
	}
	if sum.rows == sum.grouped && sum.settlements == sum.groups {
		if sum.unkeyed || sum.placed == sum.keyed {
			return nil
		}
		finding.Place, finding.Want, finding.Got = "settlement_rows, by group", "as many as settlements name the group (walk_account_id, group_key), over the day's buckets", "other numbers"
		return []schema.Finding{finding}
	}
	finding.Want = fmt.Sprintf("%d settlements of %d fen", sum.rows, sum.settlements)
	finding.Got = fmt.Sprintf("%d settlements of %d fen", sum.grouped, sum.groups)
	return []schema.Finding{finding}
}

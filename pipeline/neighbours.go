package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"golang.org/x/sync/errgroup"

	"billwalk/pipeline/build"
	"billwalk/pipeline/evidence"
	"billwalk/pipeline/shards"
	"billwalk/schema"
)

// neighbours are the other shards of a run, as far as this one's result depends on them.
//
// An order may have bills in the buckets of several shards, and its verdict needs all of them.
// So the shards tell each other, once all days are staged, by which ids their bills are known.
// Partitions with an id of this shard's are read: staged from the archive, or as published. Of
// the others nothing is read, and nothing depends on them.
//
// Where root accounts and accounts of their own are of several shards, a bill may stand with
// either: such shards also wait for each other before they stage and publish a day.
type neighbours struct {
	run      *Run
	night    *shards.Night
	owns     func(bucket int) bool
	overlap  bool // bills may stand with accounts of several shards
	evidence *evidence.Evidence
	builder  *build.Builder

	read    map[schema.Partition]bool // partitions of others whose bills are read
	buckets map[int]bool              // of these
	gone    map[int]bool              // shards that were waited for in vain
}

// enter makes the run known to the other shards. It returns nil where there are none, or this
// one has no account.
func (r *Run) enter(ctx context.Context) (*neighbours, error) {
	if r.Shard.Whole() || r.Shared == nil || len(r.Accounts) == 0 {
		return nil, nil
	}
	days := r.Days()
	night, err := shards.Enter(ctx, shards.Config{
		Shard: r.Shard, Peers: r.Shard.Peers(r.JobAccounts, r.Buckets), Open: r.Shared, From: days[0], To: days[len(days)-1], RunID: r.ID, Log: r.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("the shards of the run: %w", err)
	}
	r.Night = night
	return &neighbours{
		run: r, night: night, owns: r.Shard.Buckets(r.JobAccounts, r.Buckets), overlap: r.overlaps(),
		read: make(map[schema.Partition]bool), buckets: make(map[int]bool), gone: make(map[int]bool),
	}, nil
}

// overlaps reports whether the job has a root account and an account of its own in buckets of
// different shards.
func (r *Run) overlaps() bool {
	shardOf := func(a schema.Account) int { return a.ID.Bucket(r.Buckets) % r.Shard.Count }
	return slices.ContainsFunc(r.JobAccounts, func(root schema.Account) bool {
		return root.Root && slices.ContainsFunc(r.JobAccounts, func(a schema.Account) bool { return !a.Root && shardOf(a) != shardOf(root) })
	})
}

// leave ends the shard's signs of life.
func (n *neighbours) leave() {
	if n != nil {
		n.night.Leave()
	}
}

// wanted reports whether the answers filed under an account are read.
func (n *neighbours) wanted(id schema.AccountID) bool {
	bucket := id.Bucket(n.run.Buckets)
	return id == schema.NoAccount || n.owns(bucket) || n.buckets[bucket]
}

// bills reads the bills of a partition; none of a shard with which this one shares nothing.
func (n *neighbours) bills(ctx context.Context, at schema.Partition, columns ...string) iter.Seq2[*schema.Bill, error] {
	if !n.owns(at.Bucket) && !n.read[at] {
		return func(func(*schema.Bill, error) bool) {}
	}
	return n.builder.Bills(ctx, at, columns...)
}

// Stages of a day, and of the run, that shards wait for.
func walked(day schema.Day) string { return "walked " + day.String() }
func joined(day schema.Day) string { return "joined " + day.String() }

const (
	settled = "settled"
	asked   = "asked" // what orders with bills of several shards need
)

// pass tells the others what this shard has done.
func (n *neighbours) pass(ctx context.Context, what string) {
	if err := n.night.Pass(ctx, what); err != nil {
		n.run.Log.Warn("the other shards do not know how far this one is, and wait longer", "error", err)
	}
}

// await waits until all shards have done something, or are gone.
func (n *neighbours) await(ctx context.Context, what string) {
	gone, err := n.night.Await(ctx, what)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		n.run.Log.Warn("it is not known how far the other shards are: what is published of them counts", "error", err)
		gone = n.run.Shard.Peers(n.run.JobAccounts, n.run.Buckets)
	}
	for _, i := range gone {
		if !n.gone[i] {
			n.run.Log.Warn("a shard shows no sign of life: what is published of it counts, and this one is to run again", "shard", i, "of", n.run.Shard.Count, "until", what)
		}
		n.gone[i] = true
	}
}

// err returns an error where shards were waited for in vain.
func (n *neighbours) err() error {
	if n == nil || len(n.gone) == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d shards showed no sign of life, and orders with bills of both were judged by what was published: %w", len(n.gone), n.run.Shard.Count, errStoppedToday)
}

// loadBases notes what is published of the other shards' partitions when the run begins.
func (n *neighbours) loadBases(ctx context.Context) error {
	if n == nil {
		return nil
	}
	foreign := slices.DeleteFunc(schema.BucketsOf(n.run.JobAccounts, n.run.Buckets), n.owns)
	bases, err := readEach(ctx, n.run.Days(), foreign, n.run.Lake.Base)
	if err != nil {
		return fmt.Errorf("reading what is published of other shards: %w", err)
	}
	n.builder.AddForeignBases(bases...)
	return nil
}

// exchange tells the others by which ids this shard's bills are known, and reads on where theirs
// have some of them.
func (n *neighbours) exchange(ctx context.Context) error {
	var partitions []schema.Partition
	days := n.run.Days()
	for day := days[0] - n.evidence.Window(); day <= days[len(days)-1]+n.evidence.Window(); day++ {
		for bucket := range n.run.Buckets {
			if n.owns(bucket) {
				partitions = append(partitions, schema.Partition{Day: day, Bucket: bucket})
			}
		}
	}
	answered := make(map[schema.Partition][]uint64)
	for _, day := range days {
		at := schema.Partition{Day: day, Bucket: n.run.Accounts[0].ID.Bucket(n.run.Buckets)} // any of this shard's
		var err error
		if answered[at], err = n.evidence.AnswerIDs(ctx, day); err != nil {
			return err
		}
	}
	lists := make([][]uint64, len(partitions))
	reads, reading := errgroup.WithContext(ctx)
	reads.SetLimit(readsAtATime)
	for i, at := range partitions {
		reads.Go(func() (err error) {
			if lists[i], err = n.evidence.IDs(reading, at); err != nil {
				return err
			}
			told := slices.Concat(lists[i], answered[at])
			slices.Sort(told)
			return n.night.PutIDs(reading, at, told)
		})
	}
	if err := reads.Wait(); err != nil {
		return err
	}
	n.pass(ctx, settled)
	n.await(ctx, settled)
	own := slices.Concat(lists...)
	slices.Sort(own)
	return n.find(ctx, slices.Compact(own))
}

// find has those partitions of other shards read that have one of the ids, which are sorted.
func (n *neighbours) find(ctx context.Context, ids []uint64) error {
	holds, found := n.owns(schema.NoAccount.Bucket(n.run.Buckets)), false
	days := n.run.Days()
	err := n.night.PeerIDs(ctx, func(at schema.Partition, theirs []uint64) error {
		if n.read[at] || n.owns(at.Bucket) {
			return nil
		}
		if !haveCommon(ids, theirs) {
			if holds {
				n.evidence.AddForeign(at, theirs)
			}
			return nil
		}
		n.read[at], n.buckets[at.Bucket], found = true, true, true
		if days[0] <= at.Day && at.Day <= days[len(days)-1] {
			return n.builder.StageNeighbour(ctx, at)
		}
		return nil
	})
	if err != nil || !found {
		return err
	}
	n.run.Log.Info("orders of this shard have bills in buckets of others, which it reads", "partitions", len(n.read))
	return n.evidence.Reload()
}

// findQueries is find by the ids of queries.
func (n *neighbours) findQueries(ctx context.Context, queries []schema.Query) error {
	return n.find(ctx, evidence.IDsOf(queries))
}

// haveCommon reports whether two sorted lists have something in common.
func haveCommon(a, b []uint64) bool {
	for len(a) > 0 && len(b) > 0 {
		switch cmp.Compare(a[0], b[0]) {
		case 0:
			return true
		case -1:
			a = a[1:]
		default:
			b = b[1:]
		}
	}
	return false
}

// takeTogether takes the days, of which all units have ended, through what is left of the steps,
// together with the other shards.
func (t *steps) takeTogether(ctx, calling, lasting context.Context, left map[schema.Day]int, f *faults) {
	n := t.neighbours
	for _, day := range t.toSettle(left) {
		if n.overlap {
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
	for day, ok := t.toJoin(left); ok && ctx.Err() == nil; day, ok = t.toJoin(left) {
		t.joinDay(calling, lasting, day, f)
	}
}

// askAgain queries the orders that are due by what all shards know of them. Which those are was
// not known when each shard queried its own.
func (t *steps) askAgain(ctx, calling, lasting context.Context) error {
	n := t.neighbours
	if len(n.read) == 0 || t.run.Settle.Trade == nil {
		n.pass(lasting, asked)
		return nil
	}
	t.settler.Again = true
	for _, day := range t.plan.days() {
		if err := t.queryOrders(calling, lasting, day); err != nil {
			return err
		}
	}
	n.pass(lasting, asked)
	n.await(ctx, asked)
	return n.evidence.Reload()
}

// hasWalked tells the other shards that the day's units have ended.
func (n *neighbours) hasWalked(ctx context.Context, day schema.Day) {
	if n != nil && n.overlap {
		n.pass(ctx, walked(day))
	}
}

// mayStage reports whether a day's bills can be staged now: where bills may stand with accounts
// of several shards, all of them must have walked it.
func (n *neighbours) mayStage(ctx context.Context, day schema.Day) bool {
	if n == nil || !n.overlap {
		return true
	}
	all, err := n.night.Passed(ctx, walked(day))
	return err == nil && all
}

// stage notes, before a day is staged, what other shards have walked of it.
func (n *neighbours) stage(ctx context.Context, day schema.Day) error {
	if n == nil || !n.overlap {
		return nil
	}
	return n.builder.NoteForeign(ctx, day)
}

// awaitJoined waits until the day can be published: bills that moved are found by what is
// published of all shards before.
func (n *neighbours) awaitJoined(ctx context.Context, day schema.Day) {
	if n != nil && n.overlap {
		n.pass(ctx, joined(day))
		n.await(ctx, joined(day))
	}
}

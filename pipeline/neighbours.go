package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"log/slog"
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
//
// Before the first order is queried they wait for each other, too, and divide the rate of the
// settle query by how many each is likely to make, for the bills that it has found.
type neighbours struct {
	night    *shards.Night
	accounts []schema.Account // of this shard
	days     []schema.Day     // of the run
	buckets  int              // of the lake
	log      *slog.Logger
	owns     func(bucket int) bool
	overlap  bool // bills may stand with accounts of several shards
	evidence *evidence.Evidence
	builder  *build.Builder

	divides bool                                             // the rate of the settle query
	divide  func(ctx context.Context, queries []int64) error // nil once it is divided
	rules   map[schema.AccountID][]schema.RuleUse            // of the plan: how often they have answered

	ids  []uint64                  // by which this shard's bills are known, sorted; once they were exchanged
	read map[schema.Partition]bool // partitions of others whose bills are read
	gone map[int]bool              // shards that were waited for in vain
}

// leave ends the shard's signs of life.
func (n *neighbours) leave() {
	if n != nil {
		n.night.Leave()
	}
}

// wanted reports whether the answers filed under an account are read.
func (n *neighbours) wanted(id schema.AccountID) bool {
	bucket := id.Bucket(n.buckets)
	if id == schema.NoAccount || n.owns(bucket) {
		return true
	}
	for at := range n.read {
		if at.Bucket == bucket {
			return true
		}
	}
	return false
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
		n.warn(err)
	}
}

// lend lets the others have this shard's part of an API's rate.
func (n *neighbours) lend(ctx context.Context, api string) {
	if err := n.night.Lend(ctx, api); err != nil {
		n.log.Warn("the other shards do not know that this one makes no more calls: its part of the rate is not used", "api", api, "error", err)
	}
}

// takeBack ends what was lent, where shards were waited for in vain: one that begins again would use
// it. The others use it no more.
func (n *neighbours) takeBack(ctx context.Context, api string) {
	if len(n.gone) == 0 {
		return
	}
	if err := n.night.TakeBack(ctx, api); err != nil {
		n.log.Warn("other shards may use this one's part of the rate while it makes calls", "api", api, "error", err)
	}
}

// warn logs that the shard could not tell how far it is.
func (n *neighbours) warn(err error) {
	n.log.Warn("the other shards do not know how far this one is, and wait longer", "error", err)
}

// await waits until all shards have done something, or are gone.
func (n *neighbours) await(ctx context.Context, what string) {
	gone, err := n.night.Await(ctx, what)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		n.log.Warn("it is not known how far the other shards are: what is published of them counts", "error", err)
		gone = n.night.Peers
	}
	for _, i := range gone {
		if !n.gone[i] {
			n.log.Warn("a shard shows no sign of life: what is published of it counts, and this one is to run again", "shard", i, "of", n.night.Shard.Count, "until", what)
		}
		n.gone[i] = true
	}
}

// err returns an error where shards were waited for in vain.
func (n *neighbours) err() error {
	if n == nil || len(n.gone) == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d shards showed no sign of life, and orders with bills of both were judged by what was published: %w", len(n.gone), n.night.Shard.Count, errStoppedToday)
}

// listsAtATime is how many lists of ids are made side by side.
const listsAtATime = 4

// exchange tells the others by which ids this shard's bills are known, and reads on where theirs
// have some of them.
func (n *neighbours) exchange(ctx context.Context) error {
	n.lend(ctx, shards.Settlements) // until all shards are as far
	var partitions []schema.Partition
	days := n.days
	for day := days[0] - n.evidence.Window(); day <= days[len(days)-1]+n.evidence.Window(); day++ {
		for bucket := range n.buckets {
			if n.owns(bucket) {
				partitions = append(partitions, schema.Partition{Day: day, Bucket: bucket})
			}
		}
	}
	answered := make(map[schema.Partition][]uint64)
	for _, day := range days {
		at := schema.Partition{Day: day, Bucket: n.accounts[0].ID.Bucket(n.buckets)} // any of this shard's
		var err error
		if answered[at], err = n.evidence.AnswerIDs(ctx, day); err != nil {
			return err
		}
	}
	lists := make([][]uint64, len(partitions))
	reads, reading := errgroup.WithContext(ctx)
	reads.SetLimit(listsAtATime)
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
	n.takeBack(ctx, shards.Settlements)
	own := slices.Concat(lists...)
	slices.Sort(own)
	n.ids = slices.Compact(own)
	return n.find(ctx, n.ids)
}

// find has those partitions of other shards read that have one of the ids, which are sorted.
func (n *neighbours) find(ctx context.Context, ids []uint64) error {
	holds, found := n.owns(schema.NoAccount.Bucket(n.buckets)), false
	days := n.days
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
		n.read[at], found = true, true
		if days[0] <= at.Day && at.Day <= days[len(days)-1] {
			return n.builder.StageNeighbour(ctx, at)
		}
		return nil
	})
	if err != nil || !found {
		return err
	}
	n.log.Info("orders of this shard have bills in buckets of others, which it reads", "partitions", len(n.read))
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

// hasWalked tells the other shards that the day's units have ended, and how many queries are likely
// for what was found.
func (n *neighbours) hasWalked(ctx context.Context, day schema.Day) {
	if n == nil || !n.overlap && !n.divides {
		return
	}
	certificates, queries := n.builder.Walked(day), int64(0)
	for _, c := range certificates {
		queries += c.Bills * likelyQueries(n.rules[c.Account.ID])
	}
	if n.overlap {
		if err := n.night.PutWalked(ctx, day, certificates); err != nil {
			n.log.Warn("the other shards have to look in the archive for what this one has walked", "bill_date", day, "error", err)
		}
	}
	if err := n.night.PassWalked(ctx, walked(day), day, queries); err != nil {
		n.warn(err)
	}
}

// staysForWalks reports whether a day is staged once all shards have walked it: where bills may
// stand with accounts of several shards, or the rate of the settle query is to be divided.
func (n *neighbours) staysForWalks() bool { return n != nil && (n.overlap || n.divide != nil) }

// mayStage reports whether a day's bills can be staged now.
func (n *neighbours) mayStage(ctx context.Context, day schema.Day) bool {
	if !n.staysForWalks() {
		return true
	}
	all, err := n.night.Passed(ctx, walked(day))
	return err == nil && all
}

// stage divides the rate of the settle query, before the first day is staged, and notes, before
// each one is, what other shards have walked of it: by what they tell, else by the archive.
func (n *neighbours) stage(ctx context.Context, day schema.Day) error {
	if n == nil {
		return nil
	}
	if n.divide != nil {
		if err := n.divide(ctx, n.night.Queries(day)); err != nil {
			return fmt.Errorf("how the shards divide the rate of the settle query: %w", err)
		}
		n.divide = nil
	}
	if !n.overlap {
		return nil
	}
	told := make(map[schema.AccountID]*schema.Certificate)
	silent := make(map[int]bool)
	for _, peer := range n.night.Peers {
		certificates, ok, err := n.night.PeerWalked(ctx, peer, day)
		if err != nil {
			return err
		}
		silent[peer] = !ok
		for _, c := range certificates {
			told[c.Account.ID] = c
		}
	}
	return n.builder.NoteForeign(ctx, day, told, func(bucket int) bool { return silent[bucket%n.night.Shard.Count] })
}

// awaitJoined waits until the day can be published: bills that moved are found by what is
// published of all shards before.
func (n *neighbours) awaitJoined(ctx context.Context, day schema.Day) {
	if n != nil && n.overlap {
		n.pass(ctx, joined(day))
		n.await(ctx, joined(day))
	}
}

package walk

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"billwalk/pipeline/chain"
	"billwalk/pipeline/stop"
	"billwalk/schema"
)

// batchSpan is between a batch's first answer and its last at most.
const batchSpan = 30 * time.Second

// Bytes of compressed answers that a unit holds before it stores them. The more, the fewer
// objects: in a folder each costs three waits for the disk.
const (
	minBatch = 256 << 10
	maxBatch = 1 << 20
	maxHeld  = 64 << 20 // by all together, of which no more than 256 are under way
)

// batchBytes returns how much each of so many units holds at most; 0 are very many.
func batchBytes(units int) int {
	if units == 0 {
		return minBatch
	}
	return min(max(maxHeld/units, minBatch), maxBatch)
}

// fetch fetches the rest of the walk, page after page. The archive has n batches of
// the walk already.
func (u *unitWalk) fetch(ctx context.Context, t *trace, n int) error {
	b := batch{archive: u.walker.Archive, trace: t, limit: batchBytes(u.walker.Units), stored: n}
	for !t.done {
		select {
		case <-u.interrupted:
			return errors.Join(stop.ErrStopped, b.flush(ctx))
		default:
		}
		answer, err := u.walker.Source.Bills(chain.With(ctx, u.left(t)), t.unit, t.next, u.walker.PageSize)
		answer.Walk, answer.Page = t.walk, len(t.pages)+1
		answer.Body = bytes.TrimSpace(answer.Body) // white space around it is no part of a JSON value
		if err != nil {
			if schema.FailureOf(err, t.unit).Reach == schema.ReachUnavailable && len(answer.Body) > 0 {
				err = errors.Join(err, b.add(ctx, answer.Answer)) // the evidence
			}
			return errors.Join(err, b.flush(ctx))
		}
		if err := t.add(&answer, u.walker.PageSize); err != nil {
			return errors.Join(&schema.UnitError{Unit: t.unit, LogID: answer.LogID, Code: cmp.Or(schema.ErrorCodeOf(err), schema.CodeChain), Err: err}, b.flush(ctx))
		}
		if err := b.makeRoom(ctx, answer.FetchedAt); err != nil {
			return err
		}
		if u.isToBeBuilt() {
			u.walker.Recent.Remember(t.unit, &answer, b.stored+1)
		}
		answer.Decoded.Release() // before others are waited for, to encode it: so few pages are kept
		if err := b.add(ctx, answer.Answer); err != nil {
			return err
		}
		u.walker.Progress.PageFetched(t.pages[len(t.pages)-1].Rows)
		u.advance(t)
	}
	return b.flush(ctx)
}

// isToBeBuilt reports whether the tables will likely be built of the present walk: not where
// another one has to agree with it, and not where it will confirm what an earlier run found.
func (u *unitWalk) isToBeBuilt() bool {
	return u.following == 0 && (u.last == nil || u.last.Walk == "")
}

// advance counts how far the unit is: by pages, or by whole walks where it is not known how
// many pages there are. What is walked again does not take back what was counted.
func (u *unitWalk) advance(t *trace) {
	walks, pages, all := u.walker.Passes-u.following-1, 0, 1
	if t.done {
		walks++
	} else if u.pages > 0 {
		all = u.pages
		pages = min(len(t.pages), all)
	}
	reached := min(int64(1000*(walks*all+pages)/(u.walker.Passes*all)), 990) // the end is the unit's own
	if reached > u.reached {
		u.walker.Progress.UnitUnderWay(reached - u.reached)
		u.reached = reached
	}
}

// left returns how many pages are likely to follow the walk's next one, with those of the
// walks after it.
func (u *unitWalk) left(t *trace) int {
	return max(u.pages-len(t.pages)-1, 0) + u.following*u.pages
}

// batch collects the encoded answers of at most batchSpan of walking.
type batch struct {
	archive Archive
	trace   *trace
	limit   int       // bytes of a batch
	stored  int       // batches of the walk in the archive
	frames  [][]byte  // each an encoded answer
	size    int       // bytes of them
	began   time.Time // when the first answer was fetched
}

// makeRoom flushes a batch that the next answer, which was fetched then, is no part of.
func (b *batch) makeRoom(ctx context.Context, fetched time.Time) error {
	if b.size >= b.limit || b.size > 0 && fetched.Sub(b.began) >= batchSpan {
		return b.flush(ctx)
	}
	return nil
}

func (b *batch) add(ctx context.Context, a schema.Answer) error {
	if err := b.makeRoom(ctx, a.FetchedAt); err != nil {
		return err
	}
	if len(b.frames) == 0 {
		b.began = a.FetchedAt
	}
	frame, err := b.archive.Encode(nil, a)
	if err != nil {
		return err
	}
	b.frames, b.size = append(b.frames, frame), b.size+len(frame)
	return nil
}

// flush makes the batch durable, even where ctx has ended: what was fetched is not to
// be fetched again.
func (b *batch) flush(ctx context.Context) error {
	if b.size == 0 {
		return nil
	}
	ctx, cancel := stop.Outlast(ctx, stop.FlushGrace)
	defer cancel()
	if err := b.archive.Append(ctx, b.trace.unit, b.trace.walk, b.stored+1, slices.Concat(b.frames...)); err != nil {
		return fmt.Errorf("archiving %s: %w", b.trace.unit, err)
	}
	b.stored, b.frames, b.size = b.stored+1, nil, 0
	return nil
}

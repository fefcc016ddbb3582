package walk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"billwalk/pipeline/chain"
	"billwalk/pipeline/stop"
	"billwalk/schema"
)

const (
	batchSpan  = 30 * time.Second // between a batch's first answer and its last
	batchBytes = 256 << 10        // of compressed answers: every unit that is walked holds as much
)

// fetch fetches the rest of the walk, page after page. The archive has n batches of
// the walk already.
func (u *unitWalk) fetch(ctx context.Context, t *trace, n int) error {
	b := batch{archive: u.walker.Archive, trace: t, stored: n}
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
			return errors.Join(&schema.UnitError{Unit: t.unit, LogID: answer.LogID, Code: schema.CodeChain, Err: err}, b.flush(ctx))
		}
		if err := b.add(ctx, answer.Answer); err != nil {
			return err
		}
		if u.following == 0 {
			u.walker.Recent.Remember(t.unit, &answer, b.stored+1)
		}
		answer.Decoded.Release()
		u.walker.Progress.PageFetched(t.pages[len(t.pages)-1].Rows)
		u.advance(t)
	}
	return b.flush(ctx)
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
	stored  int       // batches of the walk in the archive
	answers [][]byte  // encoded
	bytes   int       // of them
	began   time.Time // when the first answer was fetched
}

func (b *batch) add(ctx context.Context, a schema.Answer) error {
	if b.bytes >= batchBytes || b.bytes > 0 && a.FetchedAt.Sub(b.began) >= batchSpan {
		if err := b.flush(ctx); err != nil {
			return err
		}
	}
	if b.bytes == 0 {
		b.began = a.FetchedAt
	}
	encoded, err := b.archive.Encode(nil, a)
	b.answers, b.bytes = append(b.answers, encoded), b.bytes+len(encoded)
	return err
}

// flush makes the batch durable, even where ctx has ended: what was fetched is not to
// be fetched again.
func (b *batch) flush(ctx context.Context) error {
	if b.bytes == 0 {
		return nil
	}
	ctx, cancel := stop.Outlast(ctx, stop.FlushGrace)
	defer cancel()
	if err := b.archive.Append(ctx, b.trace.unit, b.trace.walk, b.stored+1, slices.Concat(b.answers...)); err != nil {
		return fmt.Errorf("archiving %s: %w", b.trace.unit, err)
	}
	b.stored, b.answers, b.bytes = b.stored+1, nil, 0
	return nil
}

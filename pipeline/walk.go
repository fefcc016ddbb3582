package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"billwalk/pipeline/passid"
	"billwalk/pipeline/stop"
	"billwalk/schema"
)

const (
	batchSpan  = 30 * time.Second
	batchBytes = 1 << 20 // of compressed answers
	maxWalks   = 4       // of one unit in one run, in search of equal ones
)

// walker fills the archive with the pages of units, and certifies those that are whole.
type walker struct {
	source      Source
	archive     Archive
	now         func() time.Time
	log         *slog.Logger
	progress    *Progress
	runID       string
	pageSize    int
	passes      int
	allowShrink bool
	goesOnWith  func(*schema.Certificate) bool
	seen        func(context.Context, *schema.Certificate) (bool, error)
	stop        <-chan struct{} // closed: finish the request in flight, make it durable, return stop.ErrStopped
}

// unit walks the unit until enough walks in a row agree, and returns its
// certificate. A walk that a killed run began is gone on with while it is young.
// So is a young certificate, and in a backfill one of any age, unless a run that
// ended well has seen to it, so that this run is to look again.
func (w *walker) unit(ctx context.Context, u schema.Unit) (*schema.Certificate, error) {
	last, begun, err := w.archive.Unit(ctx, u)
	name := ""
	if last != nil {
		name = last.Latest().Walk
	}
	if errors.Is(err, schema.ErrDamaged) {
		w.log.Warn("a unit is walked anew", "account_id", u.Account.ID, "bill_date", u.Day, "error", err)
		last, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	if last != nil && w.goesOnWith(last) {
		seen, err := w.seen(ctx, last)
		if err != nil {
			return nil, err
		}
		if !seen && w.intact(ctx, last) {
			return last, nil
		}
	}
	equal, digest := []*trace(nil), ""
	begun = begun[max(0, len(begun)-w.passes):]
	for fetched := 0; fetched < maxWalks; {
		var t *trace
		if len(begun) > 0 {
			t, err = w.resume(ctx, u, begun[0])
			name, begun = begun[0].Walk, begun[1:]
		} else {
			fetched++
			t = newTrace(u, passid.New(w.runID, u, w.now(), name))
			name, err = t.walk, w.walk(ctx, t, 0)
		}
		if errors.Is(err, schema.ErrTaken) {
			w.log.Warn("another run goes on with this walk; a new one is begun", "account_id", u.Account.ID, "bill_date", u.Day, "walk", name)
			continue
		}
		if err != nil {
			if failure := schema.FailureOf(err, u); failure.Reach == schema.ReachUnavailable {
				return w.unavailable(ctx, u, last, name, failure)
			}
			return nil, err
		}
		if t == nil {
			continue
		}
		bills, found := t.digest()
		if len(equal) > 0 && found != digest {
			w.log.Warn("the day changed while it was walked", "account_id", u.Account.ID, "bill_date", u.Day, "walk", t.walk, "bills", bills)
			equal = nil
		}
		t.contents, t.seen = nil, nil
		equal, digest = append(equal, t), found
		if len(equal) >= w.passes {
			return w.certify(ctx, u, last, equal, bills, digest)
		}
	}
	return nil, &schema.UnitError{Unit: u, Err: fmt.Errorf("the day keeps changing: no %d of %d walks in a row found the same bills; run again later", w.passes, maxWalks)}
}

// resume goes on with a walk that was begun. It returns nil where that one is too old, damaged, or not known to the platform any more.
func (w *walker) resume(ctx context.Context, u schema.Unit, begun schema.Begun) (*trace, error) {
	log := w.log.With("account_id", u.Account.ID, "bill_date", u.Day, "walk", begun.Walk)
	t, err := w.reread(ctx, u, begun.Walk)
	if err != nil {
		log.Warn("a walk in the archive cannot be gone on with", "error", err)
		return nil, nil
	}
	if w.now().Sub(t.began) >= stop.ResumeAge {
		return nil, nil
	}
	pages := len(t.pages)
	err = w.walk(ctx, t, begun.Batches)
	if err != nil && len(t.pages) == pages && schema.FailureOf(err, u).Reach == schema.ReachUnit && !passing(err) && !errors.Is(err, stop.ErrStopped) && ctx.Err() == nil {
		log.Warn("the platform no longer knows the walk's cursor; the walk is begun anew", "error", err)
		return nil, nil
	}
	return t, err
}

// reread brings a walk of the archive back to where it was cut.
func (w *walker) reread(ctx context.Context, u schema.Unit, walk string) (*trace, error) {
	t := newTrace(u, walk)
	for answer, err := range w.archive.Answers(ctx, u, walk) {
		if err != nil {
			return nil, err
		}
		if err := t.add(answer, w.pageSize); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// walk fetches page after page, strictly in sequence, until the last one. n
// batches of the walk are archived already.
func (w *walker) walk(ctx context.Context, t *trace, n int) error {
	b := batch{walker: w, trace: t, n: n}
	for !t.done {
		select {
		case <-w.stop:
			return errors.Join(stop.ErrStopped, b.flush(ctx))
		default:
		}
		answer, err := w.source.Bills(ctx, t.unit, t.next, w.pageSize)
		answer.Walk, answer.Page = t.walk, len(t.pages)+1
		answer.Body = bytes.TrimSpace(answer.Body) // white space around it is no part of a JSON value
		if err != nil {
			if schema.FailureOf(err, t.unit).Reach == schema.ReachUnavailable && len(answer.Body) > 0 {
				err = errors.Join(err, b.add(ctx, answer)) // the evidence
			}
			return errors.Join(err, b.flush(ctx))
		}
		if err := t.add(answer, w.pageSize); err != nil {
			return errors.Join(&schema.UnitError{Unit: t.unit, LogID: answer.LogID, Err: err}, b.flush(ctx))
		}
		if err := b.add(ctx, answer); err != nil {
			return err
		}
		w.progress.page(t.pages[len(t.pages)-1].Rows)
	}
	return b.flush(ctx)
}

// batch collects the encoded answers of at most batchSpan of walking.
type batch struct {
	*walker
	trace *trace
	n     int // batches stored
	data  []byte
	began time.Time
}

func (b *batch) add(ctx context.Context, a schema.Answer) error {
	if len(b.data) >= batchBytes || len(b.data) > 0 && a.FetchedAt.Sub(b.began) >= batchSpan {
		if err := b.flush(ctx); err != nil {
			return err
		}
	}
	line, err := b.archive.Encode(a)
	if err != nil {
		return err
	}
	if len(b.data) == 0 {
		b.began = a.FetchedAt
	}
	b.data = append(b.data, line...)
	return nil
}

// flush makes the batch durable, even where ctx has ended: what was fetched is
// not to be fetched again.
func (b *batch) flush(ctx context.Context) error {
	if len(b.data) == 0 {
		return nil
	}
	ctx, cancel := stop.Outlast(ctx, stop.FlushGrace)
	defer cancel()
	if err := b.archive.Append(ctx, b.trace.unit, b.trace.walk, b.n+1, b.data); err != nil {
		return fmt.Errorf("archiving %s: %w", b.trace.unit, err)
	}
	b.n, b.data = b.n+1, b.data[:0]
	return nil
}

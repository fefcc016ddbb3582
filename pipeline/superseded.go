package pipeline

import (
	"context"
	"errors"
	"maps"
	"time"

	"billwalk/pipeline/stop"
	"billwalk/schema"
)

const (
	winnerTime = 20 * time.Second // that a winner has to come to its manifest
	winnerPoll = time.Second
)

// superseded ends a partition that another run published first. Where that one's
// result is at least as new, it is as good as this run's own; else the error is
// schema.ErrSuperseded: nothing was changed, and a run again publishes what is in
// the archive by now.
func (b *builder) superseded(ctx context.Context, a *assembly) error {
	waiting, cancel := context.WithTimeout(ctx, winnerTime)
	defer cancel()
	for {
		winner, err := b.Lake.Base(ctx, a.base.Day, a.base.Bucket)
		if err != nil {
			return err
		}
		if m := winner.Manifest; m != nil && len(winner.Unfinished()) == 0 {
			if !asNew(m, a.m) {
				return schema.ErrSuperseded
			}
			b.Log.Info("another run came first, with a result at least as new", "bill_date", m.Day, "bucket", m.Bucket, "run_id", m.RunID)
			b.summary.addPublished(m, false, true)
			b.Progress.PartitionPublished()
			return nil
		}
		if stop.Sleep(waiting, winnerPoll) != nil {
			return schema.ErrSuperseded
		}
	}
}

// asNew says that the winner's day is at least as new as this run's: every unit
// was walked later, or the same bills were found and came to the same verdicts.
func asNew(winner, mine *schema.Manifest) bool {
	verdicts := maps.Equal(winner.Verdicts, mine.Verdicts)
	if len(mine.Units) == 0 { // settlements that no bill explains: the run that began later has heard more
		return verdicts || winner.RunID > mine.RunID
	}
	for _, e := range mine.Units {
		w := winner.Entry(e.Account.ID)
		if w == nil || w.State == schema.Failed && e.State != schema.Failed {
			return false
		}
		if e.Certificate == nil {
			continue
		}
		if w.Certificate == nil {
			return false
		}
		same := verdicts && w.State == e.State && w.Certificate.Digest == e.Certificate.Digest
		if !same && w.Certificate.Latest().Walk < e.Certificate.Latest().Walk { // names sort by when walks began
			return false
		}
	}
	return true
}

// onlySuperseded says that nothing went wrong but that another run came first.
func onlySuperseded(err error) bool {
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		for _, part := range e.Unwrap() {
			if !onlySuperseded(part) {
				return false
			}
		}
		return true
	default:
		if inner := errors.Unwrap(err); inner != nil {
			return onlySuperseded(inner)
		}
		return err == schema.ErrSuperseded
	}
}

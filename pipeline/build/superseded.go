package build

import (
	"context"
	"maps"
	"time"

	"billwalk/pipeline/stop"
	"billwalk/schema"
)

const (
	winnerTime = 20 * time.Second // within which a winner publishes its manifest
	winnerPoll = time.Second
)

// awaitWinner returns the manifest of the run that published the partition first, if its
// result is at least as new; else the error is schema.ErrSuperseded.
func (p *Partition) awaitWinner(ctx context.Context) (*schema.Manifest, error) {
	waiting, cancel := context.WithTimeout(ctx, winnerTime)
	defer cancel()
	for {
		winner, err := p.builder.Lake.Base(ctx, p.base.Day, p.base.Bucket)
		if err != nil {
			return nil, err
		}
		if m := winner.Manifest; m != nil && len(winner.Unfinished()) == 0 {
			if !atLeastAsNew(m, p.manifest) {
				return nil, schema.ErrSuperseded
			}
			p.builder.Log.Info("another run came first, with a result at least as new", "bill_date", m.Day, "bucket", m.Bucket, "run_id", m.RunID)
			return m, nil
		}
		if stop.Sleep(waiting, winnerPoll) != nil {
			return nil, schema.ErrSuperseded
		}
	}
}

// atLeastAsNew reports whether the winner's day is at least as new as this run's: every unit
// was walked later, or the same bills were found and came to the same verdicts.
func atLeastAsNew(winner, mine *schema.Manifest) bool {
	verdicts := maps.Equal(winner.Verdicts, mine.Verdicts)
	if len(mine.Units) == 0 { // unmatched settlements: the run that began later knows of more callbacks
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

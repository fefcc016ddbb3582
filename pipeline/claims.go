package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"billwalk/schema"
)

// Claims is one small object of the lake, in which runs tell each other that they
// are at work. Nothing correct depends on it: it saves calls.
type Claims interface {
	// Load returns what is stored, and its version; nothing where there is nothing.
	Load(ctx context.Context) (data []byte, version string, err error)
	// Swap stores data if the version is still that one, and returns the new one;
	// else it is schema.ErrTaken.
	Swap(ctx context.Context, data []byte, version string) (string, error)
}

const (
	claimLife  = 24 * time.Hour // an older one is of a run that was killed
	claimTries = 5

	unclaimTime = 2 * time.Second // the last that a stopped run has time for
)

// claim says that a run is at work on days and buckets.
type claim struct {
	RunID   string     `json:"run_id"`
	Job     string     `json:"job"`
	From    schema.Day `json:"from"` // of the lookback
	To      schema.Day `json:"to"`
	Buckets []int      `json:"buckets"`
	BeganAt time.Time  `json:"began_at"`
}

func (c *claim) overlaps(o *claim) bool {
	return c.From <= o.To && o.From <= c.To && slices.ContainsFunc(c.Buckets, func(b int) bool { return slices.Contains(o.Buckets, b) })
}

// claim tells other runs of this one, and says whether one is at work already.
// Whatever fails here is told, and the run goes on without.
func (r *Run) claim(ctx context.Context) (others bool) {
	if r.Claims == nil || r.Source == nil {
		return false
	}
	days := r.Days()
	mine := claim{r.ID, r.Job, days[0], days[len(days)-1], bucketsOf(r.Accounts, r.Buckets), r.Now().UTC()}
	err := r.swapClaims(ctx, func(all []claim) []claim {
		others = slices.ContainsFunc(all, func(c claim) bool { return c.overlaps(&mine) })
		return append(all, mine)
	})
	if err != nil {
		r.Log.Warn("other runs cannot be told of this one; they may ask for the same", "error", err)
	}
	return others
}

// unclaim ends the claim, however the run ends. One that stays behind costs
// nothing but the order in which a next run walks.
func (r *Run) unclaim() {
	if r.Claims == nil || r.Source == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), unclaimTime)
	defer cancel()
	if err := r.swapClaims(ctx, func(all []claim) []claim { return all }); err != nil {
		r.Log.Debug("the run's claim stays behind", "error", err)
	}
}

// swapClaims replaces the claims of living runs other than this one.
func (r *Run) swapClaims(ctx context.Context, change func(others []claim) []claim) error {
	for try := 1; ; try++ {
		data, version, err := r.Claims.Load(ctx)
		if err != nil {
			return err
		}
		var all []claim
		_ = json.Unmarshal(data, &all) // what cannot be read is nobody's claim
		all = slices.DeleteFunc(all, func(c claim) bool { return c.RunID == r.ID || r.Now().Sub(c.BeganAt) > claimLife })
		next, err := json.Marshal(change(all))
		if err != nil {
			return err
		}
		_, err = r.Claims.Swap(ctx, next, version)
		if !errors.Is(err, schema.ErrTaken) || try == claimTries {
			return err
		}
	}
}

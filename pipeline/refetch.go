package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"billwalk/pipeline/stop"
	"billwalk/schema"
)

// refetchPolicy decides which units must be fetched again, though the archive has a
// certified walk of them. A walk of an interrupted run is used as it is; one whose run
// ended well, or was published by such a run, has served its purpose.
type refetchPolicy struct {
	summaries Summaries
	started   time.Time // this run
	now       func() time.Time
	anyAge    bool                        // a certificate is good whatever its age
	failed    map[schema.Unit]bool        // published as failed, after they were certified
	published map[schema.Unit]publication // by units

	mu        sync.Mutex
	endedWell map[string]bool // runs, by id
}

// publication is the latest walk of a published certificate, and the run that published
// it.
type publication struct {
	walk, runID string
}

func newRefetchPolicy(r *Run, plan Plan, started time.Time) *refetchPolicy {
	p := &refetchPolicy{
		summaries: r.Lake, started: started, now: r.Now, anyAge: r.Backfill,
		failed: make(map[schema.Unit]bool), published: make(map[schema.Unit]publication), endedWell: make(map[string]bool),
	}
	for _, u := range plan.Units {
		if c, e, m := plan.published(u.Unit); c != nil {
			p.failed[u.Unit] = e.State == schema.Failed
			p.published[u.Unit] = publication{c.Latest().Walk, m.RunID}
		}
	}
	return p
}

// isCurrent reports whether the unit's certificate serves this run, so that the unit is
// not fetched again.
func (p *refetchPolicy) isCurrent(ctx context.Context, u schema.Unit, c *schema.Certificate) (bool, error) {
	latest := c.Latest()
	if !p.anyAge && p.now().Sub(latest.At) >= stop.ResumeAge || p.failed[u] {
		return false, nil
	}
	if well, err := p.runEndedWell(ctx, latest.RunID); well || err != nil {
		return false, err
	}
	published := p.published[u]
	if published.walk != latest.Walk {
		return true, nil
	}
	well, err := p.runEndedWell(ctx, published.runID)
	return !well && err == nil, err
}

// runEndedWell reports whether a run ended well before this one started. The walks of a
// run that is still at work are used as if they were this run's own.
func (p *refetchPolicy) runEndedWell(ctx context.Context, runID string) (bool, error) {
	if runID == "" {
		return false, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if well, known := p.endedWell[runID]; known {
		return well, nil
	}
	data, err := p.summaries.Summary(ctx, runID)
	if err != nil {
		return false, fmt.Errorf("reading the summary of an earlier run: %w", err)
	}
	var summary Summary
	p.endedWell[runID] = data != nil && json.Unmarshal(data, &summary) == nil && summary.endedWell() && !summary.endedAt().After(p.started)
	return p.endedWell[runID], nil
}

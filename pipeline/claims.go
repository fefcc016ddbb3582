package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"billwalk/pipeline/stop"
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
	claimBeat    = 5 * time.Second  // a living run renews its claim so often
	claimSilence = 20 * time.Second // after so long without, it is taken for dead
	claimTries   = 5
	unclaimTime  = 2 * time.Second // the last that a stopped run has time for
)

// claim says that a run is at work on days and buckets. Claims stand in the order
// in which their runs came.
type claim struct {
	RunID    string     `json:"run_id"`
	Job      string     `json:"job"`
	Process  string     `json:"process,omitempty"`
	From     schema.Day `json:"from"` // of the lookback
	To       schema.Day `json:"to"`
	Buckets  []int      `json:"buckets"`
	Accounts string     `json:"accounts"` // a hash of them
	Beat     int64      `json:"beat"`     // one more each time the claim is renewed
}

// covers says that the run does all that the other one is to do.
func (c *claim) covers(o *claim) bool {
	return c.From <= o.From && o.To <= c.To && c.Accounts == o.Accounts
}

func (c *claim) overlaps(o *claim) bool {
	return c.From <= o.To && o.From <= c.To && slices.ContainsFunc(c.Buckets, func(b int) bool { return slices.Contains(o.Buckets, b) })
}

func (r *Run) newClaim() claim {
	var ids []string
	for _, a := range r.Accounts {
		ids = append(ids, string(a.ID))
	}
	slices.Sort(ids)
	hash := sha256.Sum256([]byte(strings.Join(ids, " ")))
	days := r.Days()
	return claim{
		RunID: r.ID, Job: r.Job, Process: r.Process, From: days[0], To: days[len(days)-1],
		Buckets: schema.BucketsOf(r.Accounts, r.Buckets), Accounts: hex.EncodeToString(hash[:8]),
	}
}

// presence is a run's claim, and what it knows of others'.
type presence struct {
	*Run
	mine  claim
	signs map[string]sign // of other runs
}

// sign is a run's latest beat, and when it was first seen, by this run's clock.
type sign struct {
	beat int64
	at   time.Time
}

// attend tells other runs of this one. While one that came before does all that
// this one is to do, it waits: what that one asked for is in the archive then, and
// is not asked for again. It says whether one is at work on some of the days; the
// returned function ends the claim, which is renewed until then. Whatever fails
// here is logged, and the run goes on without; but a store that refuses the claim
// would refuse all other writes, and ends the run.
func (r *Run) attend(ctx context.Context) (others bool, leave func(), err error) {
	if r.Claims == nil || r.Walk.Source == nil {
		return false, func() {}, nil
	}
	p := &presence{r, r.newClaim(), make(map[string]sign)}
	for told := ""; ; {
		before, err := p.renew(ctx)
		if errors.Is(err, schema.ErrDenied) {
			return false, func() {}, fmt.Errorf("%w: %w", errNotBegun, err)
		}
		if err != nil {
			r.Log.Warn("other runs cannot be told of this one; they may ask for the same", "error", err)
			return false, p.leave, nil
		}
		i := slices.IndexFunc(before, func(c claim) bool { return c.covers(&p.mine) })
		if i < 0 {
			others = slices.ContainsFunc(before, func(c claim) bool { return c.overlaps(&p.mine) })
			break
		}
		if other := before[i].RunID; told != other {
			told = other
			r.Log.Info("another run is doing all of this: waiting until it ends, or shows no sign of life", "run_id", other, "process", before[i].Process)
		}
		if stop.Sleep(ctx, claimBeat) != nil {
			return true, p.leave, nil
		}
	}
	beating, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for stop.Sleep(beating, claimBeat) == nil {
			if _, err := p.renew(beating); err != nil {
				r.Log.Debug("the run's claim could not be renewed", "error", err)
			}
		}
	}()
	return others, func() {
		cancel()
		<-stopped
		p.leave()
	}, nil
}

// errNotBegun ends a run at its first write.
var errNotBegun = errors.New("the lake's store refuses writes: 存储拒绝写入,未向平台发出任何账单请求; no bill was asked for")

// renew makes the claim's next beat, and returns the claims of living runs that
// came before.
func (p *presence) renew(ctx context.Context) (before []claim, err error) {
	p.mine.Beat++
	err = p.swap(ctx, func(all []claim) []claim {
		all = slices.DeleteFunc(all, func(c claim) bool { return c.RunID != p.ID && p.dead(&c) })
		i := slices.IndexFunc(all, func(c claim) bool { return c.RunID == p.ID })
		if i < 0 {
			i, all = len(all), append(all, claim{})
		}
		all[i] = p.mine
		before = slices.Clone(all[:i])
		return all
	})
	return before, err
}

// dead says that a run has shown no sign of life for a while, by this run's clock,
// or that its process is known to be gone.
func (p *presence) dead(c *claim) bool {
	if p.Gone != nil && c.Process != "" && p.Gone(c.Process) {
		return true
	}
	last, known := p.signs[c.RunID]
	if !known || last.beat != c.Beat {
		p.signs[c.RunID] = sign{c.Beat, time.Now()}
		return false
	}
	return time.Since(last.at) >= claimSilence
}

// leave ends the claim. One that stays behind is soon taken for dead.
func (p *presence) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), unclaimTime)
	defer cancel()
	err := p.swap(ctx, func(all []claim) []claim {
		return slices.DeleteFunc(all, func(c claim) bool { return c.RunID == p.ID })
	})
	if err != nil {
		p.Log.Debug("the run's claim stays behind", "error", err)
	}
}

func (p *presence) swap(ctx context.Context, change func(all []claim) []claim) error {
	for try := 1; ; try++ {
		data, version, err := p.Claims.Load(ctx)
		if err != nil {
			return err
		}
		var all []claim
		_ = json.Unmarshal(data, &all) // what cannot be read is nobody's claim
		next, err := json.Marshal(change(all))
		if err != nil {
			return err
		}
		_, err = p.Claims.Swap(ctx, next, version)
		if !errors.Is(err, schema.ErrTaken) || try == claimTries {
			return err
		}
	}
}

// Package claims lets the runs on one lake know of each other, so that none fetches what
// another one is just fetching. Nothing correct depends on it: it saves calls.
//
// The claims of all runs are one small object, replaced by compare-and-swap. A run adds
// its claim before its first call, renews it while it works, and removes it at its end.
// A claim that is not renewed is that of a dead run, and ignored.
package claims

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"billwalk/pipeline/stop"
	"billwalk/pipeline/swap"
	"billwalk/schema"
)

const (
	renewEvery = 5 * time.Second  // while a run works
	deadAfter  = 20 * time.Second // without a renewal
	leaveTime  = 2 * time.Second  // a stopped run has no more time to remove its claim

	// refuseAfter is when a run that cannot work beside another one gives up: after those that are
	// dead are taken for it, and those that were told to end have done so (stop.Grace).
	refuseAfter = 30 * time.Second
)

// ErrDenied is the error of a run whose claim the store refuses: it would refuse all
// other writes, too.
var ErrDenied = errors.New("the lake's store refuses writes: 存储拒绝写入,未向平台发出任何账单请求; no bills were requested")

// ErrShards is the error of a shard of a night that already has another number of shards:
// it would wait for others that never begin.
var ErrShards = errors.New("this night is under way with another number of shards: 这一夜正以另一分片数运行")

// Claim says which days and accounts a run works on.
type Claim struct {
	RunID    string     `json:"run_id"`
	Job      string     `json:"job"`
	Process  string     `json:"process,omitempty"`
	From     schema.Day `json:"from"` // lookback included
	To       schema.Day `json:"to"`
	Buckets  []int      `json:"buckets"`
	Accounts string     `json:"accounts"`         // a hash of them
	Shards   int        `json:"shards,omitempty"` // processes that share the night, if any
	Beat     int64      `json:"beat"`             // one more each time the claim is renewed
}

// HashAccounts returns the hash of accounts, in any order, for [Claim].
func HashAccounts(accounts []schema.Account) string {
	var ids []string
	for _, a := range accounts {
		ids = append(ids, string(a.ID))
	}
	slices.Sort(ids)
	hash := sha256.Sum256([]byte(strings.Join(ids, " ")))
	return hex.EncodeToString(hash[:8])
}

// Decode returns the claims that are stored; none where they cannot be read.
func Decode(data []byte) (all []Claim) {
	_ = json.Unmarshal(data, &all) // what cannot be read is nobody's claim
	return all
}

// covers reports whether the run does all that the other one is to do.
func (c *Claim) covers(other *Claim) bool {
	return c.From <= other.From && other.To <= c.To && c.Accounts == other.Accounts
}

// sharesNight reports whether both runs are shards of the job's same night.
func (c *Claim) sharesNight(other *Claim) bool {
	return c.Shards > 0 && other.Shards > 0 && c.Job == other.Job && c.From == other.From && c.To == other.To
}

func (c *Claim) overlaps(other *Claim) bool {
	return c.From <= other.To && other.From <= c.To && slices.ContainsFunc(c.Buckets, func(b int) bool { return slices.Contains(other.Buckets, b) })
}

// Register is where the runs of a process claim their work. The zero Register knows of
// no other run.
type Register struct {
	Store   swap.Object            // nil: runs do not know of each other
	Process string                 // names this process
	Gone    func(name string) bool // reports whether a process is known not to run any more; may be nil
}

// Enter claims the work of a run. While a run that came before does all of it, Enter
// waits: what that run fetches is in the archive then, and is not fetched again. Enter
// reports whether another run works on some of the days. leave ends the claim, which is
// renewed until then.
//
// Where the claim cannot be stored, that is logged and the run works without one; only
// where the store denies it is the error ErrDenied.
func (r Register) Enter(ctx context.Context, claim Claim, log *slog.Logger) (others bool, leave func(), err error) {
	if r.Store == nil {
		return false, func() {}, nil
	}
	claim.Process = r.Process
	m := &member{register: r, log: log, claim: claim, beats: make(map[string]beat)}
	for waitingFor := ""; ; {
		earlier, err := m.renew(ctx)
		if errors.Is(err, schema.ErrDenied) {
			return false, func() {}, fmt.Errorf("%w: %w", ErrDenied, err)
		}
		if err != nil {
			log.Warn("other runs cannot see this one, and may fetch the same", "error", err)
			return false, m.leave, nil
		}
		i, err := m.ahead(earlier)
		if err != nil {
			return true, m.leave, err
		}
		if i < 0 {
			others = slices.ContainsFunc(earlier, func(c Claim) bool { return c.overlaps(&m.claim) })
			break
		}
		if other := earlier[i].RunID; waitingFor != other {
			waitingFor = other
			log.Info("another run is at work on this: waiting until it ends, or shows no sign of life", "run_id", other, "process", earlier[i].Process)
		}
		if stop.Sleep(ctx, renewEvery) != nil {
			return true, m.leave, nil
		}
	}
	stopRenewing := m.keepRenewing(ctx)
	return others, func() { stopRenewing(); m.leave() }, nil
}

// member is one run among the others of its lake.
type member struct {
	register Register
	log      *slog.Logger
	claim    Claim
	beats    map[string]beat // of other runs, by id
}

// beat is a run's latest renewal, and when this run saw it first, by its own clock.
type beat struct {
	number int64
	at     time.Time
	first  time.Time // when it saw the run at all
}

// ahead returns which of the earlier runs is waited for; -1 is none. A shard of a night with
// another number of shards waits until the first run of that night has ended, or lives for longer
// than one that was told to end.
func (m *member) ahead(earlier []Claim) (i int, err error) {
	i = slices.IndexFunc(earlier, func(c Claim) bool { return c.sharesNight(&m.claim) })
	if i < 0 || earlier[i].Shards == m.claim.Shards {
		return slices.IndexFunc(earlier, func(c Claim) bool { return c.covers(&m.claim) }), nil
	}
	if first := earlier[i]; time.Since(m.beats[first.RunID].first) >= refuseAfter {
		err = fmt.Errorf("%w: run %s is one of %d, this one of %d; start it with their number, or when they have ended", ErrShards, first.RunID, first.Shards, m.claim.Shards)
	}
	return i, err
}

// keepRenewing renews the claim until the returned function is called, even where ctx
// ends before.
func (m *member) keepRenewing(ctx context.Context) (stopRenewing func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for stop.Sleep(ctx, renewEvery) == nil {
			if _, err := m.renew(ctx); err != nil {
				m.log.Debug("the run's claim could not be renewed", "error", err)
			}
		}
	}()
	return func() {
		cancel()
		<-stopped
	}
}

// renew stores the claim with its next beat, and returns the claims of living runs that
// came before.
func (m *member) renew(ctx context.Context) (earlier []Claim, err error) {
	m.claim.Beat++
	err = m.swap(ctx, func(all []Claim) []Claim {
		all = slices.DeleteFunc(all, func(c Claim) bool { return c.RunID != m.claim.RunID && m.isDead(&c) })
		i := slices.IndexFunc(all, func(c Claim) bool { return c.RunID == m.claim.RunID })
		if i < 0 {
			i, all = len(all), append(all, Claim{})
		}
		all[i] = m.claim
		earlier = slices.Clone(all[:i])
		return all
	})
	return earlier, err
}

// isDead reports whether a run has not renewed its claim for a while, or its process is
// known to be gone.
func (m *member) isDead(c *Claim) bool {
	if gone := m.register.Gone; gone != nil && c.Process != "" && gone(c.Process) {
		return true
	}
	last, known := m.beats[c.RunID]
	if !known || last.number != c.Beat {
		now := time.Now()
		if !known {
			last.first = now
		}
		m.beats[c.RunID] = beat{c.Beat, now, last.first}
		return false
	}
	return time.Since(last.at) >= deadAfter
}

// leave removes the claim. One that stays behind is soon taken for dead.
func (m *member) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), leaveTime)
	defer cancel()
	err := m.swap(ctx, func(all []Claim) []Claim {
		return slices.DeleteFunc(all, func(c Claim) bool { return c.RunID == m.claim.RunID })
	})
	if err != nil {
		m.log.Debug("the run's claim stays behind", "error", err)
	}
}

// swap replaces the claims of all runs.
func (m *member) swap(ctx context.Context, change func(all []Claim) []Claim) error {
	return swap.Change(ctx, m.register.Store, func(data []byte) ([]byte, error) { return json.Marshal(change(Decode(data))) })
}

package shards

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"billwalk/pipeline/stop"
	"billwalk/pipeline/swap"
	"billwalk/schema"
)

const (
	beatEvery = time.Minute // how often a shard shows that it lives

	// One that waits looks at the others again after an eighth of the time that it has waited:
	// what the last of them does is noticed soon, and a long wait takes few looks.
	pollPart  = 8
	pollFirst = 50 * time.Millisecond  // at the soonest
	pollEvery = 500 * time.Millisecond // at the latest

	// goneAfter is how long a shard that shows no sign of life is waited for: longer than
	// Kubernetes takes to start a pod that has failed a few times.
	goneAfter = 10 * time.Minute
)

// Config says what is shared, and where the shards tell of themselves.
type Config struct {
	Shard Shard
	Peers []int                         // the other shards that have an account
	Open  func(name string) swap.Object // an object of the shared run
	From  schema.Day                    // of the run, lookback included
	To    schema.Day
	RunID string
	Rates map[string]Rate // by API, as far as the run makes calls
	Log   *slog.Logger
}

// Night is a run that several shards share, as one of them sees it. A shard that was killed, or
// stopped, takes it up again; one that had ended begins another one of the same days.
type Night struct {
	Config
	rests func() // ends what it does beside

	mu    sync.Mutex
	state state
	lent  map[string]bool // APIs of which this shard makes no more calls

	peers  map[int]*peer
	looked time.Time // when Passed looked at them last
}

// state is what a shard tells of itself.
type state struct {
	Shard   string               `json:"shard"`
	RunID   string               `json:"run_id"`
	From    schema.Day           `json:"from"` // lookback included
	To      schema.Day           `json:"to"`
	Round   int                  `json:"round"` // of runs of the same days
	Beat    int64                `json:"beat"`
	Passed  []string             `json:"passed"`            // what it has done
	Lists   []list               `json:"lists"`             // of ids, which it has stored
	Queries map[schema.Day]int64 `json:"queries,omitempty"` // that are likely on the days that it has walked, in proportion
	Ended   *Ended               `json:"ended,omitempty"`
	Done    bool                 `json:"done"` // nothing is left to do, the report included
}

// Ended is how a shard's run ended that need not be repeated.
type Ended struct {
	ExitCode int    `json:"exit_code"`
	RunID    string `json:"run_id"`
}

// list names the stored ids of a partition.
type list struct {
	Day    schema.Day `json:"bill_date"`
	Bucket int        `json:"bucket"`
	IDs    int        `json:"ids"`
	Name   string     `json:"name"`
}

// peer is another shard as it was seen last.
type peer struct {
	state
	seen time.Time // when it was seen to live, by this process's clock
}

// Enter begins the shard's part of the night, or takes it up where an earlier run was cut.
func Enter(ctx context.Context, c Config) (*Night, error) {
	n := &Night{Config: c, peers: make(map[int]*peer), lent: make(map[string]bool)}
	var last state
	data, _, err := c.Open(stateName(c.Shard.Index)).Load(ctx)
	if err != nil {
		return nil, err
	}
	_ = json.Unmarshal(data, &last) // what cannot be read is of no night
	n.state = state{Shard: c.Shard.String(), RunID: c.RunID, From: c.From, To: c.To, Round: 1, Beat: last.Beat, Passed: []string{}, Lists: []list{}}
	if last.From == c.From && last.To == c.To && last.Shard == n.state.Shard {
		n.state.Round = last.Round
		if last.Done {
			n.state.Round++
		}
	}
	if err := n.store(ctx, func(*state) {}); err != nil {
		return nil, err
	}
	began := time.Now()
	for _, i := range c.Peers {
		n.peers[i] = &peer{seen: began}
	}
	background := []func(context.Context){n.beat}
	if len(c.Rates) > 0 {
		if err := n.TakeBack(ctx, Bills, Settlements); err != nil {
			return nil, err
		}
		background = append(background, n.borrow)
	}
	n.rests = until(ctx, background...)
	return n, nil
}

func stateName(index int) string { return fmt.Sprintf("shard-%d.json", index) }

// until does things side by side until the returned function is called, also where ctx ends before.
func until(ctx context.Context, things ...func(context.Context)) (rests func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	for _, thing := range things {
		running.Go(func() { thing(ctx) })
	}
	return sync.OnceFunc(func() {
		cancel()
		running.Wait()
	})
}

// beat shows that the shard lives, until ctx ends.
func (n *Night) beat(ctx context.Context) {
	for stop.Sleep(ctx, beatEvery) == nil {
		if err := n.store(ctx, func(s *state) { s.Beat++ }); err != nil {
			n.Log.Debug("the shard's sign of life could not be stored", "error", err)
		}
	}
}

// store changes what the shard tells of itself. Another process of the same shard loses what it
// has told: it tells it again.
func (n *Night) store(ctx context.Context, change func(*state)) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	change(&n.state)
	data, err := json.Marshal(n.state)
	if err != nil {
		return err
	}
	return n.put(ctx, stateName(n.Shard.Index), data)
}

// Pass tells the others that this shard has done something.
func (n *Night) Pass(ctx context.Context, what string) error {
	return n.store(ctx, func(s *state) {
		if !slices.Contains(s.Passed, what) {
			s.Passed = append(s.Passed, what)
		}
	})
}

// Passed reports whether all shards have done something, as far as is known: it looks at no more
// than one of them, and not too often.
func (n *Night) Passed(ctx context.Context, what string) (bool, error) {
	if time.Since(n.looked) < pollEvery {
		return !slices.ContainsFunc(n.Peers, func(i int) bool { return !n.has(n.peers[i], what) }), nil
	}
	n.looked = time.Now()
	late, gone, err := n.late(ctx, what)
	return late == nobody && len(gone) == 0, err
}

// Await waits until all shards have done something. It returns those that have not and show no
// sign of life.
func (n *Night) Await(ctx context.Context, what string) (gone []int, err error) {
	waiting, began := nobody, time.Now()
	for {
		late, gone, err := n.late(ctx, what)
		if err != nil || late == nobody {
			return gone, err
		}
		if late != waiting {
			waiting = late
			n.Log.Info("waiting for another shard", "shard", late, "until", what)
		}
		if err := stop.Sleep(ctx, min(max(time.Since(began)/pollPart, pollFirst), pollEvery)); err != nil {
			return []int{late}, err
		}
	}
}

const nobody = -1

// late returns the first shard that lives and has not done something yet, if there is one, else
// those that have not and show no sign of life. While one is waited for, nothing depends on how
// far those after it are, and they are not looked at.
func (n *Night) late(ctx context.Context, what string) (first int, gone []int, err error) {
	for _, i := range n.Peers {
		p := n.peers[i]
		if n.has(p, what) {
			continue
		}
		if err := n.look(ctx, i); err != nil {
			return nobody, nil, err
		}
		switch {
		case n.has(p, what):
		case time.Since(p.seen) >= goneAfter:
			gone = append(gone, i)
		default:
			return i, nil, nil
		}
	}
	return nobody, gone, nil
}

// has reports whether a peer has done something in this night.
func (n *Night) has(p *peer, what string) bool {
	return n.sameNight(&p.state) && (p.Ended != nil || slices.Contains(p.Passed, what))
}

func (n *Night) sameNight(s *state) bool {
	return s.From == n.From && s.To == n.To && s.Round >= n.state.Round
}

// look reads what a peer tells of itself.
func (n *Night) look(ctx context.Context, i int) error {
	data, _, err := n.Open(stateName(i)).Load(ctx)
	if err != nil {
		return err
	}
	p := n.peers[i]
	var now state
	_ = json.Unmarshal(data, &now) // what cannot be read is of no night
	if now.Beat != p.Beat || now.RunID != p.RunID || len(now.Passed) != len(p.Passed) {
		if p.RunID != "" || n.sameNight(&now) { // what was there before is no sign of life
			p.seen = time.Now()
		}
	}
	p.state = now
	return nil
}

// Leave ends the shard's signs of life, and what it borrows.
func (n *Night) Leave() { n.rests() }

package simulation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"syscall"
	"time"

	"github.com/oklog/ulid/v2"

	"billwalk/cmd/billwalk/cli"
	"billwalk/pipeline"
	"billwalk/pipeline/douyin"
	"billwalk/pipeline/stop"
	"billwalk/schema"
)

// simProcess is one run of the program. All that it does to the world passes here,
// a step at a time; and here the steps fail, and the process ends.
type simProcess struct {
	*simulation
	plannedRun
	name  string
	quiet bool // nothing happens to it

	began, ended time.Time
	toldAt       time.Time // to stop
	job          *cli.Job  // once it is wired
	days         []schema.Day
	accounts     []schema.Account
	summary      *pipeline.Summary
	err          error
	code         int

	mu       sync.Mutex
	stop     context.CancelCauseFunc
	steps    int
	asked    map[string]int // how often each call was made
	troubled int            // steps that failed, or took their time
	dead     bool
	thaw     time.Time
}

// run is the process from its start to its end.
func (p *simProcess) run() {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(context.Canceled)
	p.stop = cancel
	p.lasts(&p.began)
	p.summary, p.err = p.main(ctx)
	p.lasts(&p.ended)
	var exit interface{ ExitCode() int }
	switch {
	case p.summary != nil:
		p.code = p.summary.ExitCode
	case errors.As(p.err, &exit):
		p.code = exit.ExitCode()
	default:
		p.code = -1
	}
}

// lasts notes when the process began, or ended.
func (p *simProcess) lasts(at *time.Time) {
	p.simulation.mu.Lock()
	defer p.simulation.mu.Unlock()
	*at = time.Now()
}

// main does what the command line does with such flags.
func (p *simProcess) main(ctx context.Context) (*pipeline.Summary, error) {
	setup := cli.Setup{
		Now: time.Now, Log: p.log(), Store: simStore{p}, RunID: p.runID,
		Client: []douyin.Option{douyin.WithTransport(simTransport{p}), douyin.WithJitter(p.jitter)},
	}
	if p.story.shared {
		setup.TokenCache = "bucket"
	}
	job := "nightly"
	if p.part {
		job = "part"
	}
	w, err := setup.Wire(ctx, p.file, job, p.kind != replayed)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	p.job = w
	r := w.Run
	r.From, r.To, r.Lookback = p.from, p.to, 0
	if p.kind == night {
		r.From, r.Lookback = p.to, int(p.to-p.from)
	}
	r.InFlight, r.Needed, r.Settle.InFlight, r.Settle.Needed = 1, nil, 1, nil // so that the order of steps is the seed's alone
	r.Backfill = p.kind == backfill
	r.Deadline, r.Walk.AllowShrink = p.deadline, p.shrink
	p.days, p.accounts = r.Days(), r.Accounts
	return w.Do(ctx)
}

func (p *simProcess) log() *slog.Logger {
	if p.logs == nil {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(p.logs, nil)).With("process", p.name)
}

func (p *simProcess) runID() string {
	var id ulid.ULID
	_ = id.SetTime(ulid.Timestamp(time.Now()))
	_ = id.SetEntropy(fmt.Appendf(nil, "%010d", dice(p.story.seed, "run", p.name)%1e10))
	return id.String()
}

func (p *simProcess) jitter(limit time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked["jitter"]++
	return time.Duration(dice(p.story.seed, p.name, "jitter", p.asked["jitter"]) % uint64(limit))
}

var errDead = errors.New("the process is dead")

// begin takes a step as far as to the moment at which it is applied, in the
// process's time and in the world's.
func (p *simProcess) begin(ctx context.Context, op, key string) (step, error) {
	s, err := p.count(op, key)
	if err != nil {
		return s, err
	}
	err = stop.Sleep(ctx, s.latency())
	for thaw := p.toThaw(); thaw > 0; thaw = p.toThaw() {
		defer p.note(p, op, key, "thaws")
		time.Sleep(thaw + s.latency()) // they go on one after the other
	}
	if p.isDead() {
		return s, errDead
	}
	return s, err
}

// count gives a step its number, and its fate. It is here that a process ends.
func (p *simProcess) count(op, key string) (step, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return step{}, errDead
	}
	p.steps++
	p.asked[op+key]++
	s := step{simProcess: p, op: op, key: key, nth: p.asked[op+key]}
	s.fate = s.draw()
	if p.steps != p.step || p.quiet {
		return s, nil
	}
	switch p.ending {
	case killed:
		p.die()
		return s, errDead
	case told:
		p.toldAt = time.Now()
		p.stop(cli.Interrupted(syscall.SIGTERM))
	case frozen:
		p.thaw = time.Now().Add(p.pause)
	}
	return s, nil
}

// die ends the process: what it sent may still arrive, and it gets no answer.
func (p *simProcess) die() {
	p.dead = true
	p.note(p, "", "", "dies")
	p.stop(errDead)
}

func (p *simProcess) toThaw() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Until(p.thaw)
}

func (p *simProcess) isDead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

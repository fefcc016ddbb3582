package cli

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"billwalk/pipeline/douyin"
	"billwalk/pipeline/normalise"
	"billwalk/pipeline/walk"
	"billwalk/schema"
	"billwalk/sinks/object"
)

// preflight finds out what would make a run wrong from its first write on:
// credentials that the platform does not take, and a clock by which another day is
// yesterday. It fetches the tokens that the run keeps; an outage is the run's to
// wait for.
func (p *program) preflight(ctx context.Context, w *wired) error {
	if p.world.store != nil { // it is simulated, and so is the time
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, preflightTime)
	defer cancel()
	for _, client := range w.clients {
		err := client.Token(ctx)
		if fault, ok := errors.AsType[*douyin.Error](err); ok && fault.WrongCredentials() {
			return &exitError{exitUsage, fmt.Errorf("app %s: %w", client.Name(), err)}
		}
		if err != nil {
			break
		}
	}
	return w.clock.check()
}

// preflightTime is how long a run looks before it begins, and waits by itself.
const preflightTime = 30 * time.Second

// clockCheck holds this machine's clock against the platform's, once.
type clockCheck struct {
	program *program
	clients []*douyin.Client
	planned span
	days    func(today schema.Day) (span, error) // that are meant when it is today

	mu      sync.Mutex
	checked bool
	refusal error
}

const (
	skewTolerated = 2 * time.Second // what a Date and its way leave open
	skewWarned    = 2 * time.Minute
)

// check refuses a clock by which other days are meant, and warns of one that is
// far off. Until a client knows the platform's time it finds nothing.
func (c *clockCheck) check() error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, client := range c.clients {
		if skew, ok := client.Skew(); ok && !c.checked {
			c.checked, c.refusal = true, c.judge(skew)
		}
	}
	return c.refusal
}

func (c *clockCheck) judge(skew time.Duration) error {
	if skew.Abs() <= skewTolerated {
		return nil
	}
	ours := c.program.now()
	theirs := ours.Add(-skew)
	days, err := c.days(schema.DayOf(theirs))
	if err == nil && days.from == c.planned.from && days.to == c.planned.to {
		if skew.Abs() >= skewWarned {
			c.program.log.Warn("this machine's clock is "+aheadOf(skew)+" the platform's: "+fixClock, "here", clockTime(ours), "platform", clockTime(theirs))
		}
		return nil
	}
	meant := fmt.Sprintf("%s to %s", days.from, days.to)
	if err != nil {
		meant = err.Error()
	}
	return &exitError{exitUsage, coded{schema.CodeClock, fmt.Errorf("this machine's clock is %s the platform's: it is %s here and %s there (UTC+8), so %s to %s would be taken, and by the platform's clock: %s. Nothing was published. %s",
		aheadOf(skew), clockTime(ours), clockTime(theirs), c.planned.from, c.planned.to, meant, fixClock)}}
}

func clockTime(t time.Time) string { return t.In(schema.China).Format("2006-01-02 15:04:05") }

// timedSource checks the clock with the first answer of the bill API: where the token
// came from a cache, no answer came before. A refusal ends the run before an answer is
// kept.
type timedSource struct {
	walk.Source
	clock *clockCheck
	stop  context.CancelCauseFunc
}

// Bills implements walk.Source.
func (s timedSource) Bills(ctx context.Context, u schema.Unit, cursor string, size int) (normalise.PageAnswer, error) {
	answer, err := s.Source.Bills(ctx, u, cursor, size)
	if refusal := s.clock.check(); refusal != nil {
		s.stop(refusal)
		return normalise.PageAnswer{}, refusal
	}
	return answer, err
}

// probe refuses a store that does not honour conditional writes, before anything
// is fetched or written.
func (p *program) probe(ctx context.Context, w *wired) error {
	if p.world.store != nil { // it is in memory, and simulated
		return nil
	}
	trial, err := object.EnsureProbed(ctx, w.store, p.now(), p.logProbe())
	if trial.Slow() {
		p.log.Warn("the store is slow: 存储较慢,但语义正确; it is tried with fewer writers at once, and its conditional writes hold", "trial", trial.String())
	}
	if err == nil {
		return nil
	}
	if _, refused := errors.AsType[*object.ProbeError](err); refused || errors.Is(err, object.ErrDenied) {
		return &exitError{exitUsage, fmt.Errorf("lake.url %s: %w", w.lakeURL, err)}
	}
	return cut(ctx, err)
}

// logProbe logs how far a probe has come, once it takes its time.
func (p *program) logProbe() func(object.Trial) {
	last := time.Now()
	return func(trial object.Trial) {
		if time.Since(last) >= probeLogEvery {
			last = time.Now()
			p.log.Info("the store is being tried out", "races", trial.Races, "of", trial.AllRaces)
		}
	}
}

const probeLogEvery = 5 * time.Second

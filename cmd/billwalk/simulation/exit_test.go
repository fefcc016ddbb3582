package simulation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"billwalk/cmd/billwalk/cli"
	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/object"
)

// ended judges a process that came to its end: its exit code, and what that says.
func (o *oracle) ended(p *simProcess) {
	if p.isDead() {
		return // a killed process has no exit code
	}
	o.note(p, "", "", fmt.Sprintf("exit %d", p.code))
	disturbed := p.troubled > 0 || p.thaw.After(p.began) || p.beside() || o.story.changesBetween(p.began.Add(-7*time.Hour), p.ended)
	complain := func(format string, args ...any) { o.of(p, format, args...) }
	o.recorded(p)
	switch p.code {
	case pipeline.ExitDone:
		if lost := o.lostUnits(p); len(lost) > 0 {
			complain("units cannot be had: %v", lost)
		}
		o.whole(p)
	case pipeline.ExitFailed:
		if p.err == nil || !disturbed {
			complain("there is no reason")
		}
	case pipeline.ExitIncomplete:
		if len(p.failures()) == 0 || !disturbed && len(o.lostUnits(p)) == 0 && !(p.kind == replayed) {
			complain("there is no reason: %+v", p.failures())
		}
		for _, f := range p.failures() {
			if f.Reason == "" {
				complain("a failure has no reason: %+v", f)
			}
		}
	case pipeline.ExitStopped:
		if p.deadline == 0 {
			complain("there is no deadline")
		}
	case pipeline.ExitSuperseded:
		if !o.overtaken(p) {
			complain("nobody was there first")
		}
	case cli.Interrupted(syscall.SIGTERM).ExitCode():
		if took := p.ended.Sub(p.toldAt); p.toldAt.IsZero() || took > 20*time.Second {
			complain("it was told to stop %s before", took)
		}
	default:
		complain("there is no such code")
	}
}

// failures are those of bills, settlements and withdrawals.
func (p *simProcess) failures() []schema.Failure {
	if p.summary.Withdrawals == nil {
		return p.summary.Failures
	}
	return slices.Concat(p.summary.Failures, p.summary.Withdrawals.Failures)
}

// of complains of a process.
func (o *oracle) of(p *simProcess, format string, args ...any) {
	o.complain("process %s (%s of %s to %s) ended with exit %d (%v): %s", p.name, p.kind, p.from, p.to, p.code, p.err, fmt.Sprintf(format, args...))
}

// recorded judges the summary that is stored: it is the process's own.
func (o *oracle) recorded(p *simProcess) {
	if p.summary == nil {
		return
	}
	data, _, err := object.ReadAll(context.Background(), o.store, "runs/"+p.summary.RunID+".json")
	if errors.Is(err, object.ErrNotFound) && p.troubled > 0 {
		return // it could not be stored
	}
	var stored pipeline.Summary
	if err := errors.Join(err, json.Unmarshal(data, &stored)); err != nil || stored.ExitCode != p.code {
		o.of(p, "its stored summary has exit %d (%v)", stored.ExitCode, err)
	}
}

// beside says that another process was alive at some time of this one's.
func (p *simProcess) beside() bool {
	p.simulation.mu.Lock()
	defer p.simulation.mu.Unlock()
	for _, q := range p.runs {
		if q != p && !q.began.IsZero() && (q.ended.IsZero() || q.ended.After(p.began)) && (p.ended.IsZero() || q.began.Before(p.ended)) {
			return true
		}
	}
	return false
}

// units are those that the process was to publish.
func (p *simProcess) units() (units []schema.Unit) {
	for _, day := range p.days {
		for _, account := range p.accounts {
			units = append(units, schema.Unit{Account: account, Day: day})
		}
	}
	return units
}

// lostUnits are those of the process that no run can have.
func (o *oracle) lostUnits(p *simProcess) (lost []schema.Unit) {
	for _, u := range p.units() {
		if _, ok := o.platform.Lost(u); ok && p.kind != replayed {
			lost = append(lost, u)
		}
	}
	return lost
}

// overtaken says that another process published, or began to, what this one was to.
func (o *oracle) overtaken(p *simProcess) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, other := range slices.Concat(o.taken, o.published) {
		if other.by != p && !other.at.Before(p.began) && !other.at.After(p.ended) {
			return true
		}
	}
	return false
}

// whole judges an exit 0: all that the process was to publish is in the lake, as
// new as what it has walked or newer.
func (o *oracle) whole(p *simProcess) {
	complain := func(format string, args ...any) { o.of(p, format, args...) }
	for _, u := range p.units() {
		m := o.manifestOf(u.Day, u.Account.ID.Bucket(o.story.job.buckets))
		if m == nil {
			complain("nothing is published of %s", u.Day)
			return
		}
		e := m.Entry(u.Account.ID)
		if e == nil || e.Certificate == nil || e.State == schema.Failed && !p.beside() { // another run may have failed since
			complain("%s is not published whole", u)
			continue
		}
		for _, c := range o.certificates(u) {
			if c.Latest().RunID == p.summary.RunID && older(e.Certificate, c) {
				complain("%s is published as of the walk %s, and it has made %s", u, e.Certificate.Latest().Walk, c.Latest().Walk)
			}
		}
	}
	if !p.beside() && o.landed() {
		for _, day := range p.days {
			o.day(day)
		}
	}
}

// older says that what is published is older than a certificate, and says something
// else.
func older(published, c *schema.Certificate) bool {
	return published.Latest().Walk < c.Latest().Walk && (published.Digest != c.Digest || published.State != c.State)
}

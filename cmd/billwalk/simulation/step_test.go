package simulation

import "time"

// fate is what becomes of a step.
type fate string

const (
	fine    fate = "ok"
	refused fate = "refused" // it never arrives
	lost    fate = "lost"    // it is applied, and the answer is lost
	late    fate = "late"    // the caller gives up, and it is applied later
	twice   fate = "twice"   // it is applied, sent again on the way, and the second answer comes
)

// step is a call on its way.
type step struct {
	*simProcess
	op, key string
	nth     int // of the same call of the process
	fate    fate
}

func (s step) chance(what string) uint64 {
	return dice(s.story.seed, s.name, s.op, s.key, s.nth, what)
}

func (s step) draw() fate {
	if s.quiet || s.chance("trouble")%1000 >= s.story.trouble {
		return fine
	}
	return []fate{refused, lost, lost, late, late, twice}[s.chance("fate")%6]
}

// trouble counts what may be why the process fails.
func (p *simProcess) trouble() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.troubled++
}

// latency is a few milliseconds, and now and then seconds. No two steps take the
// same time, so that it is the seed that says which of two comes first.
func (s step) latency() time.Duration {
	n := s.chance("latency")
	d := time.Millisecond + time.Duration(n%uint64(30*time.Millisecond))
	if s.op == "bills" {
		d *= time.Duration(s.story.slow)
	}
	if n>>32%100 == 0 {
		d += time.Duration(n % uint64(8*time.Second))
	}
	return d
}

// delay is how long after the caller gave up a late step is applied.
func (s step) delay() time.Duration {
	n := s.chance("delay")
	return time.Duration(n >> 8 % uint64([]time.Duration{time.Second, 30 * time.Second, 20 * time.Minute}[n%3]))
}

// apply makes the step happen as its fate says, and reports whether its answer
// comes. What it calls decides by itself whether anything changes.
func (s step) apply(call func() (outcome string)) (answered bool) {
	if s.fate != fine {
		s.trouble()
	}
	switch s.fate {
	case refused:
		s.note(s.simProcess, s.op, s.key, "refused")
		return false
	case late:
		s.note(s.simProcess, s.op, s.key, "given up")
		s.pending.Add(1)
		s.under.Go(func() {
			defer s.pending.Add(-1)
			time.Sleep(s.delay())
			s.note(s.simProcess, s.op, s.key, "late: "+call())
		})
		return false
	case twice:
		s.note(s.simProcess, s.op, s.key, call()+", once more")
	}
	outcome := call()
	s.note(s.simProcess, s.op, s.key, outcome)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending == killedAfter && s.steps >= s.plannedRun.step && !s.quiet && !s.dead {
		s.die()
	}
	return s.fate != lost && !s.dead
}

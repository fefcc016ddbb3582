package receive

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	reachEvery = 3 * time.Second
	reachTime  = time.Minute
)

// Probe is a handler for the probes: /healthz, alive, and /readyz, ready for callbacks or why
// not. It has no place where strangers come: they could keep it busy.
func (r *Receiver) Probe() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, q *http.Request) { probe(w, q, "") })
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, q *http.Request) { probe(w, q, r.unready()) })
	return mux
}

// state is what /readyz answers from.
type state struct {
	reached  atomic.Bool // the store, once: it is there, and honest
	failing  atomic.Bool // the commit that ended last
	draining atomic.Bool
}

// unready says why no requests should be sent here, or "".
func (r *Receiver) unready() string {
	switch {
	case r.state.draining.Load():
		return "it is about to end"
	case !r.state.reached.Load():
		return "the store could not be reached yet, or is not known to keep what it is given"
	case r.state.failing.Load():
		return "the last batch could not be stored"
	case r.accepted.crowded() || r.quarantine.crowded():
		return "the queue is full"
	default:
		return ""
	}
}

// ended hears the outcome of each commit.
func (r *Receiver) ended(err error) {
	if err != nil {
		r.samples.log(slog.LevelError, "a batch could not be stored, and its senders will come again", "store", "error", err)
	}
	if r.state.failing.Swap(err != nil) && err == nil {
		r.config.Log.Info("batches are stored again")
	}
}

// watchStore looks for the store until it is reached, and while commits fail:
// where nobody is sent here any more, no request finds out that it is back.
func (r *Receiver) watchStore(ctx context.Context) {
	tick := time.NewTicker(reachEvery)
	defer tick.Stop()
	for {
		if !r.state.reached.Load() || r.state.failing.Load() {
			r.look(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (r *Receiver) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, reachTime)
	defer cancel()
	if err := r.config.Reach(ctx); err != nil {
		r.samples.log(slog.LevelWarn, "the store cannot be relied on now", "reach", "error", err)
		return
	}
	r.state.failing.Store(false)
	if !r.state.reached.Swap(true) {
		r.config.Log.Info("the store is there: callbacks are received")
	}
}

// probe answers a question for health: 200, or 503 and why not.
func probe(w http.ResponseWriter, q *http.Request, fault string) {
	if q.Method != http.MethodGet && q.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		answer(w, errMethod.status, errMethod.answer)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if fault == "" {
		fault = "ok"
	} else {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = io.WriteString(w, fault+"\n")
}

// sampler logs of each kind of thing the first in a second, with how many there
// were since the one before: senders must not be able to fill the log.
type sampler struct {
	to  *slog.Logger
	now func() time.Time

	mu    sync.Mutex
	kinds map[string]*sampled
}

type sampled struct {
	logged  time.Time
	skipped int
}

// log logs a message, or counts it. There are but a few messages and reasons.
func (s *sampler) log(level slog.Level, message, reason string, args ...any) {
	skipped, ok := s.take(message + reason)
	if !ok {
		return
	}
	args = append(args, "reason", reason)
	if skipped > 0 {
		args = append(args, "others_not_logged", skipped)
	}
	s.to.Log(context.Background(), level, message, args...)
}

func (s *sampler) take(kind string) (skipped int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kinds == nil {
		s.kinds = make(map[string]*sampled)
	}
	k := s.kinds[kind]
	if k == nil {
		k = new(sampled)
		s.kinds[kind] = k
	}
	if now := s.now(); now.Sub(k.logged).Abs() < time.Second {
		k.skipped++
		return 0, false
	} else {
		k.logged = now
	}
	skipped, k.skipped = k.skipped, 0
	return skipped, true
}

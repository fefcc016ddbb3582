package receive

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	reachInterval = 3 * time.Second
	reachTimeout  = time.Minute
)

// Probe returns a handler of /healthz, whether the process is alive, and /readyz, whether
// it is ready for callbacks, or why not. It should not be public: strangers could keep it
// busy.
func (r *Receiver) Probe() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, q *http.Request) { probe(w, q, "") })
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, q *http.Request) { probe(w, q, r.unready()) })
	return mux
}

// state is the state that /readyz reports.
type state struct {
	reached  atomic.Bool // Reach succeeded once
	failing  atomic.Bool // the latest commit failed
	draining atomic.Bool
}

// unready returns why no requests should be sent here, or "".
func (r *Receiver) unready() string {
	switch {
	case r.state.draining.Load():
		return "it is about to end"
	case !r.state.reached.Load():
		return "the store could not be reached yet, or is not known to keep what it is given"
	case r.state.failing.Load():
		return "the last batch could not be stored"
	case r.accepted.nearlyFull() || r.quarantine.nearlyFull():
		return "the queue is full"
	default:
		return ""
	}
}

// committed records the outcome of a commit.
func (r *Receiver) committed(err error) {
	if err != nil {
		r.samples.log(slog.LevelError, "a batch could not be stored, and its senders will come again", "store", "error", err)
	}
	if r.state.failing.Swap(err != nil) && err == nil {
		r.config.Log.Info("batches are stored again")
	}
}

// watchStore calls Reach until the store is reached, and while commits fail: a receiver
// that is not ready gets no requests, which would show that the store is back.
func (r *Receiver) watchStore(ctx context.Context) {
	tick := time.NewTicker(reachInterval)
	defer tick.Stop()
	for {
		if !r.state.reached.Load() || r.state.failing.Load() {
			r.checkStore(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (r *Receiver) checkStore(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
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

// probe answers 200, or 503 and the fault.
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

package receive

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// sampler logs the first message of each kind in a second, with the number of messages
// skipped before it, so that senders cannot fill the log.
type sampler struct {
	logger *slog.Logger
	now    func() time.Time

	mu    sync.Mutex
	kinds map[string]*sampled
}

type sampled struct {
	logged  time.Time
	skipped int
}

// log logs a message or counts it as skipped. There are few messages and reasons.
func (s *sampler) log(level slog.Level, message, reason string, args ...any) {
	skipped, ok := s.take(message + reason)
	if !ok {
		return
	}
	args = append(args, "reason", reason)
	if skipped > 0 {
		args = append(args, "others_not_logged", skipped)
	}
	s.logger.Log(context.Background(), level, message, args...)
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

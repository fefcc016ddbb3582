package object

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"
)

const (
	knownTries = 7
	knownPause = 100 * time.Millisecond // before the second try; doubled for each further one
	knownCap   = 5 * time.Second
)

// Paced is a store that draws the pauses of PutKnown by itself: a simulation,
// where the same seed is to give the same run.
type Paced interface {
	Pause(limit time.Duration) time.Duration // in [0, limit)
}

// PutKnown puts an object as Put does and, while the outcome is unknown, sends
// the same bytes again under the same condition. ErrConflict may then be the
// trace of its own earlier try: the caller reads the object back to know.
// ErrUnknown remains only where the store stays out of reach. What could not be read
// again is ErrTooLarge.
func PutKnown(ctx context.Context, s Store, key string, body io.ReadSeeker, cond Condition, meta map[string]string) (Info, error) {
	size, err := body.Seek(0, io.SeekEnd)
	if err := errors.Join(err, CheckSize(key, size)); err != nil {
		return Info{}, err
	}
	draw := rand.N[time.Duration]
	if p, ok := s.(Paced); ok {
		draw = p.Pause
	}
	for try := 0; ; try++ {
		info, err := s.Put(ctx, key, body, cond, meta)
		if !errors.Is(err, ErrUnknown) || try == knownTries-1 || ctx.Err() != nil {
			return info, err
		}
		pause := time.NewTimer(draw(min(knownPause<<try, knownCap)))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return Info{}, err
		}
	}
}

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
	knownPause = 100 * time.Millisecond // the longest before the second try; doubled for each further one
	knownCap   = 5 * time.Second        // the longest of all
)

// Paced is a store that chooses the pauses of PutKnown: a simulation, in which the same seed
// gives the same run.
type Paced interface {
	Pause(limit time.Duration) time.Duration // in [0, limit)
}

// PutKnown puts an object as Put does and, while the outcome is unknown, sends the same bytes
// again under the same condition. ErrConflict may then come from an earlier attempt of its
// own: the caller reads the object to find out. ErrUnknown remains only if the store cannot
// be reached. A body that is too large to be read again is ErrTooLarge.
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

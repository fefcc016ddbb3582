package object

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// mostUnjudged is how many races may show nothing, since the store throttles or
// loses answers, before the probe is given up.
const mostUnjudged = 10

// raceCreates lets all writers create one object at once, each round another.
func (p *probe) raceCreates(ctx context.Context) error {
	return p.rounds(ctx, p.effort.creates, "create one object", func() (string, Condition, error) {
		p.arenas++
		return fmt.Sprintf("%srace-%d", p.folder, p.arenas), IfAbsent(), nil
	})
}

// raceSwaps lets all writers replace the subject at once, each round from the
// winner of the one before.
func (p *probe) raceSwaps(ctx context.Context) error {
	return p.rounds(ctx, p.effort.swaps, "replace one object", func() (string, Condition, error) {
		base, err := p.store.Head(ctx, p.folder+subject)
		if err != nil {
			return "", Condition{}, fmt.Errorf("read from the lake's store: %w", err)
		}
		return base.Key, IfMatch(base.ETag), nil
	})
}

// rounds runs so many races that show something, or as many as there is time for,
// and one at least.
func (p *probe) rounds(ctx context.Context, n int, goal string, arena func() (key string, cond Condition, err error)) error {
	most := 0
	for left := n; left > 0 && (left == n || p.affords()); {
		key, cond, err := arena()
		if err != nil {
			return err
		}
		first, writers, began := p.cost == 0, p.writers(), time.Now()
		doubt, err := p.race(ctx, key, cond, goal, writers)
		if err != nil {
			return err
		}
		p.cost, p.requests = max(time.Since(began)/time.Duration(writers), 1), p.requests+writers
		if doubt == nil {
			most = max(most, writers)
			if first && writers < p.effort.writers {
				continue // it has shown how fast the store is
			}
			left, p.trial.Races = left-1, p.trial.Races+1
			p.showProgress()
			continue
		}
		if p.unjudged++; p.unjudged == mostUnjudged {
			return fmt.Errorf("race for an object of the lake's store: too many requests are throttled or lost: %w", doubt)
		}
		select {
		case <-time.After(min(knownPause<<p.unjudged, knownCap)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if p.trial.Writers == 0 || most < p.trial.Writers {
		p.trial.Writers = most
	}
	return nil
}

// affords says that there is time for one more race.
func (p *probe) affords() bool {
	return p.requests < probeRequests && time.Since(p.began)+leastWriters*p.cost <= probeTime
}

// writers returns how many writers the next race may have, so that all races that
// are left end in time.
func (p *probe) writers() int {
	if p.cost == 0 {
		return min(firstWriters, p.effort.writers)
	}
	races := max(p.trial.AllRaces-p.trial.Races, 1)
	fit := (probeTime - time.Since(p.began)) / (p.cost * time.Duration(races))
	return int(min(max(fit, leastWriters), time.Duration(p.effort.writers)))
}

// race lets some writers write the key under the condition at once. Exactly one
// must be told that it won, and be the one in the store. A race whose winner has
// not heard of it shows nothing: then the doubt says why.
func (p *probe) race(ctx context.Context, key string, cond Condition, goal string, writers int) (doubt, err error) {
	stamps := make([]string, writers)
	results := make([]error, writers)
	start := make(chan struct{})
	var racing sync.WaitGroup
	for i := range stamps {
		stamps[i] = fmt.Sprintf("%s %s by writer %d", key, cond.etag, i)
		racing.Go(func() {
			<-start
			_, results[i] = p.store.Put(ctx, key, strings.NewReader(stamps[i]), cond, nil)
		})
	}
	close(start)
	racing.Wait()
	var winners []string
	for i, err := range results {
		switch {
		case err == nil:
			winners = append(winners, stamps[i])
		case errors.Is(err, ErrUnknown):
			doubt = err
		case !errors.Is(err, ErrConflict):
			return nil, fmt.Errorf("race for an object of the lake's store: %w", err)
		}
	}
	if len(winners) > 1 {
		return nil, &ProbeError{fmt.Sprintf("of %d writers that raced to %s, it told %d that they had won, so of two runs at once one would silently lose its result", len(stamps), goal, len(winners)), fixRace}
	}
	kept, _, err := ReadAll(ctx, p.store, key)
	switch {
	case err != nil && !errors.Is(err, ErrNotFound):
		return nil, fmt.Errorf("read from the lake's store: %w", err)
	case len(winners) == 1 && string(kept) != winners[0]:
		return nil, &ProbeError{fmt.Sprintf("of %d writers that raced to %s, it told one that it had won, and kept another's bytes", len(stamps), goal), fixRace}
	case len(winners) == 1:
		return nil, nil
	case slices.Contains(stamps, string(kept)):
		return errors.New("a writer won, and was told that it had lost"), nil
	case doubt != nil:
		return doubt, ctx.Err()
	default:
		return nil, &ProbeError{fmt.Sprintf("it refused each of %d writers that raced to %s, although nobody had won", len(stamps), goal), fixRace}
	}
}

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

// maxUnclear is after how many races without a result, because the store throttles or loses
// answers, the probe is given up.
const maxUnclear = 10

// raceCreates lets all writers create one object at once, in each race another object.
func (p *probe) raceCreates(ctx context.Context) error {
	return p.races(ctx, p.effort.creates, "create one object", func() (string, Condition, error) {
		p.objects++
		return fmt.Sprintf("%srace-%d", p.folder, p.objects), IfAbsent(), nil
	})
}

// raceSwaps lets all writers replace the subject at once, in each race on condition of the
// winner before.
func (p *probe) raceSwaps(ctx context.Context) error {
	return p.races(ctx, p.effort.swaps, "replace one object", func() (string, Condition, error) {
		base, err := p.store.Head(ctx, p.folder+subject)
		if err != nil {
			return "", Condition{}, fmt.Errorf("read from the lake's store: %w", err)
		}
		return base.Key, IfMatch(base.ETag), nil
	})
}

// races runs n races with a result, or as many as there is time for, and at least one. target
// returns the object of the next race.
func (p *probe) races(ctx context.Context, n int, goal string, target func() (key string, cond Condition, err error)) error {
	maxWriters := 0
	for left := n; left > 0 && (left == n || p.hasTime()); {
		key, cond, err := target()
		if err != nil {
			return err
		}
		first, writers, began := p.cost == 0, p.writers(), time.Now()
		unclear, err := p.race(ctx, key, cond, goal, writers)
		if err != nil {
			return err
		}
		p.cost, p.requests = max(time.Since(began)/time.Duration(writers), 1), p.requests+writers
		if unclear == nil {
			maxWriters = max(maxWriters, writers)
			if first && writers < p.effort.writers {
				continue // this race was for the speed of the store
			}
			left, p.trial.Races = left-1, p.trial.Races+1
			p.showProgress()
			continue
		}
		if p.unclear++; p.unclear == maxUnclear {
			return fmt.Errorf("race for an object of the lake's store: too many requests are throttled or lost: %w", unclear)
		}
		select {
		case <-time.After(min(knownPause<<p.unclear, knownCap)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if p.trial.Writers == 0 || maxWriters < p.trial.Writers {
		p.trial.Writers = maxWriters
	}
	return nil
}

// hasTime reports whether one more race is within the limits.
func (p *probe) hasTime() bool {
	return p.requests < maxProbeRequests && time.Since(p.began)+minWriters*p.cost <= maxProbeTime
}

// writers returns the number of writers for the next race, so that all races that are left
// end in time.
func (p *probe) writers() int {
	if p.cost == 0 {
		return min(firstWriters, p.effort.writers)
	}
	races := max(p.trial.AllRaces-p.trial.Races, 1)
	fit := (maxProbeTime - time.Since(p.began)) / (p.cost * time.Duration(races))
	return int(min(max(fit, minWriters), time.Duration(p.effort.writers)))
}

// race lets writers write the key under the condition at once. Exactly one write has to
// succeed, and its content has to be in the store. A race whose winner got no answer has no
// result: then unclear is why.
func (p *probe) race(ctx context.Context, key string, cond Condition, goal string, writers int) (unclear, err error) {
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
			unclear = err
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
		return errors.New("a writer won, and got the answer that it had lost"), nil
	case unclear != nil:
		return unclear, ctx.Err()
	default:
		return nil, &ProbeError{fmt.Sprintf("it refused each of %d writers that raced to %s, although nobody had won", len(stamps), goal), fixRace}
	}
}

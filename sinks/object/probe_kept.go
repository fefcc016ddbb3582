package object

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

const (
	// probeKey is where a store's latest good probe is kept.
	probeKey = "_control/probe.json"
	// probeVersion goes up when probes find out more than they did.
	probeVersion = 1
	probeLasts   = 24 * time.Hour
)

// probed is a probe that found nothing wrong.
type probed struct {
	Version  int       `json:"version"`
	ProbedAt time.Time `json:"probed_at"`
	// Store is where it was: a lake that is copied elsewhere is probed there, too.
	Store string `json:"store"`
}

// EnsureProbed probes the store, unless that was done within the last 24 hours,
// from wherever. It is to be called before anything else is written: where it
// returns an error, as [Probe] does, there are at most the probe's own objects.
func EnsureProbed(ctx context.Context, s Store, now time.Time) error {
	data, kept, err := ReadAll(ctx, s, probeKey)
	cond := IfMatch(kept.ETag)
	switch {
	case errors.Is(err, ErrNotFound):
		cond = IfAbsent()
	case err != nil:
		return fmt.Errorf("read from the lake's store: %w", err)
	case stillProbed(data, s, now):
		return nil
	}
	if err := Probe(ctx, s); err != nil {
		return err
	}
	data, err = json.Marshal(probed{probeVersion, now.UTC().Truncate(time.Second), placeOf(s)})
	if err != nil {
		return err
	}
	_, err = PutKnown(ctx, s, probeKey, bytes.NewReader(data), cond, nil)
	if errors.Is(err, ErrConflict) {
		return nil // by another run's probe, or by its own earlier try
	}
	if err != nil {
		return fmt.Errorf("write to the lake's store: %w", err)
	}
	return nil
}

// stillProbed tells whether the record is of this store, and neither old nor of
// the future. One that cannot be read is no record.
func stillProbed(data []byte, s Store, now time.Time) bool {
	var last probed
	if json.Unmarshal(data, &last) != nil {
		return false
	}
	age := now.Sub(last.ProbedAt)
	return last.Version == probeVersion && last.Store == placeOf(s) && age >= -time.Second && age < probeLasts
}

// placeOf names the place of a store; "" for one in memory.
func placeOf(s Store) string {
	switch s := s.(type) {
	case prefixed:
		return placeOf(s.store) + "/" + s.prefix
	case *bucket:
		return s.place
	case *dir:
		return s.path
	default:
		return ""
	}
}

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
// returns an error, as [Probe] does, there are at most the probe's own objects. The
// Trial is empty where the store was probed before.
func EnsureProbed(ctx context.Context, s Store, now time.Time, report func(Trial)) (Trial, error) {
	data, kept, err := ReadAll(ctx, s, probeKey)
	cond := IfMatch(kept.ETag)
	switch {
	case errors.Is(err, ErrNotFound):
		cond = IfAbsent()
	case err != nil:
		return Trial{}, fmt.Errorf("read from the lake's store: %w", err)
	case stillProbed(data, s, now):
		return Trial{}, nil
	}
	trial, err := Probe(ctx, s, report)
	if err != nil {
		return trial, err
	}
	data, err = json.Marshal(probed{probeVersion, now.UTC().Truncate(time.Second), placeOf(s)})
	if err != nil {
		return trial, err
	}
	_, err = PutKnown(ctx, s, probeKey, bytes.NewReader(data), cond, nil)
	if err != nil && !errors.Is(err, ErrConflict) { // of another run's probe, or of its own earlier try
		return trial, fmt.Errorf("write to the lake's store: %w", err)
	}
	return trial, nil
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

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
	// probeKey is the object with the latest successful probe.
	probeKey = "_control/probe.json"
	// probeVersion is increased when a probe tests more than before.
	probeVersion  = 1
	probeValidity = 24 * time.Hour
)

// probeRecord is a successful probe.
type probeRecord struct {
	Version  int       `json:"version"`
	ProbedAt time.Time `json:"probed_at"`
	// Store is the place of the store: a lake that is copied elsewhere is probed there, too.
	Store string `json:"store"`
}

// EnsureProbed probes the store, unless any process did so within the last 24 hours. Call it
// before anything else is written: if it returns an error, as [Probe] does, the store has at
// most the probe's own objects. The Trial is empty if the store was not probed now.
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
	data, err = json.Marshal(probeRecord{probeVersion, now.UTC().Truncate(time.Second), placeOf(s)})
	if err != nil {
		return trial, err
	}
	_, err = PutKnown(ctx, s, probeKey, bytes.NewReader(data), cond, nil)
	if err != nil && !errors.Is(err, ErrConflict) { // a conflict comes from another run's probe, or from an earlier attempt
		return trial, fmt.Errorf("write to the lake's store: %w", err)
	}
	return trial, nil
}

// stillProbed reports whether the record is of this store, and neither too old nor in the
// future. A record that cannot be decoded does not count.
func stillProbed(data []byte, s Store, now time.Time) bool {
	var last probeRecord
	if json.Unmarshal(data, &last) != nil {
		return false
	}
	age := now.Sub(last.ProbedAt)
	return last.Version == probeVersion && last.Store == placeOf(s) && age >= -time.Second && age < probeValidity
}

// placeOf returns the place of a store, or "" for one that is neither on S3 nor in a folder.
func placeOf(s Store) string {
	switch s := s.(type) {
	case hiding:
		return placeOf(s.Store)
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

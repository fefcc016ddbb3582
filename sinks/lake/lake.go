// Package lake publishes tables as Parquet files in an object store. A reader with a
// plain glob sees either the old or the new version of every file, never a part of one.
//
// One (day, bucket) is published in this order, with nothing to undo at any point:
//
//  1. Before the run's first API call, Base reads the manifest and the ETag of each
//     data object: what this run may replace.
//  2. A Stage collects the rows in local files, stamped with a generation and a write id.
//  3. Stage.Publish takes the turn, a small object under _control/turns, on condition
//     that no other run took it since. It PUTs each data object on condition that the
//     base is still in place.
//  4. It PUTs the manifest last, on the same condition.
//
// The withdrawals of a day are published without its bills: an amendment (Amend) replaces three
// tables and the manifest in the same order, and keeps the other objects, whose entries in the
// manifest then name the publication that wrote them. It begins only where no other publication
// can still write those: one that was cut is healed by a whole publication first, or is itself
// an amendment.
//
// What is published is read back by column: Bills, Settlements and the others for one
// table each, Rows for any.
//
// Of two runs with the same base only one gets the turn. The other changes nothing and
// gets schema.ErrSuperseded. A run that read its base during a publication is newer than
// that publication: it finds the write id in the turn, and replaces whatever was written
// under it, now or later. The slow publication then finds a newer object and stops. A
// crash at any point heals by running again from the base that is found then. Nothing is
// ever deleted.
package lake

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"billwalk/schema"
	"billwalk/sinks/object"
)

// tables of a publication, in the order of their PUTs. Optional ones are written where they
// have rows, or had some: rows that are gone are replaced by an empty file, so that readers of
// a glob never see them again.
var tables = schema.PublishOrder()

const settingsVersion = 1

// ErrBuckets reports that the lake was made with another number of buckets.
var ErrBuckets = errors.New("lake.buckets")

// settings are fixed for the lake's life.
type settings struct {
	Version int `json:"version"`
	Buckets int `json:"buckets"` // files per table and day
}

// Lake is the published tables in one store.
type Lake struct {
	store   object.Store
	buckets int
	version string // of billwalk, for manifests
	tmp     string // folder for local files; empty: the system's
}

// Open opens the lake in the store, for a version of billwalk. A lake that was made with
// another number of buckets is ErrBuckets: accounts would move between files. A new lake
// is written only when something is published.
func Open(ctx context.Context, store object.Store, buckets int, version string) (*Lake, error) {
	l := &Lake{store: store, buckets: buckets, version: version}
	err := l.checkSettings(ctx)
	if errors.Is(err, object.ErrNotFound) {
		return l, nil
	}
	return l, err
}

// ReadOnly returns the lake in the store for a reader that need not know its number of buckets.
func ReadOnly(store object.Store) *Lake { return &Lake{store: store} }

// ensureSettings stores the lake's settings if it is new, and checks them if it is not.
func (l *Lake) ensureSettings(ctx context.Context) error {
	err := l.checkSettings(ctx)
	if !errors.Is(err, object.ErrNotFound) {
		return err
	}
	data, err := json.Marshal(settings{Version: settingsVersion, Buckets: l.buckets})
	if err != nil {
		return err
	}
	_, err = object.PutKnown(ctx, l.store, settingsKey, bytes.NewReader(data), object.IfAbsent(), nil)
	if err != nil && !errors.Is(err, object.ErrConflict) {
		return fmt.Errorf("the lake cannot be written: %w", err)
	}
	return l.checkSettings(ctx)
}

func (l *Lake) checkSettings(ctx context.Context) error {
	data, _, err := object.ReadAll(ctx, l.store, settingsKey)
	if err != nil {
		return err
	}
	if err := schema.CheckVersion(data, settingsVersion); err != nil {
		return fmt.Errorf("the lake's %s: %w", settingsKey, err)
	}
	var stored settings
	if err := json.Unmarshal(data, &stored); err != nil {
		return fmt.Errorf("%s is damaged: %w", settingsKey, err)
	}
	if stored.Buckets != l.buckets {
		return fmt.Errorf("the lake was made with %w: %d, and jobs.yaml says %d: the number is fixed for the lake's life", ErrBuckets, stored.Buckets, l.buckets)
	}
	return nil
}

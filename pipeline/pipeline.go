// Package pipeline brings the bills in and reconciles them, in steps of which each
// reads only what the step before made durable:
//
//	Source ──pages──▶ walk ────▶ Archive ──▶ stage: normalise, sort ──┐
//	Trade ◀──orders── settle ──▶ Archive ──▶ join: reconcile ─────────┴──▶ Lake
//	callbacks ──────────────────▶ Archive ──────▲
//
// walk fills the archive with a unit's pages and certifies them. stage turns them
// into the rows of a day, in local files. settle asks the trade system for the
// orders of those rows, and archives its answers. join gives every group of bills
// its verdict and publishes the partitions of the day. A first run, a run again,
// a backfill and a replay take the same way; a replay leaves out what asks.
//
// The package decides; it does no HTTP and knows no store and no file format.
package pipeline

import (
	"context"

	"billwalk/pipeline/build"
	"billwalk/pipeline/evidence"
	"billwalk/pipeline/settle"
	"billwalk/pipeline/walk"
)

// Archive keeps what the platform answered and sent, as it came.
type Archive interface {
	walk.Archive
	settle.Archive
	evidence.Archive
}

// Lake is where the tables are published.
type Lake interface {
	build.Lake
	evidence.Lake
	// Summary returns the stored summary of a run as JSON, or nil where there
	// is none: the run was killed, or goes on.
	Summary(ctx context.Context, runID string) ([]byte, error)
}

// Stage is a partition being built, in local files of the lake.
type Stage = build.Stage

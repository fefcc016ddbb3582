// Package pipeline runs a job: it brings bills and settlements in, reconciles them and
// publishes the result. Each step reads only what the step before made durable:
//
//	bill API ───pages──▶ walk ────▶ archive ──▶ build: stage ──▶ build: join ──▶ lake
//	                                                │ orders          ▲
//	settle API ◀─queries─ settle ◀──────────────────┘                 │ settlements
//	        └──answers──▶ settle ──▶ archive ──▶ evidence ────────────┤
//	callbacks ──▶ receive ─────────▶ archive ──▶ evidence ────────────┘
//
// [walk] fills the archive with the pages of a unit and certifies them. [build] stages
// the bills of a day in local files. [settle] queries the orders of those bills and
// archives the answers. [build] then joins: it gives every group of bills its verdict by
// what [evidence] knows of its settlements, and publishes the partitions of the day.
//
// Where a job wants them, [stores] fetches the lists of the accounts' stores beside the
// bills, and [build] adds them to the run's last day. Where it follows withdrawals, [withdraw]
// fetches and publishes them once all days of the run are published.
//
// This package has the order of these steps, and nothing else. A [Run] makes a [Plan] of
// the units (plan*.go), of which the refetch policy (refetch.go) leaves out those that
// the archive has already. The schedule (schedule.go) walks them side by side; as they
// end, the steps (take.go) take their days to the lake. A first run, another run of the
// same days, a backfill and a replay go through the same steps; a replay makes no calls.
//
// The package does no HTTP, and knows no store and no file format.
package pipeline

import (
	"context"

	"billwalk/pipeline/build"
	"billwalk/pipeline/evidence"
	"billwalk/pipeline/settle"
	"billwalk/pipeline/stores"
	"billwalk/pipeline/walk"
	"billwalk/schema"
)

// Archive keeps what the platform answered and sent, as received. Each step knows its own
// part of it.
type Archive interface {
	walk.Archive
	settle.Archive
	evidence.Archive
	stores.Archive
	// BatchKey returns the key of batch n (from 1) of a walk.
	BatchKey(u schema.Unit, walk string, n int) string
}

// Lake is where the tables are published. Each step knows its own part of it.
type Lake interface {
	build.Lake
	build.Tables
	evidence.Lake
	Manifests
	Summaries
}

// Manifests is what a plan reads of the lake.
type Manifests interface {
	// Base reads what is published of a (day, bucket). A run reads it before its first
	// call to the platform, and replaces nothing newer.
	Base(ctx context.Context, day schema.Day, bucket int) (schema.Base, error)
	// Manifest reads the manifest alone, or nil where nothing is published.
	Manifest(ctx context.Context, day schema.Day, bucket int) (*schema.Manifest, error)
}

// Summaries are those of earlier runs, which the refetch policy reads.
type Summaries interface {
	// Summary returns the stored summary of a run as JSON, or nil where there is none: the
	// run was killed, or has not ended.
	Summary(ctx context.Context, runID string) ([]byte, error)
}

// Stage is a partition being built, in local files of the lake.
type Stage = build.Stage

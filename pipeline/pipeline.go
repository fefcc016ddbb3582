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
// This package has the order of these steps, and nothing else. A [Run] makes a [Plan] of
// the units (plan*.go), of which the refetch policy (refetch.go) leaves out those that
// the archive has already. The schedule (schedule.go) walks them side by side; as they
// end, the steps (steps.go) take their days to the lake. A first run, another run of the
// same days, a backfill and a replay take the same way; a replay makes no calls.
//
// The package does no HTTP, and knows no store and no file format.
package pipeline

import (
	"billwalk/pipeline/build"
	"billwalk/pipeline/evidence"
	"billwalk/pipeline/settle"
	"billwalk/pipeline/walk"
)

// Archive keeps what the platform answered and sent, as received. Each step knows its own
// part of it.
type Archive interface {
	walk.Archive
	settle.Archive
	evidence.Archive
}

// Lake is where the tables are published. Each step knows its own part of it.
type Lake interface {
	build.Lake
	evidence.Lake
	Manifests
	Summaries
}

// Stage is a partition being built, in local files of the lake.
type Stage = build.Stage

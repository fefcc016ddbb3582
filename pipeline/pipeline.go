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
	"iter"

	"billwalk/pipeline/evidence"
	"billwalk/pipeline/settle"
	"billwalk/pipeline/walk"
	"billwalk/schema"
)

// Archive keeps what the platform answered and sent, as it came.
type Archive interface {
	walk.Archive
	settle.Archive
	evidence.Archive
}

// Lake is where the tables are published.
type Lake interface {
	// Base reads what is published of a (day, bucket). A run reads it before
	// its first call to the platform, and replaces nothing newer.
	Base(ctx context.Context, day schema.Day, bucket int) (schema.Base, error)
	// Manifest reads the manifest alone, or nil where nothing is published.
	Manifest(ctx context.Context, day schema.Day, bucket int) (*schema.Manifest, error)
	// Stage begins to build what replaces the base, in local files.
	Stage(base schema.Base) (Stage, error)
	// Bills reads columns of the published bills of a (day, bucket); there are
	// none where nothing is published. A bill yielded is good until the next.
	Bills(ctx context.Context, day schema.Day, bucket int, columns ...string) iter.Seq2[*schema.Bill, error]
	// BillColumns returns the names of the columns that the published bills have:
	// those of an earlier version may lack some, which are NULL in every bill.
	BillColumns(ctx context.Context, day schema.Day, bucket int) ([]string, error)
	// Settlements and Restatements read the published rows, likewise.
	Settlements(ctx context.Context, day schema.Day, bucket int, columns ...string) iter.Seq2[*schema.Settlement, error]
	Restatements(ctx context.Context, day schema.Day, bucket int) iter.Seq2[*schema.Restatement, error]
	// Summary returns the stored summary of a run as JSON, or nil where there
	// is none: the run was killed, or goes on.
	Summary(ctx context.Context, runID string) ([]byte, error)
}

// Stage is one (day, bucket) being built in local files.
type Stage interface {
	// Append adds a row to its table. Each table's rows come in their order.
	Append(row schema.Row) error
	// Bills reads columns of the bills back; no bill is taken after that. A bill
	// yielded is good until the next.
	Bills(columns ...string) iter.Seq2[*schema.Bill, error]
	// Finish ends the files and completes the manifest with what they are.
	Finish(m *schema.Manifest) error
	// Same says whether the lake holds the very rows that were staged, in whatever
	// form an earlier version gave them. What a newer version wrote in a form that is
	// not known is an error: it is not to be replaced.
	Same(ctx context.Context) (bool, error)
	// Publish replaces the base, the manifest last. Readers see the old or the
	// new file of a table, never less. Where another run came first, nothing is
	// changed: schema.ErrSuperseded.
	Publish(ctx context.Context, m *schema.Manifest) error
	// Keep leaves the base as it is, and no run that read it earlier may replace it
	// any more. Where another run came first: schema.ErrSuperseded.
	Keep(ctx context.Context) error
	// Close removes the files. It may be called at any time, and again.
	Close()
}

// Package build builds the partitions of a run from the archive alone, and publishes
// them.
//
//	certified walks ──▶ loader: normalise, sort ──▶ rows: merge ──▶ stage
//	                                                                  │ bills
//	evidence: answers, callbacks ──▶ join: reconcile order by order ◀─┤
//	                                  │ settlements, groups           │
//	published bills ──▶ restatements ─┴──▶ stage ──▶ publish ──▶ Lake
//
// Units are loaded as their walks end, while others are still walked: each into sorted runs
// of rows by column, on local disk. The table is sorted by unit first, so that its rows are
// those of one unit after the other. When all units of a day have ended, its partitions are
// staged in local files. When all days of the window are staged and their orders queried,
// the day's partitions are joined, then published.
//
// Every record received becomes a row or is counted as a repetition, every bill is in one
// group, and the sums of the groups are those of the bills: where one of these does not
// hold, nothing is published.
//
//	partition, load           a partition, and the walks that go into it
//	unit, loader, block,
//	order, merge              the rows of one walk, in sorted runs
//	resolve                   bills that were found more than once
//	stage, rows, tally        the rows of all units, added to the tables and counted
//	join, knownorder, claims  what is known of an order
//	joiner, joinedrows,
//	orderexceptions,
//	orderchunks               the rows and verdicts of orders, chunk by chunk
//	unmatched, removed        settlements without a bill
//	conservation              the sums that must agree
//	restate…, differences,
//	moved, newstores          bills that changed since they were published
//	stores                    the stores of the accounts
//	left                      days whose verdicts are out of date
//	neighbours                partitions of other processes, and what became of their units
//	place                     which settlements count in those
//	withdrawals               the withdrawals of the day, as published
//	publish, superseded       publishing, and what happens if another run was first
package build

import (
	"context"
	"iter"
	"log/slog"
	"time"

	"billwalk/pipeline/evidence"
	"billwalk/pipeline/normalise"
	"billwalk/pipeline/reconcile"
	"billwalk/pipeline/walk"
	"billwalk/schema"
)

// Lake is where the partitions are published.
type Lake interface {
	// Base reads what is published of a (day, bucket). A run reads it before
	// its first call to the platform, and replaces nothing newer.
	Base(ctx context.Context, day schema.Day, bucket int) (schema.Base, error)
	// Stage begins to build what replaces the base, in local files.
	Stage(base schema.Base) (Stage, error)
}

// Tables are the published tables. A row yielded is good until the next.
type Tables interface {
	// Bills reads columns of the published bills of a (day, bucket); there are
	// none where nothing is published.
	Bills(ctx context.Context, day schema.Day, bucket int, columns ...string) iter.Seq2[*schema.Bill, error]
	// BillColumns returns the names of the columns that the published bills have:
	// those of an earlier version may lack some, which are NULL in every bill.
	BillColumns(ctx context.Context, day schema.Day, bucket int) ([]string, error)
	// Settlements and Restatements read the published rows. A row yielded is good until
	// the next.
	Settlements(ctx context.Context, day schema.Day, bucket int, columns ...string) iter.Seq2[*schema.Settlement, error]
	Restatements(ctx context.Context, day schema.Day, bucket int) iter.Seq2[*schema.Restatement, error]
	// Rows reads the published rows of any table.
	Rows(ctx context.Context, table schema.AnyTable, day schema.Day, bucket int, columns ...string) iter.Seq2[schema.Row, error]
}

// Stage is a partition being built in local files.
type Stage interface {
	Publication
	// Append adds a row to its table. Each table's rows come in their order.
	Append(row schema.Row) error
	// AppendBatch adds rows by column. The batch may be reused afterwards. Rows of other
	// tables may be added side by side.
	AppendBatch(table schema.AnyTable, rows *schema.Batch) error
	// Bills reads columns of the bills back; no bill is taken after that. A bill
	// yielded is good until the next.
	Bills(columns ...string) iter.Seq2[*schema.Bill, error]
	// ReplaceGroupKeys reads columns of the bills back, and stages the bills anew with the
	// group_key that change adds to keys for each of rows, which have the named columns in
	// that order. It is called for several parts side by side.
	ReplaceGroupKeys(change func(rows *schema.Batch, keys *schema.Vector), columns ...string) error
	// Close removes the files. It may be called at any time, and again.
	Close()
}

// Publication publishes the rows of a stage.
type Publication interface {
	// Finish ends the files and completes the manifest with what they are.
	Finish(m *schema.Manifest) error
	// Same reports whether the lake holds the very rows that were staged, in whatever
	// form an earlier version gave them. What a newer version wrote in a form that is
	// not known is an error: it is not to be replaced.
	Same(ctx context.Context) (bool, error)
	// Publish replaces the base, the manifest last. Readers see the old or the
	// new file of a table, never less. Where another run came first, nothing is
	// changed, and the error is schema.ErrSuperseded.
	Publish(ctx context.Context, m *schema.Manifest) error
	// Keep leaves the base as it is, and no run that read it earlier may replace it
	// any more. Where another run came first, the error is schema.ErrSuperseded.
	Keep(ctx context.Context) error
}

// Config is what a run builds, and from what.
type Config struct {
	RunID    string
	Job      string
	Accounts []schema.Account // of the job
	Buckets  int              // of the lake
	Archive  walk.Reader
	Recent   *walk.Recent // what was walked just now; may be nil
	Lake     Lake
	Tables   Tables             // of the lake
	Evidence *evidence.Evidence // what is known of settlements
	Rows     normalise.Normaliser
	Rules    *reconcile.Rules
	Now      func() time.Time
	Log      *slog.Logger

	// What follows is for a run that several processes share; nil where one has all of it.

	// Owns reports whether this process publishes a bucket.
	Owns func(bucket int) bool
	// FindNeighbours has the bills read of those partitions of other processes that have one
	// of the queries' ids.
	FindNeighbours func(context.Context, []schema.Query) error
}

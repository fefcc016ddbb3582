// Package pipeline brings the bills in, in steps of which each reads only what
// the step before made durable:
//
//	Source ──pages──▶ walk ──▶ Archive ──▶ build: normalise, sort ──▶ Lake
//
// walk fills the archive with a unit's pages and certifies them; build reads the
// archive alone and publishes the partitions of a day. A first run, a run again,
// a backfill and a replay take the same way; a replay leaves the walk out.
//
// The package decides; it does no HTTP and knows no store and no file format.
package pipeline

import (
	"context"
	"iter"

	"billwalk/schema"
)

// Source is the platform's bill API.
type Source interface {
	// Bills asks for the unit's page at cursor, of at most size records. It
	// retries and keeps the pace by itself. An answer without an error is a
	// whole page. An error may carry a schema.Failure, by a method Failure; the
	// answer then has the platform's body, if one came. Safe for concurrent use.
	Bills(ctx context.Context, u schema.Unit, cursor string, size int) (schema.Answer, error)
}

// Archive keeps the raw answers.
type Archive interface {
	// Encode returns the answer in the archive's form. Encoded answers may be joined.
	Encode(a schema.Answer) ([]byte, error)
	// Append makes encoded answers durable as batch n (from 1) of a walk. A
	// batch is never replaced: if another process wrote it, that is an error.
	Append(ctx context.Context, u schema.Unit, walk string, n int, answers []byte) error
	// Answers reads a walk's answers in order, up to the last batch.
	Answers(ctx context.Context, u schema.Unit, walk string) iter.Seq2[schema.Answer, error]
	// Certify makes a certificate durable, under its latest walk.
	Certify(ctx context.Context, c *schema.Certificate) error
	// Unit says what there is of a unit: its latest certificate, or nil, and
	// the walks begun after that, oldest first. Of a certificate that cannot be
	// read only the walk is known, and the error is schema.ErrDamaged.
	Unit(ctx context.Context, u schema.Unit) (*schema.Certificate, []schema.Begun, error)
}

// Lake is where the tables are published.
type Lake interface {
	// Base reads what is published of a (day, bucket). A run reads it before
	// its first call to the platform, and replaces nothing newer.
	Base(ctx context.Context, day schema.Day, bucket int) (schema.Base, error)
	// Publish replaces the base by the rows that fill hands over, and then its
	// manifest, which it completes with what it wrote. Readers see the old or
	// the new file of a table, never less.
	Publish(ctx context.Context, base schema.Base, m *schema.Manifest, fill func(schema.Rows) error) error
	// Summary returns the stored summary of a run as JSON, or nil where there
	// is none: the run was killed, or goes on.
	Summary(ctx context.Context, runID string) ([]byte, error)
}

package lake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/parquet"
)

// Bills reads the published bills of a (day, bucket), as parquet.Read does: the
// columns named, or all, in one row that is filled anew. Where nothing is
// published there are none.
func (l *Lake) Bills(ctx context.Context, day schema.Day, bucket int, columns ...string) iter.Seq2[*schema.Bill, error] {
	return published(ctx, l, schema.Bills, day, bucket, columns)
}

// Settlements reads the published settlements of a (day, bucket), likewise.
func (l *Lake) Settlements(ctx context.Context, day schema.Day, bucket int, columns ...string) iter.Seq2[*schema.Settlement, error] {
	return published(ctx, l, schema.Settlements, day, bucket, columns)
}

// Restatements reads the published restatements of a (day, bucket), likewise.
func (l *Lake) Restatements(ctx context.Context, day schema.Day, bucket int) iter.Seq2[*schema.Restatement, error] {
	return published(ctx, l, schema.Restatements, day, bucket, nil)
}

func published[R any](ctx context.Context, l *Lake, table schema.Table[R], day schema.Day, bucket int, columns []string) iter.Seq2[*R, error] {
	key := dataKey(table.Name, day, bucket)
	return func(yield func(*R, error) bool) {
		file, err := l.fetch(ctx, key)
		switch {
		case errors.Is(err, object.ErrNotFound):
			return
		case err != nil:
			yield(nil, err)
			return
		}
		defer file.Close()
		for row, err := range parquet.Read(table, file, columns...) {
			if ctx.Err() != nil {
				yield(nil, ctx.Err())
				return
			}
			if err != nil {
				err = l.unread(key, err)
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// BillColumns returns the names of the columns that the published bills of a (day,
// bucket) have: a file of an earlier version lacks those that were added since.
func (l *Lake) BillColumns(ctx context.Context, day schema.Day, bucket int) ([]string, error) {
	key := dataKey(schema.Bills.Name, day, bucket)
	file, err := l.fetch(ctx, key)
	if errors.Is(err, object.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	columns, err := parquet.Columns(schema.Bills, file)
	if err != nil {
		return nil, l.unread(key, err)
	}
	return columns, nil
}

// unread says which file could not be read, and what to do where it is of another
// version.
func (l *Lake) unread(key string, err error) error {
	var other *parquet.ColumnError
	if errors.As(err, &other) {
		return fmt.Errorf("%s: %w, and this is billwalk %s: use the version that wrote it, or a newer one", key, err, l.version)
	}
	return fmt.Errorf("%s: %w", key, err)
}

// fetch copies an object into a local file: columns are read at many places.
func (l *Lake) fetch(ctx context.Context, key string) (*os.File, error) {
	file, _, err := l.fetchInfo(ctx, key)
	return file, err
}

// fetchInfo tells of the object, too.
func (l *Lake) fetchInfo(ctx context.Context, key string) (*os.File, object.Info, error) {
	body, info, err := object.Read(ctx, l.store, key)
	if err != nil {
		return nil, info, err
	}
	defer body.Close()
	file, err := l.unnamed()
	if err != nil {
		return nil, info, err
	}
	if _, err := io.Copy(file, body); err != nil {
		file.Close()
		return nil, info, fmt.Errorf("reading %s: %w", key, err)
	}
	return file, info, nil
}

// Reconciliation reads the published verdicts of a (day, bucket), likewise.
func (l *Lake) Reconciliation(ctx context.Context, day schema.Day, bucket int, columns ...string) iter.Seq2[*schema.Reconciliation, error] {
	return published(ctx, l, schema.Reconciliations, day, bucket, columns)
}

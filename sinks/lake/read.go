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

// Bills yields the published bills of a (day, bucket), with the named columns or all of
// them, as parquet.Read does: in one row that is filled anew. If nothing is published
// there are none.
func (l *Lake) Bills(ctx context.Context, day schema.Day, bucket int, columns ...string) iter.Seq2[*schema.Bill, error] {
	return typed[schema.Bill](l.Rows(ctx, &schema.Bills, day, bucket, columns...))
}

// Settlements yields the published settlements of a (day, bucket), as Bills does.
func (l *Lake) Settlements(ctx context.Context, day schema.Day, bucket int, columns ...string) iter.Seq2[*schema.Settlement, error] {
	return typed[schema.Settlement](l.Rows(ctx, &schema.Settlements, day, bucket, columns...))
}

// Reconciliation yields the published verdicts of a (day, bucket), as Bills does.
func (l *Lake) Reconciliation(ctx context.Context, day schema.Day, bucket int, columns ...string) iter.Seq2[*schema.Reconciliation, error] {
	return typed[schema.Reconciliation](l.Rows(ctx, &schema.Reconciliations, day, bucket, columns...))
}

// Exceptions yields the published exceptions of a (day, bucket), as Bills does.
func (l *Lake) Exceptions(ctx context.Context, day schema.Day, bucket int, columns ...string) iter.Seq2[*schema.Exception, error] {
	return typed[schema.Exception](l.Rows(ctx, &schema.Exceptions, day, bucket, columns...))
}

// Restatements yields the published restatements of a (day, bucket), in all columns.
func (l *Lake) Restatements(ctx context.Context, day schema.Day, bucket int) iter.Seq2[*schema.Restatement, error] {
	return typed[schema.Restatement](l.Rows(ctx, &schema.Restatements, day, bucket))
}

// typed returns rows of one table by their type.
func typed[R any](rows iter.Seq2[schema.Row, error]) iter.Seq2[*R, error] {
	return func(yield func(*R, error) bool) {
		for row, err := range rows {
			r, _ := any(row).(*R)
			if !yield(r, err) {
				return
			}
		}
	}
}

// Rows yields the published rows of any of schema.Tables, as Bills does for bills. The
// row is nil beside an error.
func (l *Lake) Rows(ctx context.Context, table schema.AnyTable, day schema.Day, bucket int, columns ...string) iter.Seq2[schema.Row, error] {
	key := dataKey(table.Describe().Name, day, bucket)
	return func(yield func(schema.Row, error) bool) {
		file, err := l.fetch(ctx, key)
		switch {
		case errors.Is(err, object.ErrNotFound):
			return
		case err != nil:
			yield(nil, err)
			return
		}
		defer file.Close()
		for row, err := range parquet.ReadRows(table, file, columns...) {
			if ctx.Err() != nil {
				yield(nil, ctx.Err())
				return
			}
			if err != nil {
				yield(nil, l.readError(key, err))
				return
			}
			if !yield(row.(schema.Row), nil) {
				return
			}
		}
	}
}

// BillColumns returns the names of the columns of the published bills of a (day, bucket).
// A file of an earlier version lacks those that were added since.
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
	columns, err := parquet.Columns(&schema.Bills, file)
	if err != nil {
		return nil, l.readError(key, err)
	}
	return columns, nil
}

// readError returns the error of reading a file, with what to do if another version wrote
// it.
func (l *Lake) readError(key string, err error) error {
	var other *parquet.ColumnError
	if errors.As(err, &other) {
		return fmt.Errorf("%s: %w, and this is billwalk %s: use the version that wrote it, or a newer one", key, err, l.version)
	}
	return fmt.Errorf("%s: %w", key, err)
}

// fetch copies an object into a local file, because its columns are read at many offsets.
func (l *Lake) fetch(ctx context.Context, key string) (*os.File, error) {
	file, _, err := l.fetchInfo(ctx, key)
	return file, err
}

// fetchInfo is fetch, and describes the object.
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

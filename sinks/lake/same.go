package lake

import (
	"context"
	"errors"

	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/parquet"
)

// Same reports whether the lake holds exactly the staged rows, in the files that the
// base's manifest names. It ends all tables, as Finish does.
//
// Equal bytes are equal rows. If the bytes differ and the totals do not, the rows are
// compared: an earlier version may have encoded them in another way, or lack columns that
// are NULL in every row here.
//
// A file with columns that this version does not have, or has with another type, is an
// error: replacing it would lose what a newer version has written.
func (s *Stage) Same(ctx context.Context) (bool, error) {
	same := s.base.Manifest != nil && len(s.base.Unfinished()) == 0
	for _, name := range tables {
		if s.writers[name] == nil {
			continue
		}
		unchanged, err := s.sameRows(ctx, name)
		if err != nil {
			return false, err
		}
		same = same && unchanged
	}
	return same, nil
}

// sameRows is Same for one table.
func (s *Stage) sameRows(ctx context.Context, name string) (bool, error) {
	staged, err := s.writers[name].Finish(s.stamp)
	etag := s.base.ETags[name]
	if err != nil || etag == "" {
		return err == nil && s.leftOut(name, staged.Totals.Rows), err
	}
	published := s.published(name, etag)
	if published != nil && published.RowsSHA256 == staged.RowsSHA256 {
		return true, nil
	}
	key := dataKey(name, s.base.Day, s.base.Bucket)
	file, info, err := s.lake.fetchInfo(ctx, key)
	if errors.Is(err, object.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	table, _ := schema.TableByName(name)
	same := false
	if published != nil && !sameTotals(table.Describe(), &published.Totals, &staged.Totals) {
		err = parquet.CheckColumns(table, file)
	} else {
		same, err = parquet.SameRows(table, file, staged.Body())
	}
	var other *parquet.ColumnError
	switch {
	case errors.As(err, &other) && (published != nil || s.base.BegunBefore(info.Meta[writeIDMeta])):
		return false, s.lake.readError(key, err)
	case err != nil:
		return false, nil // it is damaged, or was never published here: what replaces it is whole
	}
	return same && published != nil && info.ETag == etag, nil
}

// sameTotals reports whether tables may have the same rows: as many, and with the same sums.
func sameTotals(table schema.Description, a, b *schema.Totals) bool {
	for _, c := range table.Columns {
		if c.Unit == "fen" && a.Sum(c.Name) != b.Sum(c.Name) {
			return false
		}
	}
	return a.Rows == b.Rows
}

// published returns the entry of a table's object in the base's manifest, or nil if that
// object has another ETag.
func (s *Stage) published(table, etag string) *schema.Object {
	if s.base.Manifest == nil {
		return nil
	}
	for i := range s.base.Manifest.Objects {
		if o := &s.base.Manifest.Objects[i]; o.Table == table && o.ETag == etag {
			return o
		}
	}
	return nil
}

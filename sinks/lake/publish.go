package lake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/oklog/ulid/v2"

	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/parquet"
)

// Metadata of every published object, so that a writer recognises its own.
const (
	writeIDMeta    = "write-id"
	generationMeta = "generation"
)

// Publish replaces the base by the rows that fill hands over. It completes the
// manifest with generation, write id and objects, and publishes it last.
func (l *Lake) Publish(ctx context.Context, base schema.Base, m *schema.Manifest, fill func(schema.Rows) error) error {
	if err := l.settle(ctx); err != nil {
		return err
	}
	m.Version, m.Day, m.Bucket, m.Billwalk = schema.ManifestVersion, base.Day, base.Bucket, l.version
	m.Generation, m.WriteID = 1, ulid.Make().String()
	if base.Manifest != nil {
		m.Generation = base.Manifest.Generation + 1
	}
	files, err := l.write(parquet.Stamp{Generation: m.Generation, WriteID: m.WriteID}, fill)
	if err != nil {
		return err
	}
	defer func() {
		for _, f := range files {
			_ = os.Remove(f.Path)
		}
	}()
	m.Objects = nil
	for i, table := range tables {
		published, err := l.putFile(ctx, base, m, table, files[i])
		if err != nil {
			return err
		}
		m.Objects = append(m.Objects, published)
	}
	data, err := json.Marshal(m, jsontext.WithIndent("  "), json.Deterministic(true))
	if err != nil {
		return err
	}
	_, err = l.put(ctx, manifestKey(m.Day, m.Bucket), bytes.NewReader(data), base.ManifestETag, m)
	return err
}

// write makes one file per table of the rows, in the order of tables.
func (l *Lake) write(stamp parquet.Stamp, fill func(schema.Rows) error) (files []parquet.File, err error) {
	bills, err := parquet.Create(schema.Bills, l.tmp, memory.DefaultAllocator)
	if err != nil {
		return nil, err
	}
	exceptions, err := parquet.Create(schema.Exceptions, l.tmp, memory.DefaultAllocator)
	if err != nil {
		bills.Abort()
		return nil, err
	}
	if err := fill(schema.Rows{Bill: bills.Append, Exception: exceptions.Append}); err != nil {
		bills.Abort()
		exceptions.Abort()
		return nil, err
	}
	first, err := bills.Close(stamp)
	if err != nil {
		exceptions.Abort()
		return nil, err
	}
	second, err := exceptions.Close(stamp)
	if err != nil {
		return nil, errors.Join(err, os.Remove(first.Path))
	}
	return []parquet.File{first, second}, nil
}

func (l *Lake) putFile(ctx context.Context, base schema.Base, m *schema.Manifest, table string, f parquet.File) (schema.Object, error) {
	body, err := os.Open(f.Path)
	if err != nil {
		return schema.Object{}, err
	}
	defer body.Close()
	key := dataKey(table, m.Day, m.Bucket)
	info, err := l.put(ctx, key, body, base.ETags[table], m)
	if err != nil {
		return schema.Object{}, err
	}
	return schema.Object{
		Table: table, Day: m.Day, Bucket: m.Bucket, Key: key, Rows: f.Totals.Rows, Bytes: f.Bytes,
		SHA256: f.SHA256, RowsSHA256: f.RowsSHA256, ETag: info.ETag, Totals: f.Totals,
	}, nil
}

// put replaces the object that has the ETag (empty: there is none yet). A
// conflict is believed only after the object's write id was read back: it may be
// the trace of our own PUT whose answer was lost. An unknown outcome is resolved
// by sending the same bytes again.
func (l *Lake) put(ctx context.Context, key string, body io.ReadSeeker, etag string, m *schema.Manifest) (object.Info, error) {
	condition := object.IfAbsent()
	if etag != "" {
		condition = object.IfMatch(etag)
	}
	meta := map[string]string{writeIDMeta: m.WriteID, generationMeta: strconv.FormatInt(m.Generation, 10)}
	info, err := object.PutKnown(ctx, l.store, key, body, condition, meta)
	switch {
	case err == nil:
		return info, nil
	case errors.Is(err, object.ErrConflict):
		return l.mine(ctx, key, m, err)
	default:
		return object.Info{}, fmt.Errorf("publishing %s: %w", key, err)
	}
}

func (l *Lake) mine(ctx context.Context, key string, m *schema.Manifest, conflict error) (object.Info, error) {
	info, err := l.store.Head(ctx, key)
	switch {
	case err != nil && !errors.Is(err, object.ErrNotFound):
		return object.Info{}, fmt.Errorf("publishing %s: %w", key, errors.Join(conflict, err))
	case err == nil && info.Meta[writeIDMeta] == m.WriteID:
		return info, nil
	default:
		return object.Info{}, fmt.Errorf("%s: %w", key, schema.ErrSuperseded)
	}
}

package lake

import (
	"fmt"
	"iter"
	"os"

	"github.com/oklog/ulid/v2"

	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/parquet"
)

// Stage is one (day, bucket) being built in local files that have no name, so that they
// end with the process. An amendment takes rows of schema.AmendedTables alone. Rows of different tables may be added side by side, and else it is
// not safe for concurrent use. Many stages may be open: one without rows costs next to
// nothing.
type Stage struct {
	lake  *Lake
	base  schema.Base
	stamp parquet.Stamp

	writers map[string]*parquet.Writer // by table; those of an amendment alone
	amends  bool                       // tables without a writer stay as they are published
}

// Stage begins the replacement of the base. The caller closes it.
func (l *Lake) Stage(base schema.Base) (*Stage, error) {
	if base.Bucket < 0 || base.Bucket >= l.buckets {
		return nil, fmt.Errorf("bucket %d of a lake that has %d", base.Bucket, l.buckets)
	}
	return l.stage(base, tables), nil
}

// Amend begins the replacement of schema.AmendedTables alone: the other objects of the base
// stay as they are. If these are not those of the manifest, or a publication that has begun may
// still write them, the error is schema.ErrUnfinished.
func (l *Lake) Amend(base schema.Base) (*Stage, error) {
	if !base.Amendable() {
		return nil, schema.ErrUnfinished
	}
	s := l.stage(base, schema.AmendedTables)
	s.amends = true
	return s, nil
}

func (l *Lake) stage(base schema.Base, names []string) *Stage {
	stamp := parquet.Stamp{Generation: base.NextGeneration(), WriteID: ulid.Make().String()}
	s := &Stage{lake: l, base: base, stamp: stamp, writers: make(map[string]*parquet.Writer)}
	for _, name := range names {
		table, _ := schema.TableByName(name)
		s.writers[name] = parquet.NewWriter(table, l.version, l.fileFor(dataKey(name, base.Day, base.Bucket)))
	}
	return s
}

// fileFor creates a file for the body of an object: where the store is a folder, in its file
// system, so that it need not be copied.
func (l *Lake) fileFor(key string) func() (*os.File, error) {
	return func() (*os.File, error) {
		if file, err := object.NewFile(l.store, key); err == nil {
			return file, nil
		}
		return l.unnamed()
	}
}

// unnamed creates a local file without a name, so that a kill leaves nothing behind.
func (l *Lake) unnamed() (*os.File, error) {
	file, err := os.CreateTemp(l.tmp, "billwalk-*.parquet")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// Append adds a row to its table. Each table's rows are read in the order in which they
// were added; tables may be filled one after the other or in turns. An error is final.
func (s *Stage) Append(row schema.Row) error {
	return s.writers[row.TableName()].Append(row)
}

// AppendBatch adds rows to a table, as Append does. The batch may be reused afterwards. An
// error is final.
func (s *Stage) AppendBatch(table schema.AnyTable, b *schema.Batch) error {
	return s.writers[table.Describe().Name].AppendBatch(b)
}

// Bills yields the staged bills, with the named columns or all of them, as parquet.Read
// does. It ends the table: a bill that is added later is an error.
func (s *Stage) Bills(columns ...string) iter.Seq2[*schema.Bill, error] {
	file, err := s.writers[schema.Bills.Name].Finish(s.stamp)
	if err != nil {
		return func(yield func(*schema.Bill, error) bool) { yield(nil, err) }
	}
	return parquet.Read(schema.Bills, file.Body(), columns...)
}

// ReplaceGroupKeys reads columns of the staged bills back, and stages the bills anew with the
// group_key that change adds to keys for each of rows, which have the named columns in that
// order. It is called on all processors, side by side. An error is final.
func (s *Stage) ReplaceGroupKeys(change func(rows *schema.Batch, keys *schema.Vector), columns ...string) error {
	before := s.writers[schema.Bills.Name]
	if _, err := before.Finish(s.stamp); err != nil {
		return err
	}
	anew, err := before.Recode("group_key", change, columns...)
	if err != nil {
		return err
	}
	before.Close()
	s.writers[schema.Bills.Name] = anew
	return nil
}

// Finish ends all tables and completes the manifest: version, day, bucket, billwalk,
// generation, write id and the objects, whose ETags Publish adds. It may be called again,
// also for another manifest.
func (s *Stage) Finish(m *schema.Manifest) error {
	m.Version, m.Day, m.Bucket, m.Billwalk = schema.ManifestVersion, s.base.Day, s.base.Bucket, s.lake.version
	m.Generation, m.WriteID, m.Objects = s.stamp.Generation, s.stamp.WriteID, nil
	for _, table := range tables {
		if s.writers[table] == nil {
			if o := s.base.Manifest.Object(table); o != nil {
				kept := *o
				kept.Generation, kept.WriteID = s.base.Manifest.Stamp(o)
				m.Objects = append(m.Objects, kept)
			}
			continue
		}
		f, err := s.writers[table].Finish(s.stamp)
		if err != nil {
			return err
		}
		if s.leftOut(table, f.Totals.Rows) {
			continue
		}
		m.Objects = append(m.Objects, schema.Object{
			Table: table, Day: m.Day, Bucket: m.Bucket, Key: dataKey(table, m.Day, m.Bucket), Rows: f.Totals.Rows, Bytes: f.Bytes,
			SHA256: f.SHA256, RowsSHA256: f.RowsSHA256, Totals: f.Totals,
		})
	}
	return nil
}

// leftOut reports whether a table with that many staged rows has no file: it is optional, and
// there is none to replace, nor will a publication that has begun write one.
func (s *Stage) leftOut(name string, rows int64) bool {
	table, _ := schema.TableByName(name)
	cut := s.base.Turn.Amends && len(s.base.Unfinished()) > 0
	return rows == 0 && s.base.ETags[name] == "" && table.Describe().Optional && !cut
}

// Close removes the local files, published or not. It may be called at any time, and
// again.
func (s *Stage) Close() {
	for _, w := range s.writers {
		w.Close()
	}
}

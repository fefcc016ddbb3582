package lake

import (
	"fmt"
	"iter"
	"os"

	"github.com/oklog/ulid/v2"

	"billwalk/schema"
	"billwalk/sinks/parquet"
)

// Stage is one (day, bucket) being built in local files, which no one else sees
// and which are gone with the process, however that ends. One goroutine at a time
// uses it; many stages may be open, for one without rows costs next to nothing.
type Stage struct {
	lake  *Lake
	base  schema.Base
	stamp parquet.Stamp

	bills          *parquet.Writer[schema.Bill]
	settlements    *parquet.Writer[schema.Settlement]
	reconciliation *parquet.Writer[schema.Reconciliation]
	exceptions     *parquet.Writer[schema.Exception]
	restatements   *parquet.Writer[schema.Restatement]
}

// Stage begins what is to replace the base. It has to be closed.
func (l *Lake) Stage(base schema.Base) (*Stage, error) {
	if base.Bucket < 0 || base.Bucket >= l.buckets {
		return nil, fmt.Errorf("bucket %d of a lake that has %d", base.Bucket, l.buckets)
	}
	stamp := parquet.Stamp{Generation: base.Next(), WriteID: ulid.Make().String()}
	return &Stage{
		lake: l, base: base, stamp: stamp,
		bills:          parquet.NewWriter(schema.Bills, l.version, l.unnamed, l.mem),
		settlements:    parquet.NewWriter(schema.Settlements, l.version, l.unnamed, l.mem),
		reconciliation: parquet.NewWriter(schema.Reconciliations, l.version, l.unnamed, l.mem),
		exceptions:     parquet.NewWriter(schema.Exceptions, l.version, l.unnamed, l.mem),
		restatements:   parquet.NewWriter(schema.Restatements, l.version, l.unnamed, l.mem),
	}, nil
}

// unnamed makes a local file that has no name, so that a kill leaves nothing behind.
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

// writer is a table's writer, whatever its rows.
type writer interface {
	Finish(parquet.Stamp) (parquet.File, error)
	Close()
}

// writers returns the writer of each table.
func (s *Stage) writers() map[string]writer {
	return map[string]writer{
		schema.Bills.Name: s.bills, schema.Settlements.Name: s.settlements, schema.Reconciliations.Name: s.reconciliation,
		schema.Exceptions.Name: s.exceptions, schema.Restatements.Name: s.restatements,
	}
}

// Rows takes the rows, each table's in the order in which they are to be read.
// Tables may be filled one after the other or in turns. An error is final.
func (s *Stage) Rows() schema.Rows {
	return schema.Rows{
		Bill: s.bills.Append, Settlement: s.settlements.Append, Reconciliation: s.reconciliation.Append,
		Exception: s.exceptions.Append, Restatement: s.restatements.Append,
	}
}

// Bills reads the bills back, as parquet.Read does: the columns named, or all, in
// one row that is filled anew. It ends the table: a bill after it is an error.
func (s *Stage) Bills(columns ...string) iter.Seq2[*schema.Bill, error] {
	file, err := s.bills.Finish(s.stamp)
	if err != nil {
		return func(yield func(*schema.Bill, error) bool) { yield(nil, err) }
	}
	return parquet.Read(schema.Bills, file.Body(), columns...)
}

// Finish ends all tables and completes the manifest: version, day, bucket,
// billwalk, generation, write id and the objects, whose ETags only Publish knows.
// It may be called again, for another manifest as well.
func (s *Stage) Finish(m *schema.Manifest) error {
	m.Version, m.Day, m.Bucket, m.Billwalk = schema.ManifestVersion, s.base.Day, s.base.Bucket, s.lake.version
	m.Generation, m.WriteID, m.Objects = s.stamp.Generation, s.stamp.WriteID, nil
	writers := s.writers()
	for _, table := range tables {
		f, err := writers[table].Finish(s.stamp)
		if err != nil {
			return err
		}
		m.Objects = append(m.Objects, schema.Object{
			Table: table, Day: m.Day, Bucket: m.Bucket, Key: dataKey(table, m.Day, m.Bucket), Rows: f.Totals.Rows, Bytes: f.Bytes,
			SHA256: f.SHA256, RowsSHA256: f.RowsSHA256, Totals: f.Totals,
		})
	}
	return nil
}

// Close gives the local files back, published or not. It may be called at any
// point, any number of times.
func (s *Stage) Close() {
	for _, w := range s.writers() {
		w.Close()
	}
}

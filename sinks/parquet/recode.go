package parquet

import (
	"cmp"
	"context"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"golang.org/x/sync/errgroup"

	"billwalk/schema"
	"billwalk/sinks/parquet/pages"
)

// Recode returns a writer of the same rows, but for the values of one column of texts: change
// adds those of some rows to values, by what the named columns of rows say, which come in that
// order. It is called on all processors, side by side. Only this column is encoded: the chunks of
// all other columns are copied as they are. It is neither summed nor a list. w has finished,
// and the caller closes it afterwards.
func (w *Writer) Recode(column string, change func(rows *schema.Batch, values *schema.Vector), columns ...string) (*Writer, error) {
	if w.ended != errFinished || w.err != nil {
		return nil, fmt.Errorf("%s: its rows are replaced before their end", w.name)
	}
	anew := NewWriter(w.table, w.version, w.create)
	anew.totals = w.totals
	if err := anew.recode(w, column, change, columns); err != nil {
		anew.Close()
		return nil, fmt.Errorf("%s, replacing %s: %w", w.name, column, err)
	}
	return anew, nil
}

// recode writes the row groups of another writer, in turn; all but the writing of one goes side
// by side with others.
func (w *Writer) recode(from *Writer, column string, change func(*schema.Batch, *schema.Vector), columns []string) error {
	if err := w.groups.start(); err != nil {
		return err
	}
	leaf, groups, workers := from.groups.file.leafOf(column), from.groups.file.written, w.groups.workspace.workers
	turns := make([]chan struct{}, len(groups)+1)
	for i := range turns {
		turns[i] = make(chan struct{})
	}
	close(turns[0])
	all, failed := errgroup.WithContext(context.Background())
	for first := range min(len(workers), len(groups)) {
		all.Go(func() error {
			r, err := newRecoder(from, &w.groups.columns[w.groups.file.leaves[leaf].column], change, columns)
			for i := first; i < len(groups) && err == nil; i += len(workers) {
				if err = r.encode(&workers[first], i, groups[i].rows); err != nil {
					break
				}
				select {
				case <-turns[i]:
				case <-failed.Done():
					return nil
				}
				if err = w.groups.file.copyGroup(groups[i], from.output.file, leaf, &r.chunk); err == nil {
					close(turns[i+1])
				}
			}
			return err
		})
	}
	return all.Wait()
}

// recoder encodes the new values of a column, one row group after the other.
type recoder struct {
	file    *columnFile
	column  *schema.Column
	columns []string // that change reads
	change  func(rows *schema.Batch, values *schema.Vector)
	values  *schema.Batch // of the column
	chunk   pages.Chunk
}

func newRecoder(from *Writer, column *schema.Column, change func(*schema.Batch, *schema.Vector), columns []string) (*recoder, error) {
	file, err := openColumns(from.table, from.file.Body(), memory.DefaultAllocator, newBudget(maxMemory), columns)
	return &recoder{file: file, column: column, columns: columns, change: change, values: schema.NewBatch([]schema.Column{*column})}, err
}

// encode encodes the values of a row group.
func (r *recoder) encode(encoder *pages.Encoder, group, rows int) error {
	s, err := r.file.scan([]int{group}, int64(rows))
	if err != nil {
		return err
	}
	r.values.Reset()
	values := &r.values.Columns[0]
	var fault error
	if err := s.each(func(batch arrow.RecordBatch) bool {
		var view *schema.Batch
		if view, fault = viewOf(batch, r.columns); fault == nil {
			r.change(view, values)
		}
		return fault == nil
	}); err != nil || fault != nil {
		return cmp.Or(err, fault)
	}
	if values.Rows != rows {
		return fmt.Errorf("%d values for %d rows", values.Rows, rows)
	}
	encoder.Encode(&r.chunk, r.column, values, 0, 0, rows)
	return nil
}

// writtenGroup is a row group as a file has it.
type writtenGroup struct {
	rows   int
	chunks []writtenChunk // by leaf
}

// writtenChunk is a chunk as a file has it: what another file's footer and indices have to
// say of it if it is copied there.
type writtenChunk struct {
	metadata.ChunkMetaInfo
	encoding pages.Encoding
	stats    metadata.EncodedStatistics
	pages    []writtenPage // without the dictionary
}

type writtenPage struct {
	offset   int64
	size     int32 // with its header
	firstRow int64
	stats    metadata.EncodedStatistics
}

// start returns where the chunk begins in its file.
func (c *writtenChunk) start() int64 {
	if c.encoding == pages.Dictionary {
		return c.DictPageOffset
	}
	return c.DataPageOffset
}

// leafOf returns the first leaf of a column.
func (w *fileWriter) leafOf(column string) int {
	for i := range w.leaves {
		if w.columns.Column(i).ColumnPath()[0] == column {
			return i
		}
	}
	panic("parquet: no column " + column)
}

// copyGroup writes the row group of another file, with another chunk in the place of one.
func (w *fileWriter) copyGroup(g writtenGroup, file io.ReaderAt, replaced int, by *pages.Chunk) error {
	return w.addGroup(g.rows, func(to *metadata.ColumnChunkMetaDataBuilder, leaf int) (writtenChunk, error) {
		if leaf == replaced {
			return w.writeChunk(to, by, leaf)
		}
		return w.copyChunk(to, g.chunks[leaf], file, leaf)
	})
}

// copyChunk writes a chunk of another file. Its pages do not say where they lie; the footer
// and the indices do.
func (w *fileWriter) copyChunk(to *metadata.ColumnChunkMetaDataBuilder, c writtenChunk, file io.ReaderAt, leaf int) (writtenChunk, error) {
	columnIndex, offsetIndex, err := w.indices(leaf)
	if err != nil {
		return c, err
	}
	start := c.start()
	shift := w.out.Tell() - start
	if _, err := io.Copy(w.out, io.NewSectionReader(file, start, c.CompressedSize)); err != nil {
		return c, err
	}
	c.DataPageOffset += shift
	used := metadata.EncodingStats{DataEncodingStats: map[parquet.Encoding]int32{encodings[c.encoding]: int32(len(c.pages))}}
	dictionary := c.encoding == pages.Dictionary
	if dictionary {
		c.DictPageOffset += shift
		used.DictEncodingStats = map[parquet.Encoding]int32{parquet.Encodings.Plain: 1}
	}
	moved := make([]writtenPage, len(c.pages))
	for i, p := range c.pages {
		p.offset += shift
		moved[i] = p
		if err := columnIndex.AddPage(&p.stats); err != nil {
			return c, err
		}
		if err := offsetIndex.AddPage(p.offset, p.firstRow, p.size); err != nil {
			return c, err
		}
	}
	c.pages = moved
	if err := columnIndex.Finish(); err != nil {
		return c, err
	}
	if err := offsetIndex.Finish(0); err != nil {
		return c, err
	}
	to.SetStats(c.stats)
	if err := to.Finish(c.ChunkMetaInfo, dictionary, false, used); err != nil {
		return c, err
	}
	_, err = to.WriteTo(w.out)
	return c, err
}

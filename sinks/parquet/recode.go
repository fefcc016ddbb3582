package parquet

import (
	"fmt"
	"io"
	"iter"
	"sync"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/metadata"

	"billwalk/schema"
	"billwalk/sinks/parquet/pages"
)

// Recode returns a writer of the same rows, but for the values of one column of texts. Only
// these are encoded: the chunks of all other columns are copied as they are. The column is
// neither summed nor a list. w has finished, and the caller closes it afterwards.
func (w *Writer) Recode(column string, values iter.Seq2[schema.Null[string], error]) (*Writer, error) {
	if w.ended != errFinished || w.err != nil {
		return nil, fmt.Errorf("%s: its rows are replaced before their end", w.name)
	}
	anew := NewWriter(w.table, w.version, w.create)
	anew.totals = w.totals
	if err := anew.recode(w, column, values); err != nil {
		anew.Close()
		return nil, err
	}
	return anew, nil
}

func (w *Writer) recode(from *Writer, column string, values iter.Seq2[schema.Null[string], error]) error {
	if err := w.groups.start(); err != nil {
		return err
	}
	leaf, groups := from.groups.file.leafOf(column), from.groups.file.written
	of := &w.groups.columns[w.groups.file.leaves[leaf].column]
	encoder, chunk := &w.groups.workspace.workers[0], &w.groups.workspace.chunks[leaf]
	v, spare := &schema.NewBatch([]schema.Column{*of}).Columns[0], &schema.NewBatch([]schema.Column{*of}).Columns[0]
	var writing sync.WaitGroup // of a row group, while the values of the next are read
	var fault error            // of writing
	defer writing.Wait()
	for value, err := range values {
		switch {
		case err != nil:
			return err
		case len(groups) == 0:
			return fmt.Errorf("%s: more values of %s than rows", w.name, column)
		case value.Valid:
			v.AppendText([]byte(value.V))
		default:
			v.AppendNull()
		}
		if v.Rows < groups[0].rows {
			continue
		}
		if writing.Wait(); fault != nil {
			return fault
		}
		all, group := v, groups[0]
		writing.Go(func() {
			encoder.Encode(chunk, of, all, 0, 0, all.Rows)
			fault = w.groups.file.copyGroup(group, from.output.file, leaf, chunk)
		})
		v, spare, groups = spare, v, groups[1:]
		v.Reset()
	}
	if len(groups) > 0 {
		return fmt.Errorf("%s: fewer values of %s than rows", w.name, column)
	}
	writing.Wait()
	return fault
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

package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	pqschema "github.com/apache/arrow-go/v18/parquet/schema"

	"billwalk/schema"
	"billwalk/sinks/parquet/pages"
)

const magic = "PAR1"

// fileWriter writes encoded row groups into a file, and the file's footer.
type fileWriter struct {
	columns    *pqschema.Schema
	leaves     []leaf
	properties *parquet.WriterProperties
	out        *output
	footer     *metadata.FileMetaDataBuilder
	index      *metadata.PageIndexBuilder
	pager      file.PageWriter // nil before the first chunk
	written    []writtenGroup
}

// newFileWriter begins a file of the table.
func newFileWriter(table schema.Description, version string, out *output) (*fileWriter, error) {
	columns, leaves, properties, err := layout(table, version)
	if err != nil {
		return nil, err
	}
	_, err = out.Write([]byte(magic))
	return &fileWriter{
		columns: columns, leaves: leaves, properties: properties, out: out,
		footer: metadata.NewFileMetadataBuilder(columns, properties, metadata.NewKeyValueMetadata()),
		index:  &metadata.PageIndexBuilder{Schema: columns},
	}, err
}

// writeGroup writes a row group, one chunk for each leaf.
func (w *fileWriter) writeGroup(chunks []pages.Chunk, rows int) error {
	return w.addGroup(rows, func(to *metadata.ColumnChunkMetaDataBuilder, leaf int) (writtenChunk, error) {
		return w.writeChunk(to, &chunks[leaf], leaf)
	})
}

// addGroup writes a row group, whose chunks write writes, leaf by leaf.
func (w *fileWriter) addGroup(rows int, write func(*metadata.ColumnChunkMetaDataBuilder, int) (writtenChunk, error)) error {
	if len(w.written) == math.MaxInt16 {
		return fmt.Errorf("more than %d row groups", len(w.written))
	}
	if err := w.index.AppendRowGroup(); err != nil {
		return err
	}
	group, written := w.footer.AppendRowGroup(), writtenGroup{rows, make([]writtenChunk, len(w.leaves))}
	for leaf := range written.chunks {
		var err error
		if written.chunks[leaf], err = write(group.NextColumnChunk(), leaf); err != nil {
			return err
		}
	}
	group.SetNumRows(rows)
	err := group.Finish(0, int16(len(w.written)))
	w.written = append(w.written, written)
	return errors.Join(w.out.err, err)
}

func (w *fileWriter) writeChunk(chunk *metadata.ColumnChunkMetaDataBuilder, c *pages.Chunk, leaf int) (writtenChunk, error) {
	written := writtenChunk{encoding: c.Encoding}
	if err := w.beginChunk(chunk, leaf); err != nil {
		return written, err
	}
	if c.Encoding == pages.Dictionary {
		page := file.NewDictionaryPage(memory.NewBufferBytes(c.Values), int32(c.Entries), parquet.Encodings.Plain)
		defer page.Release()
		if _, err := w.pager.WriteDictionaryPage(page); err != nil {
			return written, err
		}
	}
	levels := parquet.Encodings.RLE
	for _, p := range c.Pages {
		at := writtenPage{offset: w.out.Tell(), firstRow: int64(p.FirstRow), stats: w.statistics(p.Stats, p.Levels, leaf)}
		page := file.NewDataPageV1WithConfig(memory.NewBufferBytes(c.Data(p)), levels, levels, file.DataPageConfig{
			Num: int32(p.Levels), Encoding: encodings[c.Encoding], UncompressedSize: int32(p.Size),
			Stats: at.stats, FirstRowIndex: at.firstRow,
		})
		size, err := w.pager.WriteDataPage(page)
		page.Release()
		if err != nil {
			return written, err
		}
		at.size = int32(size)
		written.pages = append(written.pages, at)
	}
	stats, values := c.Stats(w.before(leaf))
	written.stats = w.statistics(stats, values, leaf)
	chunk.SetStats(written.stats)
	sizes := w.pager.(chunkSizes)
	written.ChunkMetaInfo = metadata.ChunkMetaInfo{
		NumValues: sizes.NumValues(), DictPageOffset: sizes.DictionaryPageOffset(), IndexPageOffset: -1, DataPageOffset: sizes.DataPageoffset(),
		CompressedSize: sizes.TotalCompressedSize(), UncompressedSize: sizes.TotalUncompressedSize(),
	}
	return written, w.pager.Close(c.Encoding == pages.Dictionary, false)
}

// chunkSizes is what the library's page writer knows of the chunk.
type chunkSizes interface {
	NumValues() int64
	DictionaryPageOffset() int64
	DataPageoffset() int64
	TotalCompressedSize() int64
	TotalUncompressedSize() int64
}

// beginChunk directs the library's page writer to the next chunk.
func (w *fileWriter) beginChunk(chunk *metadata.ColumnChunkMetaDataBuilder, leaf int) (err error) {
	group := int16(len(w.written))
	if w.pager == nil {
		w.pager, err = file.NewPageWriter(w.out, compress.Codecs.Zstd, zstdLevel, chunk, group, int16(leaf), memory.DefaultAllocator, false, nil, nil)
	} else {
		err = w.pager.Reset(w.out, compress.Codecs.Zstd, zstdLevel, chunk, group, int16(leaf), nil, nil)
	}
	if err != nil {
		return err
	}
	columnIndex, offsetIndex, err := w.indices(leaf)
	w.pager.SetIndexBuilders(columnIndex, offsetIndex)
	return err
}

// indices returns the indices of the next chunk's pages.
func (w *fileWriter) indices(leaf int) (metadata.ColumnIndexBuilder, *metadata.OffsetIndexBuilder, error) {
	columnIndex, err := w.index.GetColumnIndexBuilder(leaf)
	if err != nil {
		return nil, nil, err
	}
	offsetIndex, err := w.index.GetOffsetIndexBuilder(leaf)
	return columnIndex, offsetIndex, err
}

// before returns the order of a leaf's bounds.
func (w *fileWriter) before(leaf int) func(a, b []byte) bool {
	switch w.columns.Column(leaf).PhysicalType() {
	case parquet.Types.Int64:
		return func(a, b []byte) bool {
			return int64(binary.LittleEndian.Uint64(a)) < int64(binary.LittleEndian.Uint64(b))
		}
	case parquet.Types.Int32:
		return func(a, b []byte) bool {
			return int32(binary.LittleEndian.Uint32(a)) < int32(binary.LittleEndian.Uint32(b))
		}
	default:
		return func(a, b []byte) bool { return bytes.Compare(a, b) < 0 }
	}
}

// statistics returns the statistics of a page or a chunk as the library takes them.
func (w *fileWriter) statistics(s pages.Stats, levels, leaf int) metadata.EncodedStatistics {
	column := w.columns.Column(leaf)
	stats := metadata.EncodedStatistics{Signed: column.SortOrder() == pqschema.SortSIGNED, AllNullValue: s.Nulls == levels}
	stats.SetNullCount(int64(s.Nulls))
	if s.Min != nil {
		stats.SetMin(s.Min)
		stats.SetMax(s.Max)
		stats.ApplyStatSizeLimits(int(w.properties.MaxStatsSizeFor(column.Path())))
	}
	return stats
}

// finish completes the file.
func (w *fileWriter) finish(stamp Stamp) error {
	// Always in this order, so that equal rows and stamps give equal files.
	if err := w.footer.AppendKeyValueMetadata(GenerationKey, fmt.Sprint(stamp.Generation)); err != nil {
		return err
	}
	if err := w.footer.AppendKeyValueMetadata(WriteIDKey, stamp.WriteID); err != nil {
		return err
	}
	w.index.Finish()
	var places metadata.PageIndexLocation
	if err := w.index.WriteTo(w.out, &places); err != nil {
		return err
	}
	if err := w.footer.SetPageIndexLocation(places); err != nil {
		return err
	}
	footer, err := w.footer.Finish()
	if err != nil {
		return err
	}
	w.out.footer()
	start := w.out.Tell()
	if _, err := footer.WriteTo(w.out, nil); err != nil {
		return err
	}
	end := binary.LittleEndian.AppendUint32(nil, uint32(w.out.Tell()-start))
	_, err = w.out.Write(append(end, magic...))
	return errors.Join(w.out.err, err)
}

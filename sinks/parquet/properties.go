package parquet

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"billwalk/schema"
)

const (
	batchRows    = 4 << 10  // rows in one Arrow record batch
	rowGroupRows = 64 << 10 // bounds the writer's memory; DuckDB and Athena read groups in parallel
	zstdLevel    = 1
)

// properties returns how the table's columns are encoded. A list is one column of the table
// and one or more columns of the Parquet file.
func properties(table schema.Description, version string, arrowSchema *arrow.Schema, mem memory.Allocator) (*parquet.WriterProperties, error) {
	options := []parquet.WriterProperty{
		parquet.WithAllocator(mem),
		parquet.WithCreatedBy(createdBy(version, revision())),
		parquet.WithCompression(compress.Codecs.Zstd),
		parquet.WithCompressionLevel(zstdLevel),
		parquet.WithStats(true),
		parquet.WithPageIndexEnabled(true),
		parquet.WithMaxRowGroupLength(rowGroupRows),
	}
	leaves, err := pqarrow.ToParquet(arrowSchema, nil, pqarrow.DefaultWriterProps())
	if err != nil {
		return nil, err
	}
	for _, leaf := range leaves.Columns() {
		path := leaf.Path()
		switch table.Column(leaf.ColumnPath()[0]).Layout {
		case schema.Distinct:
			options = append(options, parquet.WithDictionaryFor(path, false))
		case schema.Ordered:
			options = append(options, parquet.WithDictionaryFor(path, false),
				parquet.WithEncodingFor(path, parquet.Encodings.DeltaByteArray))
		}
	}
	return parquet.NewWriterProperties(options...), nil
}

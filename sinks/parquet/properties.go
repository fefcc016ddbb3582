package parquet

import (
	"slices"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	pqschema "github.com/apache/arrow-go/v18/parquet/schema"

	"billwalk/schema"
	"billwalk/sinks/parquet/pages"
)

const (
	// RowGroup is the number of rows in a row group, except the last. It bounds the writer's
	// memory, and DuckDB and Athena read row groups side by side.
	RowGroup  = 64 << 10
	maxTexts  = 256 << 20 // bytes of texts that hardly repeat, after which a row group ends early
	zstdLevel = 1
)

// encodings are the names of what the package pages writes.
var encodings = map[pages.Encoding]parquet.Encoding{
	pages.Plain:                parquet.Encodings.Plain,
	pages.Dictionary:           parquet.Encodings.RLEDict,
	pages.DeltaBinaryPacked:    parquet.Encodings.DeltaBinaryPacked,
	pages.DeltaLengthByteArray: parquet.Encodings.DeltaLengthByteArray,
	pages.DeltaByteArray:       parquet.Encodings.DeltaByteArray,
}

// leaf is a column of the Parquet file. A list is one column of the table, and one leaf for
// each of its items' fields.
type leaf struct {
	column int // of the table
	item   int // field of the items
}

// layout returns the Parquet columns of a table, and how they are described in a file.
func layout(table schema.Description, version string) (*pqschema.Schema, []leaf, *parquet.WriterProperties, error) {
	columns, err := pqarrow.ToParquet(table.Arrow(), nil, pqarrow.DefaultWriterProps())
	if err != nil {
		return nil, nil, nil, err
	}
	options := []parquet.WriterProperty{
		parquet.WithCreatedBy(createdBy(version, revision())),
		parquet.WithCompression(compress.Codecs.Zstd),
		parquet.WithCompressionLevel(zstdLevel),
	}
	leaves := make([]leaf, columns.NumColumns())
	for i := range leaves {
		of := columns.Column(i)
		name := of.ColumnPath()[0]
		if i > 0 && columns.Column(i - 1).ColumnPath()[0] == name {
			leaves[i] = leaf{leaves[i-1].column, leaves[i-1].item + 1}
		} else {
			leaves[i].column = slices.IndexFunc(table.Columns, func(c schema.Column) bool { return c.Name == name })
		}
		encoding := withoutDictionary(of.PhysicalType(), table.Columns[leaves[i].column].Layout)
		options = append(options, parquet.WithEncodingFor(of.Path(), encodings[encoding]))
	}
	return columns, leaves, parquet.NewWriterProperties(options...), nil
}

// withoutDictionary returns the encoding of a chunk that has no dictionary.
func withoutDictionary(kind parquet.Type, layout schema.Layout) pages.Encoding {
	switch {
	case kind == parquet.Types.Int64:
		return pages.DeltaBinaryPacked
	case kind == parquet.Types.ByteArray && layout == schema.Ordered:
		return pages.DeltaByteArray
	case kind == parquet.Types.ByteArray:
		return pages.DeltaLengthByteArray
	default:
		return pages.Plain
	}
}

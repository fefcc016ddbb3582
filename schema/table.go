package schema

import (
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Type is the type of a column, by its SQL name. The list is short on purpose:
// these are the types that DuckDB, Athena, Trino and Spark read alike.
type Type string

const (
	Int64     Type = "BIGINT"
	Int32     Type = "INTEGER"
	Text      Type = "VARCHAR"
	Timestamp Type = "TIMESTAMPTZ" // microseconds, UTC
)

var arrowTypes = map[Type]arrow.DataType{
	Int64:     arrow.PrimitiveTypes.Int64,
	Int32:     arrow.PrimitiveTypes.Int32,
	Text:      arrow.BinaryTypes.String,
	Timestamp: &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"},
}

// Column says what one column holds. It is the single source of the Arrow
// schema, the DDL and the column tables of the README.
type Column struct {
	Name     string
	Type     Type
	Unit     string // "fen", or empty
	Doc      string
	Source   string // the API's field; empty where billwalk makes the value
	Required bool   // never NULL
	Layout   Layout
}

// Layout is a hint to the Parquet writer. It never changes what a reader sees.
type Layout int

const (
	Repeating Layout = iota // few distinct values: a dictionary pays
	Distinct                // values hardly repeat: no dictionary
	Ordered                 // distinct, and rows are sorted by it: store the differences
)

// Field is a column together with the way from a row of type R to its value.
type Field[R any] struct {
	Column
	append func(array.Builder, *R)
	fen    func(*R) Null[Fen] // set for columns whose unit is fen
}

// Table is a published table: a name and its columns in the order of the file.
type Table[R any] struct {
	Name   string
	Doc    string
	Fields []Field[R]
}

// Columns returns the columns in the order of the file.
func (t Table[R]) Columns() []Column {
	columns := make([]Column, len(t.Fields))
	for i, f := range t.Fields {
		columns[i] = f.Column
	}
	return columns
}

// Arrow returns the table's Arrow schema. It is fixed: never inferred from rows.
func (t Table[R]) Arrow() *arrow.Schema {
	fields := make([]arrow.Field, len(t.Fields))
	for i, f := range t.Fields {
		fields[i] = arrow.Field{Name: f.Name, Type: arrowTypes[f.Type], Nullable: !f.Required}
	}
	return arrow.NewSchema(fields, nil)
}

// Append adds the row to a record builder made for the table's Arrow schema.
func (t Table[R]) Append(b *array.RecordBuilder, row *R) {
	for i, f := range t.Fields {
		f.append(b.Field(i), row)
	}
}

// field makes a field of a column whose builder takes values by add.
func field[R, T any](c Column, get func(*R) Null[T], add func(array.Builder, T)) Field[R] {
	return Field[R]{Column: c, append: func(b array.Builder, row *R) {
		if v := get(row); v.Valid {
			add(b, v.V)
		} else {
			b.AppendNull()
		}
	}}
}

func text[R any](c Column, get func(*R) Null[string]) Field[R] {
	c.Type = Text
	return field(c, get, func(b array.Builder, v string) { b.(*array.StringBuilder).Append(v) })
}

func int32s[R any](c Column, get func(*R) Null[int32]) Field[R] {
	c.Type = Int32
	return field(c, get, func(b array.Builder, v int32) { b.(*array.Int32Builder).Append(v) })
}

func timestamp[R any](c Column, get func(*R) Null[time.Time]) Field[R] {
	c.Type = Timestamp
	return field(c, get, func(b array.Builder, v time.Time) {
		b.(*array.TimestampBuilder).Append(arrow.Timestamp(v.UnixMicro()))
	})
}

func fen[R any](c Column, get func(*R) Null[Fen]) Field[R] {
	c.Type, c.Unit = Int64, "fen"
	f := field(c, get, func(b array.Builder, v Fen) { b.(*array.Int64Builder).Append(int64(v)) })
	f.fen = get
	return f
}

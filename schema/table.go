package schema

import (
	"hash/maphash"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
)

// Type is the type of a column, by its SQL name. The list is short on purpose:
// these are the types that DuckDB, Athena, Trino and Spark read alike.
type Type string

const (
	Int64     Type = "BIGINT"
	Int32     Type = "INTEGER"
	Bool      Type = "BOOLEAN"
	Text      Type = "VARCHAR"
	Timestamp Type = "TIMESTAMPTZ" // microseconds, UTC
	Texts     Type = "VARCHAR[]"
	ShareList Type = "STRUCT(merchant_no VARCHAR, amount_fen BIGINT)[]"
)

var arrowTypes = map[Type]arrow.DataType{
	Int64:     arrow.PrimitiveTypes.Int64,
	Int32:     arrow.PrimitiveTypes.Int32,
	Bool:      arrow.FixedWidthTypes.Boolean,
	Text:      arrow.BinaryTypes.String,
	Timestamp: &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"},
	Texts:     arrow.ListOfNonNullable(arrow.BinaryTypes.String),
	ShareList: arrow.ListOfNonNullable(arrow.StructOf(
		arrow.Field{Name: "merchant_no", Type: arrow.BinaryTypes.String},
		arrow.Field{Name: "amount_fen", Type: arrow.PrimitiveTypes.Int64})),
}

// Column describes one column. It is the single source of the Arrow schema, the DDL
// and the documentation of the columns.
type Column struct {
	Name       string
	Label      string // in Chinese, for people; without the unit
	Type       Type
	Unit       string // "fen", or empty
	Doc        string
	ChineseDoc string    // Doc in Chinese
	Source     string    // the API's field; empty where billwalk makes the value
	Codes      *CodeList // what its numbers mean; nil where they are not codes
	Required   bool      // never NULL
	Optional   bool      // a file of an earlier version may lack the column; its rows then have NULL
	Layout     Layout
}

// Layout is a hint to the Parquet writer. It never changes what a reader sees.
type Layout int

const (
	Repeating Layout = iota // few distinct values: a dictionary pays
	Distinct                // values hardly repeat: no dictionary
	Ordered                 // distinct, and rows are sorted by it: store the differences
)

// Field is a column, with the functions that read and set its value in a row of type R.
type Field[R any] struct {
	Column
	load  func(arrow.Array, int, *R)
	put   func(*Vector, *R)
	take  func(*Vector, int, *R)
	show  func(*R) Null[string]
	equal func(*R, *R) bool
	hash  func(*maphash.Hash, *R) // nil where values cannot be hashed
	fen   func(*R) Null[Fen]      // nil unless the unit is fen
}

// Table is a published table: a name and its columns in the order of the file.
type Table[R any] struct {
	Name       string
	Label      string // the name in Chinese
	Doc        string
	ChineseDoc string
	History    bool // a publication carries on the rows of the one before
	Optional   bool // it has a file only where it has rows, or had some
	Fields     []Field[R]
}

// Columns returns the columns in the order of the file.
func (t Table[R]) Columns() []Column {
	columns := make([]Column, len(t.Fields))
	for i, f := range t.Fields {
		columns[i] = f.Column
	}
	return columns
}

// Arrow returns the table's Arrow schema.
func (t Table[R]) Arrow() *arrow.Schema { return t.Describe().Arrow() }

// Column returns the field of that name, or nil.
func (t Table[R]) Column(name string) *Field[R] {
	i := slices.IndexFunc(t.Fields, func(f Field[R]) bool { return f.Name == name })
	if i < 0 {
		return nil
	}
	return &t.Fields[i]
}

// Load sets the row's value of the column from place i of an array of the column's Arrow
// type. The row does not refer to the array.
func (f Field[R]) Load(values arrow.Array, i int, row *R) { f.load(values, i, row) }

// Text returns the row's value of the column as text, equal for equal values.
func (f Field[R]) Text(row *R) Null[string] { return f.show(row) }

// Equal reports whether two rows have the same value of the column, or both NULL.
func (f Field[R]) Equal(a, b *R) bool { return f.equal(a, b) }

// Hash adds the row's value of the column to a hash: equal for equal values, and NULL is not
// any value. Lists cannot be hashed.
func (f Field[R]) Hash(h *maphash.Hash, row *R) { f.hash(h, row) }

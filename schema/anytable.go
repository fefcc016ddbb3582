package schema

import (
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
)

// Row is a pointer to a row of one of the Tables, as *Bill is.
type Row interface {
	// TableName returns the name of the row's table.
	TableName() string
}

// AnyTable is a Table of whatever row type R. Its rows are passed as pointers to R;
// a row of another type is a mistake in the program, and panics.
type AnyTable interface {
	Describe() Description
	// NewRow returns a new *R.
	NewRow() any
	// TallyRow adds a row to the totals, as Table.Tally does.
	TallyRow(totals *Totals, row any) error
	// Adder returns what adds many rows up.
	Adder() Adder
	// TallyBatch is TallyRow for rows from to to-1 of a batch of the table.
	TallyBatch(totals *Totals, b *Batch, from, to int) error
	// AppendRowTo adds a row to a batch of the table.
	AppendRowTo(b *Batch, row any)
	// LoadRow sets the row's columns from place i of a batch of the table. The row does not
	// refer to the batch.
	LoadRow(b *Batch, i int, row any)
	// Loader returns a function that sets columns of a row from place i of arrays of
	// their Arrow types, one for each of the names, which are columns of the table.
	Loader(columns []string) func(values []arrow.Array, i int, row any)
}

// Description describes a table, without the type of its rows.
type Description struct {
	Name, Label     string // Label is the name in Chinese
	Doc, ChineseDoc string
	History         bool // see Table
	Optional        bool // see Table
	Columns         []Column
}

// Column returns the column of that name, or nil.
func (d Description) Column(name string) *Column {
	i := slices.IndexFunc(d.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return &d.Columns[i]
}

// Arrow returns the Arrow schema of the columns. It is fixed: never inferred from rows.
func (d Description) Arrow() *arrow.Schema {
	fields := make([]arrow.Field, len(d.Columns))
	for i, c := range d.Columns {
		fields[i] = arrow.Field{Name: c.Name, Type: arrowTypes[c.Type], Nullable: !c.Required}
	}
	return arrow.NewSchema(fields, nil)
}

// Describe returns the table's description.
func (t Table[R]) Describe() Description {
	return Description{Name: t.Name, Label: t.Label, Doc: t.Doc, ChineseDoc: t.ChineseDoc, History: t.History, Optional: t.Optional, Columns: t.Columns()}
}

// NewRow implements AnyTable.
func (t Table[R]) NewRow() any { return new(R) }

// TallyRow implements AnyTable.
func (t Table[R]) TallyRow(totals *Totals, row any) error { return t.Tally(totals, row.(*R)) }

// AppendRowTo implements AnyTable.
func (t Table[R]) AppendRowTo(b *Batch, row any) { t.AppendTo(b, row.(*R)) }

// LoadRow implements AnyTable.
func (t Table[R]) LoadRow(b *Batch, i int, row any) { t.LoadFrom(b, i, row.(*R)) }

// Loader implements AnyTable.
func (t Table[R]) Loader(columns []string) func(values []arrow.Array, i int, row any) {
	fields := make([]*Field[R], len(columns))
	for i, name := range columns {
		fields[i] = t.Column(name)
	}
	return func(values []arrow.Array, i int, row any) {
		typed := row.(*R)
		for c, f := range fields {
			f.load(values[c], i, typed)
		}
	}
}

package parquet

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"

	"billwalk/schema"
)

// ColumnError reports that a file's columns are not those of the table, as in a file that
// another version of billwalk wrote.
type ColumnError struct {
	Column    string
	Problem   string // what is wrong with it
	CreatedBy string // the writer that the file names
}

func (e *ColumnError) Error() string {
	return fmt.Sprintf("column %s: %s; the file was written by %q", e.Column, e.Problem, e.CreatedBy)
}

// checkColumns checks that the file's columns are the table's. A file of an earlier version
// may lack optional ones. A column that the table does not have is refused, because rows
// that are written again would lose it.
func checkColumns(table schema.Description, has *arrow.Schema, createdBy string) error {
	wrong := func(column, format string, args ...any) error {
		return &ColumnError{column, fmt.Sprintf(format, args...), createdBy}
	}
	columns, seen := table.Arrow(), make(map[string]bool)
	for _, got := range has.Fields() {
		want, known := columns.FieldsByName(got.Name)
		switch {
		case !known:
			return wrong(got.Name, "the file has it (%s), this version's table %s does not", got.Type, table.Name)
		case seen[got.Name]:
			return wrong(got.Name, "the file has it twice")
		case !arrow.TypeEqual(got.Type, want[0].Type):
			return wrong(got.Name, "the file has it as %s, this version's table %s as %s", got.Type, table.Name, want[0].Type)
		case got.Nullable && !want[0].Nullable:
			return wrong(got.Name, "it may be NULL in the file, and never in this version's table %s", table.Name)
		}
		seen[got.Name] = true
	}
	for _, c := range table.Columns {
		if !seen[c.Name] && !c.Optional {
			return wrong(c.Name, "the file lacks it, and every row of this version's table %s has a value of it", table.Name)
		}
	}
	return nil
}

// Columns returns the names of the columns of a file of the table, in the file's order.
func Columns(table schema.AnyTable, from parquet.ReaderAtSeeker) (names []string, err error) {
	pages, err := openPages(from, newBudget(maxMemory))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", table.Describe().Name, err)
	}
	for _, leaf := range pages.MetaData().Schema.Columns() {
		if name := leaf.ColumnPath()[0]; len(names) == 0 || names[len(names)-1] != name {
			names = append(names, name)
		}
	}
	return names, nil
}

// CheckColumns returns the ColumnError of a file whose columns are not those of the table, or
// the error of opening it.
func CheckColumns(table schema.AnyTable, from parquet.ReaderAtSeeker) error {
	s, err := open(table, from, memory.DefaultAllocator, newBudget(maxMemory), nil)
	if err != nil {
		return fmt.Errorf("%s: %w", table.Describe().Name, err)
	}
	s.batches.Release()
	return nil
}

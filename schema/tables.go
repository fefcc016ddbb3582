package schema

import (
	"slices"
	"sync"
)

// Tables lists the published tables, in the order of the documentation. Views, manifests,
// verification, summaries and the column tables all follow it: a table that is added here
// is published. A manifest names an object of each, but of an optional one only where it has
// rows, or had some: days without them have the same files as before the table was added.
var Tables = []AnyTable{&Bills, &Settlements, &Reconciliations, &Exceptions, &Restatements, &Stores, &Withdrawals, &WithdrawnBills}

// PublishOrder returns the names of the tables in the order in which their files are
// replaced: those with a history come first, so that a restatement is stored before
// the bills that it is about are gone.
func PublishOrder() []string {
	var first, others []string
	for _, t := range Tables {
		if d := t.Describe(); d.History {
			first = append(first, d.Name)
		} else {
			others = append(others, d.Name)
		}
	}
	return slices.Concat(first, others)
}

// OptionalTables returns the names of the optional tables.
func OptionalTables() (names []string) {
	for _, t := range Tables {
		if d := t.Describe(); d.Optional {
			names = append(names, d.Name)
		}
	}
	return names
}

// HasTables reports whether objects are those of a whole publication: one of every table, in
// the order of PublishOrder, of which optional ones may be absent.
func HasTables(objects []Object) bool {
	for _, name := range PublishOrder() {
		table, _ := TableByName(name)
		switch {
		case len(objects) > 0 && objects[0].Table == name:
			objects = objects[1:]
		case !table.Describe().Optional:
			return false
		}
	}
	return len(objects) == 0
}

// TableByName returns the table of that name, or false.
func TableByName(name string) (AnyTable, bool) {
	table, ok := tablesByName()[name]
	return table, ok
}

// tablesByName is made once: to describe a table is to copy all that is said of its columns.
var tablesByName = sync.OnceValue(func() map[string]AnyTable {
	tables := make(map[string]AnyTable)
	for _, t := range Tables {
		tables[t.Describe().Name] = t
	}
	return tables
})

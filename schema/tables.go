package schema

import "slices"

// Tables lists the published tables, in the order of the documentation. Views, manifests,
// verification, summaries and the column tables all follow it: a table that is added here
// is published. lake.Verify wants an object of each in every manifest, so that the days an
// older version published fail until they are built again.
var Tables = []AnyTable{&Bills, &Settlements, &Reconciliations, &Exceptions, &Restatements}

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

// TableByName returns the table of that name, or false.
func TableByName(name string) (AnyTable, bool) {
	i := slices.IndexFunc(Tables, func(t AnyTable) bool { return t.Describe().Name == name })
	if i < 0 {
		return nil, false
	}
	return Tables[i], true
}

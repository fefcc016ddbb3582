package build

import (
	"fmt"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// tally counts how the identities hold.
type tally struct {
	m      *schema.Manifest
	checks [len(normalise.Identities)]schema.Check
}

func newTally(m *schema.Manifest) tally {
	m.Exceptions = make(map[schema.Rule]int64)
	return tally{m: m}
}

// count counts the outcomes of rows.
func (t *tally) count(outcomes []normalise.Outcomes, rows []int32) {
	for _, row := range rows {
		for i, outcome := range outcomes[row] {
			switch outcome {
			case normalise.Pass:
				t.checks[i].Pass++
			case normalise.Fail:
				t.checks[i].Fail++
			default:
				t.checks[i].NotEvaluable++
			}
		}
	}
}

// close checks that every record received is a row or was dropped for a reason.
func (t *tally) close() error {
	t.m.Identities = make(map[schema.Rule]schema.Check)
	for i, rule := range normalise.Identities {
		t.m.Identities[rule] = t.checks[i]
	}
	for _, e := range t.m.Units {
		if e.Certificate == nil {
			continue
		}
		if got := e.Totals.Rows + e.Repeated + e.Elsewhere; got != e.Certificate.Rows {
			return fmt.Errorf("account %s: %d records were received, %d are accounted for; this is a bug, nothing is published", e.Account.ID, e.Certificate.Rows, got)
		}
	}
	return nil
}

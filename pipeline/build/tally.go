package build

import (
	"fmt"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// tally adds rows to the tables, and counts in the manifest what became of the records.
type tally struct {
	m      *schema.Manifest
	append func(schema.Row) error
	checks [len(normalise.Identities)]schema.Check
}

func newTally(m *schema.Manifest, add func(schema.Row) error) *tally {
	m.Exceptions = make(map[schema.Rule]int64)
	return &tally{m: m, append: add}
}

func (t *tally) add(c chunk) error {
	for _, d := range c.dropped {
		if d.elsewhere {
			d.entry.Elsewhere++
		} else {
			d.entry.Repeated++
		}
		if d.other != nil {
			if err := t.exception(d.other); err != nil {
				return err
			}
		}
	}
	for i := range c.kept {
		k := &c.kept[i]
		if k.conflict != nil {
			if err := t.exception(k.conflict); err != nil {
				return err
			}
		}
		if err := t.keep(k.entry, &k.row); err != nil {
			return err
		}
	}
	return nil
}

func (t *tally) keep(entry *schema.Entry, row *normalise.Row) error {
	if err := schema.Bills.Tally(&entry.Totals, &row.Bill); err != nil {
		return err
	}
	if err := t.append(&row.Bill); err != nil {
		return err
	}
	for i, outcome := range row.Outcomes {
		switch outcome {
		case normalise.Pass:
			t.checks[i].Pass++
		case normalise.Fail:
			t.checks[i].Fail++
		default:
			t.checks[i].NotEvaluable++
		}
	}
	for i := range row.Exceptions {
		if err := t.exception(&row.Exceptions[i]); err != nil {
			return err
		}
	}
	return nil
}

func (t *tally) exception(e *schema.Exception) error {
	t.m.Exceptions[e.Rule]++
	return t.append(e)
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

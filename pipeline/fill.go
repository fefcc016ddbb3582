package pipeline

import (
	"context"
	"fmt"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// fill hands the partition's rows over, in order. Records that say the same of
// the same bill become one row; where they say different things each is a row,
// and an exception tells.
func (b *builder) fill(ctx context.Context, s *spool, m *schema.Manifest, rows schema.Rows) error {
	tally := newTally(m)
	var buffer []byte
	for i, at := range s.places {
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		page := &s.pages[at.page]
		sameBill := i > 0 && s.places[i-1].BillKey == at.BillKey
		if sameBill && s.places[i-1].content == at.content {
			tally.drop(s, i)
			continue
		}
		if page.elsewhere && !sameBill {
			continue
		}
		record, err := s.record(at, &buffer)
		if err != nil {
			return err
		}
		if sameBill {
			if err := tally.exception(b.rows.Conflict(record, page.Provenance), rows); err != nil {
				return err
			}
		}
		if page.elsewhere {
			continue
		}
		if err := tally.keep(page.entry, b.rows.Row(record, page.Provenance), rows); err != nil {
			return err
		}
	}
	return tally.close()
}

// tally hands rows on and counts, in the manifest, what became of the records.
type tally struct {
	m      *schema.Manifest
	checks [len(normalise.Identities)]schema.Check
}

func newTally(m *schema.Manifest) *tally {
	m.Exceptions = make(map[schema.Rule]int64)
	return &tally{m: m}
}

func (t *tally) keep(entry int, row normalise.Row, rows schema.Rows) error {
	if err := schema.Bills.Tally(&t.m.Units[entry].Totals, &row.Bill); err != nil {
		return err
	}
	if err := rows.Bill(&row.Bill); err != nil {
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
	for _, e := range row.Exceptions {
		if err := t.exception(e, rows); err != nil {
			return err
		}
	}
	return nil
}

func (t *tally) exception(e schema.Exception, rows schema.Rows) error {
	t.m.Exceptions[e.Rule]++
	return rows.Exception(&e)
}

// drop counts record i, which says what the ones before it say.
func (t *tally) drop(s *spool, i int) {
	page := &s.pages[s.places[i].page]
	if page.elsewhere {
		return
	}
	for i > 0 && s.places[i-1].BillKey == s.places[i].BillKey && s.places[i-1].content == s.places[i].content {
		i--
	}
	if s.pages[s.places[i].page].elsewhere {
		t.m.Units[page.entry].Elsewhere++
	} else {
		t.m.Units[page.entry].Repeated++
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

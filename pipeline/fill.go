package pipeline

import (
	"context"
	"fmt"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// chunkRecords is how many records are normalised at a time.
const chunkRecords = 512

// fill passes the rows of the partition to add, in order.
func (a *assembly) fill(ctx context.Context, add func(schema.Row) error) error {
	tally := newTally(a.m)
	for chunk, err := range inOrder(a.spool.chunks(chunkRecords), a.normalise) {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = tally.add(chunk, add)
		}
		if err != nil {
			return err
		}
	}
	return tally.close()
}

// chunk is what a run of records comes to.
type chunk struct {
	kept    []keptRow
	dropped []droppedRecord
}

// keptRow is a row, and the exception that tells of another record of the same
// bill, if there is one.
type keptRow struct {
	entry    *schema.Entry
	row      normalise.Row
	conflict *schema.Exception
}

// droppedRecord is of a bill that a kept one is of.
type droppedRecord struct {
	entry     *schema.Entry
	elsewhere bool              // the kept one is published in another bucket
	other     *schema.Exception // where the kept one says otherwise
}

// normalise turns records, sorted by bill, into rows. Records that say the same
// of the same bill become one row; where they say different things each is a row,
// but for what a root account's walk of another night has, and an exception tells.
func (a *assembly) normalise(places []place) (chunk, error) {
	c := chunk{kept: make([]keptRow, 0, len(places))}
	for len(places) > 0 {
		n := 1
		for n < len(places) && places[n].BillKey == places[0].BillKey {
			n++
		}
		if err := a.bill(places[:n], &c); err != nil {
			return chunk{}, err
		}
		places = places[n:]
	}
	return c, nil
}

// bill adds the records of one bill to the chunk. Where a walk of the payee's own and
// one of its root account have it otherwise, and are of different runs, one of them is
// from another night, and the payee's own counts.
func (a *assembly) bill(places []place, c *chunk) error {
	var variants map[[32]byte]bool // by content: whether it is published elsewhere
	first := &a.spool.pages[places[0].page]
	for _, at := range places {
		record, err := a.spool.record(at)
		if err != nil {
			return err
		}
		page, conflict := &a.spool.pages[at.page], (*schema.Exception)(nil)
		if len(places) > 1 { // what most bills say need not be compared
			content, err := record.Content()
			if err != nil {
				return err
			}
			elsewhere, same := variants[content]
			if same {
				if !page.elsewhere() {
					c.dropped = append(c.dropped, droppedRecord{page.entry, elsewhere, nil})
				}
				continue
			}
			if variants == nil {
				variants = make(map[[32]byte]bool)
			}
			later := len(variants) > 0
			variants[content] = page.elsewhere()
			if later && page.root && !first.root && page.run != first.run {
				e := a.Rows.OtherVersion(record, page.Provenance)
				c.dropped = append(c.dropped, droppedRecord{page.entry, first.elsewhere(), &e})
				continue
			}
			if later && !page.elsewhere() {
				e := a.Rows.Conflict(record, page.Provenance)
				conflict = &e
			}
		}
		if !page.elsewhere() { // there it is a row, and its conflicts are told
			c.kept = append(c.kept, keptRow{page.entry, a.Rows.Row(record, page.Provenance), conflict})
		}
	}
	return nil
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

func (t *tally) add(c chunk, add func(schema.Row) error) error {
	for _, d := range c.dropped {
		if d.elsewhere {
			d.entry.Elsewhere++
		} else {
			d.entry.Repeated++
		}
		if d.other != nil {
			if err := t.exception(d.other, add); err != nil {
				return err
			}
		}
	}
	for i := range c.kept {
		k := &c.kept[i]
		if k.conflict != nil {
			if err := t.exception(k.conflict, add); err != nil {
				return err
			}
		}
		if err := t.keep(k.entry, &k.row, add); err != nil {
			return err
		}
	}
	return nil
}

func (t *tally) keep(entry *schema.Entry, row *normalise.Row, add func(schema.Row) error) error {
	if err := schema.Bills.Tally(&entry.Totals, &row.Bill); err != nil {
		return err
	}
	if err := add(&row.Bill); err != nil {
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
		if err := t.exception(&row.Exceptions[i], add); err != nil {
			return err
		}
	}
	return nil
}

func (t *tally) exception(e *schema.Exception, add func(schema.Row) error) error {
	t.m.Exceptions[e.Rule]++
	return add(e)
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

package build

import (
	"context"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// chunkRecords is how many records are normalised at a time.
const chunkRecords = 512

// addBills adds the rows of the spooled records, in order, and their exceptions.
func (p *Partition) addBills(ctx context.Context, add func(schema.Row) error) error {
	tally := newTally(p.manifest, add)
	n := normaliser{p.builder.Rows, p.spool}
	for chunk, err := range inOrder(p.spool.chunks(chunkRecords), n.chunk) {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = tally.add(chunk)
		}
		if err != nil {
			return err
		}
	}
	return tally.close()
}

// chunk is what becomes of a run of records.
type chunk struct {
	kept    []keptRow
	dropped []droppedRecord
}

// keptRow is a row, and the exception for another record of the same bill, if there is
// one.
type keptRow struct {
	entry    *schema.Entry
	row      normalise.Row
	conflict *schema.Exception
}

// droppedRecord is a record of a bill of which another record is kept.
type droppedRecord struct {
	entry     *schema.Entry
	elsewhere bool              // the kept one is published in another bucket
	other     *schema.Exception // where the kept one says otherwise
}

// normaliser turns spooled records into rows.
type normaliser struct {
	rows  normalise.Normaliser
	spool *spool
}

// chunk turns records, sorted by bill, into rows. Records that say the same
// of the same bill become one row; where they say different things each is a row with an
// exception, but for what a root account's walk of another night has.
func (n normaliser) chunk(places []place) (chunk, error) {
	c := chunk{kept: make([]keptRow, 0, len(places))}
	for len(places) > 0 {
		same := 1
		for same < len(places) && places[same].BillKey == places[0].BillKey {
			same++
		}
		if err := n.bill(places[:same], &c); err != nil {
			return chunk{}, err
		}
		places = places[same:]
	}
	return c, nil
}

// bill adds the records of one bill to the chunk.
func (n normaliser) bill(places []place, c *chunk) error {
	var variants map[[32]byte]bool // by content: whether it is published elsewhere
	first := &n.spool.pages[places[0].page]
	for _, at := range places {
		record, err := n.spool.record(at)
		if err != nil {
			return err
		}
		page, conflict := &n.spool.pages[at.page], (*schema.Exception)(nil)
		if len(places) > 1 { // most bills have one record, and nothing to compare it with
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
			if later && page.ofAnotherNight(first) {
				e := n.rows.OtherVersion(record, page.Provenance)
				c.dropped = append(c.dropped, droppedRecord{page.entry, first.elsewhere(), &e})
				continue
			}
			if later && !page.elsewhere() {
				e := n.rows.Conflict(record, page.Provenance)
				conflict = &e
			}
		}
		if !page.elsewhere() { // there it is a row, with its conflicts
			c.kept = append(c.kept, keptRow{page.entry, n.rows.Row(record, page.Provenance), conflict})
		}
	}
	return nil
}

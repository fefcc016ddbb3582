package audit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// expect computes which records are rows of the partition. Of records of one bill with the
// same content one is published: of an account's own walk before a root account's, of the
// lower account before the higher, of the earlier page before the later. A bill that an
// account's own walk publishes in another bucket is not a row here. If a root account's walk
// has a bill with other content than an account's own walk of another run, it is not a row
// but an exception. Of the rows of one bill the first counts.
func (p *partition) expect() error {
	for i := range p.m.Units {
		u := p.units[p.m.Units[i].Account.ID]
		if u == nil || u.manifest != p.m {
			continue // an account twice: the other entry counts
		}
		p.holders = append(p.holders, &holder{unit: u})
		if !u.sound() {
			p.unsound[u.Account.ID], p.certain = true, false
		}
	}
	slices.SortFunc(p.holders, func(a, b *holder) int {
		return cmp.Or(compareBools(a.root(), b.root()), cmp.Compare(a.Account.ID, b.Account.ID))
	})
	e := p.newExpectation()
	for _, h := range p.holders {
		for i := range h.records {
			r := &h.records[i]
			conflicts := e.conflicts
			if !e.isRow(h, r) {
				continue
			}
			p.tables.negatives += int64(r.negatives)
			if r.badText {
				p.tables.badTexts++
			}
			if p.m.RowRule > 0 && e.conflicts > conflicts {
				r.row = r.row.uncounted()
				h.archived.rows++
				p.expected[r.row]++
				continue
			}
			amounts := h.amountsOf(r)
			if err := h.archived.add(&amounts); err != nil {
				return fmt.Errorf("account %s: %w", h.Account.ID, err)
			}
			p.expected[r.row]++
		}
	}
	p.tables.conflicts = e.conflicts
	return nil
}

// expectation has the bills that holders before the current one have.
type expectation struct {
	bills     map[digest]known   // the first record of each bill
	others    map[digest]bool    // by content, the bills' other records: whether another bucket publishes it
	roots     bool               // there is a root account's walk, which own is for
	own       map[digest]ownWalk // by bill
	conflicts int64              // records of a bill that another record has with other content
}

// known is a record that a holder has.
type known struct {
	content   digest
	elsewhere bool // another bucket publishes it
}

func (p *partition) newExpectation() *expectation {
	records := 0
	for _, h := range p.holders {
		records += len(h.records)
	}
	e := &expectation{
		bills: make(map[digest]known, records), others: make(map[digest]bool), own: make(map[digest]ownWalk),
		roots: slices.ContainsFunc(p.holders, func(h *holder) bool { return h.root() }),
	}
	p.expected = make(map[digest]int32, records)
	if e.roots {
		p.addElsewhere(e)
	}
	return e
}

// find reports whether a holder has the record, and whether one has the bill.
func (e *expectation) find(r *record) (has, hasBill, elsewhere bool) {
	first, hasBill := e.bills[r.key]
	if !hasBill || first.content == r.content { // records with the same content are of the same bill
		return hasBill, hasBill, first.elsewhere
	}
	elsewhere, has = e.others[r.content]
	return has, true, elsewhere
}

// add adds a record that no holder has.
func (e *expectation) add(r *record, hasBill, elsewhere bool) {
	if hasBill {
		e.others[r.content] = elsewhere
	} else {
		e.bills[r.key] = known{r.content, elsewhere}
	}
}

// isRow reports whether the record is a row of the partition. If not, it counts the record as
// repeated or published elsewhere.
func (e *expectation) isRow(h *holder, r *record) bool {
	has, hasBill, elsewhere := e.find(r)
	switch {
	case has && elsewhere:
		h.elsewhere++
		return false
	case has:
		h.repeated++
		return false
	}
	e.add(r, hasBill, false)
	if hasBill {
		e.conflicts++
	}
	if !e.roots {
		return true
	}
	switch first, has := e.own[r.key]; {
	case !h.root() && !has:
		e.own[r.key] = ownWalk{run: h.run()}
	case h.root() && has && first.run != h.run():
		if first.elsewhere {
			h.elsewhere++
		} else {
			h.repeated++
		}
		return false
	}
	return true
}

// ownWalk is the first of the accounts' own walks with a bill.
type ownWalk struct {
	run       string
	elsewhere bool // it is published in another bucket
}

// addElsewhere adds the records that accounts' own walks publish in other buckets. Only a root
// account's walk can have them, too.
func (p *partition) addElsewhere(e *expectation) {
	for _, id := range slices.Sorted(maps.Keys(p.units)) {
		u := p.units[id]
		if u.manifest == nil || u.manifest == p.m || u.root() {
			continue
		}
		p.certain = p.certain && u.sound()
		for i := range u.records {
			r := &u.records[i]
			if has, hasBill, _ := e.find(r); !has {
				e.add(r, hasBill, true)
			}
			if _, has := e.own[r.key]; !has {
				e.own[r.key] = ownWalk{u.run(), true}
			}
		}
	}
}

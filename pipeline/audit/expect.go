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
	contents  map[digest]bool    // by content: whether another bucket publishes it
	roots     bool               // there is a root account's walk, which own is for
	own       map[digest]ownWalk // by bill
	keys      map[digest]bool    // bills with a record
	conflicts int64              // records of a bill that another record has with other content
}

func (p *partition) newExpectation() *expectation {
	e := &expectation{keys: make(map[digest]bool), roots: slices.ContainsFunc(p.holders, func(h *holder) bool { return h.root() })}
	e.contents, e.own = p.elsewhere(e.roots)
	for key := range e.own {
		e.keys[key] = true
	}
	return e
}

// isRow reports whether the record is a row of the partition. If not, it counts the record as
// repeated or published elsewhere.
func (e *expectation) isRow(h *holder, r *record) bool {
	switch elsewhere, known := e.contents[r.content]; {
	case known && elsewhere:
		h.elsewhere++
		return false
	case known:
		h.repeated++
		return false
	}
	e.contents[r.content] = false
	if e.keys[r.key] {
		e.conflicts++
	}
	e.keys[r.key] = true
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

// elsewhere returns the records that accounts' own walks publish in other buckets, by content
// and by bill. Only a root account's walk can have them, too.
func (p *partition) elsewhere(roots bool) (contents map[digest]bool, bills map[digest]ownWalk) {
	contents, bills = make(map[digest]bool), make(map[digest]ownWalk)
	if !roots {
		return contents, bills
	}
	for _, id := range slices.Sorted(maps.Keys(p.units)) {
		u := p.units[id]
		if u.manifest == nil || u.manifest == p.m || u.root() {
			continue
		}
		p.certain = p.certain && u.sound()
		for i := range u.records {
			contents[u.records[i].content] = true
			if _, has := bills[u.records[i].key]; !has {
				bills[u.records[i].key] = ownWalk{u.run(), true}
			}
		}
	}
	return contents, bills
}

package build

import (
	"cmp"
	"iter"
	"slices"
	"sync"

	"billwalk/pipeline/intern"
	"billwalk/pipeline/normalise"
	"billwalk/pipeline/spill"
	"billwalk/schema"
)

// spool holds the raw records of one partition on local disk and, in memory,
// where each lies: the places are sorted, the records are not. A million bills
// cost about 100 MB of memory. Units are added side by side.
type spool struct {
	records *spill.Records

	mu      sync.Mutex
	pages   []spooledPage
	places  []place
	names   intern.Table
	dropped map[*schema.Entry]bool
}

// spooledPage is what the records of a page have in common.
type spooledPage struct {
	normalise.Provenance
	number  int // in its walk
	bizType schema.Null[int32]
	entry   *schema.Entry // of the manifest; nil for a page from elsewhere
	root    bool          // found by a root account's walk
	run     string        // that walked last
}

// elsewhere reports whether the page's bills are published in another bucket.
func (p *spooledPage) elsewhere() bool { return p.entry == nil }

// ofAnotherNight reports whether a root account's page is of another run than a page of
// the payee's own walk: where they differ, the payee's own counts.
func (p *spooledPage) ofAnotherNight(own *spooledPage) bool {
	return p.root && !own.root && p.run != own.run
}

// rank is lower for a page whose records are to be kept, of those that say the same.
func (p *spooledPage) rank() int {
	switch {
	case p.elsewhere():
		return 0
	case !p.root:
		return 1
	}
	return 2
}

// place is where one record lies.
type place struct {
	schema.BillKey
	offset int64
	length int32
	page   int32
}

// newSpool makes an empty spool.
func newSpool() (*spool, error) {
	records, err := spill.NewRecords("bills")
	if err != nil {
		return nil, err
	}
	return &spool{records: records, names: make(intern.Table), dropped: make(map[*schema.Entry]bool)}, nil
}

func (s *spool) close() { s.records.Close() }

// add takes the records of one page.
func (s *spool) add(p spooledPage, records []normalise.Record) error {
	if len(records) > 0 {
		p.bizType = records[0].BizType
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range records {
		r := &records[i]
		record, err := s.records.Add(r.Raw)
		if err != nil {
			return err
		}
		at := place{BillKey: r.Key(), offset: record.Offset, length: record.Length, page: int32(len(s.pages))}
		at.AccountID = s.names.Intern(at.AccountID)
		s.places = append(s.places, at)
	}
	s.pages = append(s.pages, p)
	return nil
}

// drop gives up what was added of an entry, when its unit turns out damaged.
func (s *spool) drop(entry *schema.Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropped[entry] = true
}

// payees returns the accounts that are paid by the bills of some pages.
func (s *spool) payees(of func(*spooledPage) bool) map[string]bool {
	payees := make(map[string]bool)
	for i := range s.places {
		if at := &s.places[i]; of(&s.pages[at.page]) {
			payees[at.AccountID] = true
		}
	}
	return payees
}

// sort orders the records by bill, those of one bill by where they were found:
// the order in which units were added does not show.
func (s *spool) sort() {
	s.places = slices.DeleteFunc(s.places, func(at place) bool { return s.dropped[s.pages[at.page].entry] })
	slices.SortFunc(s.places, func(a, b place) int {
		if byBill := a.BillKey.Compare(&b.BillKey); byBill != 0 {
			return byBill
		}
		return s.compareOrigins(a, b)
	})
}

// compareOrigins puts first, of records that say the same, the one that is to be
// kept: one published elsewhere, else one of the account's own walk, else the
// earliest.
func (s *spool) compareOrigins(a, b place) int {
	p, q := &s.pages[a.page], &s.pages[b.page]
	return cmp.Or(
		cmp.Compare(p.rank(), q.rank()),
		cmp.Compare(p.Walk, q.Walk),
		cmp.Compare(p.number, q.number),
		cmp.Compare(a.offset, b.offset),
	)
}

// chunks cuts the sorted places into runs of about n that do not part a bill.
func (s *spool) chunks(n int) iter.Seq[[]place] {
	return func(yield func([]place) bool) {
		for rest := s.places; len(rest) > 0; {
			end := min(n, len(rest))
			for end < len(rest) && rest[end].BillKey == rest[end-1].BillKey {
				end++
			}
			if !yield(rest[:end]) {
				return
			}
			rest = rest[end:]
		}
	}
}

// record reads the record at a place.
func (s *spool) record(at place) (normalise.Record, error) {
	raw, err := s.records.Read(spill.Place{Offset: at.offset, Length: at.length})
	if err != nil {
		return normalise.Record{}, err
	}
	return normalise.DecodeRecord(raw, s.pages[at.page].bizType)
}

package pipeline

import (
	"bufio"
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/spill"
	"billwalk/schema"
)

// spool holds the raw records of one partition on local disk and, in memory,
// where each lies: the places are sorted, the records are not. A million bills
// cost about 100 MB of memory. Units are added side by side.
type spool struct {
	file *spill.File

	mu      sync.Mutex
	out     *bufio.Writer
	size    int64
	pages   []spooledPage
	places  []place
	names   interned
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

// elsewhere says that the page's bills are published in another bucket.
func (p *spooledPage) elsewhere() bool { return p.entry == nil }

// place is where one record lies.
type place struct {
	schema.BillKey
	offset int64
	length int32
	page   int32
}

// newSpool makes an empty spool.
func newSpool() (*spool, error) {
	file, err := spill.New("billwalk-*.spool")
	if err != nil {
		return nil, err
	}
	return &spool{
		file: file, out: bufio.NewWriterSize(file, 256<<10),
		names: make(interned), dropped: make(map[*schema.Entry]bool),
	}, nil
}

func (s *spool) close() { s.file.Close() }

// add takes the records of one page.
func (s *spool) add(p spooledPage, records []normalise.Record) error {
	if len(records) > 0 {
		p.bizType = records[0].BizType
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range records {
		r := &records[i]
		at := place{BillKey: r.Key(), offset: s.size, length: int32(len(r.Raw)), page: int32(len(s.pages))}
		at.AccountID = s.names.one(at.AccountID)
		if _, err := s.out.Write(r.Raw); err != nil {
			return err
		}
		s.size += int64(len(r.Raw))
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

// interned holds one copy of each account id, for the rows that have it.
type interned map[string]string

// one returns the one copy of a name.
func (n interned) one(name string) string {
	if known, ok := n[name]; ok {
		return known
	}
	name = strings.Clone(name)
	n[name] = name
	return name
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
func (s *spool) sort() error {
	s.places = slices.DeleteFunc(s.places, func(at place) bool { return s.dropped[s.pages[at.page].entry] })
	slices.SortFunc(s.places, func(a, b place) int {
		if byBill := compareKeys(&a.BillKey, &b.BillKey); byBill != 0 {
			return byBill
		}
		return s.compareOrigins(a, b)
	})
	return s.out.Flush()
}

// compareOrigins puts first, of records that say the same, the one that is to be
// kept: one published elsewhere, else one of the account's own walk, else the
// earliest.
func (s *spool) compareOrigins(a, b place) int {
	p, q := &s.pages[a.page], &s.pages[b.page]
	return cmp.Or(
		compareBools(q.elsewhere(), p.elsewhere()),
		compareBools(p.root, q.root),
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

func compareKeys(a, b *schema.BillKey) int {
	return cmp.Or(
		strings.Compare(a.AccountID, b.AccountID),
		strings.Compare(a.LedgerID, b.LedgerID),
		cmp.Compare(a.SettleType, b.SettleType),
		compareBools(a.SettleSubType.Valid, b.SettleSubType.Valid),
		cmp.Compare(a.SettleSubType.V, b.SettleSubType.V),
	)
}

// compareBools puts false before true.
func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// record reads the record at a place.
func (s *spool) record(at place) (normalise.Record, error) {
	raw := make([]byte, at.length)
	if _, err := s.file.ReadAt(raw, at.offset); err != nil {
		return normalise.Record{}, fmt.Errorf("reading the local spool: %w", err)
	}
	return normalise.DecodeRecord(raw, s.pages[at.page].bizType)
}

package pipeline

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// spool holds the raw records of one partition on local disk and, in memory,
// where each lies: the places are sorted, the records are not. A million bills
// cost about 100 MB of memory.
type spool struct {
	file   *os.File
	out    *bufio.Writer
	size   int64
	pages  []spooledPage
	places []place
	names  map[string]string // one copy of each account id
}

// spooledPage is what the records of a page have in common.
type spooledPage struct {
	normalise.Provenance
	bizType   schema.Null[int32]
	entry     int  // of the manifest; for a page from elsewhere meaningless
	root      bool // found by a root account's walk
	elsewhere bool // published in another bucket
}

// place is where one record lies.
type place struct {
	schema.BillKey
	content [16]byte // half of the content's hash
	offset  int64
	length  int32
	page    int32
}

// newSpool makes room for that many records. Its file has no name, so that no
// killed run leaves one behind.
func newSpool(records int64) (*spool, error) {
	file, err := os.CreateTemp("", "billwalk-*.spool")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		file.Close()
		return nil, err
	}
	return &spool{
		file: file, out: bufio.NewWriterSize(file, 256<<10),
		places: make([]place, 0, records), names: make(map[string]string),
	}, nil
}

func (s *spool) close() { s.file.Close() }

// add takes the records of one page.
func (s *spool) add(p spooledPage, records []normalise.Record) error {
	for i := range records {
		r := &records[i]
		content, err := r.Content()
		if err != nil {
			return err
		}
		at := place{BillKey: r.Key(), offset: s.size, length: int32(len(r.Raw)), page: int32(len(s.pages))}
		at.AccountID = s.intern(at.AccountID)
		copy(at.content[:], content[:])
		if _, err := s.out.Write(r.Raw); err != nil {
			return err
		}
		s.size += int64(len(r.Raw))
		s.places = append(s.places, at)
	}
	if len(records) > 0 {
		p.bizType = records[0].BizType
	}
	s.pages = append(s.pages, p)
	return nil
}

func (s *spool) intern(name string) string {
	if known, ok := s.names[name]; ok {
		return known
	}
	name = strings.Clone(name)
	s.names[name] = name
	return name
}

// mark and rewind give up what was added since, when a unit turns out damaged.
type mark struct{ pages, places int }

func (s *spool) mark() mark     { return mark{len(s.pages), len(s.places)} }
func (s *spool) rewind(to mark) { s.pages, s.places = s.pages[:to.pages], s.places[:to.places] }

// sort orders the records by bill. Of records that say the same, the one that is
// to be kept comes first: one published elsewhere, else one of the account's own
// walk, else the earliest.
func (s *spool) sort() error {
	slices.SortFunc(s.places, func(a, b place) int {
		p, q := &s.pages[a.page], &s.pages[b.page]
		return cmp.Or(
			compareKeys(&a.BillKey, &b.BillKey),
			bytes.Compare(a.content[:], b.content[:]),
			compareBools(q.elsewhere, p.elsewhere),
			compareBools(p.root, q.root),
			cmp.Compare(a.page, b.page),
			cmp.Compare(a.offset, b.offset),
		)
	})
	return s.out.Flush()
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

// record reads the record at a place. It is good until the next call.
func (s *spool) record(at place, buffer *[]byte) (normalise.Record, error) {
	*buffer = slices.Grow((*buffer)[:0], int(at.length))[:at.length]
	if _, err := s.file.ReadAt(*buffer, at.offset); err != nil {
		return normalise.Record{}, fmt.Errorf("reading the local spool: %w", err)
	}
	return normalise.DecodeRecord(*buffer, s.pages[at.page].bizType)
}

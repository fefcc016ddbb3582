package normalise

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"billwalk/schema"
)

// PageContent is what a walk needs of a page.
type PageContent struct {
	Next    string // as in Page
	HasMore bool
	LogID   string
	Records []Content                      // by record
	Sizes   [schema.AmountCount]schema.Fen // sums of the absolute amounts, or the highest Fen if one is beyond
	scanned *scanner                       // the page as it was read; nil if the decoder read it
}

// Release gives back the memory of what was read, once no rows are made of it any more. Where
// it is not called, that is left to the collector.
func (p *PageContent) Release() {
	if p.scanned != nil {
		p.scanned.release()
		p.scanned = nil
	}
}

// Content is a hash of a record's content: see Record.Content.
type Content [sha256.Size]byte

// String returns the hash in hex.
func (c Content) String() string { return hex.EncodeToString(c[:]) }

// ReadContent reads the body of an answer of the bill API. Its errors are those of
// DecodePage. The content refers to the body until it is released.
func ReadContent(body []byte) (PageContent, error) {
	s := scanners.Get().(*scanner)
	if head, ok := s.scan(body); ok {
		if page, err := s.content(head); err == nil {
			return page, nil
		}
	}
	s.release()
	return decodeContent(body)
}

// decodeContent is ReadContent without the scanner.
func decodeContent(body []byte) (PageContent, error) {
	decoded, err := DecodePage(body)
	if err != nil {
		return PageContent{}, err
	}
	page := PageContent{Next: decoded.Next, HasMore: decoded.HasMore, LogID: decoded.LogID}
	for i := range decoded.Records {
		if err := page.addDecoded(&decoded.Records[i]); err != nil {
			return PageContent{}, fmt.Errorf("ledger_records[%d]: %w", i, err)
		}
	}
	return page, nil
}

func (p *PageContent) addDecoded(r *Record) error {
	content, err := r.Content()
	if err != nil {
		return err
	}
	p.Records = append(p.Records, content)
	for a, amount := range r.Amounts() {
		p.addSize(schema.Amount(a), int64(amount.V))
	}
	return nil
}

func (p *PageContent) addSize(a schema.Amount, fen int64) {
	sum, err := p.Sizes[a].Add(schema.Fen(max(fen, -fen)))
	if err != nil {
		sum = math.MaxInt64
	}
	p.Sizes[a] = sum
}

// content returns the content of a page that was scanned, unless one of its records cannot
// be decoded.
func (s *scanner) content(head pageHead) (PageContent, error) {
	page := PageContent{Next: head.next, HasMore: head.hasMore, LogID: head.logID, Records: make([]Content, 0, len(s.records)), scanned: s}
	for i := range s.records {
		r := &s.records[i]
		if r.slow {
			decoded, err := DecodeRecord(s.text(r.raw), head.bizType)
			if err == nil {
				err = page.addDecoded(&decoded)
			}
			if err != nil {
				return PageContent{}, err
			}
			continue
		}
		page.Records = append(page.Records, sha256.Sum256(s.canonicalForm(r, head.bizType)))
		for a, fen := range r.money.fen {
			page.addSize(schema.Amount(a), fen)
		}
	}
	return page, nil
}

// The members and amounts by name.
var (
	membersByName = func() (byName [memberCount]member) {
		for m := range byName {
			byName[m] = member(m)
		}
		slices.SortFunc(byName[:], func(a, b member) int { return strings.Compare(memberNames[a], memberNames[b]) })
		return byName
	}()
	amountsByName = func() (byName [schema.AmountCount]schema.Amount) {
		for a := range byName {
			byName[a] = schema.Amount(a)
		}
		slices.SortFunc(byName[:], func(a, b schema.Amount) int { return cmp.Compare(a.Field(), b.Field()) })
		return byName
	}()
)

// canonicalForm returns what Record.Content hashes.
func (s *scanner) canonicalForm(r *scanned, ofPage schema.Null[int32]) []byte {
	s.canonical = s.appendCanonical(s.canonical[:0], r)
	if ofPage.Valid && !r.given.has(bizType) {
		s.canonical = binary.LittleEndian.AppendUint32(s.canonical, uint32(ofPage.V))
	}
	return s.canonical
}

// appendCanonical appends the record's members by name, without white space.
func (s *scanner) appendCanonical(to []byte, r *scanned) []byte {
	var own, inAmount []stranger
	if r.unknown.from < r.unknown.to {
		own, inAmount = s.sortStrangers(s.unknown[r.unknown.from:r.unknown.to])
	}
	to = append(to, '{')
	for _, m := range membersByName {
		for len(own) > 0 && s.isBefore(own[0], memberNames[m]) {
			to, own = s.appendStranger(to, own[0]), own[1:]
		}
		if !r.seen.has(m) {
			continue
		}
		to = append(to, memberTokens[m]...)
		switch {
		case m == amountObject && r.given.has(m):
			to = s.appendAmounts(to, r, inAmount)
		case m < textMembers && int(r.texts[m].from) >= len(s.body) && r.given.has(m): // it has escapes
			to, _ = jsontext.AppendQuote(to, s.text(r.texts[m]))
		default:
			to = append(to, s.text(r.value[m])...)
		}
		to = append(to, ',')
	}
	for _, u := range own {
		to = s.appendStranger(to, u)
	}
	return closeObject(to)
}

func (s *scanner) appendAmounts(to []byte, r *scanned, unknown []stranger) []byte {
	to = append(to, '{')
	for _, a := range amountsByName {
		for len(unknown) > 0 && s.isBefore(unknown[0], a.Field()) {
			to, unknown = s.appendStranger(to, unknown[0]), unknown[1:]
		}
		if r.money.seen.hasAmount(a) {
			to = append(to, amountTokens[a]...)
			to = append(append(to, s.text(r.money.value[a])...), ',')
		}
	}
	for _, u := range unknown {
		to = s.appendStranger(to, u)
	}
	return closeObject(to)
}

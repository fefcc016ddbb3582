package normalise

import (
	"math"
	"sync"

	"billwalk/schema"
)

// scanner reads the records of a page many times as fast as the decoder. It recognises
// what a sound page has; all else it leaves to the decoder, record by record or the whole
// page, which is also what says what is wrong. A test holds both equal.
type scanner struct {
	body      []byte
	arena     []byte // texts that are not a part of the body as they are
	head      []byte // the body with an empty list
	shown     []byte // coupon codes as by the policy
	canonical []byte // of a record
	records   []scanned
	unknown   []stranger
	bizType   schema.Null[int32] // of the page

	// Which member followed which in the record before: most writers keep an order.
	after       [memberCount + 1]member
	afterAmount [schema.AmountCount + 1]schema.Amount
}

var scanners = sync.Pool{New: func() any {
	s := new(scanner)
	for m := range s.after {
		s.after[m] = unknownMember
	}
	for a := range s.afterAmount {
		s.afterAmount[a] = schema.AmountCount
	}
	return s
}}

// text returns the text of a span, of the body or, if it lies beyond, of the arena.
func (s *scanner) text(at span) []byte {
	if n := int32(len(s.body)); at.from >= n {
		return s.arena[at.from-n : at.to-n]
	}
	return s.body[at.from:at.to]
}

// inArena returns the span of what was added to the arena.
func (s *scanner) inArena(from int) span {
	return span{int32(len(s.body) + from), int32(len(s.body) + len(s.arena))}
}

// scan reads a page. ok is false if only the decoder can read it, or say what is wrong.
func (s *scanner) scan(body []byte) (head pageHead, ok bool) {
	s.body, s.arena, s.records, s.unknown = body, s.arena[:0], s.records[:0], s.unknown[:0]
	if len(body) > math.MaxInt32/4 {
		return head, false
	}
	from := findMember(body, findMember(body, skipSpace(body, 0), "data"), "ledger_records")
	to := s.scanRecords(from)
	if to < 0 {
		return head, false
	}
	s.head = append(append(append(s.head[:0], body[:from]...), "[]"...), body[to:]...)
	head, err := decodeHead(s.head)
	s.bizType = head.bizType
	return head, err == nil
}

// findMember returns the place of the value of a member of an object. What it skips is
// checked by the decoder.
func findMember(b []byte, i int, name string) int {
	for open := byte('{'); byteAt(b, i) == open; open = ',' {
		i = skipSpace(b, i+1)
		end, found := scanString(b, i+1)
		if byteAt(b, i) != '"' || end < 0 {
			return -1
		}
		isIt := found&escaped == 0 && string(b[i+1:end]) == name
		if i = skipSpace(b, end+1); byteAt(b, i) != ':' {
			return -1
		}
		if i = skipSpace(b, i+1); isIt {
			return i
		}
		i = skipSpace(b, skipValue(b, i))
	}
	return -1
}

// scanRecords reads the list at a place, and returns the place after it.
func (s *scanner) scanRecords(i int) int {
	if byteAt(s.body, i) != '[' {
		return -1
	}
	if start := skipSpace(s.body, i+1); byteAt(s.body, start) == ']' {
		return start + 1
	}
	for open := byte('['); byteAt(s.body, i) == open; open = ',' {
		i = skipSpace(s.body, i+1)
		r := s.next()
		end := s.scanRecord(i, r)
		if r.slow = end < 0; r.slow {
			end = skipValue(s.body, i)
		}
		if end < 0 {
			return -1
		}
		r.raw = span{int32(i), int32(end)}
		i = skipSpace(s.body, end)
	}
	if byteAt(s.body, i) != ']' {
		return -1
	}
	return i + 1
}

// isWhole reports whether no record of the page is left to the decoder.
func (s *scanner) isWhole() bool {
	for i := range s.records {
		if s.records[i].slow {
			return false
		}
	}
	return true
}

// next returns a record to read into. It has remains of another.
func (s *scanner) next() *scanned {
	if n := len(s.records); n < cap(s.records) {
		s.records = s.records[:n+1]
	} else {
		s.records = append(s.records, scanned{})
	}
	return &s.records[len(s.records)-1]
}

// release gives the scanner back, without the page.
func (s *scanner) release() {
	s.body = nil
	scanners.Put(s)
}

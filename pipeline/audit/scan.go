package audit

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// scan reads JSON many times as fast as a decoder, once, and keeps where everything is. It
// knows objects without surprises: without white space, names with escapes or that are there
// twice, and text that is not valid. All others are for the decoders.
type scan struct {
	text    []byte
	objects []object
	members []member // of the objects that have ended, each object's in a row
	pending []member // of those that have not
	depth   int
	root    *shape
	shapes  int // below root

	canonical, unquoted []byte
}

// scans are those that are not in use, with the shapes that they know.
var scans = sync.Pool{New: func() any { return new(scan) }}

func newScan() *scan { return scans.Get().(*scan) }

func (s *scan) release() {
	s.text = nil
	scans.Put(s)
}

// read reads a text that is one object, and returns it. It is good until the next one is read.
// ok is false if the object has a surprise.
func (s *scan) read(text []byte) (o *object, ok bool) {
	s.text, s.objects, s.members, s.pending, s.depth = text, s.objects[:0], s.members[:0], s.pending[:0], 0
	if s.root == nil || s.shapes == maxShapes {
		s.root, s.shapes = new(shape), 0
	}
	if len(text) == 0 || text[0] != '{' {
		return nil, false
	}
	if _, end := s.object(0, s.root); end != len(text) {
		return nil, false
	}
	return &s.objects[0], true
}

// object reads the object that begins at a place. The end is 0 if it has a surprise.
func (s *scan) object(at int, as *shape) (place, end int) {
	place, from := len(s.objects), len(s.pending)
	s.objects = append(s.objects, object{start: at})
	for at++; s.at(at) != '}'; {
		if len(s.pending) > from {
			if s.at(at) != ',' {
				return 0, 0
			}
			at++
		}
		if as, at = s.follow(as, at); as == nil || len(s.pending) == from+maxMembers {
			return 0, 0
		}
		m, end := s.value(at, as)
		if end == 0 {
			return 0, 0
		}
		s.pending = append(s.pending, m)
		at = end
	}
	if !as.ended {
		as.end()
	}
	if as.twice {
		return 0, 0
	}
	s.objects[place].shape = as
	return place, s.ended(place, from, at+1)
}

// at returns the character at a place, 0 behind the text.
func (s *scan) at(at int) byte {
	if at < len(s.text) {
		return s.text[at]
	}
	return 0
}

// value reads the value that begins at a place, of the last member of a shape.
func (s *scan) value(at int, of *shape) (m member, end int) {
	switch c := s.at(at); c {
	case '"':
		m.kind, end = s.quoted(at)
	case '{', '[':
		m.kind, m.object, end = s.inside(at, of)
	case 't', 'f', 'n':
		for _, word := range []string{"true", "false", "null"} {
			if bytes.HasPrefix(s.text[at:], []byte(word)) {
				end = at + len(word)
			}
		}
	default:
		end = s.number(at)
	}
	m.start, m.end = int32(at), int32(end)
	return m, end
}

// inside reads the object or array that begins at a place, in the last member of a shape.
func (s *scan) inside(at int, of *shape) (k kind, object int32, end int) {
	if s.depth == maxDepth {
		return 0, 0, 0
	}
	s.depth++
	defer func() { s.depth-- }()
	if s.text[at] == '[' {
		place, end := s.array(at, of)
		return several, int32(place), end
	}
	if of.inside == nil {
		of.inside = new(shape)
	}
	place, end := s.object(at, of.inside)
	return single, int32(place), end
}

// array reads the array that begins at a place, as an object without names.
func (s *scan) array(at int, of *shape) (place, end int) {
	place, from := len(s.objects), len(s.pending)
	s.objects = append(s.objects, object{start: at})
	for at++; s.at(at) != ']'; {
		if len(s.pending) > from {
			if s.at(at) != ',' {
				return 0, 0
			}
			at++
		}
		m, end := s.value(at, of)
		if end == 0 {
			return 0, 0
		}
		s.pending = append(s.pending, m)
		at = end
	}
	return place, s.ended(place, from, at+1)
}

// ended notes that an object ends at a place, and returns it.
func (s *scan) ended(place, from, end int) int {
	o := &s.objects[place]
	o.first, o.count, o.end = len(s.members), len(s.pending)-from, end
	s.members = append(s.members, s.pending[from:]...)
	s.pending = s.pending[:from]
	return end
}

// number returns the place behind a number, 0 if there is none.
func (s *scan) number(at int) int {
	if s.at(at) == '-' {
		at++
	}
	whole := s.digits(at)
	if whole == at || s.at(at) == '0' && whole > at+1 {
		return 0
	}
	at = whole
	if s.at(at) == '.' {
		fraction := s.digits(at + 1)
		if fraction == at+1 {
			return 0
		}
		at = fraction
	}
	if c := s.at(at); c == 'e' || c == 'E' {
		at++
		if c := s.at(at); c == '+' || c == '-' {
			at++
		}
		exponent := s.digits(at)
		if exponent == at {
			return 0
		}
		at = exponent
	}
	return at
}

// digits returns the place behind the digits that begin at a place.
func (s *scan) digits(at int) int {
	for at < len(s.text) && '0' <= s.text[at] && s.text[at] <= '9' {
		at++
	}
	return at
}

// quoted reads the text that begins with the quote at a place.
func (s *scan) quoted(start int) (k kind, end int) {
	foreign := false // it may have characters that are not ASCII
	for at := start + 1; ; {
		var high bool
		at, high = s.plain(at)
		foreign = foreign || high
		switch s.at(at) {
		case '"':
			if at++; foreign && !utf8.Valid(s.text[start:at]) {
				return 0, 0
			}
			if k == escaped {
				var err error
				if s.unquoted, err = jsontext.AppendUnquote(s.unquoted[:0], s.text[start:at]); err != nil {
					return 0, 0
				}
			}
			return k, at
		case '\\':
			k, at = escaped, at+2
		default: // a control character, or the end
			return 0, 0
		}
	}
}

// plain returns the place of the next quote, backslash or control character, or the end. high
// is false if all before it is ASCII.
func (s *scan) plain(at int) (_ int, high bool) {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for at+8 <= len(s.text) {
		word := binary.LittleEndian.Uint64(s.text[at:])
		quote, backslash := word^ones*'"', word^ones*'\\'
		high = high || word&tops != 0
		// Of each term the lowest bit is at the first such byte, or none is set.
		if found := ((word-ones*' ')&^word | (quote-ones)&^quote | (backslash-ones)&^backslash) & tops; found != 0 {
			return at + bits.TrailingZeros64(found)/8, high
		}
		at += 8
	}
	for at < len(s.text) {
		c := s.text[at]
		if c < ' ' || c == '"' || c == '\\' {
			break
		}
		high = high || c >= utf8.RuneSelf
		at++
	}
	return at, high
}

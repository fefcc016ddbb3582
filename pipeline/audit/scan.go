package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"billwalk/schema"
)

// scan reads records many times as fast as a decoder. It knows records without surprises;
// all others are for content and readRecord, which say the same of those that it knows. It
// reads valid JSON only, as readPage returns it.
type scan struct {
	canonical []byte
	members   []jsonMember // of the objects that are read at present, one behind the other
}

// jsonMember is a member of an object. Its name is without quotes.
type jsonMember struct{ name, value []byte }

// record returns what readRecord and content return. ok is false if they have to be asked.
func (s *scan) record(raw, bizType jsontext.Value) (b reading, sum [sha256.Size]byte, ok bool) {
	s.canonical, s.members = s.canonical[:0], s.members[:0]
	members, ok := s.split(raw)
	if !ok || !utf8.Valid(raw) {
		return b, sum, false
	}
	var r rawRecord
	var amounts [schema.AmountCount]schema.Null[int64]
	var own jsontext.Value
	for _, m := range members {
		switch name := string(m.name); name {
		case "amount":
			ok = ok && s.amounts(m.value, &amounts)
		case "biz_type":
			own = m.value
		default:
			r.set(name, m.value)
		}
	}
	common, err := whole(bizType)
	if !ok || err != nil || !s.appendMembers(members) {
		return b, sum, false
	}
	if n, err := whole(own); common.Valid && err == nil && !n.Valid {
		s.canonical = binary.LittleEndian.AppendUint32(s.canonical, uint32(common.V))
	}
	b, err = r.reading(&amounts)
	return b, sha256.Sum256(s.canonical), err == nil
}

// set sets the audited member of that name, if it is one.
func (r *rawRecord) set(name string, value jsontext.Value) {
	switch name {
	case "account_id":
		r.AccountID = value
	case "ledger_id":
		r.LedgerID = value
	case "shop_order_id":
		r.ShopOrderID = value
	case "item_order_id":
		r.ItemOrderID = value
	case "order_ext_id":
		r.OrderExtID = value
	case "settle_type":
		r.SettleType = value
	case "settle_sub_type":
		r.SettleSubType = value
	case "fund_amount_type":
		r.FundType = value
	case "fund_amount":
		r.Fund = value
	}
}

// amounts reads the object of amounts.
func (s *scan) amounts(object []byte, amounts *[schema.AmountCount]schema.Null[int64]) bool {
	if string(object) == "null" {
		return true
	}
	members, ok := s.split(object)
	for _, m := range members {
		if a, known := schema.AmountByField(string(m.name)); known {
			var err error
			amounts[a], err = whole(m.value)
			ok = ok && err == nil
		}
	}
	return ok
}

// appendCanonical appends a value with the members of objects by name, and without white
// space. It reports whether it could.
func (s *scan) appendCanonical(value []byte) bool {
	switch value[0] {
	case '{':
		members, ok := s.split(value)
		return ok && s.appendMembers(members)
	case '"':
		if bytes.IndexByte(value, '\\') < 0 {
			break
		}
		text, err := jsontext.AppendUnquote(nil, value)
		if err != nil {
			return false
		}
		s.canonical, err = jsontext.AppendQuote(s.canonical, text)
		return err == nil
	case '[':
		if len(value) > 2 {
			return false
		}
	}
	s.canonical = append(s.canonical, value...)
	return true
}

func (s *scan) appendMembers(members []jsonMember) bool {
	slices.SortFunc(members, func(a, b jsonMember) int { return bytes.Compare(a.name, b.name) })
	s.canonical = append(s.canonical, '{')
	for i, m := range members {
		if i > 0 {
			s.canonical = append(s.canonical, ',')
		}
		s.canonical = append(append(append(s.canonical, '"'), m.name...), '"', ':')
		if !s.appendCanonical(m.value) {
			return false
		}
	}
	s.canonical = append(s.canonical, '}')
	return true
}

// split returns the members of an object, in their order, unless it has white space or a
// name that is not plain ASCII.
func (s *scan) split(object []byte) (members []jsonMember, ok bool) {
	from := len(s.members)
	if len(object) < 2 || object[0] != '{' {
		return nil, false
	}
	for at := 1; object[at] != '}'; {
		if object[at] == ',' {
			at++
		}
		if object[at] != '"' {
			return nil, false
		}
		name := object[at+1 : endOfValue(object, at)-1]
		at += len(name) + 2
		if !isPlainName(name) || object[at] != ':' {
			return nil, false
		}
		end := endOfValue(object, at+1)
		if end == at+1 { // white space
			return nil, false
		}
		s.members = append(s.members, jsonMember{name, object[at+1 : end]})
		at = end
	}
	return s.members[from:], true
}

func isPlainName(name []byte) bool {
	for _, c := range name {
		if c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// endOfValue returns the place after the value that begins at a place of valid JSON.
func endOfValue(b []byte, at int) int {
	for depth := 0; ; at++ {
		switch b[at] {
		case '"':
			for at++; b[at] != '"'; at++ {
				if b[at] == '\\' {
					at++
				}
			}
			if depth == 0 {
				return at + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return at // of the object around a bare value
			}
			if depth--; depth == 0 {
				return at + 1
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return at
			}
		}
	}
}

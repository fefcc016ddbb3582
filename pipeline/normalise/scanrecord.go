package normalise

import (
	"bytes"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"billwalk/schema"
)

// scanned is a record of a page as the scanner read it. It is only valid together with the
// scanner. Where slow is true nothing is known of it but its place: the decoder reads it.
type scanned struct {
	raw  span // as received
	slow bool

	seen  memberSet          // the members that it has
	given memberSet          // those that are not null
	texts [textMembers]span  // of ids and texts, unquoted
	whole [memberCount]int64 // of numbers, except fund_amount
	value [memberCount]span  // as received
	money struct {           // the object "amount", and fund_amount, by amount
		seen, given memberSet
		fen         [schema.AmountCount]int64 // 0 where absent
		value       [schema.AmountCount]span  // without fund_amount
	}
	unknown span // of scanner.unknown, in the order received

	direction int64 // as by the sign table, +1 or -1
	outcomes  Outcomes
}

// stranger is a member that this version does not know. Its value is in canonical form.
type stranger struct {
	name, value span
	inAmount    bool
}

// maxStrangers is how many a record may have: each is compared with those before it.
const maxStrangers = 32

// scanRecord reads the record at a place, and returns the place after it.
func (s *scanner) scanRecord(i int, r *scanned) int {
	r.seen, r.given, r.money.seen, r.money.given = 0, 0, 0, 0
	r.money.fen = [schema.AmountCount]int64{}
	r.unknown = span{int32(len(s.unknown)), int32(len(s.unknown))}
	last := unknownMember
	for open := byte('{'); byteAt(s.body, i) == open; open = ',' {
		i = skipSpace(s.body, i+1)
		m := s.after[last]
		next := scanToken(s.body, i, memberTokens[m])
		if next < 0 {
			var name span
			if name, next = s.scanName(i); next < 0 {
				return -1
			}
			var known bool
			if m, known = memberByName[string(s.text(name))]; !known {
				if i = s.scanStranger(r, name, next, false); i < 0 {
					return -1
				}
				continue
			}
			s.after[last] = m
		}
		if last = m; r.seen.has(m) {
			return -1
		}
		r.seen |= 1 << m
		from := skipSpace(s.body, next)
		if i = s.scanMember(m, from, r); i < 0 {
			return -1
		}
		r.value[m] = span{int32(from), int32(i)}
		i = skipSpace(s.body, i)
	}
	if byteAt(s.body, i) != '}' || !s.hasKey(r) { // and so it is an object
		return -1
	}
	return i + 1
}

// hasKey reports whether the record has all that record.check wants.
func (s *scanner) hasKey(r *scanned) bool {
	return r.given.has(accountID) && r.given.has(ledgerID) && r.given.has(settleType) &&
		r.texts[accountID].from < r.texts[accountID].to && r.texts[ledgerID].from < r.texts[ledgerID].to
}

// scanName reads the name of a member and the colon. A name with escapes is not
// recognised.
func (s *scanner) scanName(i int) (name span, next int) {
	if byteAt(s.body, i) != '"' {
		return span{}, -1
	}
	end, found := scanString(s.body, i+1)
	if end < 0 || found != 0 {
		return span{}, -1
	}
	if next = skipSpace(s.body, end+1); byteAt(s.body, next) != ':' {
		return span{}, -1
	}
	return span{int32(i + 1), int32(end)}, next + 1
}

func (s *scanner) scanMember(m member, i int, r *scanned) int {
	if byteAt(s.body, i) == 'n' {
		return scanToken(s.body, i, "null")
	}
	switch {
	case m < textMembers:
		r.texts[m], i = s.scanText(i)
	case m == amountObject:
		i = s.scanAmounts(i, r)
	case m == fundAmount:
		r.money.fen[schema.FundAmount], i = scanInteger(s.body, i)
		r.money.given |= 1 << schema.FundAmount
	default:
		if r.whole[m], i = scanInteger(s.body, i); m != settleTime && r.whole[m] != int64(int32(r.whole[m])) {
			return -1
		}
	}
	r.given |= 1 << m
	return i
}

// scanText reads a text or a whole number as type text does.
func (s *scanner) scanText(i int) (text span, next int) {
	if byteAt(s.body, i) != '"' {
		next = scanWhole(s.body, i)
		return span{int32(i), int32(next)}, next
	}
	end, found := scanString(s.body, i+1)
	switch {
	case end < 0, found == wide && !utf8.Valid(s.body[i:end]):
		return span{}, -1
	case found&escaped != 0:
		return s.unquote(i, end+1)
	}
	return span{int32(i + 1), int32(end)}, end + 1
}

// unquote adds the text of a string with escapes to the arena.
func (s *scanner) unquote(i, end int) (text span, next int) {
	from := len(s.arena)
	unquoted, err := jsontext.AppendUnquote(s.arena, s.body[i:end])
	if err != nil {
		return span{}, -1
	}
	s.arena = unquoted
	return s.inArena(from), end
}

// scanAmounts reads the object "amount".
func (s *scanner) scanAmounts(i int, r *scanned) int {
	if byteAt(s.body, i) != '{' {
		return -1
	}
	if start := skipSpace(s.body, i+1); byteAt(s.body, start) == '}' {
		return start + 1
	}
	last := schema.AmountCount
	for open := byte('{'); byteAt(s.body, i) == open; open = ',' {
		i = skipSpace(s.body, i+1)
		a := s.afterAmount[last]
		next := scanToken(s.body, i, amountTokens[a])
		if next < 0 {
			var name span
			if name, next = s.scanName(i); next < 0 {
				return -1
			}
			var known bool
			if a, known = schema.AmountByField(string(s.text(name))); !known {
				if i = s.scanStranger(r, name, next, true); i < 0 {
					return -1
				}
				continue
			}
			s.afterAmount[last] = a
		}
		if last = a; r.money.seen.hasAmount(a) {
			return -1
		}
		r.money.seen |= 1 << a
		from := skipSpace(s.body, next)
		if byteAt(s.body, from) == 'n' {
			i = scanToken(s.body, from, "null")
		} else {
			r.money.fen[a], i = scanInteger(s.body, from)
			r.money.given |= 1 << a
		}
		if i < 0 {
			return -1
		}
		r.money.value[a] = span{int32(from), int32(i)}
		i = skipSpace(s.body, i)
	}
	if byteAt(s.body, i) != '}' {
		return -1
	}
	return i + 1
}

// scanStranger keeps a member that is not known, and returns the place of the comma or
// the brace after it.
func (s *scanner) scanStranger(r *scanned, name span, i int, inAmount bool) int {
	if int(r.unknown.to-r.unknown.from) >= maxStrangers {
		return -1
	}
	for _, before := range s.unknown[r.unknown.from:] {
		if before.inAmount == inAmount && bytes.Equal(s.text(before.name), s.text(name)) {
			return -1
		}
	}
	from := skipSpace(s.body, i)
	value, end := span{from: int32(from)}, scanPlain(s.body, from, 0)
	if value.to = int32(end); end < 0 {
		value, end = s.format(from)
	}
	if end < 0 {
		return -1
	}
	s.unknown = append(s.unknown, stranger{name, value, inAmount})
	r.unknown.to++
	return skipSpace(s.body, end)
}

// format adds the canonical form of a value to the arena.
func (s *scanner) format(i int) (canonical span, next int) {
	if next = skipValue(s.body, i); next < 0 {
		return span{}, -1
	}
	value := jsontext.Value(bytes.Clone(s.body[i:next]))
	if !value.IsValid() || value.Format(canonically...) != nil {
		return span{}, -1
	}
	from := len(s.arena)
	s.arena = append(s.arena, value...)
	return s.inArena(from), next
}

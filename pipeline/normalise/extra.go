package normalise

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"billwalk/schema"
)

// addExtra adds the unknown members of records as record.extra does.
func (s *scanner) addExtra(to *schema.Vector, records []scanned) {
	var texts [schema.MaxRun][]byte
	var given uint64
	for i := range records {
		if r := &records[i]; r.unknown.from < r.unknown.to {
			texts[i] = s.text(s.extra(s.unknown[r.unknown.from:r.unknown.to]))
			given |= 1 << i
		}
	}
	to.AppendTexts(texts[:len(records)], given)
}

// extra adds the canonical object of unknown members to the arena.
func (s *scanner) extra(unknown []stranger) span {
	from := len(s.arena)
	if slices.ContainsFunc(unknown, func(u stranger) bool { return !u.plain }) {
		s.arena = append(s.arena, s.decodedExtra(unknown)...)
		return s.inArena(from)
	}
	s.sortByName(unknown)
	s.arena = append(s.arena, '{')
	inAmount := slices.ContainsFunc(unknown, func(u stranger) bool { return u.inAmount })
	for _, u := range unknown {
		if u.inAmount {
			continue
		}
		if inAmount && string(s.text(u.name)) > memberNames[amountObject] {
			s.addUnknownAmounts(unknown)
			inAmount = false
		}
		s.addMember(u)
	}
	if inAmount {
		s.addUnknownAmounts(unknown)
	}
	s.arena[len(s.arena)-1] = '}'
	return s.inArena(from)
}

func (s *scanner) addUnknownAmounts(unknown []stranger) {
	s.arena = append(append(s.arena, memberTokens[amountObject]...), '{')
	for _, u := range unknown {
		if u.inAmount {
			s.addMember(u)
		}
	}
	s.arena[len(s.arena)-1] = '}'
	s.arena = append(s.arena, ',')
}

// addMember adds a member and a comma to the arena.
func (s *scanner) addMember(u stranger) {
	s.arena = append(append(append(s.arena, '"'), s.text(u.name)...), `":`...)
	s.arena = append(append(s.arena, s.text(u.value)...), ',')
}

func (s *scanner) sortByName(unknown []stranger) {
	slices.SortFunc(unknown, func(a, b stranger) int { return bytes.Compare(s.text(a.name), s.text(b.name)) })
}

// decodedExtra returns what record.extra returns.
func (s *scanner) decodedExtra(unknown []stranger) string {
	var members [2]jsontext.Value // of the record and of its amounts
	for _, u := range unknown {
		to := &members[0]
		if u.inAmount {
			to = &members[1]
		}
		*to = append(append(append(*to, `,"`...), s.text(u.name)...), `":`...)
		*to = append(*to, s.text(u.value)...)
	}
	for i := range members {
		if members[i] != nil {
			members[i][0] = '{'
			members[i] = append(members[i], '}')
		}
	}
	r := record{Unknown: members[0], Amount: amounts{unknown: members[1]}}
	return r.extra().V
}

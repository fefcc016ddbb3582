package normalise

import (
	"bytes"
	"slices"

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
	own, inAmount := s.sortStrangers(unknown)
	s.arena = append(s.arena, '{')
	for len(own) > 0 && s.isBefore(own[0], memberNames[amountObject]) {
		s.arena, own = s.appendStranger(s.arena, own[0]), own[1:]
	}
	if len(inAmount) > 0 {
		s.arena = append(append(s.arena, memberTokens[amountObject]...), '{')
		for _, u := range inAmount {
			s.arena = s.appendStranger(s.arena, u)
		}
		s.arena = append(closeObject(s.arena), ',')
	}
	for _, u := range own {
		s.arena = s.appendStranger(s.arena, u)
	}
	s.arena = closeObject(s.arena)
	return s.inArena(from)
}

// sortStrangers orders members by name, those of the record before those of its amounts.
func (s *scanner) sortStrangers(unknown []stranger) (own, inAmount []stranger) {
	slices.SortFunc(unknown, func(a, b stranger) int {
		switch {
		case a.inAmount == b.inAmount:
			return bytes.Compare(s.text(a.name), s.text(b.name))
		case b.inAmount:
			return -1
		}
		return +1
	})
	n := 0
	for n < len(unknown) && !unknown[n].inAmount {
		n++
	}
	return unknown[:n], unknown[n:]
}

func (s *scanner) isBefore(u stranger, name string) bool { return string(s.text(u.name)) < name }

// appendStranger appends a member and a comma.
func (s *scanner) appendStranger(to []byte, u stranger) []byte {
	to = append(append(append(to, '"'), s.text(u.name)...), `":`...)
	return append(append(to, s.text(u.value)...), ',')
}

// closeObject ends an object of which every member has a comma after it.
func closeObject(object []byte) []byte {
	if last := len(object) - 1; object[last] == ',' {
		object = object[:last]
	}
	return append(object, '}')
}

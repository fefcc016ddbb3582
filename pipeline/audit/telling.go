package audit

import (
	"cmp"
	"hash/maphash"
	"slices"

	"billwalk/schema"
)

// telling is what an answer of the settle query, a callback or a row says of a
// settlement: the columns that are audited, and when it was heard. A day may have
// a million, so that texts are hashes.
type telling struct {
	id, status uint64
	columns    [tellingColumns]int64 // 0 where NULL
	nulls      uint8                 // a bit for each column
	negatives  uint8                 // amounts that came with a minus, and are NULL
	day        schema.Day            // its own, or that on which it was heard
	at         int64                 // unix microseconds
}

// What a settlement is told of, by column: amounts in fen, and the hash of
// settle_detail.
const (
	tellingAmount = iota
	tellingRake
	tellingCommission
	tellingDetail
	tellingColumns
)

var seed = maphash.MakeSeed()

func tellingOf(s *schema.Settlement) telling {
	t := telling{id: maphash.String(seed, s.SettleID), status: maphash.String(seed, string(s.Status)), day: ownDay(s), at: s.FetchedAt.UnixMicro()}
	amounts := [...]schema.Null[schema.Fen]{tellingAmount: s.Amount, tellingRake: s.Rake, tellingCommission: s.Commission}
	for column, v := range amounts {
		t.set(column, int64(v.V), v.Valid)
	}
	t.set(tellingDetail, int64(maphash.String(seed, mendedAlike(s.Detail.V))), s.Detail.Valid)
	return t
}

func ownDay(s *schema.Settlement) schema.Day {
	if s.SettleTime.Valid {
		return schema.DayOf(s.SettleTime.V)
	}
	return schema.DayOf(s.FetchedAt)
}

func (t *telling) set(column int, v int64, valid bool) {
	if valid {
		t.columns[column] = v
	} else {
		t.nulls |= 1 << column
	}
}

func (t *telling) null(column int) bool { return t.nulls>>column&1 == 1 }

func (t *telling) agrees(other *telling, column int) bool {
	return t.null(column) == other.null(column) && t.columns[column] == other.columns[column]
}

// heard says that a row rests on what was told of its settlement: on an answer or
// a callback as it is, which was heard when the row says; and of a callback's row,
// and one of both, on others in what that one leaves out.
func (t *telling) heard(source schema.Source, answered, called []telling) bool {
	switch source {
	case schema.SourceQuery:
		return t.restsOn(answered, nil)
	case schema.SourceCallback:
		return t.restsOn(called, called)
	case schema.SourceBoth:
		all := slices.Concat(answered, called)
		return len(answered) > 0 && len(called) > 0 && t.restsOn(all, all)
	}
	return false
}

func (t *telling) restsOn(first, others []telling) bool {
	return slices.ContainsFunc(first, func(one telling) bool {
		if one.at != t.at || one.status != t.status {
			return false
		}
		for column := range tellingColumns {
			// A settle_detail that cannot be read is as good as none.
			left := one.null(column) || column == tellingDetail
			told := t.agrees(&one, column) || left && slices.ContainsFunc(others, func(o telling) bool { return t.agrees(&o, column) })
			if !told {
				return false
			}
		}
		return true
	})
}

// tellings are sorted by settlement.
type tellings []telling

func (all tellings) sort() {
	slices.SortFunc(all, func(a, b telling) int { return cmp.Compare(a.id, b.id) })
}

// called returns what callbacks tell of a row's settlement: by its id, and by the
// developer's, which is all that some have.
func (all tellings) called(s *schema.Settlement) []telling {
	found := all.of(maphash.String(seed, s.SettleID))
	if s.OutSettleNo.V != "" && s.OutSettleNo.V != s.SettleID {
		found = slices.Concat(found, all.of(maphash.String(seed, s.OutSettleNo.V)))
	}
	return found
}

// of returns what is told of one settlement.
func (all tellings) of(id uint64) []telling {
	from, _ := slices.BinarySearchFunc(all, id, func(t telling, id uint64) int { return cmp.Compare(t.id, id) })
	to := from
	for to < len(all) && all[to].id == id {
		to++
	}
	return all[from:to]
}

package audit

import (
	"cmp"
	"hash/maphash"
	"slices"

	"billwalk/schema"
)

// statement is what one answer of the settle query, callback or row says about a settlement:
// the audited columns, and when it was received. A day may have a million of them, so texts
// are hashes.
type statement struct {
	id, status uint64
	columns    [statementColumns]int64 // 0 where NULL
	nulls      uint8                   // a bit for each column
	negatives  uint8                   // number of amounts with a minus, which are NULL
	day        schema.Day              // of settle_time, else of the receipt
	at         int64                   // unix microseconds
}

// The audited columns: amounts in fen, and the hash of settle_detail.
const (
	statementAmount = iota
	statementRake
	statementCommission
	statementDetail
	statementColumns
)

var seed = maphash.MakeSeed()

func statementOf(s *schema.Settlement) statement {
	t := statement{id: maphash.String(seed, s.SettleID), status: maphash.String(seed, string(s.Status)), day: ownDay(s), at: s.FetchedAt.UnixMicro()}
	amounts := [...]schema.Null[schema.Fen]{statementAmount: s.Amount, statementRake: s.Rake, statementCommission: s.Commission}
	for column, v := range amounts {
		t.set(column, int64(v.V), v.Valid)
	}
	t.set(statementDetail, int64(maphash.String(seed, foldReplacements(s.Detail.V))), s.Detail.Valid)
	return t
}

func ownDay(s *schema.Settlement) schema.Day {
	if s.SettleTime.Valid {
		return schema.DayOf(s.SettleTime.V)
	}
	return schema.DayOf(s.FetchedAt)
}

func (t *statement) set(column int, v int64, valid bool) {
	if valid {
		t.columns[column] = v
	} else {
		t.nulls |= 1 << column
	}
}

func (t *statement) null(column int) bool { return t.nulls>>column&1 == 1 }

func (t *statement) agrees(other *statement, column int) bool {
	return t.null(column) == other.null(column) && t.columns[column] == other.columns[column]
}

// provenBy reports whether a row's statement is proven by those of answers and callbacks:
// there must be one that was received at the row's time and has the same columns. For a
// source of callback or both, columns that it lacks may come from other statements.
func (t *statement) provenBy(source schema.Source, answers, callbacks []statement) bool {
	switch source {
	case schema.SourceQuery:
		return t.matches(answers, nil)
	case schema.SourceCallback:
		return t.matches(callbacks, callbacks)
	case schema.SourceBoth:
		all := slices.Concat(answers, callbacks)
		return len(answers) > 0 && len(callbacks) > 0 && t.matches(all, all)
	}
	return false
}

// matches reports whether one of the candidates has the time, status and columns of the row,
// with columns that it lacks in the others.
func (t *statement) matches(candidates, others []statement) bool {
	return slices.ContainsFunc(candidates, func(one statement) bool {
		if one.at != t.at || one.status != t.status {
			return false
		}
		for column := range statementColumns {
			// A settle_detail that cannot be read counts as missing.
			missing := one.null(column) || column == statementDetail
			found := t.agrees(&one, column) || missing && slices.ContainsFunc(others, func(o statement) bool { return t.agrees(&o, column) })
			if !found {
				return false
			}
		}
		return true
	})
}

// statements are statements sorted by settlement.
type statements []statement

func (all statements) sort() {
	slices.SortFunc(all, func(a, b statement) int { return cmp.Compare(a.id, b.id) })
}

// ofRow returns the statements on a row's settlement, by its settle_id and by the
// developer's id, as some callbacks have only that.
func (all statements) ofRow(s *schema.Settlement) []statement {
	found := all.of(maphash.String(seed, s.SettleID))
	if s.OutSettleNo.V != "" && s.OutSettleNo.V != s.SettleID {
		found = slices.Concat(found, all.of(maphash.String(seed, s.OutSettleNo.V)))
	}
	return found
}

// of returns the statements on one settlement.
func (all statements) of(id uint64) []statement {
	from, _ := slices.BinarySearchFunc(all, id, func(t statement, id uint64) int { return cmp.Compare(t.id, id) })
	to := from
	for to < len(all) && all[to].id == id {
		to++
	}
	return all[from:to]
}

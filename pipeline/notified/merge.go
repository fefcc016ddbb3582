package notified

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// Row is a settlement as the tables have it, from all that tells of it.
type Row struct {
	normalise.SettleRow
	Contradicted bool // a callback that came after the query's answer says otherwise
}

// Merge returns the rows of one settlement: its record in an answer of the query,
// or nil, and the states of its callbacks, in any order. There is one row, but
// where parts add up: then one for each, by item.
func Merge(query *normalise.SettleRow, states []State) []Row {
	slices.SortFunc(states, func(a, b State) int {
		return strings.Compare(a.Settlement.ItemOrderID.V, b.Settlement.ItemOrderID.V)
	})
	var whole *Row
	if query != nil {
		whole = &Row{SettleRow: *query}
	}
	if len(states) > 0 && !states[0].Settlement.ItemOrderID.Valid {
		whole = join(whole, &states[0])
		states = states[1:]
	}
	switch {
	case whole == nil || len(states) > 1 && addUp(&whole.Settlement, states):
		var rows []Row
		for i := range states {
			rows = append(rows, part(whole, &states[i]))
		}
		if whole != nil {
			rows[0].keep(whole.Exceptions)
		}
		return rows
	case len(states) > 1:
		whole.refuse(states)
		return []Row{*whole}
	case len(states) == 1:
		whole = join(whole, &states[0])
	}
	return []Row{*whole}
}

// join returns what is known with a state added.
func join(known *Row, s *State) *Row {
	told := s.row()
	if known == nil {
		return &told
	}
	if known.Settlement.Source == schema.SourceCallback { // one without item, then one with: both are of the whole
		known.keep(told.Exceptions)
		if differs := differences(&known.Settlement, &told.Settlement); len(differs) > 0 {
			known.conflict(s, "another callback of the settlement says otherwise: "+strings.Join(differs, ", "))
		}
		fill(&known.Settlement, &told.Settlement)
		return known
	}
	answer := &known.Settlement
	if !answer.Status.Final() && told.Settlement.Status.Final() && told.Settlement.SettleTime.V.After(answer.FetchedAt) {
		fill(&told.Settlement, answer)
		told.Settlement.Source, told.Settlement.AskedBy, told.Settlement.SettleID = schema.SourceBoth, answer.AskedBy, answer.SettleID
		told.keep(known.Exceptions)
		return &told
	}
	known.keep(told.Exceptions)
	answer.Source = schema.SourceBoth
	if differs := differences(answer, &told.Settlement); len(differs) > 0 {
		known.contradict(s, "the callback says otherwise, and the query wins: "+strings.Join(differs, ", "))
		told.Settlement = schema.Settlement{ItemOrderID: told.Settlement.ItemOrderID, IsAutoSettle: told.Settlement.IsAutoSettle, AppID: told.Settlement.AppID}
	}
	fill(answer, &told.Settlement)
	return known
}

// keep adds the exceptions of what the row replaces that are about its content: its
// text may stand in the row, and an amount that is NULL for its minus stands nowhere.
func (r *Row) keep(replaced []schema.Exception) {
	r.Exceptions = slices.Clip(r.Exceptions)
	for _, e := range replaced {
		if e.Rule == schema.RuleBadText || e.Rule == schema.RuleNegativeAmount {
			r.Exceptions = append(r.Exceptions, e)
		}
	}
}

// row returns the state as a row, with what is wrong with it.
func (s *State) row() Row {
	r := Row{SettleRow: s.SettleRow}
	r.Exceptions = slices.Clone(r.Exceptions)
	if s.Contested {
		r.conflict(s, "another callback tells otherwise of the same moment")
	}
	return r
}

// part returns the row of one item of a settlement.
func part(whole *Row, s *State) Row {
	r := s.row()
	if whole == nil {
		return r
	}
	r.Settlement.Source, r.Settlement.AskedBy, r.Settlement.SettleID = schema.SourceBoth, whole.Settlement.AskedBy, whole.Settlement.SettleID
	if whole.Settlement.Source == schema.SourceCallback {
		r.Settlement.Source = schema.SourceCallback
	}
	for _, f := range []struct{ to, from *schema.Null[string] }{
		{&r.Settlement.OrderID, &whole.Settlement.OrderID}, {&r.Settlement.OutSettleNo, &whole.Settlement.OutSettleNo}, {&r.Settlement.OutOrderNo, &whole.Settlement.OutOrderNo},
	} {
		*f.to = either(*f.from, *f.to)
	}
	return r
}

// addUp says that the states are the parts of the whole: of its outcome, and
// their amounts add up to its.
func addUp(whole *schema.Settlement, parts []State) bool {
	if whole.ItemOrderID.Valid || !whole.Amount.Valid {
		return false
	}
	amounts := make([]schema.Null[schema.Fen], len(parts))
	for i := range parts {
		if parts[i].Settlement.Status != whole.Status || !parts[i].Settlement.Amount.Valid {
			return false
		}
		amounts[i] = parts[i].Settlement.Amount
	}
	sum, err := schema.Total(amounts...)
	return err == nil && sum == whole.Amount
}

// refuse keeps the whole, where callbacks tell of parts that are not its.
func (r *Row) refuse(parts []State) {
	report := r.conflict
	if r.Settlement.Source != schema.SourceCallback {
		report, r.Settlement.Source = r.contradict, schema.SourceBoth
	}
	for i := range parts {
		report(&parts[i], fmt.Sprintf("callbacks name %d items of the settlement, which are not its parts; this one is of item %s", len(parts), parts[i].Settlement.ItemOrderID.V))
	}
}

// differences lists in what the two contradict each other: what only one of them
// tells does not count.
func differences(query, callback *schema.Settlement) (differs []string) {
	say := func(name string, queried, told any) {
		differs = append(differs, fmt.Sprintf("%s is %v in the callback, not %v", name, told, queried))
	}
	if query.Status != callback.Status {
		say("status", query.Status, callback.Status)
	}
	for _, f := range []struct {
		name          string
		queried, told schema.Null[schema.Fen]
	}{
		{"settle_amount", query.Amount, callback.Amount}, {"rake", query.Rake, callback.Rake}, {"commission", query.Commission, callback.Commission},
	} {
		if f.queried.Valid && f.told.Valid && f.queried != f.told {
			say(f.name, f.queried.V, f.told.V)
		}
	}
	if query.Shares.Valid && callback.Shares.Valid && !sameShares(query.Shares.V, callback.Shares.V) {
		say("settle_detail", query.Detail.V, callback.Detail.V)
	}
	for _, f := range []struct {
		name          string
		queried, told schema.Null[string]
	}{
		{"order_id", query.OrderID, callback.OrderID}, {"out_settle_no", query.OutSettleNo, callback.OutSettleNo},
		{"out_order_no", query.OutOrderNo, callback.OutOrderNo}, {"item_order_id", query.ItemOrderID, callback.ItemOrderID},
	} {
		if f.queried.Valid && f.told.Valid && f.queried != f.told {
			say(f.name, f.queried.V, f.told.V)
		}
	}
	return differs
}

// sameShares compares shares in whatever order they stand.
func sameShares(a, b []schema.Share) bool {
	order := func(s, t schema.Share) int {
		return cmp.Or(cmp.Compare(s.MerchantNo, t.MerchantNo), cmp.Compare(s.Amount, t.Amount))
	}
	return slices.Equal(slices.SortedFunc(slices.Values(a), order), slices.SortedFunc(slices.Values(b), order))
}

// fill takes from other what s leaves out, but for amounts: they are of one telling.
func fill(s, other *schema.Settlement) {
	s.OrderID, s.OutSettleNo, s.OutOrderNo = either(s.OrderID, other.OrderID), either(s.OutSettleNo, other.OutSettleNo), either(s.OutOrderNo, other.OutOrderNo)
	s.ItemOrderID, s.SettleTime = either(s.ItemOrderID, other.ItemOrderID), either(s.SettleTime, other.SettleTime)
	s.IsAutoSettle, s.Message = either(s.IsAutoSettle, other.IsAutoSettle), either(s.Message, other.Message)
	s.AppID, s.LogID = either(s.AppID, other.AppID), either(s.LogID, other.LogID)
	if s.CpExtra.V == "" {
		s.CpExtra = either(other.CpExtra, s.CpExtra)
	}
}

func either[T any](v, other schema.Null[T]) schema.Null[T] {
	if v.Valid {
		return v
	}
	return other
}

// contradict notes that a callback says otherwise than the query, which wins.
func (r *Row) contradict(s *State, detail string) {
	r.report(s, schema.RuleCallbackContradicts, detail)
	r.Contradicted = r.Contradicted || s.Settlement.FetchedAt.After(r.Settlement.FetchedAt)
}

// conflict notes that two callbacks say different things.
func (r *Row) conflict(s *State, detail string) { r.report(s, schema.RuleCallbackConflict, detail) }

func (r *Row) report(s *State, rule schema.Rule, detail string) {
	r.Exceptions = append(slices.Clip(r.Exceptions), schema.Exception{
		Rule: rule, Severity: rule.Severity(), SettleID: schema.Some(s.Settlement.SettleID),
		Expected: r.Settlement.Amount, Actual: s.Settlement.Amount,
		Detail: detail, Record: schema.Some(s.Record), ArchiveKey: schema.Some(s.ArchiveKey),
	})
}

// Unconfirmed is the exception of a settlement that callbacks tell of and the
// query, asked after they came, does not.
func Unconfirmed(r *Row) schema.Exception {
	s := &r.Settlement
	return schema.Exception{
		Rule: schema.RuleCallbackUnconfirmed, Severity: schema.RuleCallbackUnconfirmed.Severity(), SettleID: schema.Some(s.SettleID), Actual: s.Amount,
		Detail: "callbacks tell of the settlement; the settle query, asked after them, does not know it. It counts",
	}
}

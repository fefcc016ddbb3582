package evidence

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// Row is a settlement as the tables have it, from the query and from callbacks.
type Row struct {
	normalise.SettleRow
	Contradicted bool // a callback that came after the query's answer says otherwise
}

// merge returns the rows of one settlement: its record in an answer of the query,
// or nil, and its callbacks, one for each item, in any order. It is one row, or one for
// each item where these add up to the whole.
func merge(query *normalise.SettleRow, callbacks []callback) []Row {
	slices.SortFunc(callbacks, func(a, b callback) int {
		return strings.Compare(a.Settlement.ItemOrderID.V, b.Settlement.ItemOrderID.V)
	})
	var whole *Row
	if query != nil {
		whole = &Row{SettleRow: *query}
	}
	if len(callbacks) > 0 && !callbacks[0].Settlement.ItemOrderID.Valid {
		whole = join(whole, &callbacks[0])
		callbacks = callbacks[1:]
	}
	switch {
	case whole == nil || len(callbacks) > 1 && addUp(&whole.Settlement, callbacks):
		var rows []Row
		for i := range callbacks {
			rows = append(rows, itemRow(whole, &callbacks[i]))
		}
		if whole != nil {
			rows[0].keepExceptions(whole.Exceptions)
		}
		return rows
	case len(callbacks) > 1:
		whole.refuseItems(callbacks)
		return []Row{*whole}
	case len(callbacks) == 1:
		whole = join(whole, &callbacks[0])
	}
	return []Row{*whole}
}

// join returns a row with a callback added; the row is nil where there is none yet.
func join(known *Row, c *callback) *Row {
	added := c.row()
	switch {
	case known == nil:
		return &added
	case known.Settlement.Source == schema.SourceCallback: // one without item, then one with: both are of the whole
		return known.joinCallback(c, &added)
	}
	return known.joinAnswer(c, &added)
}

// joinCallback adds a callback to a row that is of another one.
func (r *Row) joinCallback(c *callback, added *Row) *Row {
	r.keepExceptions(added.Exceptions)
	if differs := differences(&r.Settlement, &added.Settlement); len(differs) > 0 {
		r.conflict(c, "another callback of the settlement says otherwise: "+strings.Join(differs, ", "))
	}
	fill(&r.Settlement, &added.Settlement)
	return r
}

// joinAnswer adds a callback to a row of the query. A callback is news, and no
// contradiction, where the query was answered before the event with nothing final.
func (r *Row) joinAnswer(c *callback, added *Row) *Row {
	answer := &r.Settlement
	if !answer.Status.Final() && added.Settlement.Status.Final() && added.Settlement.SettleTime.V.After(answer.FetchedAt) {
		fill(&added.Settlement, answer)
		added.Settlement.Source, added.Settlement.AskedBy, added.Settlement.SettleID = schema.SourceBoth, answer.AskedBy, answer.SettleID
		added.keepExceptions(r.Exceptions)
		return added
	}
	r.keepExceptions(added.Exceptions)
	answer.Source = schema.SourceBoth
	if differs := differences(answer, &added.Settlement); len(differs) > 0 {
		r.contradict(c, "the callback says otherwise, and the query wins: "+strings.Join(differs, ", "))
		added.Settlement = schema.Settlement{ItemOrderID: added.Settlement.ItemOrderID, IsAutoSettle: added.Settlement.IsAutoSettle, AppID: added.Settlement.AppID}
	}
	fill(answer, &added.Settlement)
	return r
}

// keepExceptions adds those exceptions of a replaced row that are about its content: the
// row may have its text, and a refused amount is in no row.
func (r *Row) keepExceptions(replaced []schema.Exception) {
	r.Exceptions = slices.Clip(r.Exceptions)
	for _, e := range replaced {
		if e.Rule == schema.RuleBadText || e.Rule == schema.RuleNegativeAmount {
			r.Exceptions = append(r.Exceptions, e)
		}
	}
}

// row returns the callback as a row, with its exceptions.
func (c *callback) row() Row {
	r := Row{SettleRow: c.SettleRow}
	r.Exceptions = slices.Clone(r.Exceptions)
	if c.Contested {
		r.conflict(c, "another callback tells otherwise of the same moment")
	}
	return r
}

// itemRow returns the row of one item of a settlement.
func itemRow(whole *Row, c *callback) Row {
	r := c.row()
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

// addUp reports whether items are the parts of a whole: they have its status, and their
// amounts add up to its own.
func addUp(whole *schema.Settlement, items []callback) bool {
	if whole.ItemOrderID.Valid || !whole.Amount.Valid {
		return false
	}
	amounts := make([]schema.Null[schema.Fen], len(items))
	for i := range items {
		if items[i].Settlement.Status != whole.Status || !items[i].Settlement.Amount.Valid {
			return false
		}
		amounts[i] = items[i].Settlement.Amount
	}
	sum, err := schema.Total(amounts...)
	return err == nil && sum == whole.Amount
}

// refuseItems keeps the row of the whole settlement: the items are not its parts.
func (r *Row) refuseItems(items []callback) {
	report := r.conflict
	if r.Settlement.Source != schema.SourceCallback {
		report, r.Settlement.Source = r.contradict, schema.SourceBoth
	}
	for i := range items {
		report(&items[i], fmt.Sprintf("callbacks name %d items of the settlement, which are not its parts; this one is of item %s", len(items), items[i].Settlement.ItemOrderID.V))
	}
}

// differences lists in what a callback contradicts what is known. What only one of them
// has does not count.
func differences(known, callback *schema.Settlement) (differs []string) {
	add := func(name string, is, says any) {
		differs = append(differs, fmt.Sprintf("%s is %v in the callback, not %v", name, says, is))
	}
	if known.Status != callback.Status {
		add("status", known.Status, callback.Status)
	}
	for _, f := range []struct {
		name     string
		is, says schema.Null[schema.Fen]
	}{
		{"settle_amount", known.Amount, callback.Amount}, {"rake", known.Rake, callback.Rake}, {"commission", known.Commission, callback.Commission},
	} {
		if f.is.Valid && f.says.Valid && f.is != f.says {
			add(f.name, f.is.V, f.says.V)
		}
	}
	if known.Shares.Valid && callback.Shares.Valid && !sameShares(known.Shares.V, callback.Shares.V) {
		add("settle_detail", known.Detail.V, callback.Detail.V)
	}
	for _, f := range []struct {
		name     string
		is, says schema.Null[string]
	}{
		{"order_id", known.OrderID, callback.OrderID}, {"out_settle_no", known.OutSettleNo, callback.OutSettleNo},
		{"out_order_no", known.OutOrderNo, callback.OutOrderNo}, {"item_order_id", known.ItemOrderID, callback.ItemOrderID},
	} {
		if f.is.Valid && f.says.Valid && f.is != f.says {
			add(f.name, f.is.V, f.says.V)
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

// fill takes from other what s lacks, but for amounts: a row's are all of one source.
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

// contradict adds an exception for a callback that says otherwise than the query.
func (r *Row) contradict(c *callback, detail string) {
	r.report(c, schema.RuleCallbackContradicts, detail)
	r.Contradicted = r.Contradicted || c.Settlement.FetchedAt.After(r.Settlement.FetchedAt)
}

// conflict adds an exception for two callbacks that say different things.
func (r *Row) conflict(c *callback, detail string) { r.report(c, schema.RuleCallbackConflict, detail) }

func (r *Row) report(c *callback, rule schema.Rule, detail string) {
	r.Exceptions = append(slices.Clip(r.Exceptions), schema.Exception{
		Rule: rule, Severity: rule.Severity(), SettleID: schema.Some(c.Settlement.SettleID),
		Expected: r.Settlement.Amount, Actual: c.Settlement.Amount,
		Detail: detail, Record: schema.Some(c.Record), ArchiveKey: schema.Some(c.ArchiveKey),
	})
}

// addUnconfirmed adds an exception for a settlement that callbacks name, and that the
// query, answered after them, does not know.
func (r *Row) addUnconfirmed() {
	s := &r.Settlement
	r.Exceptions = append(slices.Clip(r.Exceptions), schema.Exception{
		Rule: schema.RuleCallbackUnconfirmed, Severity: schema.RuleCallbackUnconfirmed.Severity(), SettleID: schema.Some(s.SettleID), Actual: s.Amount,
		Detail: "callbacks tell of the settlement; the settle query, asked after them, does not know it. It counts",
	})
}

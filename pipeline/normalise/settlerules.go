package normalise

import (
	"slices"
	"time"

	"billwalk/schema"
)

// SettleRow is a settlement, with the exceptions of its record.
type SettleRow struct {
	Settlement schema.Settlement
	Foreign    bool // it does not have the id of the query: it must not be linked to an order
	Exceptions []schema.Exception
	Identity   Outcome // whether settle_amount = rake + commission + shares
}

// Settlement returns the settlement and exceptions of a record of the answer.
func (n Normaliser) Settlement(r SettleRecord, a *schema.SettleAnswer) (row SettleRow) {
	row.set(&r, a, a.Query().Match.String(), nil)
	return row
}

// set makes an empty row that of a record of the answer, which was asked for by the rule. It
// appends the shares to the list, and returns it.
func (row *SettleRow) set(r *SettleRecord, a *schema.SettleAnswer, rule string, list []schema.Share) []schema.Share {
	s := &row.Settlement
	r.wire.fill(s)
	s.Source, s.FetchedAt = schema.SourceQuery, a.FetchedAt
	s.AskedBy, s.LogID = schema.Some(rule), nonEmpty(schema.Some(a.LogID))
	c := settleChecker{(*findings)(&row.Exceptions), row}
	c.texts(r.badText, r.Raw)
	c.matchQuery(a.Query())
	c.status()
	c.ids()
	c.time(r.wire.time())
	c.amounts()
	list = c.shares(list)
	row.describe(r.Raw, a.Key)
	return list
}

// describe adds the settlement and its record to every exception.
func (row *SettleRow) describe(record []byte, archiveKey string) {
	for i := range row.Exceptions {
		e := &row.Exceptions[i]
		e.SettleID, e.Record, e.ArchiveKey = schema.Some(row.Settlement.SettleID), schema.Some(ValidText(record)), nonEmpty(schema.Some(archiveKey))
	}
}

// settleChecker checks one settlement: it sets its time and shares and collects exceptions.
type settleChecker struct {
	*findings
	row *SettleRow
}

// queriedID returns the id of a settlement that a query is by.
func queriedID(s *schema.Settlement, q schema.Query) *schema.Null[string] {
	switch q.Parameter {
	case "settle_id":
		settleID := schema.Some(s.SettleID)
		return &settleID
	case "order_id":
		return &s.OrderID
	case "out_settle_no":
		return &s.OutSettleNo
	case "out_order_no":
		return &s.OutOrderNo
	default:
		return &schema.Null[string]{Valid: true} // no settlement matches an unknown parameter
	}
}

// Foreign reports what a SettleRow of the record and the answer says, without making one.
func (r *SettleRecord) Foreign(a *schema.SettleAnswer) bool {
	var s schema.Settlement
	r.wire.fill(&s)
	id := queriedID(&s, a.Query())
	return id.Valid && id.V != a.Value
}

// matchQuery compares the settlement with the query. If it does not have the id of the
// query it gets it; if it has another value, it is foreign.
func (c *settleChecker) matchQuery(q schema.Query) {
	id := queriedID(&c.row.Settlement, q)
	switch {
	case !id.Valid:
		*id = schema.Some(q.Value)
	case id.V != q.Value:
		c.row.Foreign = true
		c.report(schema.RuleSettleForeign,
			"asked for %s %q, got a settlement of %q; it is linked to no order", q.Parameter, q.Value, id.V)
	}
}

func (c *settleChecker) status() {
	documented := []schema.Status{schema.StatusInit, schema.StatusProcessing, schema.StatusSuccess, schema.StatusFail}
	if status := c.row.Settlement.Status; !slices.Contains(documented, status) {
		c.report(schema.RuleUnknownEnum, "settle_status %q is not documented", status)
	}
}

// time sets the settlement's time, unless it must be in another unit.
func (c *settleChecker) time(at instant) {
	second := int64(time.Second / at.unit)
	switch {
	case at.value == 0:
	case at.value < earliest*second || at.value >= latest*second:
		unit := map[time.Duration]string{time.Millisecond: "milliseconds", time.Second: "seconds"}[at.unit]
		c.report(schema.RuleSettleTime,
			"%s %d is not in unix %s of the years 2015 to 2099; the column is NULL", at.name, at.value, unit)
	default:
		c.row.Settlement.SettleTime = schema.Some(time.Unix(at.value/second, at.value%second*int64(at.unit)).UTC())
	}
}

// shares appends the shares of settle_detail to the list, sets them, and checks that the
// amounts add up.
func (c *settleChecker) shares(list []schema.Share) []schema.Share {
	s := &c.row.Settlement
	from := len(list)
	list, err := appendShares(list, s.Detail.V)
	if err != nil {
		if s.Status == schema.StatusSuccess {
			c.report(schema.RuleSettleDetail,
				"settle_detail cannot be read, so that settle_amount cannot be checked: %v", err)
		}
		return list
	}
	shares := list[from:len(list):len(list)]
	s.Shares = schema.Some(shares)
	var memory [4]schema.Null[schema.Fen]
	amounts := memory[:0]
	for i := range shares {
		amounts = append(amounts, schema.Some(shares[i].Amount))
	}
	total := plus(amounts...)
	if total.err != nil {
		c.report(schema.RuleOverflow, "sum of the shares: %v", total.err)
		return list
	}
	s.SharesTotal = total.Null
	c.excessive("the sum of the shares", &s.SharesTotal)
	c.row.Identity = c.identity(schema.RuleSettleAmount, s.Amount, plus(s.Rake, s.Commission, s.SharesTotal),
		"settle_amount should be rake + commission + shares")
	return list
}

// ids checks the ids of the settlement.
func (c *settleChecker) ids() {
	s := &c.row.Settlement
	if isPlainID(s.SettleID) && isPlainID(s.OrderID.V) && isPlainID(s.OutSettleNo.V) && isPlainID(s.OutOrderNo.V) && isPlainID(s.ItemOrderID.V) {
		return
	}
	c.oddIDs(namedID{"settle_id", schema.Some(s.SettleID)}, namedID{"order_id", s.OrderID}, namedID{"out_settle_no", s.OutSettleNo},
		namedID{"out_order_no", s.OutOrderNo}, namedID{"item_order_id", s.ItemOrderID})
}

// amounts checks the amounts of the settlement.
func (c *settleChecker) amounts() {
	s := &c.row.Settlement
	for _, a := range []struct {
		name string
		fen  *schema.Null[schema.Fen]
	}{{"settle_amount", &s.Amount}, {"rake", &s.Rake}, {"commission", &s.Commission}} {
		c.excessive(a.name, a.fen)
		c.negative(a.name, a.fen)
	}
}

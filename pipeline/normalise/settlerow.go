package normalise

import (
	"slices"
	"time"

	"billwalk/schema"
)

// SettleRow is a settlement as the tables have it.
type SettleRow struct {
	Settlement schema.Settlement
	Foreign    bool // it is not of the id that was asked for: link it to no order
	Exceptions []schema.Exception
	Identity   Outcome // of settle_amount = rake + commission + shares
}

// Settlement returns the record's settlement, as the answer a gave it, and
// whatever a person should look at.
func (n Normaliser) Settlement(r SettleRecord, a *schema.SettleAnswer) SettleRow {
	row := SettleRow{Settlement: r.wire.settlement()}
	s := &row.Settlement
	s.Source, s.FetchedAt = schema.SourceQuery, a.FetchedAt
	s.AskedBy, s.LogID = schema.Some(a.Query().String()), given(schema.Some(a.LogID))
	c := settleChecker{(*findings)(&row.Exceptions), &row}
	c.texts(r.badText, r.Raw)
	c.asked(a.Query())
	c.status()
	c.ids()
	c.time(r.wire.at())
	c.amounts()
	c.shares()
	row.describe(r.Raw, a.Key)
	return row
}

// describe says in every exception what it is about.
func (row *SettleRow) describe(record []byte, archiveKey string) {
	for i := range row.Exceptions {
		e := &row.Exceptions[i]
		e.SettleID, e.Record, e.ArchiveKey = schema.Some(row.Settlement.SettleID), schema.Some(ValidText(record)), given(schema.Some(archiveKey))
	}
}

// settleChecker looks at one settlement: it fills what has to be worked out, and
// collects exceptions.
type settleChecker struct {
	*findings
	row *SettleRow
}

// asked compares the settlement with the question. An id that the answer leaves
// out is the one that was asked for; another one is somebody else's.
func (c *settleChecker) asked(q schema.Query) {
	s := &c.row.Settlement
	var id *schema.Null[string]
	switch q.Parameter {
	case "settle_id":
		settleID := schema.Some(s.SettleID)
		id = &settleID
	case "order_id":
		id = &s.OrderID
	case "out_settle_no":
		id = &s.OutSettleNo
	case "out_order_no":
		id = &s.OutOrderNo
	default:
		id = &schema.Null[string]{Valid: true} // nothing is of an id that the API does not know
	}
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

// instant is a unix time as the platform writes it. 0 is no time.
type instant struct {
	name  string // of the field
	value int64
	unit  time.Duration // a millisecond or a second
}

// time takes the settlement's time, unless it must be in another unit.
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

// shares reads settle_detail, and checks that the parts make up the whole.
func (c *settleChecker) shares() {
	s := &c.row.Settlement
	shares, err := ParseDetail(s.Detail.V)
	if err != nil {
		if s.Status == schema.StatusSuccess {
			c.report(schema.RuleSettleDetail,
				"settle_detail cannot be read, so that settle_amount cannot be checked: %v", err)
		}
		return
	}
	amounts := make([]schema.Null[schema.Fen], len(shares))
	for i, share := range shares {
		amounts[i] = schema.Some(share.Amount)
	}
	s.Shares = schema.Some(shares)
	total := plus(amounts...)
	if total.err != nil {
		c.report(schema.RuleOverflow, "sum of the shares: %v", total.err)
		return
	}
	s.SharesTotal = total.Null
	c.excessive("the sum of the shares", &s.SharesTotal)
	c.row.Identity = c.identity(schema.RuleSettleAmount, s.Amount, plus(s.Rake, s.Commission, s.SharesTotal),
		"settle_amount should be rake + commission + shares")
}

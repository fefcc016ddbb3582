package normalise

import (
	"fmt"
	"time"

	"billwalk/schema"
)

// SignTable is the version of the rules by which amounts get their signs. The
// manifest records it.
const SignTable = 1

// directions is the sign table: by fund_amount_type where the record has it (0
// in, 1 out), else by settle_type (1 forward, 2 refund). What it does not name
// has no direction, and is never guessed.
var directions = struct{ byFund, byType map[int32]int32 }{
	byFund: map[int32]int32{0: +1, 1: -1},
	byType: map[int32]int32{1: +1, 2: -1},
}

// checker looks at one row: it signs the amounts and collects exceptions.
type checker struct {
	*findings
	row    *Row
	record *Record
	from   *Provenance
}

// findings are the exceptions of one row, of bills or of settlements.
type findings []schema.Exception

func (f *findings) report(rule schema.Rule, detail string, args ...any) *schema.Exception {
	*f = append(*f, schema.Exception{Rule: rule, Severity: rule.Severity(), Detail: fmt.Sprintf(detail, args...)})
	return &(*f)[len(*f)-1]
}

// direct decides the direction and signs every amount by it. Without a
// direction the amounts are NULL: the raw record keeps them.
func (c *checker) direct() {
	b := &c.row.Bill
	byType, typed := directions.byType[b.SettleType]
	direction, known := byType, typed
	if b.FundAmountType.Valid {
		direction, known = directions.byFund[b.FundAmountType.V]
	}
	if !known {
		fund := "absent"
		if b.FundAmountType.Valid {
			fund = fmt.Sprint(b.FundAmountType.V)
		}
		b.Amounts = schema.Amounts{}
		c.report(schema.RuleUnknownDirection,
			"neither fund_amount_type (%s) nor settle_type (%d) says whether money comes in or goes out; amounts are NULL", fund, b.SettleType)
		return
	}
	if b.FundAmountType.Valid && typed && direction != byType {
		c.report(schema.RuleDirectionConflict,
			"fund_amount_type %d says %+d, settle_type %d says %+d; fund_amount_type is taken", b.FundAmountType.V, direction, b.SettleType, byType)
	}
	b.Direction = schema.Some(direction)
	for i := range b.Amounts {
		b.Amounts[i].V *= schema.Fen(direction)
	}
}

// Settle times outside these years are in another unit, or none at all.
var (
	earliest = time.Date(2015, 1, 1, 0, 0, 0, 0, schema.China).Unix()
	latest   = time.Date(2100, 1, 1, 0, 0, 0, 0, schema.China).Unix()
)

func (c *checker) settleTime() {
	seconds := c.record.wire.SettleTime
	switch {
	case !seconds.Valid:
	case seconds.V < earliest || seconds.V >= latest:
		c.report(schema.RuleSettleTime,
			"settle_time %d is not in unix seconds of the years 2015 to 2099; the column is NULL", seconds.V)
	default:
		at := time.Unix(seconds.V, 0).UTC()
		c.row.Bill.SettleTime = schema.Some(at)
		if day := schema.DayOf(at); day != c.from.Day {
			c.report(schema.RuleSettleDay, "settle_time lies on %s, the bill on %s", day, c.from.Day)
		}
	}
}

func (c *checker) enums() {
	b := &c.row.Bill
	for _, enum := range []struct {
		codes *schema.CodeList
		value schema.Null[int32]
	}{
		{&schema.SettleTypes, schema.Some(b.SettleType)},
		{&schema.SettleSubTypes, b.SettleSubType},
		{&schema.BizTypes, b.BizType},
		{&schema.FundAmountTypes, b.FundAmountType},
	} {
		if enum.value.Valid && !enum.codes.Knows(enum.value.V) {
			c.report(schema.RuleUnknownEnum, "%s %d is not documented", enum.codes.Field, enum.value.V)
		}
	}
}

// Outcome of one identity on one bill.
type Outcome int

// An identity with a NULL in it is not evaluable: it neither holds nor fails.
const (
	NotEvaluable Outcome = iota
	Pass
	Fail
)

// Outcomes holds one outcome per identity, in the order of Identities.
type Outcomes [len(Identities)]Outcome

// Identities lists the identities that every bill is checked against.
var Identities = [...]schema.Rule{schema.RuleOriginal, schema.RuleLedgerTotal, schema.RuleGoods}

func (c *checker) identities() {
	a := &c.row.Bill.Amounts
	pay, merchant := a[schema.Pay], a[schema.MerchantTicket]
	total := a[schema.LedgerTotal]
	c.row.Outcomes = Outcomes{
		c.identity(schema.RuleOriginal, a[schema.Original], plus(pay, merchant, a[schema.PlatformTicket]),
			"original should be pay + merchant_ticket + platform_ticket"),
		c.identity(schema.RuleLedgerTotal, total, plus(pay, a[schema.LedgerPlatformTicket]),
			"ledger_total should be pay + ledger_platform_ticket"),
		c.identity(schema.RuleGoods, a[schema.Goods],
			minus(total, plus(append(a.Commissions(), a[schema.TotalMerchantPlatformService], a[schema.ActualInsured])...)),
			"goods should be ledger_total - total_merchant_platform_service - commissions - actual_insured"),
	}
	received := &c.record.wire.Amount.known // one that came with a minus is not hidden
	if !received[schema.PlatformTicket].Valid {
		c.hidden("platform_ticket", a[schema.Original], plus(pay, merchant))
	}
	if !received[schema.LedgerPlatformTicket].Valid {
		c.hidden("ledger_platform_ticket", total, plus(pay))
	}
}

// identity checks that an amount is what it should be.
func (f *findings) identity(rule schema.Rule, actual schema.Null[schema.Fen], expected sum, detail string) Outcome {
	if expected.err != nil {
		f.report(schema.RuleOverflow, "%s: %v", detail, expected.err)
		return NotEvaluable
	}
	if !actual.Valid || !expected.Valid {
		return NotEvaluable
	}
	if actual.V == expected.V {
		return Pass
	}
	e := f.report(rule, "%s", detail)
	e.Expected, e.Actual = expected.Null, actual
	return Fail
}

// hidden checks a ticket that the platform does not show to service providers:
// what is left of the whole for it cannot be negative.
func (c *checker) hidden(ticket string, whole schema.Null[schema.Fen], visible sum) {
	left := minus(whole, visible)
	if left.err != nil || !left.Valid || left.V*schema.Fen(c.row.Bill.Direction.V) >= 0 {
		return
	}
	e := c.report(schema.RuleHiddenTicketNegative, "the hidden %s would be negative", ticket)
	e.Expected, e.Actual = visible.Null, whole
}

// sum is a sum of amounts: NULL where one of them is, and an error where it
// would overflow.
type sum struct {
	schema.Null[schema.Fen]
	err error
}

func plus(terms ...schema.Null[schema.Fen]) sum {
	total, err := schema.Total(terms...)
	return sum{total, err}
}

func minus(whole schema.Null[schema.Fen], part sum) sum {
	if part.err != nil || !whole.Valid || !part.Valid {
		return sum{err: part.err}
	}
	v, err := whole.V.Sub(part.V)
	return sum{Null: schema.Null[schema.Fen]{V: v, Valid: err == nil}, err: err}
}

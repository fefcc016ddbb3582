package normalise

import (
	"fmt"
	"time"

	"billwalk/schema"
)

// SignTable is the version of the rules for the signs of amounts, which the manifest
// records.
const SignTable = 1

// directions is the sign table: by fund_amount_type if the record has one (0 in, 1 out),
// else by settle_type (1 forward, 2 refund). Other values have no direction.
var directions = struct{ byFund, byType map[int32]int32 }{
	byFund: map[int32]int32{0: +1, 1: -1},
	byType: map[int32]int32{1: +1, 2: -1},
}

// checker checks one bill: it gives the amounts their signs and collects exceptions.
type checker struct {
	*findings
	row    *Row
	record *Record
	from   *Provenance
}

// setDirection sets the direction and the sign of every amount. Without a direction the
// amounts are NULL; the exception has them in the raw record.
func (c *checker) setDirection() {
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

// Outcomes has one outcome for each of Identities, in that order.
type Outcomes [len(Identities)]Outcome

// Identities lists the identities that are checked on every bill.
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
	received := &c.record.wire.Amount.known // an amount with a minus was received, too
	if !received[schema.PlatformTicket].Valid {
		c.hidden("platform_ticket", a[schema.Original], plus(pay, merchant))
	}
	if !received[schema.LedgerPlatformTicket].Valid {
		c.hidden("ledger_platform_ticket", total, plus(pay))
	}
}

// hidden checks a ticket that service providers do not get: the rest of the whole, which is
// the ticket, must not be negative.
func (c *checker) hidden(ticket string, whole schema.Null[schema.Fen], visible sum) {
	left := minus(whole, visible)
	if left.err != nil || !left.Valid || left.V*schema.Fen(c.row.Bill.Direction.V) >= 0 {
		return
	}
	e := c.report(schema.RuleHiddenTicketNegative, "the hidden %s would be negative", ticket)
	e.Expected, e.Actual = visible.Null, whole
}

func (c *checker) negatives() {
	amounts := &c.row.Bill.Amounts
	for a := range schema.AmountCount {
		name := a.Field()
		if !a.InRecord() {
			name = "amount." + name
		}
		c.negative(name, &amounts[a])
	}
}

func (c *checker) ids() {
	b := &c.row.Bill
	c.oddIDs(namedID{"account_id", schema.Some(b.AccountID)}, namedID{"ledger_id", schema.Some(b.LedgerID)},
		namedID{"shop_order_id", b.ShopOrderID}, namedID{"item_order_id", b.ItemOrderID}, namedID{"order_ext_id", b.OrderExtID},
		namedID{"certificate_id", b.CertificateID}, namedID{"verify_id", b.VerifyID}, namedID{"poi_id", b.PoiID},
		namedID{"verify_poi_account_id", b.VerifyPoiAccountID}, namedID{"sku_id", b.SkuID})
}

// payee checks that the walk of an account without stores has no bill of another account.
func (c *checker) payee() {
	if b := &c.row.Bill; !c.from.Root && b.AccountID != string(c.from.Walk) {
		c.report(schema.RuleAccountForeign,
			"only the bills of account %s were asked for, and this one is of account %s", c.from.Walk, b.AccountID)
	}
}

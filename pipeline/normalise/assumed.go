package normalise

import (
	"strings"

	"billwalk/pipeline/mend"
	"billwalk/schema"
)

// What follows checks what the tables take for granted of single values. What it
// leaves unchecked has its reason:
//
//   - An id that is empty is as good as absent: bills without a store have such a
//     poi_id, and nothing is asked with one.
//   - biz_type may stand beside the cursor and in a record: the record's counts, as
//     the more specific of the two.
//   - Amounts that this version does not know stay in extra as they came, in no sum.
//   - A share has no sign in settle_detail's form: one with a minus cannot be read,
//     which settle_detail reports. Two shares may be of one merchant.
//   - A settlement may be without settle_time while it is under way or has failed.

// texts reports text that is not valid and was mended.
func (f *findings) texts(bad bool, received []byte) {
	if bad {
		f.report(schema.RuleBadText,
			"text was cut in the middle of a character, and is mended with U+FFFD, in: %s", mend.Places(received))
	}
}

// negative takes an amount with a minus out of its column. Amounts come without a
// sign: multiplied by one once more, it would count the wrong way round.
func (f *findings) negative(name string, amount *schema.Null[schema.Fen]) {
	if amount.V >= 0 {
		return
	}
	e := f.report(schema.RuleNegativeAmount,
		"%s is %d, and amounts are documented without a sign; the column is NULL", name, int64(amount.V))
	e.Actual, *amount = *amount, schema.Null[schema.Fen]{}
}

// mostSettled is ten billion yuan. No settlement is of more, and sums over some
// millions of them stay within int64.
const mostSettled schema.Fen = 1e12

// excessive takes an amount out of its column that the sums over a day's settlements
// might not hold: it costs its own row alone, and not the whole day.
func (f *findings) excessive(name string, amount *schema.Null[schema.Fen]) {
	if max(amount.V, -amount.V) <= mostSettled {
		return
	}
	f.report(schema.RuleOverflow,
		"%s is %d, and a settlement has %d at most; the column is NULL", name, int64(amount.V), int64(mostSettled))
	*amount = schema.Null[schema.Fen]{}
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

// namedID is an id under the API's name.
type namedID struct {
	name string
	id   schema.Null[string]
}

// oddIDs reports ids that cannot be right. They stay in their columns.
func (f *findings) oddIDs(ids ...namedID) {
	for _, i := range ids {
		var what string
		switch {
		case len(i.id.V) > schema.MaxQueryID:
			what = "it is longer than the 64 bytes that the settle query takes, and is not asked with"
		case strings.ContainsFunc(i.id.V, schema.Invisible):
			what = "white space or control characters stand in it"
		default:
			continue
		}
		f.report(schema.RuleBadID, "%s is %.80q: %s", i.name, i.id.V, what)
	}
}

func (c *checker) ids() {
	b := &c.row.Bill
	c.oddIDs(namedID{"account_id", schema.Some(b.AccountID)}, namedID{"ledger_id", schema.Some(b.LedgerID)},
		namedID{"shop_order_id", b.ShopOrderID}, namedID{"item_order_id", b.ItemOrderID}, namedID{"order_ext_id", b.OrderExtID},
		namedID{"certificate_id", b.CertificateID}, namedID{"verify_id", b.VerifyID}, namedID{"poi_id", b.PoiID},
		namedID{"verify_poi_account_id", b.VerifyPoiAccountID}, namedID{"sku_id", b.SkuID})
}

// payee checks that a walk of one account alone found its bills alone. A root
// account's walk has those of its stores.
func (c *checker) payee() {
	if b := &c.row.Bill; !c.from.Root && b.AccountID != string(c.from.Walk) {
		c.report(schema.RuleAccountForeign,
			"only the bills of account %s were asked for, and this one is of account %s", c.from.Walk, b.AccountID)
	}
}

// ids looks at the ids of one settlement.
func (c *settleChecker) ids() {
	s := &c.row.Settlement
	c.oddIDs(namedID{"settle_id", schema.Some(s.SettleID)}, namedID{"order_id", s.OrderID}, namedID{"out_settle_no", s.OutSettleNo},
		namedID{"out_order_no", s.OutOrderNo}, namedID{"item_order_id", s.ItemOrderID})
}

// amounts looks at the amounts of one settlement.
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

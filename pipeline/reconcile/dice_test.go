package reconcile_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// dice makes random values of small pools, so that many agree by chance.
type dice struct{ *rand.Rand }

// once returns true in one of n calls.
func (d dice) once(n int) bool { return d.IntN(n) == 0 }

func pick[T any](d dice, values ...T) T { return values[d.IntN(len(values))] }

// longWord has fewer characters than the settle query takes bytes, and more bytes.
const longWord = "一个很长的外部订单号一个很长的外部订单号一个很长的"

// id returns s or, in one of n calls, NULL or the empty text.
func (d dice) id(s string, n int) schema.Null[string] {
	if d.once(n) {
		return schema.Null[string]{Valid: d.once(2)}
	}
	return schema.Some(s)
}

// bills returns random bills of a purchase. The number is in each of its ids.
func (d dice) bills(number string, lookback int) []dated[schema.Bill] {
	reach := pick(d, 0, 1, lookback, 2*lookback)
	noOrder := pick(d, 1, 15, 15, 15)
	bills := make([]dated[schema.Bill], 1+d.IntN(5))
	for i := range bills {
		bills[i].day = firstDay + schema.Day(d.IntN(reach+1))
		b := &bills[i].row
		*b = schema.Bill{
			AccountID: pick(d, "P", "Q"), LedgerID: fmt.Sprintf("%s-%d", number, d.IntN(4)), WalkAccountID: pick(d, schema.AccountID("A"), "B"),
			ShopOrderID: d.id("o"+number, noOrder), OrderExtID: d.id("e"+number+pick(d, "", "", "", "b", longWord), 3),
			ItemOrderID: d.id("i"+number+pick(d, "a", "b"), 3), VerifyID: d.id("v"+number+pick(d, "a", "b"), 3),
			SettleType: pick(d, int32(1), 1, 1, 1, 1, 1, 1, 2, 3), SettleSubType: pick(d, schema.Null[int32]{}, schema.Null[int32]{}, schema.Some(int32(21)), schema.Some(int32(22))),
		}
		legs := d.legs()
		b.Amounts[schema.LedgerTotal], b.Amounts[schema.TotalMerchantPlatformService] = legs[schema.LegTotal], legs[schema.LegFee]
		b.Amounts[schema.TotalCommission], b.Amounts[schema.Goods] = legs[schema.LegCommission], legs[schema.LegNet]
		hidden := d.once(8) // as from service providers: all but the mall's share
		for _, part := range []schema.Amount{schema.TalentCommission, schema.TotalAgentMerchant, schema.BrokerCommission, schema.ClerkCommission, schema.MallStoreGoods} {
			if !d.once(20) && !(hidden && part != schema.MallStoreGoods) {
				b.Amounts[part] = schema.Some(schema.Fen(1))
			}
		}
		if i > 0 && d.once(6) { // the same bill again, or another with its key
			twin := bills[i-1]
			if d.once(2) {
				twin.row.WalkAccountID, twin.row.ItemOrderID, twin.row.Amounts = b.WalkAccountID, b.ItemOrderID, b.Amounts
				twin.row.Amounts[schema.LedgerTotal] = bills[i-1].row.Amounts[schema.LedgerTotal]
			}
			bills[i] = twin
		}
	}
	return bills
}

// legs returns random amounts of a bill.
func (d dice) legs() schema.Legs {
	total, fee := pick(d, schema.Fen(0), 100, 100, 200, 300), pick(d, schema.Fen(10), 10, 10, 9)
	legs := schema.Legs{schema.Some(total), schema.Some(fee), schema.Some(schema.Fen(5)), schema.Some(total - fee - 5)}
	d.hide(&legs)
	return legs
}

// hide makes some legs NULL.
func (d dice) hide(legs *schema.Legs) {
	for leg := range legs {
		if d.once(25) {
			legs[leg] = schema.Null[schema.Fen]{}
		}
	}
}

// settlement returns a random settlement of the bills. Its amount is mostly that of
// all bills, of those of one day, or of one bill.
func (d dice) settlement(bills []reconcile.Bill) schema.Settlement {
	legs, one, which := d.legs(), pick(d, bills...), d.IntN(6)
	if which > 0 {
		legs = schema.Legs{schema.Some(schema.Fen(0)), schema.Some(schema.Fen(0)), schema.Some(schema.Fen(0)), schema.Some(schema.Fen(0))}
		for _, b := range bills {
			if which == 1 || which == 2 && b.Day == one.Day || b == one {
				for leg, v := range b.Legs {
					legs[leg] = schema.Null[schema.Fen]{V: legs[leg].V + v.V, Valid: legs[leg].Valid && v.Valid}
				}
			}
		}
	}
	if d.once(8) {
		off := schema.Fen(d.IntN(9) - 4)
		legs[schema.LegTotal].V += off
		legs[schema.LegNet].V += off
	}
	d.hide(&legs)
	s := schema.Settlement{
		Status: pick(d, schema.StatusSuccess, schema.StatusSuccess, schema.StatusSuccess, schema.StatusSuccess, schema.StatusSuccess,
			schema.StatusSuccess, schema.StatusSuccess, schema.StatusSuccess, schema.StatusFail, schema.StatusInit, schema.StatusProcessing, "WAITING"),
		Source: schema.SourceQuery,
		Amount: legs[schema.LegTotal], Rake: legs[schema.LegFee], Commission: legs[schema.LegCommission], SharesTotal: legs[schema.LegNet],
	}
	switch d.IntN(6) {
	case 0, 1:
		s.ItemOrderID = schema.Some(one.ItemOrderID)
	case 2:
		s.ItemOrderID = schema.Some("i-of-no-bill")
	}
	if !d.once(6) {
		// Around the bills' days, at the first or the last moment of a day.
		at := (one.Day + schema.Day(d.IntN(5)-1)).Start()
		s.SettleTime = schema.Some(pick(d, at, at.Add(-time.Microsecond)).UTC())
	}
	return s
}

// callback returns a random settlement that only callbacks report.
func (d dice) callback(number, prefix string, bills []reconcile.Bill) schema.Settlement {
	s := d.settlement(bills)
	s.SettleID = fmt.Sprintf("%s%s-%d", prefix, number, d.IntN(2))
	s.OrderID = d.id(pick(d, "o", "e", "x")+number, 4)
	s.OutSettleNo = d.id("v"+number+pick(d, "a", "b"), 2)
	s.Source = schema.SourceCallback
	return s
}

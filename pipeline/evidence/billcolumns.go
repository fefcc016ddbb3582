package evidence

import (
	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// billParts are the parts of a bill that are sorted. An absent text is empty.
type billParts struct {
	account, walkAccount, ledger, shop, ext, item, certificate, verify []byte

	settleType int32
	subType    schema.Null[int32]
	legs       schema.Legs
}

// billColumns are the columns of a batch of bills that reconciliation uses.
type billColumns struct {
	account, walkAccount, ledger, shop, ext, item, certificate, verify, settleType, subType, counted *schema.Vector

	amounts [schema.AmountCount]*schema.Vector
}

func billColumnsOf(bills *schema.Batch) (c billColumns) {
	column := func(name string) *schema.Vector { return &bills.Columns[schema.Bills.ColumnIndex(name)] }
	c.account, c.walkAccount, c.ledger = column("account_id"), column("walk_account_id"), column("ledger_id")
	c.shop, c.ext, c.item = column("shop_order_id"), column("order_ext_id"), column("item_order_id")
	c.certificate, c.verify = column("certificate_id"), column("verify_id")
	c.settleType, c.subType, c.counted = column("settle_type"), column("settle_sub_type"), column("counted")
	for a := range schema.AmountCount {
		c.amounts[a] = column(a.Column())
	}
	return c
}

// counts reports whether the bill counts, as schema.Bill.Counts does.
func (c *billColumns) counts(i int) bool { return c.counted.IsNull(i) || c.counted.Int32s[i] != 0 }

// parts returns the parts of a bill, as reconcile.NewBill does. The error is
// schema.ErrOverflow.
func (c *billColumns) parts(i int) (p billParts, err error) {
	p = billParts{
		account: c.account.TextAt(i), walkAccount: c.walkAccount.TextAt(i), ledger: c.ledger.TextAt(i), shop: c.shop.TextAt(i), ext: c.ext.TextAt(i),
		item: c.item.TextAt(i), certificate: c.certificate.TextAt(i), verify: c.verify.TextAt(i), settleType: c.settleType.Int32s[i],
	}
	if !c.subType.IsNull(i) {
		p.subType = schema.Some(c.subType.Int32s[i])
	}
	p.legs[schema.LegTotal] = c.amount(schema.LedgerTotal, i)
	if p.settleType != reconcile.ForwardType {
		return p, nil
	}
	p.legs[schema.LegFee], p.legs[schema.LegNet] = c.amount(schema.TotalMerchantPlatformService, i), c.amount(schema.Goods, i)
	p.legs[schema.LegCommission], err = c.commission(i)
	return p, err
}

func (c *billColumns) amount(a schema.Amount, i int) schema.Null[schema.Fen] {
	if c.amounts[a].IsNull(i) {
		return schema.Null[schema.Fen]{}
	}
	return schema.Some(schema.Fen(c.amounts[a].Int64s[i]))
}

func (c *billColumns) commission(i int) (schema.Null[schema.Fen], error) {
	if total := c.amount(schema.TotalCommission, i); total.Valid {
		return total, nil
	}
	var all schema.Amounts
	for _, part := range schema.CommissionParts {
		all[part] = c.amount(part, i)
	}
	return schema.Total(all.Commissions()...)
}

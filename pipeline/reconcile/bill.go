package reconcile

import (
	"fmt"
	"strconv"

	"billwalk/schema"
)

// forward is the settle_type of a bill for something sold (正向账单).
const forward = 1

// Bill is what reconciliation needs of a bill. Ids that are absent are "".
type Bill struct {
	Day     schema.Day
	Account schema.AccountID // walk_account_id
	schema.BillKey
	ShopOrderID   string
	ItemOrderID   string
	OrderExtID    string
	CertificateID string
	VerifyID      string
	Legs          schema.Legs // of a bill that is not forward, only LegTotal
}

// NewBill takes from a bill of the day what reconciliation needs. It returns
// ErrOverflow, naming the bill, where its commissions cannot be summed.
func NewBill(day schema.Day, b *schema.Bill) (Bill, error) {
	bill := Bill{
		Day: day, Account: b.WalkAccountID, BillKey: b.Key(),
		ShopOrderID: id(b.ShopOrderID), ItemOrderID: id(b.ItemOrderID), OrderExtID: id(b.OrderExtID),
		CertificateID: id(b.CertificateID), VerifyID: id(b.VerifyID),
	}
	bill.Legs[schema.LegTotal] = b.Amounts[schema.LedgerTotal]
	if !bill.Forward() {
		return bill, nil
	}
	commission, err := schema.Total(b.Amounts.Commissions()...)
	if err != nil {
		return Bill{}, fmt.Errorf("commissions of %s: %w", bill.single(), err)
	}
	bill.Legs[schema.LegFee] = b.Amounts[schema.TotalMerchantPlatformService]
	bill.Legs[schema.LegCommission] = commission
	bill.Legs[schema.LegNet] = b.Amounts[schema.Goods]
	return bill, nil
}

// Forward says that the bill is for something sold: only such are settled.
func (b *Bill) Forward() bool { return b.SettleType == forward }

// Order returns the key of the bill's order: shop_order_id, else
// "ext:" + order_ext_id, else "".
func (b *Bill) Order() string {
	switch {
	case b.ShopOrderID != "":
		return b.ShopOrderID
	case b.OrderExtID != "":
		return "ext:" + b.OrderExtID
	}
	return ""
}

// single returns the key of the group of a bill without an order.
func (b *Bill) single() string {
	sub := ""
	if b.SettleSubType.Valid {
		sub = strconv.Itoa(int(b.SettleSubType.V))
	}
	return fmt.Sprintf("bill:%s/%s/%d/%s", b.AccountID, b.LedgerID, b.SettleType, sub)
}

// id returns an id, "" if it is absent.
func id(v schema.Null[string]) string {
	if !v.Valid {
		return ""
	}
	return v.V
}

// nullID returns an id for a column, NULL if it is "".
func nullID(v string) schema.Null[string] { return schema.Null[string]{V: v, Valid: v != ""} }

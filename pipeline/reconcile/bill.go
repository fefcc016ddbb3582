package reconcile

import (
	"fmt"
	"slices"

	"billwalk/schema"
)

// The settle_type of a bill for a sale (正向账单), and of a refund (退款单).
const (
	ForwardType = 1
	RefundType  = 2
)

// Bill is the part of a bill that reconciliation uses. An absent id is "".
type Bill struct {
	Day     schema.Day
	Account schema.AccountID // walk_account_id
	schema.BillKey
	ShopOrderID   string
	ItemOrderID   string
	OrderExtID    string
	CertificateID string
	VerifyID      string
	Legs          schema.Legs // only LegTotal for a bill that is not forward
}

// NewBill returns the part of a bill of the day that reconciliation uses. If the sum
// of its commissions overflows int64 the error is schema.ErrOverflow and names the bill.
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
		return Bill{}, fmt.Errorf("commissions of %s: %w", bill.singleKey(), err)
	}
	bill.Legs[schema.LegFee] = b.Amounts[schema.TotalMerchantPlatformService]
	bill.Legs[schema.LegCommission] = commission
	bill.Legs[schema.LegNet] = b.Amounts[schema.Goods]
	return bill, nil
}

// Forward reports whether the bill is for a sale. Only such bills are settled.
func (b *Bill) Forward() bool { return b.SettleType == ForwardType }

// DaysOf returns the days that have one of the bills, ascending.
func DaysOf(bills []Bill) []schema.Day {
	days := make([]schema.Day, len(bills))
	for i := range bills {
		days[i] = bills[i].Day
	}
	slices.Sort(days)
	return slices.Compact(days)
}

// HasOtherDays reports whether one of the bills is of another day.
func HasOtherDays(bills []Bill, day schema.Day) bool {
	for i := range bills {
		if bills[i].Day != day {
			return true
		}
	}
	return false
}

// OrderKey returns the key of the bill's order: shop_order_id, else
// "ext:" + order_ext_id, else "".
func (b *Bill) OrderKey() string { return schema.OrderKey(b.ShopOrderID, b.OrderExtID) }

// singleKey returns the group_key of a bill without an order.
func (b *Bill) singleKey() string {
	key := schema.BillKey{AccountID: b.AccountID, LedgerID: b.LedgerID, SettleType: b.SettleType, SettleSubType: b.SettleSubType}
	return key.GroupKey()
}

// id returns the value of a column, "" if it is NULL.
func id(v schema.Null[string]) string {
	if !v.Valid {
		return ""
	}
	return v.V
}

// nullID returns the id as the value of a column, NULL if it is "".
func nullID(v string) schema.Null[string] { return schema.Null[string]{V: v, Valid: v != ""} }

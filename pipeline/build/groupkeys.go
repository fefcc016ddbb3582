package build

import (
	"fmt"
	"strings"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// Whether a bill's group is its order or an item of it is known only when the day is joined.
// So bills are staged with the order's group, as nearly all have it, and where the join
// finds groups of items, their bills get these keys afterwards.

var (
	groupKeyColumn = schema.Bills.ColumnIndex("group_key")
	shopColumn     = schema.Bills.ColumnIndex("shop_order_id")
	extColumn      = schema.Bills.ColumnIndex("order_ext_id")
)

// setGroupKeys sets the group of each row, as if no settlement named an item: NULL in the rows
// that do not count, which are ascending.
func setGroupKeys(b *schema.Batch, uncounted []int) {
	keys, shop, ext, types := &b.Columns[groupKeyColumn], &b.Columns[shopColumn], &b.Columns[extColumn], &b.Columns[typeColumn]
	keys.Reset()
	var key []byte
	for i := range b.Rows {
		if len(uncounted) > 0 && uncounted[0] == i {
			uncounted = uncounted[1:]
			keys.AppendNull()
			continue
		}
		key = key[:0]
		if id := shop.TextAt(i); len(id) > 0 {
			key = append(key, id...)
		} else if id := ext.TextAt(i); len(id) > 0 {
			key = append(append(key, schema.ExtPrefix...), id...)
		}
		switch {
		case len(key) == 0:
			k := keyAt(b, i)
			key = append(key, k.GroupKey()...)
		case types.Int32s[i] != reconcile.ForwardType:
			key = append(key, schema.NonForwardSuffix...)
		}
		keys.AppendText(key)
	}
}

// keyAt returns the key of a bill of a batch.
func keyAt(b *schema.Batch, i int) schema.BillKey {
	k := schema.BillKey{
		AccountID: string(b.Columns[accountColumn].TextAt(i)), LedgerID: string(b.Columns[ledgerColumn].TextAt(i)), SettleType: b.Columns[typeColumn].Int32s[i],
	}
	if sub := &b.Columns[subTypeColumn]; !sub.IsNull(i) {
		k.SettleSubType = schema.Some(sub.Int32s[i])
	}
	return k
}

// itemGroup is a group of the day that is an item of an order.
type itemGroup struct {
	account     schema.AccountID
	order, item string
}

// itemGroupOf returns the group of a row that has an item.
func itemGroupOf(r *schema.Reconciliation) itemGroup {
	return itemGroup{r.WalkAccountID, strings.TrimSuffix(r.GroupKey, "/"+r.ItemOrderID.V), r.ItemOrderID.V}
}

// moveToItems gives the bills of groups of items the keys of these. items has the number of
// bills of each.
func moveToItems(stage Stage, items map[itemGroup]int64) error {
	if len(items) == 0 {
		return nil
	}
	want, moved := int64(0), int64(0)
	for _, n := range items {
		want += n
	}
	err := stage.ReplaceGroupKeys(func(b *schema.Bill) {
		if b.SettleType != reconcile.ForwardType || !b.GroupKey.Valid || b.ItemOrderID.V == "" {
			return
		}
		if items[itemGroup{b.WalkAccountID, b.GroupKey.V, b.ItemOrderID.V}] > 0 {
			b.GroupKey.V += "/" + b.ItemOrderID.V
			moved++
		}
	}, "walk_account_id", "item_order_id", "settle_type")
	if err == nil && moved != want {
		err = fmt.Errorf("%d bills are in groups of items, and %d have their keys; this is a bug, nothing is published", want, moved)
	}
	return err
}

package build

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync/atomic"

	"billwalk/pipeline/hashed"
	"billwalk/pipeline/normalise"
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

// itemGroup is a group of the day that is an item of an order: a fingerprint of the account, the
// order's group and the item.
type itemGroup = normalise.Fingerprint

func newItemGroup[T []byte | string](account, order, item T) itemGroup {
	var memory [256]byte
	all := append(binary.AppendUvarint(memory[:0], uint64(len(account))), account...)
	all = append(binary.AppendUvarint(all, uint64(len(order))), order...)
	return normalise.FingerprintOf(append(all, item...))
}

// itemGroupOf returns the group of a row that has an item.
func itemGroupOf(r *schema.Reconciliation) itemGroup {
	return newItemGroup(string(r.WalkAccountID), strings.TrimSuffix(r.GroupKey, "/"+r.ItemOrderID.V), r.ItemOrderID.V)
}

// itemBills are the groups of items that have bills, and how many.
type itemBills struct {
	groups hashed.Map[struct{}]
	bills  int64
}

func (b *itemBills) add(g itemGroup, bills int64) {
	b.groups.Add(hashed.Key(g))
	b.bills += bills
}

// moveToItems gives the bills of groups of items the keys of these.
func moveToItems(stage Stage, items *itemBills) error {
	if items.bills == 0 {
		return nil
	}
	var moved atomic.Int64
	err := stage.ReplaceGroupKeys(func(rows *schema.Batch, keys *schema.Vector) {
		moved.Add(items.addKeys(keys, rows))
	}, "group_key", "walk_account_id", "item_order_id", "settle_type")
	if n := moved.Load(); err == nil && n != items.bills {
		err = fmt.Errorf("%d bills are in groups of items, and %d have their keys; this is a bug, nothing is published", items.bills, n)
	}
	return err
}

// addKeys adds the keys of rows, and returns how many of these are in groups of items.
func (b *itemBills) addKeys(keys *schema.Vector, rows *schema.Batch) (moved int64) {
	groups, accounts, items, types := &rows.Columns[0], &rows.Columns[1], &rows.Columns[2], &rows.Columns[3]
	var memory []byte
	for i := range rows.Rows {
		key, item := groups.TextAt(i), items.TextAt(i)
		switch {
		case groups.IsNull(i):
			keys.AppendNull()
			continue
		case len(item) == 0 || types.Int32s[i] != reconcile.ForwardType:
		case b.groups.Find(hashed.Key(newItemGroup(accounts.TextAt(i), key, item))) != nil:
			memory = append(append(append(memory[:0], key...), '/'), item...)
			key = memory
			moved++
		}
		keys.AppendText(key)
	}
	return moved
}

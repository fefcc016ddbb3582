package build

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"billwalk/schema"
)

// The columns of a bill's key.
var (
	accountColumn = schema.Bills.ColumnIndex("account_id")
	ledgerColumn  = schema.Bills.ColumnIndex("ledger_id")
	typeColumn    = schema.Bills.ColumnIndex("settle_type")
	subTypeColumn = schema.Bills.ColumnIndex("settle_sub_type")
)

// sortKey is a prefix of a row's key, which decides most comparisons.
type sortKey struct {
	account      int32 // its place among the accounts of the batch
	row          int32
	ledger, rest uint64 // the first 8 bytes of the id, and the next
}

// sortedRows returns the rows of a batch in the order of their bills. Rows of one bill stay in
// their order.
func sortedRows(bills *schema.Batch) []int32 {
	keys := make([]sortKey, bills.Rows)
	accounts, ledgers := &bills.Columns[accountColumn], &bills.Columns[ledgerColumn]
	ranks := ranksOf(accounts)
	for i := range keys {
		k := &keys[i]
		k.account, k.row = ranks[accounts.Codes[i]], int32(i)
		var prefix [16]byte
		copy(prefix[:], ledgers.TextAt(i))
		k.ledger, k.rest = binary.BigEndian.Uint64(prefix[:8]), binary.BigEndian.Uint64(prefix[8:])
	}
	slices.SortFunc(keys, func(a, b sortKey) int {
		switch {
		case a.account != b.account:
			return cmp.Compare(a.account, b.account)
		case a.ledger != b.ledger:
			return cmp.Compare(a.ledger, b.ledger)
		case a.rest != b.rest:
			return cmp.Compare(a.rest, b.rest)
		}
		return cmp.Or(compareBills(bills, int(a.row), bills, int(b.row)), cmp.Compare(a.row, b.row))
	})
	rows := make([]int32, len(keys))
	for i := range keys {
		rows[i] = keys[i].row
	}
	return rows
}

// ranksOf returns the place of each text of a dictionary among them, in order.
func ranksOf(v *schema.Vector) []int32 {
	codes := make([]int32, len(v.Offsets)-1)
	for i := range codes {
		codes[i] = int32(i)
	}
	text := func(code int32) []byte { return v.Text[v.Offsets[code]:v.Offsets[code+1]] }
	slices.SortFunc(codes, func(a, b int32) int { return bytes.Compare(text(a), text(b)) })
	ranks := make([]int32, len(codes))
	for rank, code := range codes {
		ranks[code] = int32(rank)
	}
	return ranks
}

// compareBills compares the keys of two rows, as schema.BillKey does.
func compareBills(a *schema.Batch, i int, b *schema.Batch, j int) int {
	text := func(column int) int {
		return bytes.Compare(a.Columns[column].TextAt(i), b.Columns[column].TextAt(j))
	}
	number := func(column int) int {
		v, w := &a.Columns[column], &b.Columns[column]
		if v.IsNull(i) != w.IsNull(j) {
			if v.IsNull(i) {
				return -1
			}
			return +1
		}
		return cmp.Compare(v.Int32s[i], w.Int32s[j])
	}
	return cmp.Or(text(accountColumn), text(ledgerColumn), number(typeColumn), number(subTypeColumn))
}

// appendKey appends the key of a row: different bytes for different keys.
func appendKey(to []byte, bills *schema.Batch, i int) []byte {
	for _, column := range [...]int{accountColumn, ledgerColumn} {
		text := bills.Columns[column].TextAt(i)
		to = append(binary.AppendUvarint(to, uint64(len(text))), text...)
	}
	to = binary.LittleEndian.AppendUint32(to, uint32(bills.Columns[typeColumn].Int32s[i]))
	if sub := &bills.Columns[subTypeColumn]; !sub.IsNull(i) {
		to = binary.LittleEndian.AppendUint32(to, uint32(sub.Int32s[i]))
	}
	return to
}

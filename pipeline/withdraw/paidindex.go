package withdraw

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"

	"billwalk/schema"
)

// paidIndex has the withdrawals that pay a bill: 20 bytes for each bill that one of them lists,
// as a backfill of months has millions of them.
type paidIndex struct {
	bills  []paidBill
	sorted int      // so many of bills are sorted by bill, and are found
	ids    []string // of withdrawals
}

// paidBill is a bill in the list of the withdrawal whose id is ids[by].
type paidBill struct {
	bill billHash
	by   uint32
}

// billHash stands for the key of a bill as withdrawn_bills has it.
type billHash [16]byte

func hashOf(w *schema.WithdrawnBill) billHash {
	text := append([]byte(w.LedgerID), 0)
	for _, n := range []schema.Null[int32]{w.SettleType, w.SettleSubType} {
		if n.Valid {
			text = binary.BigEndian.AppendUint32(append(text, 1), uint32(n.V))
		}
		text = append(text, 0)
	}
	sum := sha256.Sum256(text)
	return billHash(sum[:16])
}

// add adds a bill that a withdrawal lists. Bills of the same withdrawal follow each other. It is
// not found before the next call of sort.
func (x *paidIndex) add(bill billHash, id string) {
	if last := len(x.ids) - 1; last < 0 || x.ids[last] != id {
		x.ids = append(x.ids, strings.Clone(id))
	}
	x.bills = append(x.bills, paidBill{bill, uint32(len(x.ids) - 1)})
}

func (x *paidIndex) sort() {
	slices.SortFunc(x.bills, func(a, b paidBill) int { return bytes.Compare(a.bill[:], b.bill[:]) })
	x.sorted = len(x.bills)
}

// find returns the withdrawals that list a bill.
func (x *paidIndex) find(bill billHash) []paidBill {
	bills := x.bills[:x.sorted]
	first, _ := slices.BinarySearchFunc(bills, bill, func(a paidBill, bill billHash) int { return bytes.Compare(a.bill[:], bill[:]) })
	end := first
	for end < len(bills) && bills[end].bill == bill {
		end++
	}
	return bills[first:end]
}

// others returns the ids of the other withdrawals that pay a bill, sorted.
func (x *paidIndex) others(w *schema.WithdrawnBill) (ids []string) {
	for _, paid := range x.find(hashOf(w)) {
		if id := x.ids[paid.by]; id != w.WithdrawID && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

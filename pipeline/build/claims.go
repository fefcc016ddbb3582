package build

import (
	"encoding/binary"
	"hash/maphash"

	"billwalk/schema"
)

// claims are the settlements that orders have taken: each counts for one order alone. There
// may be millions, so it keeps no pointer to any, but hashes of 128 bits.
type claims struct {
	seeds  [2]maphash.Seed
	owners map[[2]uint64]int // by settlement: the place of the order
	orders []byte            // their keys, each behind its length
	last   string            // the order that came last
	lastAt int
}

func newClaims() *claims {
	return &claims{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, owners: make(map[[2]uint64]int)}
}

// take takes a settlement for an order, unless another has it. It returns the order that
// has it.
func (c *claims) take(s schema.SettlementKey, order string) (owner string) {
	return c.takeHashed(claim{c.hash(s), order})
}

// claim is a settlement's hash, and the order that wants it.
type claim struct {
	id    [2]uint64
	order string
}

// takeHashed is take for a hash.
func (c *claims) takeHashed(one claim) (owner string) {
	id, order := one.id, one.order
	if at, taken := c.owners[id]; taken {
		return c.orderAt(at)
	}
	if len(c.orders) == 0 || order != c.last {
		c.last, c.lastAt = order, len(c.orders)
		c.orders = append(binary.AppendUvarint(c.orders, uint64(len(order))), order...)
	}
	c.owners[id] = c.lastAt
	return order
}

func (c *claims) orderAt(at int) string {
	n, m := binary.Uvarint(c.orders[at:])
	return string(c.orders[at+m:][:n])
}

func (c *claims) hash(s schema.SettlementKey) (id [2]uint64) {
	for i, seed := range c.seeds {
		var h maphash.Hash
		h.SetSeed(seed)
		h.WriteString(s.SettleID)
		h.WriteByte(0)
		h.WriteString(s.ItemOrderID)
		id[i] = h.Sum64()
	}
	return id
}

package build

import (
	"encoding/binary"

	"billwalk/pipeline/hashed"
	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// claims are the settlements that orders have taken: each counts for one order alone. There
// may be millions, so it keeps no pointer to any, but fingerprints.
type claims struct {
	owners hashed.Map[int] // by settlement: the place of the order
	orders []byte          // their keys, each behind its length
	last   string          // the order that came last
	lastAt int
}

// take takes a settlement for an order, unless another has it. It returns the order that
// has it.
func (c *claims) take(s schema.SettlementKey, order string) (owner string) {
	return c.takeClaim(claim{fingerprintOf(s), order})
}

// claim is a settlement's fingerprint, and the order that wants it.
type claim struct {
	id    normalise.Fingerprint
	order string
}

// takeClaim is take for a fingerprint.
func (c *claims) takeClaim(one claim) (owner string) {
	id, order := one.id, one.order
	at, free := c.owners.Add(hashed.Key(id))
	if !free {
		return c.orderAt(*at)
	}
	if len(c.orders) == 0 || order != c.last {
		c.last, c.lastAt = order, len(c.orders)
		c.orders = append(binary.AppendUvarint(c.orders, uint64(len(order))), order...)
	}
	*at = c.lastAt
	return order
}

func (c *claims) orderAt(at int) string {
	n, m := binary.Uvarint(c.orders[at:])
	return string(c.orders[at+m:][:n])
}

func fingerprintOf(s schema.SettlementKey) normalise.Fingerprint {
	var memory [128]byte
	return normalise.FingerprintOf(append(append(append(memory[:0], s.SettleID...), 0), s.ItemOrderID...))
}

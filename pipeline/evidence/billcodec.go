package evidence

import (
	"encoding/binary"

	"billwalk/pipeline/reconcile"
	"billwalk/pipeline/spill"
	"billwalk/schema"
)

// billCodec encodes the bills of a day as records that are sorted by order. A record has
// two bytes of flags, the codes of its accounts, the numbers, and then the ids.
type billCodec struct {
	day      schema.Day
	accounts []string          // by code
	codes    map[string]uint64 // of accounts

	certificates, verifications bool // these ids are kept

	sortKey, record []byte // that were encoded last
	key             string // of the record decoded last
}

// The flags of a record say which of its parts there are.
const (
	hasShop = 1 << iota // the key is the shop_order_id
	hasExt              // the key is "ext:" and the order_ext_id, or the id is a part
	hasItem
	hasCertificate
	hasVerify
	hasSubType
)

// encode returns a bill's key and record. They are good until the next. The key is the
// order; bills without one stay together by account.
func (c *billCodec) encode(p *billParts) (key, record []byte) {
	certificate, verify := p.certificate, p.verify
	if !c.certificates {
		certificate = nil
	}
	if !c.verifications {
		verify = nil
	}
	flags, legs := byte(0), byte(0)
	for i, text := range [...][]byte{p.shop, p.ext, p.item, certificate, verify} {
		if len(text) > 0 {
			flags |= 1 << i
		}
	}
	switch {
	case flags&hasShop != 0:
		c.sortKey = append(c.sortKey[:0], p.shop...)
	case flags&hasExt != 0:
		c.sortKey = append(append(c.sortKey[:0], schema.ExtPrefix...), p.ext...)
	default:
		c.sortKey = append(append(c.sortKey[:0], "bill:"...), p.account...)
	}
	to := append(c.record[:0], flags, 0)
	to = binary.AppendUvarint(to, c.code(p.account))
	to = binary.AppendUvarint(to, c.code(p.walkAccount))
	to = binary.AppendVarint(to, int64(p.settleType))
	if p.subType.Valid {
		to[0] |= hasSubType
		to = binary.AppendVarint(to, int64(p.subType.V))
	}
	for leg, v := range p.legs {
		if v.Valid {
			legs |= 1 << leg
			to = binary.AppendVarint(to, int64(v.V))
		}
	}
	to[1] = legs
	to = appendText(to, p.ledger)
	if flags&(hasShop|hasExt) == hasShop|hasExt {
		to = appendText(to, p.ext)
	}
	for _, id := range [...][]byte{p.item, certificate, verify} {
		if len(id) > 0 {
			to = appendText(to, id)
		}
	}
	c.record = to
	return c.sortKey, to
}

// decode returns the bill of a record.
func (c *billCodec) decode(record spill.Sorted) reconcile.Bill {
	if string(record.Key) != c.key {
		c.key = string(record.Key)
	}
	in := recordReader{rest: string(record.Value)}
	flags, legs := in.byte(), in.byte()
	b := reconcile.Bill{Day: c.day}
	b.AccountID, b.Account = c.accounts[in.uvarint()], schema.AccountID(c.accounts[in.uvarint()])
	b.SettleType = int32(in.varint())
	if flags&hasSubType != 0 {
		b.SettleSubType = schema.Some(int32(in.varint()))
	}
	for leg := range b.Legs {
		if legs&(1<<leg) != 0 {
			b.Legs[leg] = schema.Some(schema.Fen(in.varint()))
		}
	}
	b.LedgerID = in.text()
	switch flags & (hasShop | hasExt) {
	case hasShop:
		b.ShopOrderID = c.key
	case hasExt:
		b.OrderExtID = c.key[len(schema.ExtPrefix):]
	case hasShop | hasExt:
		b.ShopOrderID, b.OrderExtID = c.key, in.text()
	}
	if flags&hasItem != 0 {
		b.ItemOrderID = in.text()
	}
	if flags&hasCertificate != 0 {
		b.CertificateID = in.text()
	}
	if flags&hasVerify != 0 {
		b.VerifyID = in.text()
	}
	return b
}

// code returns the code of an account.
func (c *billCodec) code(account []byte) uint64 {
	code, known := c.codes[string(account)]
	if !known {
		if c.codes == nil {
			c.codes = make(map[string]uint64)
		}
		name := string(account)
		code = uint64(len(c.accounts))
		c.accounts, c.codes[name] = append(c.accounts, name), code
	}
	return code
}

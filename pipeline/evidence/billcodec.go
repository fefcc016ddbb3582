package evidence

import (
	"encoding/binary"
	"iter"

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
	record   []byte
	key      string // of the record decoded last
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

const extPrefix = "ext:"

// addAll adds bills to a sorter.
func (c *billCodec) addAll(to *spill.Sorter, bills iter.Seq2[*schema.Bill, error]) error {
	var key []byte
	for row, err := range bills {
		if err != nil {
			return err
		}
		b, err := reconcile.NewBill(c.day, row)
		if err != nil {
			return err
		}
		key = append(key[:0], sortKey(&b)...)
		if err := to.Add(key, c.encode(&b)); err != nil {
			return err
		}
	}
	return nil
}

// encode returns a bill's record, without its key. It is good until the next.
func (c *billCodec) encode(b *reconcile.Bill) []byte {
	flags, legs := byte(0), byte(0)
	for i, has := range [...]bool{b.ShopOrderID != "", b.OrderExtID != "", b.ItemOrderID != "", b.CertificateID != "", b.VerifyID != "", b.SettleSubType.Valid} {
		if has {
			flags |= 1 << i
		}
	}
	to := append(c.record[:0], flags, 0)
	to = binary.AppendUvarint(to, c.code(b.AccountID))
	to = binary.AppendUvarint(to, c.code(string(b.Account)))
	to = binary.AppendVarint(to, int64(b.SettleType))
	if b.SettleSubType.Valid {
		to = binary.AppendVarint(to, int64(b.SettleSubType.V))
	}
	for leg, v := range b.Legs {
		if v.Valid {
			legs |= 1 << leg
			to = binary.AppendVarint(to, int64(v.V))
		}
	}
	to[1] = legs
	to = appendText(to, b.LedgerID)
	if flags&(hasShop|hasExt) == hasShop|hasExt {
		to = appendText(to, b.OrderExtID)
	}
	for _, id := range [...]string{b.ItemOrderID, b.CertificateID, b.VerifyID} {
		if id != "" {
			to = appendText(to, id)
		}
	}
	c.record = to
	return to
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
		b.OrderExtID = c.key[len(extPrefix):]
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
func (c *billCodec) code(account string) uint64 {
	code, known := c.codes[account]
	if !known {
		if c.codes == nil {
			c.codes = make(map[string]uint64)
		}
		code = uint64(len(c.accounts))
		c.accounts, c.codes[account] = append(c.accounts, account), code
	}
	return code
}

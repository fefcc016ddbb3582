package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"billwalk/schema"
)

// digest is the start of a SHA-256 hash.
type digest [16]byte

func digestOf(text []byte) (d digest) {
	sum := sha256.Sum256(text)
	copy(d[:], sum[:])
	return d
}

// record is the part of a walk's record that is compared with the tables. A day may have a
// million of them, so that it has no pointers for the collector to follow.
type record struct {
	key     digest // of the bill's key
	content digest
	row     digest // of the columns that are audited
	amounts int    // where they begin in the unit's packed amounts
	size    uint8  // of the packed amounts

	negatives uint8
	badText   bool
}

// add adds the record of a decoded bill.
func (u *unit) add(b *reading, content [sha256.Size]byte) {
	r := record{key: keyOf(&b.Bill), row: rowOf(&b.Bill), amounts: len(u.packed), negatives: b.negatives, badText: b.badText}
	copy(r.content[:], content[:])
	u.packed = pack(u.packed, &b.Amounts)
	r.size = uint8(len(u.packed) - r.amounts)
	u.records = append(u.records, r)
}

// amountsOf returns the amounts of one of the unit's records, signed.
func (u *unit) amountsOf(r *record) schema.Amounts {
	return unpack(u.packed[r.amounts : r.amounts+int(r.size)])
}

// appendText appends a text with its length, so that texts cannot run into each other.
func appendText(to []byte, text string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}

func appendNull(to []byte, text schema.Null[string]) []byte {
	if !text.Valid {
		return append(to, 0)
	}
	return appendText(append(to, 1), text.V)
}

func appendKey(to []byte, b *schema.Bill) []byte {
	to = appendText(appendText(to, b.AccountID), b.LedgerID)
	to = binary.AppendVarint(to, int64(b.SettleType))
	if !b.SettleSubType.Valid {
		return append(to, 0)
	}
	return binary.AppendVarint(append(to, 1), int64(b.SettleSubType.V))
}

func keyOf(b *schema.Bill) digest { return digestOf(appendKey(make([]byte, 0, 128), b)) }

// rowOf returns the digest of the audited columns of a bill: key, walk, orders, direction,
// amounts and archive_key.
func rowOf(b *schema.Bill) digest {
	text := appendKey(make([]byte, 0, 512), b)
	text = appendText(appendText(text, string(b.WalkAccountID)), b.ArchiveKey)
	for _, id := range []schema.Null[string]{b.ShopOrderID, b.ItemOrderID, b.OrderExtID} {
		text = appendNull(text, id)
	}
	text = binary.AppendVarint(text, int64(b.Direction.V))
	return digestOf(pack(text, &b.Amounts))
}

// uncounted returns the digest of the row if it does not count.
func (d digest) uncounted() digest {
	d[0] ^= 1
	return d
}

// maxPacked is the maximum size of packed amounts, which a record's size has room for.
const maxPacked = int(schema.AmountCount) * (1 + binary.MaxVarintLen64)

var _ [math.MaxUint8 - maxPacked]struct{}

// pack appends the amounts that are not NULL in few bytes.
func pack(to []byte, amounts *schema.Amounts) []byte {
	for a, v := range amounts {
		if v.Valid {
			to = binary.AppendVarint(append(to, byte(a)), int64(v.V))
		}
	}
	return to
}

func unpack(packed []byte) (amounts schema.Amounts) {
	for len(packed) > 0 {
		v, n := binary.Varint(packed[1:])
		amounts[packed[0]] = schema.Some(schema.Fen(v))
		packed = packed[1+n:]
	}
	return amounts
}

// sums are the sums of bills by amount, as in a manifest.
type sums struct {
	rows int64
	fen  [schema.AmountCount]schema.Sum
}

// add adds a row that counts. Of others only the number is counted.
func (s *sums) add(amounts *schema.Amounts) (err error) {
	s.rows++
	for a, v := range amounts {
		if !v.Valid {
			s.fen[a].Nulls++
		} else if s.fen[a].Fen, err = s.fen[a].Fen.Add(v.V); err != nil {
			return fmt.Errorf("sum of %s: %w", schema.Amount(a).Column(), err)
		}
	}
	return nil
}

// differences returns the columns in which totals differ from the sums.
func (s *sums) differences(t *schema.Totals) (place, want, got string) {
	var places, wants, gots []string
	note := func(name, want, got string) {
		if want != got {
			places, wants, gots = append(places, name), append(wants, want), append(gots, got)
		}
	}
	note("rows", fmt.Sprint(s.rows), fmt.Sprint(t.Rows))
	for a := range schema.AmountCount {
		note(a.Column(), sumText(s.fen[a]), sumText(t.Sum(a.Column())))
	}
	return strings.Join(places, ", "), strings.Join(wants, ", "), strings.Join(gots, ", ")
}

func sumText(s schema.Sum) string { return fmt.Sprintf("%d fen and %d NULL", s.Fen, s.Nulls) }

// amountsDiffering returns the amounts in which a row differs from its record.
func amountsDiffering(want, got *schema.Amounts) (place, wants, gots string) {
	var names, w, g []string
	for a := range schema.AmountCount {
		if want[a] != got[a] {
			names, w, g = append(names, a.Column()), append(w, fenText(want[a])), append(g, fenText(got[a]))
		}
	}
	return strings.Join(names, ", "), strings.Join(w, ", "), strings.Join(g, ", ")
}

func fenText(v schema.Null[schema.Fen]) string {
	if !v.Valid {
		return "NULL"
	}
	return fmt.Sprint(int64(v.V))
}

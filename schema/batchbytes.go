package schema

import (
	"encoding/binary"
	"errors"
	"math/bits"

	"github.com/apache/arrow-go/v18/arrow"
)

// AppendBytes adds the batch to local data, from which SetBytes reads it back. The form is
// that of this machine and this version: it is for files that end with the process.
func (b *Batch) AppendBytes(data []byte) []byte {
	data = binary.LittleEndian.AppendUint64(data, uint64(b.Rows))
	for i := range b.Columns {
		data = b.Columns[i].appendBytes(data)
	}
	return data
}

func (v *Vector) appendBytes(data []byte) []byte {
	data = binary.LittleEndian.AppendUint64(data, uint64(v.Rows))
	data = binary.LittleEndian.AppendUint64(data, uint64(v.Nulls))
	all, at := [...][]byte{
		v.Valid, v.Text, arrow.Int64Traits.CastToBytes(v.Int64s), arrow.Int32Traits.CastToBytes(v.Int32s),
		arrow.Int32Traits.CastToBytes(v.Offsets), arrow.Int32Traits.CastToBytes(v.Codes), arrow.Int32Traits.CastToBytes(v.Lists),
	}, len(data)
	data = append(data, make([]byte, 8)...)
	for i, part := range all { // most are empty
		if len(part) > 0 {
			data[at] |= 1 << i
			data = appendPart(data, part)
		}
	}
	for i := range v.Items {
		data = v.Items[i].appendBytes(data)
	}
	return data
}

// SetBytes replaces the batch, which is of the same table, by one that AppendBytes has added,
// and returns the data after it. The batch is to be read, and refers to the data.
func (b *Batch) SetBytes(data []byte) ([]byte, error) {
	p := parts{data: data}
	b.Rows = p.number()
	for i := range b.Columns {
		b.Columns[i].setBytes(&p)
	}
	return p.data, p.err
}

func (v *Vector) setBytes(p *parts) {
	v.Rows, v.Nulls, v.dictionary = p.number(), p.number(), dictionary{}
	var all [7][]byte
	for present := p.number(); present != 0; present &= present - 1 {
		if i := bits.TrailingZeros(uint(present)); i < len(all) {
			all[i] = p.next()
		}
	}
	v.Valid, v.Text, v.Int64s = all[0], all[1], arrow.Int64Traits.CastFromBytes(all[2])
	v.Int32s, v.Offsets, v.Codes = arrow.Int32Traits.CastFromBytes(all[3]), arrow.Int32Traits.CastFromBytes(all[4]), arrow.Int32Traits.CastFromBytes(all[5])
	if lists := arrow.Int32Traits.CastFromBytes(all[6]); len(lists) > 0 {
		v.Lists = lists
	}
	for i := range v.Items {
		v.Items[i].setBytes(p)
	}
}

// appendPart adds bytes and their number, padded so that the next part is aligned.
func appendPart(data, part []byte) []byte {
	data = binary.LittleEndian.AppendUint64(data, uint64(len(part)))
	data = append(data, part...)
	return append(data, make([]byte, -len(part)&7)...)
}

// parts reads what appendPart has added.
type parts struct {
	data []byte
	err  error
}

func (p *parts) number() int {
	if len(p.data) < 8 {
		p.data, p.err = nil, errors.New("a batch ends early")
		return 0
	}
	n := binary.LittleEndian.Uint64(p.data)
	p.data = p.data[8:]
	return int(n)
}

func (p *parts) next() []byte {
	n := p.number()
	if n > len(p.data) {
		p.data, p.err = nil, errors.New("a batch ends early")
		return nil
	}
	part := p.data[:n:n]
	p.data = p.data[n+(-n&7):]
	return part
}

package evidence

import "encoding/binary"

// recordReader reads the parts of a record in turn. The record is one that this process
// has written: it is whole.
type recordReader struct{ rest string }

func (r *recordReader) byte() byte {
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *recordReader) uvarint() (v uint64) {
	for shift := 0; ; shift += 7 {
		b := r.byte()
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
}

func (r *recordReader) varint() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// text returns a part of the record.
func (r *recordReader) text() string {
	n := r.uvarint()
	text := r.rest[:n]
	r.rest = r.rest[n:]
	return text
}

// appendText adds a text that recordReader reads.
func appendText[T string | []byte](to []byte, text T) []byte {
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}

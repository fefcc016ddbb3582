package schema

// Vector holds the values of one column. A text of a column with many equal values is
// kept once, in a dictionary, and a row has its code.
type Vector struct {
	Rows    int
	Nulls   int     // rows without a value
	Valid   []byte  // one bit a row, the least significant first; empty while Nulls is 0
	Int64s  []int64 // BIGINT, and TIMESTAMPTZ in microseconds; 0 where NULL
	Int32s  []int32 // INTEGER, and BOOLEAN as 0 or 1; 0 where NULL
	Text    []byte  // all texts, one after the other
	Offsets []int32 // text i is Text[Offsets[i]:Offsets[i+1]]; empty where NULL
	Codes   []int32 // row i has text Codes[i], with a dictionary only; 0 where NULL

	Lists []int32  // of a list: row i has items Lists[i] to Lists[i+1]-1, none where NULL
	Items []Vector // of a list: the fields of all items, one vector for each field

	kind       vectorKind
	dictionary dictionary
}

type vectorKind uint8

const (
	int64Vector vectorKind = iota
	int32Vector
	textVector
	codedVector // text in a dictionary
	listVector
)

func newVector(c Column) Vector {
	v := Vector{}
	switch c.Type {
	case Int64, Timestamp:
		v.kind = int64Vector
	case Int32, Bool:
		v.kind = int32Vector
	case Text:
		v.kind, v.Offsets = textVector, []int32{0}
		if c.Layout == Repeating {
			v.kind = codedVector
		}
	case Texts:
		v.kind, v.Lists, v.Items = listVector, []int32{0}, []Vector{newVector(Column{Type: Text, Layout: c.Layout})}
	case ShareList:
		v.kind, v.Lists = listVector, []int32{0}
		v.Items = []Vector{newVector(Column{Type: Text, Layout: c.Layout}), newVector(Column{Type: Int64})}
	default:
		panic("schema: no vector has values of type " + string(c.Type))
	}
	return v
}

// Coded reports whether texts are in a dictionary.
func (v *Vector) Coded() bool { return v.kind == codedVector }

// IsNull reports whether row i has no value.
func (v *Vector) IsNull(i int) bool { return v.Nulls > 0 && v.Valid[i>>3]&(1<<(i&7)) == 0 }

// TextAt returns the text of row i, empty where it is NULL. It is part of the vector.
func (v *Vector) TextAt(i int) []byte {
	if v.kind == codedVector {
		if v.IsNull(i) {
			return nil
		}
		i = int(v.Codes[i])
	}
	return v.Text[v.Offsets[i]:v.Offsets[i+1]]
}

// AppendInt64 adds a value of a BIGINT or TIMESTAMPTZ column.
func (v *Vector) AppendInt64(value int64) {
	v.Int64s = append(v.Int64s, value)
	v.present()
}

// AppendInt32 adds a value of an INTEGER column.
func (v *Vector) AppendInt32(value int32) {
	v.Int32s = append(v.Int32s, value)
	v.present()
}

// AppendText adds a value of a VARCHAR column.
func (v *Vector) AppendText(value []byte) {
	if v.kind == codedVector {
		v.Codes = append(v.Codes, v.code(value))
	} else {
		v.store(value)
	}
	v.present()
}

// AppendString is AppendText of a string, of which it makes no copy to store it.
func (v *Vector) AppendString(value string) {
	if v.kind == codedVector {
		v.Codes = append(v.Codes, v.code([]byte(value)))
	} else {
		v.Text = append(v.Text, value...)
		v.Offsets = append(v.Offsets, int32(len(v.Text)))
	}
	v.present()
}

// AppendNull adds a row without a value.
func (v *Vector) AppendNull() {
	switch v.kind {
	case int64Vector:
		v.Int64s = append(v.Int64s, 0)
	case int32Vector:
		v.Int32s = append(v.Int32s, 0)
	case textVector:
		v.Offsets = append(v.Offsets, int32(len(v.Text)))
	case codedVector:
		v.Codes = append(v.Codes, 0)
	case listVector:
		v.Lists = append(v.Lists, v.Lists[v.Rows])
	}
	v.absent()
}

func (v *Vector) store(value []byte) {
	v.Text = append(v.Text, value...)
	v.Offsets = append(v.Offsets, int32(len(v.Text)))
}

// code returns the code of a text in the dictionary, which it is added to.
func (v *Vector) code(text []byte) int32 {
	if n := len(v.Codes); n > 0 && len(v.Offsets) > 1 { // mostly it is that of the row before
		if last := v.Codes[n-1]; string(v.entry(last)) == string(text) {
			return last
		}
	}
	return v.codeOf(text, hashText(text))
}

// codeOf is code for a text whose hash is known.
func (v *Vector) codeOf(text []byte, hash uint32) int32 {
	code, known := v.dictionary.code(text, hash, v.Text, v.Offsets)
	if !known {
		v.store(text)
	}
	return code
}

// entry returns a text of the dictionary.
func (v *Vector) entry(code int32) []byte { return v.Text[v.Offsets[code]:v.Offsets[code+1]] }

// entryHash returns the hash of a text of the dictionary, which a vector that was read from
// bytes does not keep.
func (v *Vector) entryHash(code int32) uint32 {
	if d := &v.dictionary; int(code) < len(d.hashes) {
		return d.hashes[code]
	}
	return hashText(v.entry(code))
}

// Reset removes the values and keeps the memory.
func (v *Vector) Reset() {
	v.Rows, v.Nulls = 0, 0
	v.Valid, v.Int64s, v.Int32s, v.Text, v.Codes = v.Valid[:0], v.Int64s[:0], v.Int32s[:0], v.Text[:0], v.Codes[:0]
	if v.Offsets != nil {
		v.Offsets = v.Offsets[:1]
	}
	if v.Lists != nil {
		v.Lists = v.Lists[:1]
	}
	for i := range v.Items {
		v.Items[i].Reset()
	}
	v.dictionary.reset()
}

package schema

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestTextCodes: equal texts have one code, others have others, in the order in which they
// came; however many there are, and whatever the memory held before.
func TestTextCodes(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(7, 8))
	column := []Column{{Name: "d", Type: Text}}
	b := NewBatch(column)
	for _, distinct := range []int{1, 3, 50_000, 40} {
		b.Reset()
		v, codes, want := &b.Columns[0], make(map[string]int32), []string(nil)
		for range 2 * distinct {
			text := fmt.Sprint(dice.IntN(distinct))
			if _, known := codes[text]; !known {
				codes[text] = int32(len(codes))
			}
			v.AppendText([]byte(text))
			want = append(want, text)
		}
		copied := NewBatch(column) // by the hashes that are known
		copied.Append(b)
		read := NewBatch(column) // which has no hashes
		if _, err := read.SetBytes(b.AppendBytes(nil)); err != nil {
			t.Fatal(err)
		}
		copied.Append(read)
		for i, text := range want {
			if got := v.Codes[i]; string(v.TextAt(i)) != text || got != codes[text] {
				t.Fatalf("%d distinct texts: row %d has code %d and %q, want %d and %q", distinct, i, got, v.TextAt(i), codes[text], text)
			}
			for _, row := range []int{i, len(want) + i} {
				if got := copied.Columns[0].Codes[row]; got != codes[text] {
					t.Fatalf("%d distinct texts: row %d of a copy has code %d, want %d", distinct, row, got, codes[text])
				}
			}
		}
		if got := len(v.Offsets) - 1; got != len(codes) {
			t.Errorf("%d texts in the dictionary, want %d", got, len(codes))
		}
	}
}

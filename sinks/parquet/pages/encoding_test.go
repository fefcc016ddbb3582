package pages

import (
	"encoding/binary"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
)

// bitReader reads numbers of some bits, the least significant bits first.
type bitReader struct {
	data []byte
	at   int
}

func (r *bitReader) read(width int) (v uint64) {
	for i := range width {
		v |= uint64(r.data[r.at>>3]>>(r.at&7)&1) << i
		r.at++
	}
	return v
}

// decodeHybrid reads n numbers in the RLE/bit-packing hybrid, as the format describes it.
func decodeHybrid(t *testing.T, data []byte, width, n int) (got []int32) {
	t.Helper()
	for len(got) < n {
		header, size := binary.Uvarint(data)
		data = data[size:]
		if header&1 == 0 {
			r := bitReader{data: data}
			v := int32(r.read((width + 7) / 8 * 8))
			got = append(got, slices.Repeat([]int32{v}, int(header>>1))...)
			data = data[(width+7)/8:]
			continue
		}
		r := bitReader{data: data}
		for range header >> 1 * 8 {
			got = append(got, int32(r.read(width)))
		}
		data = data[int(header>>1)*width:]
	}
	if len(data) > 0 {
		t.Fatalf("%d bytes after the numbers", len(data))
	}
	for _, filler := range got[n:] {
		if filler != 0 {
			t.Fatal("a group is not filled up with zeros")
		}
	}
	return got[:n]
}

func TestHybrid(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		width := 1 + dice.IntN(31)
		var want []int32
		for range dice.IntN(20) {
			v := int32(dice.Uint32() >> (32 - width))
			for range 1 + dice.IntN(1+dice.IntN(30)) {
				want = append(want, v)
			}
		}
		if got := decodeHybrid(t, appendHybrid(nil, want, width), width, len(want)); !slices.Equal(got, want) {
			t.Fatalf("width %d: got %v, want %v", width, got, want)
		}
	}
}

// TestValidity: levels of rows whose bits begin anywhere.
func TestValidity(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(1, 3))
	for range 3000 {
		valid := make([]byte, 1+dice.IntN(20))
		for i := range valid {
			valid[i] = byte(dice.Uint32()) | byte(-dice.IntN(2))
		}
		from := dice.IntN(8 * len(valid))
		n := 1 + dice.IntN(8*len(valid)-from)
		want, nulls := make([]int32, n), 0
		for i := range want {
			want[i] = int32(valid[(from+i)>>3] >> ((from + i) & 7) & 1)
			nulls += 1 - int(want[i])
		}
		data := appendValidity(nil, valid, from, n, nulls)
		if size := binary.LittleEndian.Uint32(data); int(size) != len(data)-4 {
			t.Fatalf("its size is given as %d, want %d", size, len(data)-4)
		}
		if got := decodeHybrid(t, data[4:], 1, n); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

// decodeDeltas reads numbers in DELTA_BINARY_PACKED, as the format describes it.
func decodeDeltas(t *testing.T, data []byte) (got []int64) {
	t.Helper()
	unsigned := func() int {
		v, size := binary.Uvarint(data)
		data = data[size:]
		return int(v)
	}
	signed := func() int64 {
		v, size := binary.Varint(data)
		data = data[size:]
		return v
	}
	if block, minis := unsigned(), unsigned(); block != 128 || minis != 4 {
		t.Fatalf("blocks of %d values and %d miniblocks", block, minis)
	}
	n := unsigned()
	value := signed()
	if n > 0 {
		got = append(got, value)
	}
	for len(got) < n {
		least := signed()
		widths := data[:4]
		data = data[4:]
		for _, width := range widths {
			if len(got) == n {
				break
			}
			r := bitReader{data: data}
			for range 32 {
				delta := r.read(int(width))
				if len(got) < n {
					value += least + int64(delta)
					got = append(got, value)
				}
			}
			data = data[4*int(width):]
		}
	}
	if len(data) > 0 {
		t.Fatalf("%d bytes after the numbers", len(data))
	}
	return got
}

func TestDeltas(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(1, 4))
	for round := range 3000 {
		want := make([]int64, dice.IntN(400))
		width := round % 65
		for i := range want {
			want[i] = int64(dice.Uint64() >> (64 - width))
			if dice.IntN(100) == 0 {
				want[i] = []int64{math.MinInt64, math.MaxInt64, 0, -1}[dice.IntN(4)]
			}
		}
		if round%5 == 0 {
			slices.Sort(want)
		}
		if got := decodeDeltas(t, appendDeltas(nil, want)); !slices.Equal(got, want) {
			t.Fatalf("%d bits: got %v, want %v", width, got, want)
		}
	}
}

// TestNumberTable: codes are in the order of the numbers, and stop at the limit.
func TestNumberTable(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(1, 5))
	var table numberTable
	for range 300 {
		values := make([]int64, dice.IntN(5000))
		for i := range values {
			values[i] = dice.Int64N(1<<dice.IntN(14)) << (i % 3 * 20)
		}
		most := dice.IntN(3000)
		seen := make(map[int64]int32)
		var want []int32
		for _, v := range values {
			if _, ok := seen[v]; !ok {
				if len(seen) == most {
					break
				}
				seen[v] = int32(len(seen))
			}
			want = append(want, seen[v])
		}
		got := table.codes(nil, values, most)
		if !slices.Equal(got, want) {
			t.Fatalf("%d values, at most %d different ones: codes differ", len(values), most)
		}
		for i, code := range got {
			if table.values[code] != values[i] {
				t.Fatalf("code %d is %d, want %d", code, table.values[code], values[i])
			}
		}
	}
}

func TestSharedBytes(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(1, 6))
	for range 3000 {
		a := make([]byte, dice.IntN(30))
		for i := range a {
			a[i] = 'a'
		}
		b := slices.Clone(a)
		if len(b) > 0 {
			b = append(b[:dice.IntN(len(b))], "bcd"[:dice.IntN(4)]...)
		}
		want := 0
		for want < min(len(a), len(b)) && a[want] == b[want] {
			want++
		}
		if got := sharedBytes(a, b); got != want {
			t.Fatalf("%q and %q share %d, want %d", a, b, got, want)
		}
	}
}

func TestIndexWidth(t *testing.T) {
	t.Parallel()
	for entries := range 5000 {
		width := indexWidth(entries)
		if want := max(1, bits.Len(uint(max(entries-1, 0)))); width != want {
			t.Fatalf("%d entries: %d bits, want %d", entries, width, want)
		}
		if whole := wholeBytes(width); whole < width || width > 4 && whole%8 != 0 {
			t.Fatalf("%d bits become %d", width, whole)
		}
	}
}

package gunzip

import "math/bits"

const (
	maxCodeBits = 15
	quickBits   = 10 // codes of so many bits are found at once; longer ones are rare
	maxSymbols  = 288
)

// meaning is what a symbol stands for, with the bits of its code in the low byte. 0 is none.
// A literal is in the second byte; one in the third may follow it, whose code comes at once.
// A length or a distance has its extra bits in the second byte, and its base above.
type meaning uint32

const (
	literal meaning = 1 << 31
	pair    meaning = 1 << 24 // of literals
	extra   meaning = 1 << 8
	base    meaning = 1 << 16
)

func (m meaning) codeBits() uint   { return uint(m & 63) }
func (m meaning) extraBits() uint  { return uint(m >> 8 & 15) }
func (m meaning) base() int        { return int(m >> 16) }
func (m meaning) literals() uint16 { return uint16(m >> 8) }
func (m meaning) count() int       { return 1 + int(m>>24&1) }

// code is a Huffman code.
type code struct {
	quick    [1 << quickBits]meaning // by the next bits of the data; 0 for codes of more
	counts   [maxCodeBits + 1]int    // of codes, by their bits
	symbols  [maxSymbols]uint16      // in the order of their codes
	meanings []meaning               // by symbol
}

// set makes it the code whose symbols have codes of so many bits, 0 for none. It reports
// whether that is a code by which any bits can be read.
func (c *code) set(sizes []uint8, meanings []meaning) bool {
	c.meanings, c.counts = meanings, [maxCodeBits + 1]int{}
	for _, n := range sizes {
		c.counts[n]++
	}
	c.counts[0] = 0
	var next, place [maxCodeBits + 1]int // by bits: the next code, and its place in symbols
	for n := 1; n <= maxCodeBits; n++ {
		next[n] = (next[n-1] + c.counts[n-1]) << 1
		place[n] = place[n-1] + c.counts[n-1]
	}
	if next[maxCodeBits]+c.counts[maxCodeBits] != 1<<maxCodeBits {
		return false
	}
	clear(c.quick[:])
	for symbol, n := range sizes {
		if n == 0 {
			continue
		}
		c.symbols[place[n]] = uint16(symbol)
		if n <= quickBits {
			m := meanings[symbol] | meaning(n)
			for i := int(bits.Reverse16(uint16(next[n])) >> (16 - n)); i < len(c.quick); i += 1 << n {
				c.quick[i] = m
			}
		}
		next[n]++
		place[n]++
	}
	return true
}

// joinLiterals lets literals be found two at a time, where their codes are short enough.
func (c *code) joinLiterals() {
	for i := len(c.quick) - 1; i >= 0; i-- {
		first := c.quick[i]
		if first&literal == 0 {
			continue
		}
		second := c.quick[i>>first.codeBits()]
		if second&(literal|pair) == literal && first.codeBits()+second.codeBits() <= quickBits {
			c.quick[i] = first + pair + second&0xff00<<8 + second&0xff
		}
	}
}

// long returns the meaning of a code of more than quickBits at the start of the bits. The
// first bit of a code is its highest.
func (c *code) long(next uint64) meaning {
	value, first, place := 0, 0, 0
	for n := 1; n <= maxCodeBits; n++ {
		value |= int(next & 1)
		if at := value - first; at < c.counts[n] {
			return c.meanings[c.symbols[place+at]] | meaning(n)
		}
		place += c.counts[n]
		first = (first + c.counts[n]) << 1
		value, next = value<<1, next>>1
	}
	return 0
}

// The meanings of symbols, by RFC 1951. Those that must not occur have no base and an extra
// bit; the end of a block has neither.
var (
	lengthMeanings = func() (all [maxSymbols]meaning) {
		for symbol := range 256 {
			all[symbol] = literal | meaning(symbol)<<8
		}
		addRanges(all[257:285], 3, 4)
		all[285] = 258 * base
		all[286], all[287] = extra, extra
		return all
	}()
	distanceMeanings = func() (all [32]meaning) {
		addRanges(all[:30], 1, 2)
		all[30], all[31] = extra, extra
		return all
	}()
	sizeMeanings = func() (all [19]meaning) {
		for symbol := range all {
			all[symbol] = meaning(symbol) * base
		}
		return all
	}()
)

// addRanges adds ranges of values that follow one another from a first one. So many ranges
// have one extra bit less than the next so many; the first two such groups have none.
func addRanges(all []meaning, first, alike int) {
	for i := range all {
		n := max(i/alike-1, 0)
		all[i] = meaning(first)*base | meaning(n)*extra
		first += 1 << n
	}
}

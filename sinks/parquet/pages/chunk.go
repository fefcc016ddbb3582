// Package pages encodes the columns of a row group as the pages of a Parquet file. It takes
// the values as they lie in a schema.Vector, and knows neither files nor what the values
// mean.
//
// Equal values give equal pages, however the rows before came into the vector: dictionaries
// are in the order in which their entries first occur.
package pages

import "slices"

// Encoding is how the values of a chunk's pages are encoded.
type Encoding int

// The encodings, by Parquet's names.
const (
	Plain Encoding = iota
	Dictionary
	DeltaBinaryPacked
	DeltaLengthByteArray
	DeltaByteArray
)

// Chunk is one leaf column of a row group, encoded: a list has one for each of its items'
// fields.
type Chunk struct {
	Encoding Encoding
	Entries  int    // of the dictionary
	Values   []byte // of the dictionary: its entries, PLAIN and not compressed
	Pages    []Page
	data     []byte // of all pages
}

// Page is one data page.
type Page struct {
	FirstRow int // in the row group
	Levels   int // values, NULLs and empty lists
	Size     int // before compression
	Stats    Stats

	start, end int
}

// Stats describe the values of a page or a chunk. The bounds are PLAIN, without the length
// of a text, and nil if there is no value.
type Stats struct {
	Nulls    int // with empty lists
	Min, Max []byte
}

// Data returns the page's levels and values, compressed.
func (c *Chunk) Data(p Page) []byte { return c.data[p.start:p.end] }

func (c *Chunk) reset(e Encoding) {
	c.Encoding, c.Entries = e, 0
	c.Values, c.Pages, c.data = c.Values[:0], c.Pages[:0], c.data[:0]
}

// Compressor compresses pages.
type Compressor interface {
	// CompressBound returns the maximum size of n bytes, compressed.
	CompressBound(n int64) int64
	// EncodeLevel returns src, compressed, in dst if that has the capacity.
	EncodeLevel(dst, src []byte, level int) []byte
}

// add adds a page with its data, compressed.
func (c *Chunk) add(p Page, data []byte) {
	p.start, p.end = len(c.data), len(c.data)+len(data)
	c.data = append(slices.Grow(c.data, len(data)), data...)
	c.Pages = append(c.Pages, p)
}

// Stats returns the statistics of the whole chunk, and the number of its levels. The bounds
// are ordered by less.
func (c *Chunk) Stats(less func(a, b []byte) bool) (all Stats, levels int) {
	for _, p := range c.Pages {
		levels += p.Levels
		all.Nulls += p.Stats.Nulls
		if p.Stats.Min == nil {
			continue
		}
		if all.Min == nil || less(p.Stats.Min, all.Min) {
			all.Min = p.Stats.Min
		}
		if all.Max == nil || less(all.Max, p.Stats.Max) {
			all.Max = p.Stats.Max
		}
	}
	return all, levels
}

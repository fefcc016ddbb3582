package spill

import (
	"io"
	"sync"
)

const (
	blockSize = 8 << 10 // bytes that are read at a time
	maxBlocks = 1 << 10 // that are kept
)

// blocks keeps the parts of a file that were read last. Records of one account are mostly
// read in the order in which they were written, so that one read serves many of them.
// Safe for concurrent use.
type blocks struct {
	mu     sync.Mutex
	places map[int64]int // in kept, by number
	kept   []block
	next   int // to be given up
}

type block struct {
	number int64
	data   []byte
}

// text returns a part of the file, of blocks that do not change any more.
func (b *blocks) text(file io.ReaderAt, offset int64, length int) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	text, err := b.part(file, offset, length)
	for err == nil && len(text) < length {
		var more string
		more, err = b.part(file, offset+int64(len(text)), length-len(text))
		text += more
	}
	return text, err
}

// part returns what one block has of a part of the file.
func (b *blocks) part(file io.ReaderAt, offset int64, length int) (string, error) {
	number := offset / blockSize
	at, known := b.places[number]
	if !known {
		at = b.free()
		one := &b.kept[at]
		if _, err := file.ReadAt(one.data, number*blockSize); err != nil {
			return "", err
		}
		one.number, b.places[number] = number, at
	}
	from := int(offset % blockSize)
	return string(b.kept[at].data[from:min(from+length, blockSize)]), nil
}

// free returns the place of a block that holds nothing.
func (b *blocks) free() int {
	if len(b.kept) < maxBlocks {
		if b.places == nil {
			b.places = make(map[int64]int)
		}
		b.kept = append(b.kept, block{-1, make([]byte, blockSize)})
		return len(b.kept) - 1
	}
	at := b.next
	b.next = (at + 1) % maxBlocks
	delete(b.places, b.kept[at].number)
	b.kept[at].number = -1
	return at
}

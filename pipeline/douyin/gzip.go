package douyin

import (
	"bytes"
	"encoding/binary"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// unzippers are used again, as each has much memory.
var unzippers = sync.Pool{New: func() any { return new(gzip.Reader) }}

// maxPackRatio is that of DEFLATE: a match of 258 bytes takes two bits at least.
const maxPackRatio = 1032

// unzip returns what is packed in gzip, of which it reads no more than limit bytes. With an
// error it returns what it has read.
func unzip(packed []byte, limit int) ([]byte, error) {
	r := unzippers.Get().(*gzip.Reader)
	defer unzippers.Put(r)
	if err := r.Reset(bytes.NewReader(packed)); err != nil {
		return nil, err
	}
	size := int(binary.LittleEndian.Uint32(packed[len(packed)-4:])) // of the last member, the only one as a rule
	var to bytes.Buffer
	to.Grow(min(size, limit, maxPackRatio*len(packed)) + bytes.MinRead) // Buffer grows when less is free
	_, err := to.ReadFrom(io.LimitReader(r, int64(limit)))
	return to.Bytes(), err
}

// Package gunzip unpacks answers in gzip that are in memory as a whole. That takes less
// than half the time of a gzip.Reader, which must keep a window of what it has passed on.
package gunzip

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"hash/crc32"
	"io"
	"sync"
)

// Unpack returns what is packed, of which it reads no more than limit bytes. Its errors are
// those of a gzip.Reader, which reads whatever is not one sound member of the plain form.
// It may write to the memory between the length and the capacity of packed.
func Unpack(packed []byte, limit int) ([]byte, error) {
	if data, ok := unpackMember(packed, limit); ok {
		return data, nil
	}
	return readStream(packed, limit)
}

const (
	headerSize  = 10 // without name, comment and extra field
	trailerSize = 8
	maxRatio    = 1032 // of DEFLATE: a match of 258 bytes takes two bits at least
)

var plainHeader = []byte{0x1f, 0x8b, 8, 0}

// unpackMember unpacks a single member that has no optional fields. ok is false unless its
// data has the size and the checksum of its trailer.
func unpackMember(packed []byte, limit int) (data []byte, ok bool) {
	if len(packed) < headerSize+trailerSize || !bytes.HasPrefix(packed, plainHeader) {
		return nil, false
	}
	trailer := packed[len(packed)-trailerSize:]
	checksum, size := binary.LittleEndian.Uint32(trailer), binary.LittleEndian.Uint32(trailer[4:])
	if int64(size) > min(int64(limit), maxRatio*int64(len(packed))) {
		return nil, false
	}
	data = make([]byte, size+1)
	d := inflaters.Get().(*inflater)
	defer inflaters.Put(d)
	if !d.inflate(data, packed[headerSize:]) || crc32.ChecksumIEEE(data[:size]) != checksum {
		return nil, false
	}
	return data[:size], true
}

var inflaters = sync.Pool{New: func() any { return new(inflater) }}

var readers = sync.Pool{New: func() any { return new(gzip.Reader) }}

func readStream(packed []byte, limit int) ([]byte, error) {
	r := readers.Get().(*gzip.Reader)
	defer readers.Put(r)
	if err := r.Reset(bytes.NewReader(packed)); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, int64(limit)))
}

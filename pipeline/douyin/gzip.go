package douyin

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// acceptGzip returns the request with its only change: it accepts gzip. net/http does so by
// itself, but its decompressor takes twice as long.
func acceptGzip(r *http.Request) *http.Request {
	own := r.WithContext(r.Context())
	own.Header = r.Header.Clone()
	own.Header.Set("Accept-Encoding", "gzip")
	return own
}

// unzip makes the body of an answer in gzip one that is unpacked while it is read, and no
// further. Any other body stays as it is.
func unzip(res *http.Response) {
	if res.ContentLength == 0 || !strings.EqualFold(res.Header.Get("Content-Encoding"), "gzip") {
		return
	}
	res.Body = &gzipBody{ReadCloser: res.Body}
	res.Header.Del("Content-Encoding")
	res.Header.Del("Content-Length")
	res.ContentLength, res.Uncompressed = -1, true
}

// gzipBody is a body in gzip.
type gzipBody struct {
	io.ReadCloser
	from *unzipper // nil before the first byte and after the last
	err  error     // of the last byte, or io.EOF
}

// unzipper is used again, as it has much memory.
type unzipper struct {
	packed *bufio.Reader
	gzip.Reader
}

const packedBuffer = 16 << 10 // bytes; most answers are smaller

var unzippers = sync.Pool{New: func() any { return &unzipper{packed: bufio.NewReaderSize(nil, packedBuffer)} }}

// Read implements io.Reader.
func (z *gzipBody) Read(p []byte) (n int, err error) {
	if z.err != nil {
		return 0, z.err
	}
	if z.from == nil {
		z.from = unzippers.Get().(*unzipper)
		z.from.packed.Reset(z.ReadCloser)
		z.err = z.from.Reset(z.from.packed)
	}
	if z.err == nil {
		n, z.err = z.from.Read(p)
	}
	if z.err != nil {
		z.from.packed.Reset(nil)
		unzippers.Put(z.from)
		z.from = nil
	}
	return n, z.err
}

package archive

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/zstd"

	"billwalk/schema"
)

const (
	maxLine   = 8 << 20  // bytes; an answer has at most 4 MiB, and its cursor and ids come on top
	maxMemory = 64 << 20 // bytes, of the decompressor: a decompression bomb is an error
)

// encoder compresses answers, each into its own zstd frame, and batches of callbacks. Frames
// can be joined into one file, so that a walk buffers its answers compressed. Of answers, the
// fastest level makes no larger frames than the next one.
var encoder = func() *zstd.Encoder {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2), zstd.WithWindowSize(1<<20))
	if err != nil {
		panic(err) // the options are constant
	}
	return enc
}()

// lineBuffers are of lines, and of the frames that they become.
var lineBuffers = sync.Pool{New: func() any { return new([]byte) }}

// Encode appends the answer as one compressed JSON line, which contains the body, one JSON
// value, byte for byte. Encoded answers may be joined. With an error it appends nothing.
func (*Archive) Encode(to []byte, a schema.Answer) ([]byte, error) {
	if !fitsLine(a.Body) {
		return to, fmt.Errorf("the answer at cursor %q of account %s on %s is empty, has line breaks or white space around it", a.Cursor, a.Account, a.Day)
	}
	line, err := json.Marshal(struct {
		Account   schema.AccountID `json:"account"`
		Day       schema.Day       `json:"bill_date"`
		Walk      string           `json:"walk"`
		Page      int              `json:"page"`
		Cursor    string           `json:"cursor"`
		FetchedAt time.Time        `json:"fetched_at"`
		LogID     string           `json:"logid"`
	}{a.Account, a.Day, a.Walk, a.Page, a.Cursor, a.FetchedAt, a.LogID})
	if err != nil {
		return to, err
	}
	whole, frame := lineBuffers.Get().(*[]byte), lineBuffers.Get().(*[]byte)
	defer lineBuffers.Put(whole)
	defer lineBuffers.Put(frame)
	*whole = withBody(append((*whole)[:0], line...), a.Body)
	*frame = encoder.EncodeAll(*whole, (*frame)[:0]) // the encoder would have to grow by much more than the frame
	return append(to, *frame...), nil
}

// fitsLine reports whether a body can be a part of a line of JSON: it is not empty, and has
// no line breaks and no white space around it.
func fitsLine(body []byte) bool {
	return len(body) > 0 && bytes.IndexByte(body, '\n') < 0 && bytes.IndexByte(body, '\r') < 0 && len(bytes.TrimSpace(body)) == len(body)
}

// bodyMember begins the body, which is the last member of a line. No text of the members
// before it has these bytes, as quotes are escaped there.
const bodyMember = `,"body":`

// withBody adds the body to a JSON object by hand, because no JSON library may change its
// bytes, and ends the line.
func withBody(object, body []byte) []byte {
	line := slices.Grow(object[:len(object)-1], len(bodyMember)+len(body)+2)
	return append(append(append(line, bodyMember...), body...), "}\n"...)
}

// readLine decodes a line that contains an answer's body. Text in the body that the platform
// cut in the middle of a character is kept byte for byte.
func readLine(line []byte, into any) error {
	return json.Unmarshal(line, into, jsontext.AllowInvalidUTF8(true))
}

// unpacker decompresses a batch into lines. It is used again, as it has much memory.
type unpacker struct {
	*zstd.Decoder
	from   *bufio.Reader // which the decoder reads a few bytes at a time
	buffer []byte        // of a line
}

func newUnpacker() *unpacker {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxMemory), zstd.WithDecoderMaxWindow(8<<20))
	if err != nil {
		panic(err) // the options are constant
	}
	return &unpacker{dec, bufio.NewReaderSize(nil, 64<<10), make([]byte, 0, 256<<10)}
}

func (u *unpacker) release() {
	u.from.Reset(nil)
	_ = u.Reset(nil) // without a reader there is no error
}

// lines yields the decompressed lines of a batch, each valid until the next one.
func (a *Archive) lines(ctx context.Context, r io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		dec, ok := a.unpackers.Get().(*unpacker)
		if !ok {
			dec = newUnpacker()
		}
		defer a.unpackers.Put(dec)
		defer dec.release()
		dec.from.Reset(r)
		if err := dec.Reset(dec.from); err != nil {
			yield(nil, err)
			return
		}
		scanner := bufio.NewScanner(&unpacked{ctx, dec, 0})
		scanner.Buffer(dec.buffer, maxLine)
		for scanner.Scan() {
			if !yield(scanner.Bytes(), nil) {
				return
			}
		}
		if err := scanner.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// unpacked reads the decompressed batch, up to the size that billwalk's own batches have.
type unpacked struct {
	ctx context.Context
	io.Reader
	read int64
}

func (u *unpacked) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := u.Reader.Read(p)
	if u.read += int64(n); u.read > schema.MaxUnpackedBatch {
		return 0, fmt.Errorf("it decompresses to more than %d bytes", schema.MaxUnpackedBatch)
	}
	return n, err
}

package spill

import (
	"fmt"
	"slices"
	"sync"
)

// Records are pieces of data in a File, each found again by its place. Safe for
// concurrent use.
type Records struct {
	file   *File
	what   string // for error messages
	blocks blocks // of the file

	mu      sync.Mutex
	pending []byte // added, and not written yet
	written int64  // bytes of the file
}

// Place is where a record lies. The zero Place is the empty record.
type Place struct {
	Offset int64
	Length int32
}

// maxPending is how much is written at a time.
const maxPending = 256 << 10

// NewRecords creates an empty file of records. what says what they are, in the plural;
// it appears in error messages only.
func NewRecords(what string) (*Records, error) {
	file, err := New("billwalk-*." + what)
	if err != nil {
		return nil, err
	}
	return &Records{file: file, what: what}, nil
}

// SetLimit changes how large the file may become, in bytes.
func (r *Records) SetLimit(bytes int64) { r.file.SetLimit(bytes) }

// Add adds a record. It is an error where the file would become too large.
func (r *Records) Add(data []byte) (Place, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := Place{r.written + int64(len(r.pending)), int32(len(data))}
	if err := r.file.checkSize(at.Offset + int64(len(data))); err != nil {
		return Place{}, fmt.Errorf("writing the local file of %s: %w", r.what, err)
	}
	if len(r.pending)+len(data) >= maxPending {
		if err := r.flush(); err != nil {
			return Place{}, err
		}
	}
	if len(data) >= maxPending { // it is not worth a copy
		return at, r.write(data)
	}
	r.pending = append(r.pending, data...)
	return at, nil
}

// Read returns a record.
func (r *Records) Read(at Place) ([]byte, error) {
	data := make([]byte, at.Length)
	return data, r.read(data, at.Offset)
}

// AppendTo appends a record to data.
func (r *Records) AppendTo(data []byte, at Place) ([]byte, error) {
	from := len(data)
	data = slices.Grow(data, int(at.Length))[:from+int(at.Length)]
	return data, r.read(data[from:], at.Offset)
}

// ReadText returns a record as a text. It is for records that are read in about the order in
// which they were added.
func (r *Records) ReadText(at Place) (string, error) {
	if !r.inBlocks(at) {
		data, err := r.Read(at)
		return string(data), err
	}
	text, err := r.blocks.text(r.file, at.Offset, int(at.Length))
	if err != nil {
		return "", r.readError(err)
	}
	return text, nil
}

// inBlocks reports whether a record lies in one block or two, all of which is written.
func (r *Records) inBlocks(at Place) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	end := (at.Offset + int64(at.Length) + blockSize - 1) / blockSize * blockSize
	return at.Length > 0 && at.Length <= blockSize && end <= r.written
}

// read fills data from a place in the file.
func (r *Records) read(data []byte, offset int64) error {
	r.mu.Lock()
	if offset+int64(len(data)) > r.written {
		if err := r.flush(); err != nil {
			r.mu.Unlock()
			return err
		}
	}
	r.mu.Unlock()
	if _, err := r.file.ReadAt(data, offset); err != nil {
		return r.readError(err)
	}
	return nil
}

func (r *Records) readError(err error) error {
	return fmt.Errorf("reading the local file of %s: %w", r.what, err)
}

// Close removes the file.
func (r *Records) Close() error { return r.file.Close() }

// flush writes what is pending. r.mu must be held.
func (r *Records) flush() error {
	if err := r.write(r.pending); err != nil {
		return err
	}
	r.pending = r.pending[:0]
	return nil
}

func (r *Records) write(data []byte) error {
	if _, err := r.file.WriteAt(data, r.written); err != nil {
		return fmt.Errorf("writing the local file of %s: %w", r.what, err)
	}
	r.written += int64(len(data))
	return nil
}

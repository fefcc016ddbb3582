package parquet

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"os"
)

// output writes the file, and hashes what it writes. It hides errors from the library, which
// does not release its memory after one: from the first error on it drops what is written,
// and the Writer checks err instead.
type output struct {
	file *os.File
	size int64
	hash hash.Hash
	rows string // hash of everything before the footer, once that begins
	err  error
}

func newOutput(file *os.File) *output { return &output{file: file, hash: sha256.New()} }

func (o *output) Write(p []byte) (int, error) {
	if o.err == nil {
		_, o.err = o.file.Write(p)
		o.hash.Write(p)
	}
	o.size += int64(len(p))
	return len(p), nil
}

// Tell returns the number of bytes written.
func (o *output) Tell() int64 { return o.size }

// footer marks the place where the footer begins.
func (o *output) footer() { o.rows = o.sum() }

func (o *output) sum() string { return hex.EncodeToString(o.hash.Sum(nil)) }

// finished returns the file.
func (o *output) finished() File {
	return File{Bytes: o.size, SHA256: o.sum(), RowsSHA256: o.rows, file: o.file}
}

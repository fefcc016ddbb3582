// Package spill keeps on local disk what does not fit into memory: records that are found
// by their places, and records that are sorted.
package spill

import (
	"fmt"
	"os"
)

// maxSize is far more than the records, answers or callbacks that one run holds at a
// time. Larger input is not honest, and must not fill the disk.
const maxSize = 64 << 30

// File is a temporary file without a name: however the process ends, nothing of it
// stays on the disk. A write that would make it larger than its limit is an error.
type File struct {
	*os.File
	limit int64 // bytes
	end   int64 // bytes appended by Write
}

// New creates an empty file in the folder for temporary files. The pattern is that of
// [os.CreateTemp]; it appears in error messages only.
func New(pattern string) (*File, error) {
	file, err := os.CreateTemp("", pattern)
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		file.Close()
		return nil, err
	}
	return &File{File: file, limit: maxSize}, nil
}

// SetLimit changes how large the file may become, in bytes.
func (f *File) SetLimit(bytes int64) { f.limit = bytes }

// WriteAt writes at an offset.
func (f *File) WriteAt(data []byte, offset int64) (int, error) {
	if err := f.checkSize(offset + int64(len(data))); err != nil {
		return 0, err
	}
	return f.File.WriteAt(data, offset)
}

// Write appends to the file. It does not append to what WriteAt has written: a file is
// filled by one of the two.
func (f *File) Write(data []byte) (int, error) {
	if err := f.checkSize(f.end + int64(len(data))); err != nil {
		return 0, err
	}
	n, err := f.File.Write(data)
	f.end += int64(n)
	return n, err
}

func (f *File) checkSize(size int64) error {
	if size > f.limit {
		return fmt.Errorf("%s would have %d bytes, and the limit is %d: take fewer days or accounts at a time", f.Name(), size, f.limit)
	}
	return nil
}

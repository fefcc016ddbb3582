package pipeline

import (
	"fmt"
	"os"
)

// maxLocalFile is far more than the records, answers or callbacks that one run holds
// at a time. What would take more is no honest input, and must not fill the disk.
const maxLocalFile = 64 << 30

// localFile is a temporary file without a name, so that no killed run leaves one
// behind. It does not grow beyond its limit.
type localFile struct {
	*os.File
	limit int64 // bytes
	end   int64 // of what Write has written
}

func newLocalFile(pattern string) (*localFile, error) {
	file, err := os.CreateTemp("", pattern)
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		file.Close()
		return nil, err
	}
	return &localFile{File: file, limit: maxLocalFile}, nil
}

// WriteAt writes at an offset, unless the file would become too large.
func (f *localFile) WriteAt(data []byte, offset int64) (int, error) {
	if err := f.admit(offset + int64(len(data))); err != nil {
		return 0, err
	}
	return f.File.WriteAt(data, offset)
}

// Write appends, likewise.
func (f *localFile) Write(data []byte) (int, error) {
	if err := f.admit(f.end + int64(len(data))); err != nil {
		return 0, err
	}
	n, err := f.File.Write(data)
	f.end += int64(n)
	return n, err
}

func (f *localFile) admit(size int64) error {
	if size > f.limit {
		return fmt.Errorf("%s would have %d bytes, and the limit is %d: take fewer days or accounts at a time", f.Name(), size, f.limit)
	}
	return nil
}

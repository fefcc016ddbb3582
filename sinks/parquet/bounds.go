package parquet

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
)

// A small file can claim any size, and decompress to it. These are the limits of reading.
const (
	maxMemory = 512 << 20 // bytes, of pages and rows in use; a row group of bills takes 30 MB
	maxPage   = 128 << 20 // bytes, of one decompressed page; the writer ends a page at 1 MiB, or after 1024 values
)

// errMemory ends the reading of a file that needs more than maxMemory.
var errMemory = errors.New("it unpacks to more than billwalk writes (解压后过大): put an earlier version of the object back, or replay the day")

// budget is the memory that one reading of a file may take.
type budget struct {
	left     atomic.Int64
	exceeded atomic.Bool
}

func newBudget(bytes int64) *budget {
	b := new(budget)
	b.left.Store(bytes)
	return b
}

// take takes bytes from the budget, or gives some back if the number is negative. If there
// are too few it ends the goroutine, because the library's allocators cannot fail; run then
// returns errMemory.
func (b *budget) take(bytes int) {
	if b.left.Add(-int64(bytes)) < 0 && bytes > 0 {
		b.exceeded.Store(true)
		runtime.Goexit()
	}
}

// run calls the library in a separate goroutine, and returns its error.
func (b *budget) run(call func() error) error { return b.start(call)() }

// start begins a call of the library in a separate goroutine, and returns a function that
// waits for its error. A panic becomes an error: the file is damaged in a way that the
// library does not check for.
func (b *budget) start(call func() error) (wait func() error) {
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("it is damaged: %v", p)
			}
		}()
		err = call()
	}()
	return func() error {
		<-done
		if b.exceeded.Load() {
			return errMemory
		}
		return err
	}
}

// limited is an allocator that keeps within a budget.
type limited struct {
	memory.Allocator
	*budget
}

func (l limited) Allocate(size int) []byte {
	l.take(size)
	return l.Allocator.Allocate(size)
}

func (l limited) Reallocate(size int, b []byte) []byte {
	l.take(size - len(b))
	return l.Allocator.Reallocate(size, b)
}

func (l limited) Free(b []byte) {
	l.take(-len(b))
	l.Allocator.Free(b)
}

// openPages opens a file for reading. It refuses a footer that does not fit the file.
func openPages(from parquet.ReaderAtSeeker, b *budget) (pages *file.Reader, err error) {
	// Pages use Go's own memory: the library frees them only when it is collected.
	properties := parquet.NewReaderProperties(limited{memory.NewGoAllocator(), b})
	properties.MaxUncompressedPageSize = maxPage
	err = b.run(func() (err error) {
		if pages, err = file.NewParquetReader(from, file.WithReadProps(properties)); err != nil {
			return err
		}
		size, err := from.Seek(0, io.SeekEnd)
		if err != nil {
			return err
		}
		return checkFooter(pages, size)
	})
	if err != nil {
		return nil, err
	}
	return pages, nil
}

// checkFooter compares the footer's numbers of rows and columns with the file's size,
// because the library allocates memory by them.
func checkFooter(pages *file.Reader, size int64) error {
	meta, rows := pages.MetaData(), int64(0)
	for i := range meta.RowGroups {
		group := meta.RowGroup(i)
		if group.NumRows() < 0 || group.NumColumns() != meta.Schema.NumColumns() {
			return fmt.Errorf("the footer claims %d rows and %d columns of row group %d", group.NumRows(), group.NumColumns(), i)
		}
		rows += group.NumRows()
		left := size
		for c := range group.NumColumns() {
			column, err := group.ColumnChunk(c)
			if err != nil {
				return err
			}
			start, data, length := column.DataPageOffset(), column.DataPageOffset(), column.TotalCompressedSize()
			if column.HasDictionaryPage() {
				start = min(start, column.DictionaryPageOffset())
			}
			if start < 0 || length < 0 || data > size || length > size-start || length > left {
				return fmt.Errorf("the footer claims %d bytes at %d for column %d of row group %d, and the file has %d", length, start, c, i, size)
			}
			left -= length
		}
	}
	if rows != meta.NumRows {
		return fmt.Errorf("the footer claims %d rows, and its row groups %d", meta.NumRows, rows)
	}
	return nil
}

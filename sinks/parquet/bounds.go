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

// A small file can claim, and unpack to, any size. What reading one may take:
const (
	maxMemory = 512 << 20 // pages and rows under way; a row group of bills takes 30 MB
	maxPage   = 128 << 20 // of one page, unpacked: the writer ends one at 1 MiB, or after 1024 values
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

// take takes so many bytes, or gives some back. Where there are no more it ends the
// goroutine, since the library's allocators cannot fail: run returns errMemory then.
func (b *budget) take(bytes int) {
	if b.left.Add(-int64(bytes)) < 0 && bytes > 0 {
		b.exceeded.Store(true)
		runtime.Goexit()
	}
}

// run runs a piece of the library, in a goroutine of its own. A panic is an error:
// the file is damaged in a way that the library does not look for.
func (b *budget) run(piece func() error) (err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("it is damaged: %v", p)
			}
		}()
		err = piece()
	}()
	<-done
	if b.exceeded.Load() {
		return errMemory
	}
	return err
}

// limited is an allocator within a budget.
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

// openPages opens a file for reading, and refuses a footer whose claims are not of
// that file.
func openPages(from parquet.ReaderAtSeeker, b *budget) (pages *file.Reader, err error) {
	// Pages go into Go's own memory: the library gives theirs back only when it
	// is collected.
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

// checkFooter holds what the footer claims of rows and columns against the file's
// size: the library allocates by it.
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

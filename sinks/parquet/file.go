package parquet

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"

	"billwalk/schema"
)

// File is a finished Parquet file. It exists until its writer is closed.
type File struct {
	Bytes      int64
	SHA256     string // of the whole file, hex
	RowsSHA256 string // of everything before the footer, hex: equal for equal rows
	Totals     schema.Totals

	file *os.File
}

// Body returns a reader of the file's content.
func (f File) Body() *io.SectionReader { return io.NewSectionReader(f.file, 0, f.Bytes) }

// File returns the file itself.
func (f File) File() *os.File { return f.file }

// A Parquet file ends with the footer, its length (4 bytes, little endian) and "PAR1".
const tail = 4 + int64(len("PAR1"))

// digest sets the file's size and hashes, in one pass.
func digest(ctx context.Context, file *os.File, info *File) error {
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	var end [tail]byte
	if _, err := file.ReadAt(end[:], size-tail); err != nil {
		return err
	}
	rows := size - tail - int64(binary.LittleEndian.Uint32(end[:4]))
	if rows < 0 {
		return fmt.Errorf("%s: the footer is longer than the file", file.Name())
	}
	whole := sha256.New()
	if _, err := io.Copy(whole, section(ctx, file, 0, rows)); err != nil {
		return err
	}
	info.Bytes, info.RowsSHA256 = size, hex.EncodeToString(whole.Sum(nil))
	if _, err := io.Copy(whole, section(ctx, file, rows, size-rows)); err != nil {
		return err
	}
	info.SHA256 = hex.EncodeToString(whole.Sum(nil))
	return nil
}

// section returns a reader of a part of the file that fails once the context ends.
func section(ctx context.Context, file *os.File, from, length int64) io.Reader {
	return interruptible{ctx, io.NewSectionReader(file, from, length)}
}

type interruptible struct {
	ctx  context.Context
	from io.Reader
}

func (r interruptible) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.from.Read(p)
}

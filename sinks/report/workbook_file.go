package report

import (
	"archive/zip"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/xuri/excelize/v2"
)

// The library keeps up to 16 MiB of each sheet in memory until the file is written. So each
// sheet is written in a file of its own, and passes, compressed, into the spool as soon as it
// is whole. The workbook's own file has an empty sheet in its place.

const (
	firstSheet = "Sheet1" // of every new file: it is selected, and so not ours
	ownSheet   = "Sheet2" // in which a sheet is written
	ownPart    = "xl/worksheets/sheet2.xml"
)

// spool is a file without a name for the parts of a workbook.
type spool struct {
	file *os.File
	zip  *zip.Writer
}

func newSpool() (*spool, error) {
	file, err := unnamed()
	if err != nil {
		return nil, err
	}
	return &spool{file, zip.NewWriter(file)}, nil
}

// unnamed creates a temporary file that ends with its last handle.
func unnamed() (*os.File, error) {
	file, err := os.CreateTemp("", "billwalk-workbook-*")
	if err != nil {
		return nil, err
	}
	return file, os.Remove(file.Name())
}

// partsInto is an excelize.ZipWriter that passes on parts under other names, and drops those
// whose name is empty.
type partsInto struct {
	zip  *zip.Writer
	name func(part string) string
	wrap func(io.Writer) io.Writer // nil leaves the parts as they are
}

// Create implements excelize.ZipWriter.
func (p partsInto) Create(part string) (io.Writer, error) {
	name := p.name(part)
	if name == "" {
		return io.Discard, nil
	}
	w, err := p.zip.Create(name)
	if err == nil && p.wrap != nil {
		w = p.wrap(w)
	}
	return w, err
}

// AddFS implements excelize.ZipWriter, which never calls it.
func (p partsInto) AddFS(fs.FS) error { return errors.ErrUnsupported }

// Close implements excelize.ZipWriter. The spool stays open.
func (p partsInto) Close() error { return nil }

// newSheet adds a sheet of the name, and returns the file and the part in which it is written.
func (b *workbook) newSheet(name string) (file *excelize.File, part string, err error) {
	if _, err := b.file.NewSheet(name); err != nil {
		return nil, "", err
	}
	file = excelize.NewFile()
	b.open[file] = true
	if _, err := file.NewSheet(ownSheet); err != nil {
		return nil, "", err
	}
	if err := b.addStyles(file); err != nil {
		return nil, "", err
	}
	b.kept = append(b.kept, fmt.Sprintf("xl/worksheets/sheet%d.xml", len(b.kept)+2)) // after firstSheet
	return file, b.kept[len(b.kept)-1], nil
}

// A sheet says which cells it has before it has them, and readers take its word for that: so it
// is written with anyCells, and keep puts the right ones there.
const anyCells = "A1:XFD1048576"

// keep moves the sheet of a file into the spool, with the cells that it has.
func (b *workbook) keep(file *excelize.File, part, cells string) error {
	sized := &replacing{old: dimension(anyCells), new: dimension(cells)}
	err := writeParts(file, partsInto{b.spool.zip, func(name string) string {
		if name == ownPart {
			return part
		}
		return ""
	}, sized.into})
	delete(b.open, file)
	if err == nil && !sized.done {
		err = fmt.Errorf("%s does not begin with the cells that it has", part)
	}
	return cmp.Or(err, file.Close())
}

func dimension(cells string) []byte {
	return fmt.Appendf(nil, `<dimension ref="%s"></dimension>`, cells)
}

// replacing replaces a text once, where one write has it in whole.
type replacing struct {
	io.Writer
	old, new []byte
	done     bool
}

func (r *replacing) into(w io.Writer) io.Writer {
	r.Writer = w
	return r
}

// Write implements io.Writer.
func (r *replacing) Write(p []byte) (int, error) {
	if r.done || !bytes.Contains(p, r.old) {
		return r.Writer.Write(p)
	}
	r.done = true
	if _, err := r.Writer.Write(bytes.Replace(p, r.old, r.new, 1)); err != nil {
		return 0, err
	}
	return len(p), nil
}

func writeParts(file *excelize.File, into partsInto) error {
	file.SetZipWriter(func(io.Writer) excelize.ZipWriter { return into })
	return file.Write(io.Discard)
}

// close removes the temporary files.
func (b *workbook) close() error {
	errs := []error{b.file.Close(), b.spool.file.Close()}
	for file := range b.open {
		errs = append(errs, file.Close())
	}
	return errors.Join(errs...)
}

// write writes the file. Its parts are stored in the order of their names, which the library
// leaves open.
func (b *workbook) write(w io.Writer) error {
	if err := b.file.DeleteSheet(firstSheet); err != nil {
		return err
	}
	b.file.SetActiveSheet(0)
	err := writeParts(b.file, partsInto{zip: b.spool.zip, name: func(name string) string {
		if slices.Contains(b.kept, name) {
			return ""
		}
		return name
	}})
	if err := cmp.Or(err, b.spool.zip.Close()); err != nil {
		return err
	}
	size, err := b.spool.file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	parts, err := zip.NewReader(b.spool.file, size)
	if err != nil {
		return err
	}
	slices.SortFunc(parts.File, func(a, b *zip.File) int { return cmp.Compare(a.Name, b.Name) })
	sorted := zip.NewWriter(w)
	for _, part := range parts.File {
		if err := sorted.Copy(part); err != nil {
			return fmt.Errorf("%s: %w", part.Name, err)
		}
	}
	return sorted.Close()
}

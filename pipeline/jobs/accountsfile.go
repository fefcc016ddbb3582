package jobs

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// csv reads an accounts file: a header of accountKeys in any order, then one
// account per line. Nothing is expanded in it, for it is data.
func (r *reader) csv(data []byte, path string, list *accountList) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if at, bad := badText(data); bad {
		r.fault(place{path, at.line, at.column}, "this is not UTF-8 text: in a spreadsheet, save it as \"CSV UTF-8\"")
		return
	}
	in := csv.NewReader(bytes.NewReader(data))
	in.FieldsPerRecord = -1 // checked below, with more tolerance and a better message
	in.TrimLeadingSpace = true
	var header []string
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			r.csvSyntax(err, path)
			return
		}
		line := row(in, cells, path)
		switch {
		case !slices.ContainsFunc(line, func(v value) bool { return v.text != "" }):
			// An empty line, or the bare commas that a spreadsheet leaves.
		case header == nil:
			if header = r.header(line); header == nil {
				return
			}
		default:
			r.csvAccount(header, line, list)
		}
	}
	if header == nil {
		r.fault(place{path, 1, 1}, "the file is empty: want a header of %s, then one account per line", strings.Join(accountKeys, ", "))
	}
}

// row gives the cells of the record just read their places.
func row(in *csv.Reader, cells []string, path string) []value {
	line := make([]value, len(cells))
	for i, cell := range cells {
		at := place{path: path}
		at.line, at.column = in.FieldPos(i)
		line[i] = value{place: at, text: strings.TrimSpace(cell)}
	}
	return line
}

// header checks the first line. With a fault in it, no other line can be read.
func (r *reader) header(line []value) []string {
	before := len(r.faults)
	var header []string
	for _, cell := range line {
		switch {
		case cell.text == "":
			// What a spreadsheet leaves on the right; only a value below it is a fault.
		case !slices.Contains(accountKeys, cell.text):
			r.fault(cell.place, "%s", unknown("column", cell.text, accountKeys))
		case slices.Contains(header, cell.text):
			r.fault(cell.place, "column %s is repeated", cell.text)
		}
		header = append(header, cell.text)
	}
	if len(r.faults) > before {
		return nil
	}
	if !slices.Contains(header, rootKey) && !slices.Contains(header, leafKey) {
		r.fault(line[0].place, "the header has neither %s nor %s", rootKey, leafKey)
		return nil
	}
	return header
}

// csvAccount reads a line below the header. An empty cell is the same as none.
func (r *reader) csvAccount(header []string, line []value, list *accountList) {
	account := make(map[string]value, len(header))
	for i, cell := range line {
		switch {
		case cell.text == "":
		case i >= len(header) || header[i] == "":
			r.fault(cell.place, "the header has no column for this cell: put a text with a comma in quotes")
			return
		default:
			account[header[i]] = cell
		}
	}
	list.add(line[0].place, account)
}

func (r *reader) csvSyntax(err error, path string) {
	at := place{path, 1, 1}
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		at.line, at.column, err = parse.Line, parse.Column, parse.Err
	}
	r.fault(at, "this is not CSV: %v (a quote inside quotes is written twice)", err)
}

// cause is an error of the file system without the path, which may have come
// from the environment.
func cause(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}

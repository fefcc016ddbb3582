package jobs

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"billwalk/schema"
)

// readCSV reads an accounts file: a header of accountKeys in any order, then one account
// per line. Variables are not expanded. It also accepts what spreadsheets write: cells
// separated by semicolons or tabs, and UTF-16.
func (r *reader) readCSV(data []byte, path string, list *accountList) {
	data = schema.UTF8(data)
	if at, bad := badText(data); bad {
		r.fault(place{path, at.line, at.column}, "this is not UTF-8 text: in a spreadsheet, save it as \"CSV UTF-8\"")
		return
	}
	in := csv.NewReader(bytes.NewReader(data))
	in.FieldsPerRecord = -1 // checked below, with more tolerance and a better message
	in.Comma = separatorOf(data)
	in.TrimLeadingSpace = in.Comma != '\t' // which would count as a blank
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
		line := cellValues(in, cells, path)
		switch {
		case !slices.ContainsFunc(line, func(v value) bool { return v.text != "" }):
			// An empty line, or only the commas of a spreadsheet.
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

// separatorOf returns the separator that gives the header the most known names, or a
// comma if all give as many.
func separatorOf(data []byte) rune {
	best, bestKnown := ',', 0
	header, _, _ := strings.Cut(string(bytes.TrimLeft(data, ",;\t \r\n")), "\n")
	for _, separator := range []rune{',', ';', '\t'} {
		known := 0
		for cell := range strings.SplitSeq(header, string(separator)) {
			if slices.Contains(accountKeys, strings.Trim(cell, "\" \t\r")) {
				known++
			}
		}
		if known > bestKnown {
			best, bestKnown = separator, known
		}
	}
	return best
}

// cellValues returns the cells of the latest record with their places.
func cellValues(in *csv.Reader, cells []string, path string) []value {
	line := make([]value, len(cells))
	for i, cell := range cells {
		at := place{path: path}
		at.line, at.column = in.FieldPos(i)
		line[i] = value{place: at, text: strings.TrimSpace(cell)}
	}
	return line
}

// header returns the names of the first line, or nil if it has a fault.
func (r *reader) header(line []value) []string {
	before := len(r.faults)
	var header []string
	for _, cell := range line {
		switch {
		case cell.text == "":
			// An empty column of a spreadsheet; only a value below it is a fault.
		case !slices.Contains(accountKeys, cell.text):
			r.fault(cell.place, "%s", unknownColumn(cell.text))
		case slices.Contains(header, cell.text):
			r.fault(cell.place, "column %s is repeated", cell.text) // a known name, which may be shown
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

// unknownColumn returns the fault of an unknown column, or of several columns with
// another separator.
func unknownColumn(text string) string {
	apart := func(r rune) bool { return strings.ContainsRune("，；、|;\t ", r) }
	bestKnown := strings.FieldsFunc(text, apart)
	if len(bestKnown) > 1 && !slices.ContainsFunc(bestKnown, func(name string) bool { return !slices.Contains(accountKeys, name) }) {
		return fmt.Sprintf("column %s is several: separate the cells of each line by a comma (,), a semicolon or a tab", quote(text))
	}
	return unknown("column", text, accountKeys)
}

// csvAccount reads a line below the header. Empty cells are ignored.
func (r *reader) csvAccount(header []string, line []value, list *accountList) {
	account := make(map[string]value, len(header))
	for i, cell := range line {
		switch {
		case cell.text == "":
		case i >= len(header) || header[i] == "":
			r.fault(cell.place, "the header has no column for this cell: put a text with the separator in quotes")
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

package report

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"
)

const (
	firstSheet = "Sheet1" // of every new file: it is selected, and so not ours
	ownSheet   = "Sheet2"
	ownPart    = "xl/worksheets/sheet2.xml"
)

// newFrames returns a file for the frames of all sheets. It has no theme: to write one takes longer
// than a frame.
func newFrames() *excelize.File {
	file := excelize.NewFile()
	file.Theme = nil
	return file
}

// frame returns what stands before and after the rows of the sheet's part, which the library writes
// in a file of its own, of one sheet at a time: widths, titles that stay in sight, and the filter of
// these cells.
func (s *sheet) frame(filter string) (before, after []byte, err error) {
	file := s.book.frames
	defer func() { err = cmp.Or(err, file.DeleteSheet(ownSheet)) }()
	if _, err := file.NewSheet(ownSheet); err != nil {
		return nil, nil, err
	}
	if err := s.setPage(file); err != nil {
		return nil, nil, err
	}
	stream, err := file.NewStreamWriter(ownSheet)
	if err != nil {
		return nil, nil, err
	}
	for i, c := range s.columns {
		if err := stream.SetColWidth(i+1, i+1, float64(c.width)); err != nil {
			return nil, nil, err
		}
	}
	if err := stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: s.head(), TopLeftCell: fmt.Sprintf("A%d", s.head()+1), ActivePane: "bottomLeft"}); err != nil {
		return nil, nil, err
	}
	if filter != "" {
		if err := file.AutoFilter(ownSheet, filter, nil); err != nil {
			return nil, nil, err
		}
	}
	if err := stream.Flush(); err != nil {
		return nil, nil, err
	}
	var part bytes.Buffer
	if err := writeParts(file, func(name string) (io.Writer, error) {
		if name == ownPart {
			return &part, nil
		}
		return io.Discard, nil
	}); err != nil {
		return nil, nil, err
	}
	const rows = "<sheetData>"
	before, after, found := bytes.Cut(part.Bytes(), []byte(rows))
	if !found {
		return nil, nil, fmt.Errorf("%s has no %s", ownPart, rows)
	}
	return append(bytes.Clone(before), rows...), after, nil
}

// pageWidth is how many letters of a sheet go on a page of its width.
const pageWidth = 200

// pages returns how many pages the sheet is wide.
func (s *sheet) pages() int {
	width := 0
	for _, c := range s.columns {
		width += c.width
	}
	return (width + pageWidth - 1) / pageWidth
}

// setPage says which cells the sheet of a file has, and has it printed on landscape A4: a wide sheet on several
// pages beside each other.
func (s *sheet) setPage(file *excelize.File) error {
	a4, landscape, pages, high, fit := 9, "landscape", s.pages(), 0, true
	return errors.Join(
		file.SetSheetProps(ownSheet, &excelize.SheetPropsOptions{FitToPage: &fit}),
		file.SetPageLayout(ownSheet, &excelize.PageLayoutOptions{Size: &a4, Orientation: &landscape, FitToWidth: &pages, FitToHeight: &high}),
		file.SetHeaderFooter(ownSheet, &excelize.HeaderFooterOptions{OddFooter: "&L&A&R&P / &N"}),
		file.SetSheetDimension(ownSheet, fmt.Sprintf("A1:%s%d", letter(max(len(s.columns), 1)-1), s.row)),
	)
}

// repeatTitles has the titles of the sheet of that name on each page, and its first column where it
// is wider than one.
func (s *sheet) repeatTitles(name string) error {
	quoted := "'" + strings.ReplaceAll(name, "'", "''") + "'"
	titles := fmt.Sprintf("%s!$%d:$%[2]d", quoted, s.head())
	if s.pages() > 1 {
		titles = quoted + "!$A:$A," + titles
	}
	names := s.book.file.WorkBook.DefinedNames
	if names == nil {
		return s.book.file.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: titles, Scope: name})
	}
	index, err := s.book.file.GetSheetIndex(name)
	next := names.DefinedName[0] // the library would list all sheets for each name that it has: minutes for 1,000 accounts
	next.Data, next.LocalSheetID = titles, &index
	names.DefinedName = append(names.DefinedName, next)
	return err
}

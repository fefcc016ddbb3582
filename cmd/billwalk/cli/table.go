package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/mattn/go-runewidth"
)

// display measures text as terminals do: Chinese characters and emoji take two columns,
// ambiguous ones take one, whatever the locale.
var display = &runewidth.Condition{StrictEmojiNeutral: true}

// table is text in columns that stand below each other, Chinese or not. It aligns to the
// right but for the columns in left.
type table struct {
	header []string
	left   map[int]bool
	rows   [][]cell
}

// cell is one text of a table.
type cell struct {
	text  string
	style style
}

func newTable(header ...string) *table { return &table{header: header, left: make(map[int]bool)} }

// alignLeft aligns columns to the left, counted from 0.
func (t *table) alignLeft(columns ...int) *table {
	for _, column := range columns {
		t.left[column] = true
	}
	return t
}

func (t *table) add(texts ...string) {
	row := make([]cell, len(texts))
	for i, text := range texts {
		row[i].text = text
	}
	t.rows = append(t.rows, row)
}

// print prints the table, with its styles if the output takes them.
func (t *table) print(out io.Writer, styled bool) error {
	header := make([]cell, len(t.header))
	for i, title := range t.header {
		header[i].text = title
	}
	rows := append([][]cell{header}, t.rows...)
	widths := make([]int, len(t.header))
	for _, row := range rows {
		for i, c := range row {
			widths[i] = max(widths[i], display.StringWidth(c.text))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		blank := 0 // columns, written only before a text: no line ends in blanks
		for i, c := range row {
			pad := widths[i] - display.StringWidth(c.text)
			if !t.left[i] {
				blank += pad
			}
			if c.text != "" {
				line.WriteString(strings.Repeat(" ", blank))
				line.WriteString(c.style.paint(c.text, styled))
				blank = 0
			}
			if t.left[i] {
				blank += pad
			}
			blank += 2
		}
		if _, err := fmt.Fprintln(out, strings.TrimRight(line.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// shorten cuts a text to so many columns of a terminal.
func shorten(text string, columns int) string { return display.Truncate(text, columns, "…") }

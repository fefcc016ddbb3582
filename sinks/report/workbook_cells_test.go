package report

import (
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// TestSheetsSayTheirCells: each sheet says which cells it has, also the parts of one that is
// split: readers that do not go through all rows take its word for it.
func TestSheetsSayTheirCells(t *testing.T) {
	t.Parallel()
	for _, maxRows := range []int{5, excelize.TotalRows} {
		f, _ := workbookOf(t, fixture(), ledger, maxRows)
		for _, sheet := range f.GetSheetList() {
			said, err := f.GetSheetDimension(sheet)
			if err != nil {
				t.Fatal(err)
			}
			rows := rowsOf(t, f, sheet)
			widest := 1
			for _, row := range rows {
				widest = max(widest, len(row))
			}
			first, last, _ := strings.Cut(said, ":")
			column, row, err := excelize.CellNameToCoordinates(last)
			if first != "A1" || err != nil || row != len(rows) || column < widest {
				t.Errorf("%s of %d rows at most says %q and has %d rows, the widest of %d cells", sheet, maxRows, said, len(rows), widest)
			}
		}
	}
}

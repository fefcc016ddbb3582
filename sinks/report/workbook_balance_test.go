package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// TestUnlistedWithdrawals: where not all withdrawals are listed, the workbook says how many are left, and where they are.
func TestUnlistedWithdrawals(t *testing.T) {
	t.Parallel()
	for left, said := range map[int64]bool{0: false, 3: true} {
		r := fixture()
		r.Withdrawals.Left = left
		f, _ := workbookOf(t, r, ledger, excelize.TotalRows)
		found := slices.ContainsFunc(rowsOf(t, f, "口径说明"), func(row []string) bool {
			return row[0] == "未列出的提现" && strings.HasPrefix(at(row, 1), "3 笔") && strings.Contains(at(row, 1), "SELECT * FROM withdrawals")
		})
		if found != said {
			t.Errorf("%d left: said %v", left, found)
		}
	}
}

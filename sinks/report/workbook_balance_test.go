package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"billwalk/schema"
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

// TestSummaryOfUnlistedWithdrawals: the summary has all withdrawals by verdict, also those that
// the sheet has no room for, and what these are.
func TestSummaryOfUnlistedWithdrawals(t *testing.T) {
	t.Parallel()
	r := fixture()
	r.Withdrawals.Left = 3
	failed := slices.IndexFunc(r.Withdrawals.Verdicts, func(v WithdrawSum) bool { return v.Verdict == schema.WithdrawFailed })
	sum := &r.Withdrawals.Verdicts[failed]
	sum.Count, sum.Amount = sum.Count+3, sum.Amount+5000
	f, _ := workbookOf(t, r, ledger, excelize.TotalRows)
	got := make(map[string]string)
	for _, row := range rowsOf(t, f, "汇总") {
		if row[0] == "提现" {
			got[at(row, 1)] = at(row, 3) + " " + at(row, 4)
		}
	}
	want := map[string]string{r.label("withdraw", string(schema.WithdrawFailed)): "4 150", "其中未列出的（金额较小）": "3 50", "所列的提现金额": "4 223.01"}
	for name, is := range want {
		if got[name] != is {
			t.Errorf("%s: %q, want %q", name, got[name], is)
		}
	}
}

// TestWhyInWorkbook: an order has the cause of its difference before its reasons, as on the page.
func TestWhyInWorkbook(t *testing.T) {
	t.Parallel()
	r := &Report{Orders: Orders{List: []Order{{Cause: string(schema.DoubleSettlement), Reasons: []string{schema.LegTotal.Differs()}}}}}
	r.Glossary = glossary(r)
	if got := r.reasons(r.Orders.List[0]); got != "疑重复分账；金额不符" {
		t.Error(got)
	}
}

package report

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"billwalk/schema"
)

var balanceSheet = []column{
	{"日期或月份", 12, false}, {"收款账户", 22, false}, {"名称", 24, false}, {"期初", 18, false}, {"入账", 16, true}, {"出账", 16, true}, {"提现", 16, true}, {"期末待提现", 18, false},
	{"平衡校验", 12, true}, {"提现无对应账单", 16, true}, {"已提现账单", 12, false}, {"待提现账单", 12, false}, {"不可提现账单", 14, false},
}

// Columns of the sheet 余额调节 that 汇总 adds up.
const (
	balanceIn = 4 // then what went out, and what was withdrawn
)

// balances writes the roll-forward: a row for each period of each payee, or for each payee where
// these are too many. Money that goes out is negative, so that a row is a sum; its check is a formula.
func (b *workbook) balances(r *Report) error {
	s := b.sheet("余额调节", balanceSheet)
	names := r.payeeNames()
	for _, p := range r.balanceRows() {
		row := s.row + 1
		if s.row == s.maxRows-1 { // it will be on another sheet
			row = s.head() + 1
		}
		check := b.rollForward(&p, row)
		if err := s.add(p.Period, p.Account, names[p.Account], p.Opening, p.In, -p.Out, -p.Withdrawn, p.Closing, check, p.Unexplained,
			p.BillsWithdrawn, p.BillsWaiting, p.BillsUnknown); err != nil {
			return err
		}
	}
	return s.end()
}

// rollForward returns the formula that checks a row.
func (b *workbook) rollForward(p *PeriodBalance, row int) any {
	if slices.ContainsFunc([]schema.Fen{p.Opening, p.In, p.Out, p.Withdrawn, p.Closing}, beyond) {
		return beyondPrecision
	}
	return b.formula(strings.ReplaceAll("ROUND(H#-SUM(D#:G#),2)", "#", strconv.Itoa(row)), 0)
}

// balanceRows returns the periods, or the payees over all days where periods are too many.
func (r *Report) balanceRows() []PeriodBalance {
	if len(r.Withdrawals.Periods) > 0 {
		return r.Withdrawals.Periods
	}
	var rows []PeriodBalance
	for _, a := range r.Withdrawals.Accounts {
		rows = append(rows, PeriodBalance{r.From.String() + " 至 " + r.To.String(), a.Account, a.Balance})
	}
	return rows
}

var withdrawalSheet = []column{
	{"提现单号", 24, false}, {"发起日", 12, false}, {"收款账户", 22, false}, {"名称", 24, false}, {"核对", 12, false}, {"提现金额", 16, true}, {"账单合计", 16, true}, {"差额", 16, true},
	{"账单条数", 10, false}, {"发起时间", 20, false}, {"到账时间", 20, false}, {"平台状态", 10, false}, {"说明", 32, false}, {"收款卡号", 16, false}, {"处理", 48, false}, {"logid", 34, false},
}

// Columns of the sheet 提现 that 汇总 adds up.
const (
	withdrawVerdict = 4
	withdrawAmount  = 5
	withdrawDiff    = 7
)

// withdrawals writes the withdrawals of the report, those first that somebody has to look at.
func (b *workbook) withdrawals(r *Report) error {
	s := b.sheet("提现", withdrawalSheet)
	names := r.payeeNames()
	clock := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return t.In(schema.China).Format(time.DateTime)
	}
	for _, w := range r.Withdrawals.List {
		var rows any
		if w.BillRows != nil {
			rows = *w.BillRows
		}
		advice := ""
		if w.Verdict != schema.Tied {
			advice = r.gloss("withdraw", string(w.Verdict)).Advice.Chinese
		}
		if err := s.add(w.ID, w.Day.String(), w.Account, names[w.Account], r.label("withdraw", string(w.Verdict)), w.Amount, w.Bills, w.Diff,
			rows, clock(w.Launched), clock(w.Paid), w.Status, w.Message, w.Bank, advice, w.LogID); err != nil {
			return err
		}
	}
	return s.end()
}

func (r *Report) payeeNames() map[string]string {
	names := make(map[string]string)
	for _, a := range r.Withdrawals.Accounts {
		names[a.Account] = a.Name
	}
	return names
}

// sumWithdrawals adds both sheets up, and rolls all accounts forward.
func (b *workbook) sumWithdrawals(r *Report) (rows [][]any) {
	if r.Withdrawals == nil {
		return nil
	}
	total, s, list := r.Withdrawals.Total, b.written("余额调节"), b.written("提现")
	rows = append(rows, []any{s.name, "期初", nil, nil, total.Opening})
	for i, fen := range []schema.Fen{total.In, -total.Out, -total.Withdrawn} {
		rows = append(rows, []any{s.name, s.columns[balanceIn+i].title, nil, nil, b.totalOf(s, balanceIn+i, fen)})
	}
	rows = append(rows, []any{s.name, "期末待提现", nil, nil, total.Closing}, []any{s.name, "提现无对应账单（" + r.Withdrawals.Since.String() + " 起）", nil, nil, total.UnexplainedSince}, []any{s.name, "待提现账单合计", nil, r.waitingBills(), r.waitingFen()})
	left, beyond := -list.sums[withdrawAmount].fen, false // what the sheet has no room for
	for _, v := range r.Withdrawals.Verdicts {
		label := r.label("withdraw", string(v.Verdict))
		row := []any{list.name, label, nil, v.Count, v.Amount}
		if r.Withdrawals.Left == 0 {
			row[3] = b.counting(countIfs(list, withdrawVerdict, label), v.Count)
		}
		rows = append(rows, row)
		var err error
		left, err = left.Add(v.Amount)
		beyond = beyond || err != nil
	}
	if r.Withdrawals.Left > 0 {
		row := []any{list.name, "其中未列出的（金额较小）", nil, r.Withdrawals.Left, left}
		if beyond || list.sums[withdrawAmount].beyond {
			row[4] = beyondPrecision
		}
		rows = append(rows, row)
	}
	return append(rows, []any{list.name, "所列的提现金额", nil, b.countOf(list), b.totalOf(list, withdrawAmount, list.sums[withdrawAmount].fen)},
		[]any{list.name, "差额", nil, nil, b.totalOf(list, withdrawDiff, list.sums[withdrawDiff].fen)})
}

func (r *Report) waitingBills() (n int64) {
	for _, band := range r.Withdrawals.Total.Waiting {
		n += band.Bills
	}
	return n
}

// waitingFen is what waits, which Load has added up without overflow by age.
func (r *Report) waitingFen() any {
	sum := schema.Fen(0)
	for _, band := range r.Withdrawals.Total.Waiting {
		var err error
		if sum, err = sum.Add(band.Fen); err != nil {
			return beyondPrecision
		}
	}
	return sum
}

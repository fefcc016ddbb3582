package report

import (
	"fmt"
	"slices"
	"strings"

	"billwalk/schema"
)

var summarySheet = []column{{"所在表", 32, false}, {"项目", 28, false}, {"级别", 8, false}, {"条数", 14, false}, {"金额", 20, false}}

// summary writes what the report counts and adds up of each sheet, as formulas over the sheet
// beside the report's own figures.
func (b *workbook) summary(r *Report, s *sheet) error {
	rows := b.sumDays(r)
	for _, of := range orderSheets {
		orders := b.written(of.name)
		stake := slices.IndexFunc(orderCells, func(c column) bool { return c.title == "涉及金额" })
		rows = append(rows, []any{of.name, "订单，涉及金额", nil, b.countOf(orders), b.totalOf(orders, stake, orders.sums[stake].fen)})
	}
	if left := r.Orders.Left; left.Orders > 0 {
		rows = append(rows, []any{"（未列出）", "订单，涉及金额", nil, left.Orders, left.Stake})
	}
	rows = append(append(rows, b.sumWithdrawals(r)...), b.sumRates(r)...)
	refunds := b.written("退款")
	rows = append(rows, []any{"退款", "账单，应结算", nil, b.countOf(refunds), b.totalOf(refunds, statementNet, r.Total.Sums.Refund)})
	rows = append(append(rows, b.sumRestatements(r)...), b.sumExceptions(r)...)
	for _, account := range r.Accounts {
		if statement := b.statementOf[account.ID]; statement != nil {
			rows = append(rows,
				[]any{statement.name, "账单，净额", nil, b.countOf(statement), b.totalOf(statement, statementNet, account.Sums.Net)},
				[]any{statement.name, "商家实际结算", nil, nil, b.totalOf(statement, statementMerchant, account.Sums.Merchant)})
		}
	}
	for _, row := range rows {
		if err := s.add(row...); err != nil {
			return err
		}
	}
	return s.end()
}

// sumDays adds the sheet 日报 up.
func (b *workbook) sumDays(r *Report) (rows [][]any) {
	daily, sums := b.written("日报"), r.Total.Sums
	values := []schema.Fen{sums.Forward, sums.Refund, sums.Other, sums.Net, sums.Merchant, r.Total.Bridge.Settled}
	rows = append(rows, []any{daily.name, "账单", nil, b.counting("SUM("+strings.Join(daily.ranges(dailyBills), ",")+")", sums.Bills)})
	for i, column := range dailySheet {
		if column.sum {
			rows = append(rows, []any{daily.name, column.title, nil, nil, b.totalOf(daily, i, values[0])})
			values = values[1:]
		}
	}
	return rows
}

// sumRestatements counts the changes of each kind, and adds up what they change.
func (b *workbook) sumRestatements(r *Report) (rows [][]any) {
	s := b.written("变更")
	counts := make(map[schema.Change]int64)
	for _, day := range r.Restatements {
		counts[schema.Added] += day.Added
		counts[schema.Removed] += day.Removed
		counts[schema.Changed] += day.Changed
	}
	for _, change := range []schema.Change{schema.Added, schema.Removed, schema.Changed} {
		label := r.label("change", string(change))
		rows = append(rows, []any{s.name, label, nil, b.counting(countIfs(s, changeColumn, label), counts[change])})
	}
	for _, column := range []int{changedTotal, changedMerchant} {
		rows = append(rows, []any{s.name, s.columns[column].title, nil, nil, b.totalOf(s, column, s.sums[column].fen)})
	}
	return rows
}

// sumExceptions counts the exceptions of each rule.
func (b *workbook) sumExceptions(r *Report) (rows [][]any) {
	s := b.written("异常")
	for _, rule := range r.Exceptions {
		label, severity := r.label("rule", string(rule.Rule)), r.label("severity", string(rule.Severity))
		rows = append(rows, []any{s.name, label, severity, b.counting(countIfs(s, 0, label, severity), rule.Count)})
	}
	return rows
}

// written returns the sheet of this name.
func (b *workbook) written(name string) *sheet {
	return b.sheets[slices.IndexFunc(b.sheets, func(s *sheet) bool { return s.name == name })]
}

// countOf counts the rows of a sheet.
func (b *workbook) countOf(s *sheet) any {
	return b.counting("COUNTA("+strings.Join(s.ranges(0), ",")+")", int64(s.rowCount()))
}

// totalOf adds a column of a sheet up, unless an amount of it is text.
func (b *workbook) totalOf(s *sheet, column int, fen schema.Fen) any {
	if s.sums[column].beyond {
		return beyondPrecision
	}
	return b.formula("ROUND(SUM("+strings.Join(s.ranges(column), ",")+"),2)", fen)
}

// countIfs returns the formula that counts the rows which have the texts from a column on.
func countIfs(s *sheet, column int, texts ...string) string {
	var parts []string
	for part := range s.parts {
		var criteria []string
		for i, text := range texts {
			criteria = append(criteria, fmt.Sprintf(`%s,"%s"`, s.ranges(column + i)[part], strings.ReplaceAll(text, `"`, `""`)))
		}
		parts = append(parts, "COUNTIFS("+strings.Join(criteria, ",")+")")
	}
	return strings.Join(parts, "+")
}

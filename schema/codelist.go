package schema

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Code is one value of a column of codes, with its meaning.
type Code struct {
	Value            int32
	Chinese, English string
}

// CodeList lists the codes of one field of the bill API, with the meanings on its page
// (餐饮账单详情查询). It is the single source of the columns' documentation, of the labels in
// SQL, and of the check for unknown codes.
type CodeList struct {
	Field string // in the API, and the column of the table bills
	Codes []Code // by value; 0, which the page does not name, stands for "not set" except in fund_amount_type
}

// The lists, by field.
var (
	BizTypes = CodeList{Field: "biz_type", Codes: []Code{
		{0, "未设置", "not set"},
		{1, "团购", "group buying"},
		{3, "买单", "paying the check"},
		{5, "点单", "ordering"},
	}}
	SettleTypes = CodeList{Field: "settle_type", Codes: []Code{
		{1, "正向账单", "forward bill"},
		{2, "退款单", "refund"},
		{3, "退款手续费", "refund fee"},
		{4, "商家欠款欠收", "merchant's debt"},
		{5, "机构/达人发票逾期补偿", "compensation for an overdue invoice of an agency or influencer"},
	}}
	SettleSubTypes = CodeList{Field: "settle_sub_type", Codes: []Code{
		{0, "未设置", "not set"},
		{21, "商责赔付冻结", "merchant-fault compensation freeze"},
		{22, "商责赔付解冻", "merchant-fault compensation unfreeze"},
		{23, "商责赔付扣款", "merchant-fault compensation deduction"},
		{24, "商责赔付索赔", "merchant-fault compensation claim"},
		{25, "商责扣罚冻结", "merchant-fault penalty freeze"},
		{26, "商责扣罚解冻", "merchant-fault penalty unfreeze"},
		{27, "商责扣罚扣款", "merchant-fault penalty deduction"},
		{28, "商责扣罚索赔", "merchant-fault penalty claim"},
		{30, "以赔代退冻结", "refund-substitute compensation freeze"},
		{31, "以赔代退解冻", "refund-substitute compensation unfreeze"},
		{32, "以赔代退扣罚", "refund-substitute compensation deduction"},
		{33, "以赔代退索赔", "refund-substitute compensation claim"},
	}}
	FundAmountTypes = CodeList{Field: "fund_amount_type", Codes: []Code{
		{0, "入账", "in"},
		{1, "出账", "out"},
	}}
)

// CodeLists are all of them, in the order of the columns.
var CodeLists = []*CodeList{&BizTypes, &SettleTypes, &SettleSubTypes, &FundAmountTypes}

// Knows reports whether the platform documents the value, or it means "not set".
func (l *CodeList) Knows(value int32) bool {
	return slices.ContainsFunc(l.Codes, func(c Code) bool { return c.Value == value })
}

// Code returns a value with its meaning. One that is not documented has its number as label.
func (l *CodeList) Code(value int32) Code {
	for _, c := range l.Codes {
		if c.Value == value {
			return c
		}
	}
	number := strconv.Itoa(int(value))
	return Code{value, number + "（未知）", number + " (unknown)"}
}

// String lists the codes for people: "0 in (入账), 1 out (出账)".
func (l *CodeList) String() string {
	codes := make([]string, len(l.Codes))
	for i, c := range l.Codes {
		codes[i] = fmt.Sprintf("%d %s (%s)", c.Value, c.English, c.Chinese)
	}
	return strings.Join(codes, ", ")
}

// ChineseSQL returns an SQL expression for the Chinese label of a column's value, as in Code;
// NULL for NULL.
func (l *CodeList) ChineseSQL(d Dialect, column string) string {
	var sql strings.Builder
	sql.WriteString("CASE " + column)
	for _, c := range l.Codes {
		fmt.Fprintf(&sql, " WHEN %d THEN %s", c.Value, quoteSQL(c.Chinese))
	}
	return sql.String() + " ELSE CAST(" + column + " AS " + d.text() + ") || '（未知）' END"
}

// quoteSQL returns a text as an SQL literal.
func quoteSQL(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

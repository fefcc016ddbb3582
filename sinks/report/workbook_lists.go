package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"billwalk/schema"
)

// ErrChanged says that the lake was published to between the report and its lists.
var ErrChanged = errors.New("the days were published anew while their report was written: write it again")

var exceptionSheet = []column{
	{"异常类型", 24, false}, {"级别", 8, false}, {"日期", 12, false}, {"账户", 22, false}, {"名称", 24, false}, {"账单号", 24, false}, {"订单", 24, false}, {"分账单号", 24, false},
	{"应为", 16, false}, {"实为", 16, false}, {"说明", 60, false}, {"处理", 44, false}, {"logid", 34, false}, {"存档文件", 60, false},
}

// exceptions writes every exception.
func (b *workbook) exceptions(r *Report, list iter.Seq2[ListedException, error]) error {
	s := b.sheet("异常", exceptionSheet)
	names := r.names()
	type words struct{ rule, severity, advice string }
	known, left := make(map[ruleKey]words), make(map[ruleKey]int64)
	for _, rule := range r.Exceptions {
		key := ruleKey{rule.Rule, rule.Severity}
		left[key] = rule.Count
		known[key] = words{r.label("rule", string(rule.Rule)), r.label("severity", string(rule.Severity)), r.gloss("rule", string(rule.Rule)).Advice.Chinese}
	}
	for x, err := range list {
		if err != nil {
			return err
		}
		key := ruleKey{x.Rule, x.Severity}
		left[key]--
		name := ""
		if x.Account != schema.NoAccount {
			name = names[x.Account]
		}
		if err := s.add(known[key].rule, known[key].severity, x.Day.String(), string(x.Account), name, x.LedgerID.V, x.ShopOrderID.V, x.SettleID.V,
			Amount(x.Expected), Amount(x.Actual), detailText(x.Detail).Chinese, known[key].advice, x.LogID, x.ArchiveKey.V); err != nil {
			return err
		}
	}
	for _, n := range left {
		if n != 0 {
			return ErrChanged
		}
	}
	return s.end()
}

// Columns of the sheet 变更 that 汇总 adds up.
const (
	changeColumn    = 1
	changedTotal    = 8
	changedMerchant = 11
)

var restatementSheet = []column{
	{"账单日", 12, false}, {"变更", 8, false}, {"账户", 22, false}, {"名称", 24, false}, {"账单号", 24, false}, {"订单", 24, false},
	{"应结算（前）", 16, false}, {"应结算（后）", 16, false}, {"应结算变动", 16, true}, {"商家实际结算（前）", 18, false}, {"商家实际结算（后）", 18, false}, {"商家实际结算变动", 18, true},
	{"其他变动", 60, false}, {"变更前批次", 12, false}, {"变更后批次", 12, false}, {"时间", 20, false}, {"结账后", 24, false},
}

// restatements writes every bill that was changed after its day was published.
func (b *workbook) restatements(r *Report, list iter.Seq2[ListedRestatement, error]) error {
	s := b.sheet("变更", restatementSheet)
	names := r.names()
	left := make(map[schema.Day]int64)
	for _, day := range r.Restatements {
		left[day.Day] = day.Added + day.Removed + day.Changed
	}
	for x, err := range list {
		if err != nil {
			return err
		}
		left[x.Day]--
		row, err := restatementRow(x)
		if err != nil {
			return err
		}
		row[changeColumn], row[3] = r.label("change", string(x.Change)), names[x.WalkAccountID]
		if i := slices.IndexFunc(r.Closed, func(d ClosedDay) bool { return d.Day == x.Day }); i >= 0 && x.RestatedAt.After(r.Closed[i].At) {
			row = append(row, "结账后变更："+r.Closed[i].By+" 已结")
		}
		if err := s.add(row...); err != nil {
			return err
		}
	}
	for _, n := range left {
		if n != 0 {
			return ErrChanged
		}
	}
	return s.end()
}

// restatementRow returns a changed bill as a row; its second and fourth cells are left open.
func restatementRow(x ListedRestatement) ([]any, error) {
	before, err := restatedValues(x.Old)
	if err != nil {
		return nil, fmt.Errorf("old of bill %s: %w", x.LedgerID, err)
	}
	after, err := restatedValues(x.New)
	if err != nil {
		return nil, fmt.Errorf("new of bill %s: %w", x.LedgerID, err)
	}
	row := []any{x.Day.String(), nil, string(x.WalkAccountID), nil, x.LedgerID, x.ShopOrderID.V}
	for _, amount := range []struct {
		column string
		diff   schema.Null[schema.Fen]
	}{{schema.LedgerTotal.Column(), x.DiffTotal}, {schema.Goods.Column(), x.DiffGoods}} {
		for _, values := range []map[string]string{before, after} {
			fen, err := restatedAmount(values, amount.column)
			if err != nil {
				return nil, fmt.Errorf("%s of bill %s: %w", amount.column, x.LedgerID, err)
			}
			row = append(row, fen)
		}
		row = append(row, Amount(amount.diff))
	}
	return append(row, otherChanges(x, before, after), x.OldGeneration, x.NewGeneration, x.RestatedAt.In(schema.China).Format(time.DateTime)), nil
}

// restatedValues reads a column old or new of a restatement: texts by the name of the bill's column.
func restatedValues(object schema.Null[string]) (values map[string]string, err error) {
	if object.Valid {
		err = json.Unmarshal([]byte(object.V), &values)
	}
	return values, err
}

// restatedAmount returns an amount that changed; NULL if it did not, or is not known.
func restatedAmount(values map[string]string, column string) (amount Amount, err error) {
	text, known := values[column]
	if !known {
		return amount, nil
	}
	err = amount.UnmarshalJSON([]byte(`"` + text + `"`))
	return amount, err
}

// otherChanges returns the changes of a bill that stays, apart from both amounts that have
// cells of their own.
func otherChanges(x ListedRestatement, before, after map[string]string) string {
	if x.Change != schema.Changed {
		return ""
	}
	var changes []string
	for _, name := range x.Columns {
		if name == schema.LedgerTotal.Column() || name == schema.Goods.Column() {
			continue
		}
		column := schema.Bills.Column(name)
		if column == nil { // of a later version
			changes = append(changes, name)
			continue
		}
		if name == "code" { // no coupon code is shown
			changes = append(changes, column.Label)
			continue
		}
		changes = append(changes, fmt.Sprintf("%s %s → %s", column.Label, shownValue(column.Unit, before, name), shownValue(column.Unit, after, name)))
	}
	return strings.Join(changes, "；")
}

// shownValue returns the text of a bill's column, amounts in yuan.
func shownValue(unit string, values map[string]string, column string) string {
	text, known := values[column]
	if !known {
		return "空"
	}
	if amount, err := restatedAmount(values, column); unit == "fen" && err == nil {
		return amount.V.Yuan()
	}
	return text
}

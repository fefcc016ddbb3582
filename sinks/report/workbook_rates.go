package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

var rateSheet = []column{
	{"账户", 22, false}, {"名称", 24, false}, {"门店", 32, false}, {"判断", 8, false},
	{"账单数", 10, false}, {"应结算", 16, true}, {"平台服务费", 16, true}, {"费率（%）", 12, false}, {"同户中位数（%）", 16, false},
	{"佣金账单数", 12, false}, {"佣金的应结算", 16, true}, {"佣金", 16, true}, {"佣金率（%）", 12, false}, {"总费率（%）", 12, false}, {"未计入的账单", 48, false},
}

// Columns of the sheet 费率 that 汇总 adds up.
const (
	rateTotal           = 5
	rateFee             = 6
	rateCommissionTotal = 10
	rateCommission      = 11
)

// rates writes the fee rates of the stores, those first that are unusual for their account.
func (b *workbook) rates(r *Report) error {
	all := r.AllStores
	s := b.sheet("费率", rateSheet)
	names := r.names()
	stores := slices.Clone(r.Stores)
	slices.SortStableFunc(stores, func(a, b Store) int { return cmp.Compare(rank(a), rank(b)) })
	for _, st := range stores {
		name := strings.TrimSpace(st.Name + " " + st.ID)
		if err := s.add(string(st.Account), names[st.Account], cmp.Or(name, "（未分门店）"), b.mark(st),
			st.Bills, st.Total, st.Fee, percent(st.Rate), percent(st.Median),
			st.Commissions.Bills, st.Commissions.Total, st.Commissions.Part, percent(st.Commissions.Rate), percent(st.Taken.Rate), lacking(st)); err != nil {
			return err
		}
	}
	s.below = map[int]any{rateFee + 1: percent(all.Rate), rateCommission + 1: percent(all.Commissions.Rate), rateCommission + 2: percent(all.Taken.Rate)}
	return s.end()
}

func rank(s Store) int {
	if s.Outlying {
		return 0
	}
	return 1
}

// mark says whether a store's rate is unusual.
func (b *workbook) mark(s Store) any {
	switch {
	case s.Outlying:
		return cell{kind: textCell, style: b.alert, text: "偏离"}
	case s.Rate == nil:
		return "未知"
	}
	return "正常"
}

// percent returns a rate in percent.
func percent(points *int64) any {
	if points == nil {
		return nil
	}
	return cell{kind: decimalCell, number: *points}
}

// lacking says how many bills are in no rate, as they do not state an amount.
func lacking(s Store) string {
	var parts []string
	for _, lack := range []struct {
		name  string
		bills int64
	}{{"应结算", s.Lacking.Total}, {"平台服务费", s.Lacking.Fee}, {"佣金", s.Lacking.Commissions}} {
		if lack.bills > 0 {
			parts = append(parts, fmt.Sprintf("缺%s %d 条", lack.name, lack.bills))
		}
	}
	return strings.Join(parts, "；")
}

// sumRates adds the sheet up.
func (b *workbook) sumRates(r *Report) (rows [][]any) {
	s, all := b.written("费率"), r.AllStores
	return [][]any{
		{s.name, "应结算（服务费已知的）", nil, all.Bills, b.totalOf(s, rateTotal, all.Total)}, {s.name, "平台服务费", nil, nil, b.totalOf(s, rateFee, all.Fee)},
		{s.name, "应结算（佣金已知的）", nil, all.Commissions.Bills, b.totalOf(s, rateCommissionTotal, all.Commissions.Total)}, {s.name, "佣金", nil, nil, b.totalOf(s, rateCommission, all.Commissions.Part)},
	}
}

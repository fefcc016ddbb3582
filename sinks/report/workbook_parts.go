package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"billwalk/schema"
)

var dailySheet = []column{
	{"日期", 12, false}, {"账户", 22, false}, {"名称", 24, false}, {"状态", 10, false}, {"账单笔数", 10, false},
	{"正向", 16, true}, {"退款", 16, true}, {"扣款及其他", 16, true}, {"净额", 16, true}, {"商家实际结算", 16, true}, {"分账成功", 16, true},
	{"批次", 8, false}, {"原因", 40, false}, {"错误码", 10, false}, {"logid", 34, false}, {"处理", 40, false},
}

// dailyBills is the column of the number of bills.
const dailyBills = 4

// daily writes a row for each account and day, whether there is anything of it or not.
func (b *workbook) daily(r *Report) error {
	s := b.sheet("日报", dailySheet)
	names := r.names()
	for _, u := range r.Units {
		row := []any{u.Day.String(), string(u.Account), names[u.Account], r.label("state", string(u.State)), u.Sums.Bills}
		switch u.State {
		case Complete, Stale:
			row = append(row, u.Sums.Forward, u.Sums.Refund, u.Sums.Other, u.Sums.Net, u.Sums.Merchant, u.Bridge.Settled)
		default: // not known, which is not 0
			row = append(row, nil, nil, nil, nil, nil, nil)
			row[dailyBills] = nil
		}
		row = append(row, u.Generation, cmp.Or(u.Why.Chinese, u.Reason), code(u.Code), u.LogID, u.Hint.Chinese)
		if err := s.add(row...); err != nil {
			return err
		}
	}
	return s.end()
}

func code(n int64) any {
	if n == 0 {
		return nil
	}
	return fmt.Sprint(n)
}

func (r *Report) names() map[schema.AccountID]string {
	names := map[schema.AccountID]string{schema.NoAccount: "（无账单的分账）"}
	for _, a := range r.Accounts {
		if a.ID != schema.NoAccount {
			names[a.ID] = a.Name
		}
	}
	return names
}

// bridges writes how forward bills lead to what was settled, and orders to what merchants
// get, each with a check by formula.
func (b *workbook) bridges(r *Report) error {
	s := b.sheet("调节表", []column{{"项目", 40, false}, {"金额", 18, false}, {"核对单元或账单数", 18, false}})
	s.maxRows = excelize.TotalRows // it is short, and its check names its own rows
	bridge := r.Total.Bridge
	rows := [][]any{{"正向账单", bridge.Forward, nil}}
	for _, term := range bridge.Terms {
		rows = append(rows, []any{sign(term.Fen) + r.label("term", string(term.Code)), term.Fen, term.Groups})
	}
	for _, row := range rows {
		if err := s.add(row...); err != nil {
			return err
		}
	}
	last := s.row
	if err := s.add("分账成功", bridge.Settled, nil); err != nil {
		return err
	}
	check := fmt.Sprintf("ROUND(B%d-SUM(B2:B%d),2)", last+1, last)
	s.write([]cell{cellOfText("平衡校验"), b.formula(check, bridge.Remainder)})
	for _, step := range r.Waterfall {
		label := r.label("step", string(step.Code))
		if step.Subtotal {
			label = "＝ " + label
		}
		if err := s.add(label, step.Fen, step.Bills); err != nil {
			return err
		}
	}
	return s.end()
}

func sign(fen schema.Fen) string {
	if fen < 0 {
		return "减："
	}
	return "加："
}

// orderSheet is a sheet of orders of some verdicts: of the open ones, or of the resolved, so
// that each sum is of one kind.
type orderSheet struct {
	name     string
	verdicts []schema.Verdict
	list     func(*Report) []Order
}

var orderSheets = []orderSheet{
	{"差异", []schema.Verdict{schema.Mismatched, schema.SettlementOnly}, openList},
	{"未分", []schema.Verdict{schema.BillOnly, schema.Pending, schema.NotApplicable, schema.Matched}, openList},
	{"失败", []schema.Verdict{schema.SettleFailed}, openList},
	{"已处理", schema.Verdicts, func(r *Report) []Order { return r.Orders.ResolvedList }},
}

func openList(r *Report) []Order { return r.Orders.List }

var orderCells = []column{
	{"订单", 24, false}, {"账户", 22, false}, {"名称", 24, false}, {"门店", 20, false}, {"结论", 24, false}, {"成因、原因", 40, false},
	{"应分", 16, true}, {"已分", 16, true}, {"差额", 16, true}, {"平台服务费差额", 16, true}, {"佣金差额", 16, true}, {"商家实际结算差额", 16, true}, {"涉及金额", 16, true},
	{"起", 12, false}, {"止", 12, false}, {"账龄（天）", 10, false}, {"处理", 48, false}, {"责任人", 12, false}, {"人工处理", 16, false}, {"处理人", 12, false}, {"处理时间", 20, false}, {"处理说明", 40, false},
}

// orders writes the orders of a sheet, the largest first as in the report.
func (b *workbook) orders(r *Report, of orderSheet) error {
	s := b.sheet(of.name, orderCells)
	names, stores := r.names(), r.storeNames()
	for _, o := range of.list(r) {
		if !slices.Contains(of.verdicts, o.Verdict) {
			continue
		}
		total := o.Legs[schema.LegTotal]
		account := names[o.Account]
		if o.Accounts > 1 {
			account += fmt.Sprintf(" 等 %d 户", o.Accounts)
		}
		row := []any{o.Key, string(o.Account), account, storeText(stores, o.Store), o.Verdict.Label(), r.reasons(o), total.Billed, total.Settled, total.Diff,
			o.Legs[schema.LegFee].Diff, o.Legs[schema.LegCommission].Diff, o.Legs[schema.LegNet].Diff, o.Stake,
			o.First.String(), o.Last.String(), o.Age, r.advice(o), nil}
		if noted := o.Noted; noted != nil {
			row = append(row, r.label("noted", string(noted.State)), noted.By, noted.At.In(schema.China).Format(time.DateTime), noted.Reason)
		}
		if err := s.add(row...); err != nil {
			return err
		}
	}
	return s.end()
}

var doubtSheet = []column{
	{"账单日", 12, false}, {"账户", 22, false}, {"名称", 24, false}, {"核对单元", 28, false}, {"应分", 16, true}, {"已分", 16, true}, {"异常类型", 60, false},
}

// doubts writes the matched groups that have an exception, the largest first.
func (b *workbook) doubts(r *Report) error {
	s := b.sheet("存疑", doubtSheet)
	names := r.names()
	for _, d := range r.Doubts {
		var rules []string
		for _, rule := range d.Rules {
			rules = append(rules, r.label("rule", string(rule)))
		}
		if err := s.add(d.Day.String(), string(d.Account), names[d.Account], d.Key, d.Billed, d.Settled, strings.Join(rules, "；")); err != nil {
			return err
		}
	}
	return s.end()
}

// reasons returns the labels of an order's cause and reasons, as the page has them.
func (r *Report) reasons(o Order) string {
	var labels []string
	if o.Cause != "" {
		labels = append(labels, r.label("cause", o.Cause))
	}
	for _, reason := range o.Reasons {
		labels = append(labels, r.label("reason", reason))
	}
	return strings.Join(labels, "；")
}

// advice returns what to do about an order: by its first reason that says so, or its verdict.
func (r *Report) advice(o Order) string {
	for _, reason := range o.Reasons {
		if advice := r.gloss("reason", reason).Advice.Chinese; advice != "" {
			return advice
		}
	}
	return r.gloss("verdict", string(o.Verdict)).Advice.Chinese
}

var statementSheet = []column{
	{"日期", 12, false}, {"账户", 22, false}, {"账单号", 26, false}, {"订单", 24, false}, {"门店", 20, false}, {"商品", 32, false}, {"业务", 16, false}, {"结算时间", 20, false},
	{"交易金额", 16, true}, {"应结算", 16, true}, {"平台服务费", 16, true}, {"佣金合计", 16, true}, {"保险费", 16, true}, {"商家实际结算", 16, true}, {"备注", 40, false},
}

// Columns of statements that 汇总 adds up.
const (
	statementNet      = 9
	statementMerchant = 13
)

// appendStatementRow appends the cells of a bill, with the names of stores. A bill that does not count has its amounts in words.
func appendStatementRow(to []cell, d DayBill, stores map[string]string) ([]cell, error) {
	bill := d.Bill
	settled := ""
	if bill.SettleTime.Valid {
		settled = bill.SettleTime.V.In(schema.China).Format(time.DateTime)
	}
	to = append(to, cellOfText(d.Day.String()), cellOfText(string(bill.WalkAccountID)), cellOfText(bill.LedgerID), cellOfText(bill.ShopOrderID.V), cellOfText(storeText(stores, bill.PoiID.V)),
		cellOfText(bill.GroupName.V), cellOfText(kindOf(bill)), cellOfText(settled))
	commissions, err := schema.Total(bill.Amounts.Commissions()...)
	if err != nil {
		return nil, err
	}
	for _, amount := range [...]schema.Null[schema.Fen]{
		bill.Amounts[schema.Original], bill.Amounts[schema.LedgerTotal], bill.Amounts[schema.TotalMerchantPlatformService], commissions,
		bill.Amounts[schema.ActualInsured], bill.Amounts[schema.Goods],
	} {
		if !bill.Counts() {
			amount.Valid = false
		}
		to = append(to, cellOfAmount(Amount(amount)))
	}
	note := ""
	switch {
	case !bill.Counts():
		note = "同一账单的另一版，不计入合计"
		if total := bill.Amounts[schema.LedgerTotal]; total.Valid {
			note += "；应结算 " + total.V.Yuan()
		}
	case !bill.Direction.Valid:
		note = "收支方向不明，未计入合计"
	}
	return append(to, cellOfText(note)), nil
}

// terms writes what the report is of, why its days cannot be closed, and what its words mean.
func (b *workbook) terms(r *Report) error {
	s := b.sheet("口径说明", []column{{"项目", 28, false}, {"说明", 100, false}})
	state := "可日清"
	if !r.Close.Ready {
		state = "不可日清"
	}
	rows := [][2]string{
		{"任务", r.Job}, {"日期", fmt.Sprintf("%s 至 %s", r.From, r.To)}, {"结论", state},
		{"制表", r.MadeAt.In(schema.China).Format(time.DateTime) + "，billwalk " + r.Billwalk},
		{"数据截至", fmt.Sprintf("%s，批次 %d，运行 %s", r.AsOf.PublishedAt.In(schema.China).Format(time.DateTime), r.AsOf.Generation, r.AsOf.RunID)}, {"数据湖", r.Lake},
	}
	for _, blocker := range r.Close.Blockers {
		text := fmt.Sprintf("%s：%d", r.label("blocker", string(blocker.Code)), blocker.Count)
		if blocker.Fen.Valid {
			text += "，" + blocker.Fen.V.Yuan() + " 元"
		}
		rows = append(rows, [2]string{"不可日清的原因", text})
	}
	if left := r.Orders.Left; left.Orders > 0 {
		rows = append(rows, [2]string{"未列出的待办", fmt.Sprintf("%d 单，涉及金额 %s 元：只列出金额最大的 %d 单", left.Orders, left.Stake.Yuan(), len(r.Orders.List))})
	}
	if w := r.Withdrawals; w != nil && w.Left > 0 {
		rows = append(rows, [2]string{"未列出的提现", fmt.Sprintf("%d 笔：“提现”只列出 %d 笔，先列待处理与金额大的。全部见数据湖的 withdrawals 表：billwalk ddl duckdb 给出视图，再查 SELECT * FROM withdrawals", w.Left, len(w.List))})
	}
	if sums := r.Total.Doubtful; sums.Groups > 0 {
		text := fmt.Sprintf("平账中 %d 个核对单元、%s 元的账单或分账有异常", sums.Groups, sums.Billed.Yuan())
		if sums.Groups > int64(len(r.Doubts)) {
			text += fmt.Sprintf("：“存疑”只列出金额最大的 %d 个", len(r.Doubts))
		}
		rows = append(rows, [2]string{"平账（存疑）", text})
	}
	rows = append(rows, notes...)
	for _, key := range slices.Sorted(maps.Keys(r.Glossary)) {
		if w := r.Glossary[key]; w.Meaning.Chinese != "" {
			rows = append(rows, [2]string{w.Label.Chinese, w.Meaning.Chinese})
		}
	}
	for _, row := range rows {
		if err := s.add(row[0], row[1]); err != nil {
			return err
		}
	}
	return s.end()
}

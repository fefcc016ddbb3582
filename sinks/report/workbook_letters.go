package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"billwalk/schema"
)

// replyDays is how many days after the report is made merchants have to reply. They are calendar
// days: which days are worked changes from year to year.
const replyDays = 3

var letterSheet = []column{
	{"订单", 34, false}, {"门店", 22, false}, {"结论", 20, false}, {"应分", 14, true}, {"已分", 14, true}, {"差额", 14, true}, {"涉及金额", 14, true}, {"需做事项", 50, false}, {"回复", 16, false},
}

const followedUp = "由我方跟进，暂无需处理"

// letters writes to each account what was reconciled, and what is asked of the merchant. A
// letter goes to somebody else: it has nothing of other accounts.
func (b *workbook) letters(r *Report) error {
	orders := make(map[schema.AccountID][]Order)
	for _, o := range r.Orders.List {
		orders[o.Account] = append(orders[o.Account], o)
	}
	for i, account := range r.Accounts {
		if account.ID == schema.NoAccount {
			continue
		}
		if err := b.letter(r, i+1, account, orders[account.ID]); err != nil {
			return err
		}
	}
	return nil
}

func (b *workbook) letter(r *Report, number int, account Account, orders []Order) error {
	slices.SortStableFunc(orders, func(a, b Order) int { return boolOrder(forMerchant(b), forMerchant(a)) })
	above, err := letterLines(r, account, orders)
	if err != nil {
		return err
	}
	s := b.sheet(strings.TrimSpace(fmt.Sprintf("对账函%d %s", number, account.Name)), letterSheet, above...)
	s.maxRows = excelize.TotalRows // a letter is short
	stores := r.storeNames()
	for _, o := range orders {
		total, stake, advice := o.Legs[schema.LegTotal], Amount(schema.Some(o.Stake)), followedUp
		switch {
		case o.Accounts > 1: // its amounts are of other accounts as well
			total, stake = Leg{}, Amount{}
		case forMerchant(o):
			advice = r.advice(o)
		}
		if err := s.add(o.Key, storeText(stores, o.Store), o.Verdict.Label(), total.Billed, total.Settled, total.Diff, stake, advice, nil); err != nil {
			return err
		}
	}
	return s.end()
}

func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// forMerchant reports whether a merchant has to look at the order: it failed, or it differs and waits for nothing.
func forMerchant(o Order) bool {
	waits := slices.ContainsFunc(o.Reasons, func(reason string) bool {
		return reason == schema.ReasonPartlyBilled || reason == schema.ReasonElsewhere || reason == schema.ReasonUnmatched
	})
	return o.Accounts <= 1 && (o.Verdict == schema.SettleFailed || o.Verdict == schema.Mismatched && !waits)
}

// letterLines returns what stands above the orders of a letter.
func letterLines(r *Report, account Account, orders []Order) ([]string, error) {
	asked, sum := 0, schema.Fen(0)
	for _, o := range orders {
		if !forMerchant(o) {
			continue
		}
		asked++
		var err error
		if sum, err = sum.Add(o.Stake); err != nil {
			return nil, err
		}
	}
	days := chineseDay(r.From)
	if r.To != r.From {
		days += "至 " + chineseDay(r.To)
	}
	absent, state := absentDays(r, account.ID), "完成"
	if len(absent) > 0 || !account.clear() || slices.ContainsFunc(orders, unclear) {
		state = "未完成"
	}
	lines := []string{fmt.Sprintf("贵店 %s核对%s；无待贵方处理的订单。", days, state)}
	if asked > 0 {
		lines[0] = fmt.Sprintf("贵店 %s核对%s；待贵方处理 %d 单 %s 元，请于 %s前回复。", days, state, asked, sum.Yuan(), chineseDay(r.ReplyBy))
	}
	lines = append(lines, fmt.Sprintf("账户 %s %s；%s 至 %s；制表 %s", account.ID, account.Name, r.From, r.To, schema.DayOf(r.MadeAt)))
	if account.Days[Complete]+account.Days[Stale] > 0 {
		lines = append(lines, fmt.Sprintf("账单 %d 笔，净额（应结算）%s 元，商家实际结算 %s 元；差额为已分减应分，正数为多分。", account.Sums.Bills, account.Sums.Net.Yuan(), account.Sums.Merchant.Yuan()))
	}
	if len(absent) > 0 {
		lines = append(lines, "未取得完整账单的日期："+strings.Join(absent, "，")+"。其金额未知，不含在内。")
	}
	if r.Orders.Left.Orders > 0 {
		lines = append(lines, fmt.Sprintf("只列出各账户合计金额最大的 %d 单。", len(r.Orders.List)))
	}
	return lines, nil
}

// clear reports whether nothing of the account is unknown.
func (a *Account) clear() bool {
	return a.Bridge.Remainder == 0 && a.Sums.UnknownDirection+a.Sums.UnknownTotal+a.Sums.UnknownForward == 0
}

// unclear reports whether it is not known if the order is right.
func unclear(o Order) bool {
	return slices.ContainsFunc(unclearReasons, func(code BlockerCode) bool { return slices.Contains(o.Reasons, string(code)) })
}

// absentDays returns the days of an account that are not complete.
func absentDays(r *Report, account schema.AccountID) (days []string) {
	for _, u := range r.Units {
		if u.Account == account && u.State != Complete {
			days = append(days, fmt.Sprintf("%s（%s）", u.Day, r.label("state", string(u.State))))
		}
	}
	return days
}

// chineseDay returns a day as in letters, with the space that follows it.
func chineseDay(day schema.Day) string { return day.Start().Format("1 月 2 日") }

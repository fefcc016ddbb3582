package alarms

import (
	"fmt"

	"billwalk/schema"
)

// Text says what the alarm is about, each in one line for people.
func (a Alarm) Text() (english, chinese string) {
	switch a.Kind {
	case Late:
		return fmt.Sprintf("%s is late: %d of its accounts are still not published", a.Day, a.Value), fmt.Sprintf("%s 迟到：仍有 %d 个账户未发布", a.Day, a.Value)
	case Empty:
		return fmt.Sprintf("%s is empty: it has no bill at all", a.Day), fmt.Sprintf("%s 为空：没有一笔账单", a.Day)
	}
	what := words[a.Kind]
	value, median, low, high := what.number(a.Value), what.number(a.Median), what.number(a.Low), what.number(a.High)
	return fmt.Sprintf("%s is unusual: %s %s; the median of %d days of its weekday is %s, and %s to %s are usual", a.Day, what.english, value, a.Weeks, median, low, high),
		fmt.Sprintf("%s 异常：%s %s；此前 %d 个相同星期几的中位数为 %s，通常在 %s 至 %s 之间", a.Day, what.chinese, value, a.Weeks, median, low, high)
}

// words are what the kinds measure, and how their numbers are written.
var words = map[Kind]struct {
	english, chinese string
	number           func(int64) string
}{
	Bills:   {"bills", "账单笔数", func(n int64) string { return fmt.Sprint(n) }},
	Amount:  {"ledger_total in yuan", "应结算金额（元）", func(n int64) string { return schema.Fen(n).Yuan() }},
	FeeRate: {"service fee by ledger_total", "服务费率", percent},
}

// percent formats a share per million, such as 2.5000%.
func percent(millionths int64) string {
	sign := ""
	if millionths < 0 {
		sign, millionths = "-", -millionths
	}
	return fmt.Sprintf("%s%d.%04d%%", sign, millionths/10_000, millionths%10_000)
}

package alarms

import (
	"fmt"

	"billwalk/schema"
)

// Text says what the alarm is about, in one line for people.
func (a Alarm) Text() schema.Bilingual {
	switch a.Kind {
	case Late:
		return schema.Bilingual{
			fmt.Sprintf("%s is late: %d of its accounts are still not published", a.Day, a.Value),
			fmt.Sprintf("%s 迟到：仍有 %d 个账户未发布", a.Day, a.Value),
		}
	case Empty:
		return schema.Bilingual{fmt.Sprintf("%s is empty: it has no bill at all", a.Day), fmt.Sprintf("%s 为空：没有一笔账单", a.Day)}
	}
	names := map[Kind]schema.Bilingual{Bills: {"bills", "账单笔数"}, Amount: {"ledger_total in yuan", "应结算金额（元）"}, FeeRate: {"service fee by ledger_total", "服务费率"}}
	number := map[Kind]func(int64) string{Bills: plain, Amount: yuan, FeeRate: percent}[a.Kind]
	what, value, median, low, high := names[a.Kind], number(a.Value), number(a.Median), number(a.Low), number(a.High)
	return schema.Bilingual{
		fmt.Sprintf("%s is unusual: %s %s; the median of %d days of its weekday is %s, and %s to %s are usual", a.Day, what.English, value, a.Weeks, median, low, high),
		fmt.Sprintf("%s 异常：%s %s；此前 %d 个相同星期几的中位数为 %s，通常在 %s 至 %s 之间", a.Day, what.Chinese, value, a.Weeks, median, low, high),
	}
}

func plain(n int64) string { return fmt.Sprint(n) }

func yuan(fen int64) string { return schema.Fen(fen).Yuan() }

// percent formats a share per million, such as 2.5000%.
func percent(millionths int64) string {
	sign := ""
	if millionths < 0 {
		sign, millionths = "-", -millionths
	}
	return fmt.Sprintf("%s%d.%04d%%", sign, millionths/10_000, millionths%10_000)
}

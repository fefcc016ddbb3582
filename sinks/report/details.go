package report

import (
	"regexp"
	"strings"
	"sync"

	"billwalk/schema"
)

// detailPatterns put what exceptions say, which the tables have in English, into Chinese. In
// the Chinese text {name} stands for the label of a field of the platform or of a column.
var detailPatterns = sync.OnceValue(func() (patterns []detailPattern) {
	for _, p := range [][2]string{
		{`neither fund_amount_type \((.*)\) nor settle_type \((.*)\) says whether money comes in or goes out; amounts are NULL`, `资金方向（$1）与结算类型（$2）都判断不了收支；金额按未知处理`},
		{`fund_amount_type (.*) says (.*), settle_type (.*) says (.*); fund_amount_type is taken`, `资金方向 $1 为{$2}，结算类型 $3 应为{$4}；以资金方向为准`},
		{`original should be pay \+ merchant_ticket \+ platform_ticket`, `交易金额应为实付＋商家优惠＋平台优惠`},
		{`ledger_total should be pay \+ ledger_platform_ticket`, `应结算应为实付＋参与结算的平台补贴`},
		{`goods should be ledger_total - total_merchant_platform_service - commissions - actual_insured`, `商家实际结算应为应结算－平台服务费－佣金－保险费`},
		{`settle_amount should be rake \+ commission \+ shares`, `分账金额应为平台服务费＋佣金＋各分账方所得`},
		{`(original|ledger_total|goods|settle_amount) should be .*: .*`, `核对{$1}时，合计过大`},
		{`sum of the shares: .*`, `各分账方所得的合计过大`},
		{`the hidden (.*) would be negative`, `按看得到的金额倒推，隐藏的{$1}为负`},
		{`(\S+) is (.*), and amounts are documented without a sign; the column is NULL`, `{$1}为 $2 分，而文档中的金额不带符号；按未知处理`},
		{`(.*) is (.*), and a settlement has (.*) at most; the column is NULL`, `{$1}为 $2 分，超过一笔分账的上限 $3 分；按未知处理`},
		{`(\S+) is (.*): it is longer than the 64 bytes that the settle query takes, and is not asked with`, `{$1} $2 超过分账查询的 64 字节，不用它查询`},
		{`(\S+) is (.*): white space or control characters stand in it`, `{$1} $2 含有空白或控制字符`},
		{`status (.*) of a withdrawal is not in withdrawals.statuses; it is taken for one in flight`, `提现状态 $1 不在配置的状态表中；按处理中计`},
		{`launch_time lies on (.*), and the withdrawals launched on (.*) were asked for`, `发起时间在 $1，而查的是 $2 发起的提现`},
		{`it lists the bill with another amount than the table bills has on (.*)`, `所列账单的金额与 $1 账单表中的不同`},
		{`no published day has the bill of account (\S+) that was settled on (.*)`, `已发布的各天都没有账户 $1 于 $2 结算的这笔账单`},
		{`no published day has the bill of account (\S+)`, `已发布的各天都没有账户 $1 的这笔账单`},
		{`it pays a bill that was settled on (.*), and that day is not published`, `所付的账单于 $1 结算，那一天未发布`},
		{`it pays a bill.*, and that day is not published`, `所付账单的那一天未发布`},
		{`the direction of the bill is unknown`, `账单收支方向不明`},
		{`withdrawal (\S+) pays the bill as well`, `提现 $1 也付了这笔账单`},
		{`(\S+) is (.*): .*`, `{$1} $2 有误`},
		{`(\S+) (.*) is not in unix .* of the years 2015 to 2099; the column is NULL`, `{$1} $2 不是 2015 至 2099 年间的时间；按未知处理`},
		{`settle_time lies on (.*), the bill on (.*)`, `结算时间在 $1，账单日为 $2`},
		{`(\S+) is missing; the callback is taken to be of the day of its receipt`, `{$1}缺失；回调按收到的日期计`},
		{`(\S+) (.*) is not documented`, `{$1} $2 不在平台文档中`},
		{`text was cut in the middle of a character, and is mended with U\+FFFD, in: (.*)`, `文字在一个字中间被截断，已用 U+FFFD 补上：$1`},
		{`the same bill \(settle_type (.*)\) was received with different content; both rows are kept, and the other one counts`, `同一账单（结算类型 $1）收到两版内容；两版都保留，计入的是另一版`},
		{`the account's own walk, of another night, has this bill with other content, and counts; this is what the walk of its root account has`, `该账户另一晚自己拉取的内容不同，以那一版为准；这是总店拉取的一版`},
		{`only the bills of account (.*) were asked for, and this one is of account (.*)`, `只查了账户 $1 的账单，这一条却是账户 $2 的`},
		{`asked for (\S+) (.*), got a settlement of (.*); it is linked to no order`, `查的是{$1} $2，返回的是 $3 的分账；不归入任何订单`},
		{`settle_detail cannot be read, so that settle_amount cannot be checked: it is not a list of .*`, `分账细节无法解析，无从核对分账金额：不是“商户号…-分成金额(分)…”的列表`},
		{`settle_detail cannot be read, so that settle_amount cannot be checked: .*`, `分账细节无法解析，无从核对分账金额`},
		{`the settlement answers for order (.*), too, and counts there`, `这笔分账还对上订单 $1，算在那一单`},
		{`the settlement stands on a later day, further away than the lookback, where the order has another bill, and counts there alone`, `该订单在追溯期之外的较晚一天另有账单，这笔分账只算在那一天`},
		{`the settlement stands on (.*), where the order has another bill, and counts there alone`, `该订单在 $1 另有账单，这笔分账只算在那一天`},
		{`the settlement has succeeded since (.*) was last looked at, where it stands: it counts once that day is run again \((.*)\)`, `这笔分账算在 $1，而那一天最后一次查看之后才成功：重跑那一天（$2）后计入`},
		{`the settlement succeeded, and the platform has removed the last bill of its order \((\S+) (.*)\) since`, `分账已成功，而平台后来撤掉了该订单（{$1} $2）的最后一条账单`},
		{`another callback of the settlement says otherwise: (.*)`, `同一分账的另一次回调不同：$1`},
		{`the callback says otherwise, and the query wins: (.*)`, `回调与查询不同，以查询为准：$1`},
		{`another callback tells otherwise of the same moment`, `同一时刻的另一次回调内容不同`},
		{`callbacks tell of the settlement; the settle query, asked after them, does not know it. It counts`, `回调有这笔分账，之后查询却查不到；仍计入`},
	} {
		patterns = append(patterns, detailPattern{regexp.MustCompile(`(?s)^` + p[0] + `$`), p[1]})
	}
	return patterns
})

type detailPattern struct {
	english *regexp.Regexp
	chinese string
}

var fieldOfDetail = regexp.MustCompile(`\{[^{}]*\}`)

// detailText returns what an exception says in both languages; a detail that no pattern knows
// stays as it is.
func detailText(detail string) Text {
	if id, rest, ok := strings.Cut(strings.TrimPrefix(detail, "withdrawal "), ": "); ok && strings.HasPrefix(detail, "withdrawal ") {
		return Text{"提现 " + id + "：" + detailText(rest).Chinese, detail}
	}
	for _, p := range detailPatterns() {
		match := p.english.FindStringSubmatchIndex(detail)
		if match == nil {
			continue
		}
		template := fieldOfDetail.ReplaceAllStringFunc(p.chinese, func(field string) string {
			label := fieldLabel(string(p.english.ExpandString(nil, field[1:len(field)-1], detail, match)))
			return strings.ReplaceAll(label, "$", "$$")
		})
		return Text{string(p.english.ExpandString(nil, template, detail, match)), strings.Replace(detail, shareForm, "merchant numbers and shares in fen", 1)}
	}
	return Text{detail, detail}
}

// shareForm is the platform's form of a share, which details have in Chinese alone.
const shareForm = "商户号<digits>-分成金额(分)<fen>"

// fieldLabels are the labels of what no column is called like.
var fieldLabels = map[string]string{
	"+1": "入账", "-1": "出账", "the sum of the shares": "各分账方所得之和", "event_time": "事件时间",
	"fund_amount_type": "资金方向", "rake": "平台服务费", "commission": "佣金", "platform_ticket": "平台优惠", "ledger_platform_ticket": "参与结算的平台补贴",
}

// fieldLabel returns what people call a field of the platform, or a column.
func fieldLabel(name string) string {
	if label := fieldLabels[name]; label != "" {
		return label
	}
	name = strings.TrimPrefix(name, "amount.")
	for _, column := range []string{name, name + "_fen"} {
		if c := schema.Bills.Column(column); c != nil {
			return c.Label
		}
		if c := schema.Settlements.Column(column); c != nil {
			return c.Label
		}
	}
	return name
}

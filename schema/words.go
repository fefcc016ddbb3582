package schema

import "slices"

// Word is a value of a column or of a manifest that is not of a list of its own, with
// its meaning.
type Word struct {
	Value   string
	Label   Bilingual // what people call it
	Meaning Bilingual
	Advice  Bilingual
}

// labelIn returns the Chinese label of a value, or "" if the list does not have it.
func labelIn(words []Word, value string) string {
	if i := slices.IndexFunc(words, func(w Word) bool { return w.Value == value }); i >= 0 {
		return words[i].Label.Chinese
	}
	return ""
}

var noAdvice = Bilingual{"nothing", "无"}

// States lists the states of a unit.
var States = []Word{
	{string(Complete), Bilingual{"complete", "完整"}, Bilingual{"all pages of the account's day were received, and the walks agree", "该账户当天的各页已收齐，几次拉取一致"}, noAdvice},
	{string(Unavailable), Bilingual{"unavailable", "平台不提供"}, Bilingual{"the money was withdrawn by hand (手动提现), and the platform cannot list the bills", "手动提现，平台无法列出账单"},
		Bilingual{"look the money up in the merchant's console: 来客 财务首页 > 交易账户详情", "到来客 财务首页 > 交易账户详情 核对"}},
	{string(Failed), Bilingual{"failed", "失败"}, Bilingual{"the account's day could not be fetched; rows of an earlier walk stay, if there was one", "该账户当天未能拉取；有较早一次的数据则保留"},
		Bilingual{"mend what failed, and run the day again", "排除故障后，再跑这一天"}},
	{"stale", Bilingual{"earlier data kept", "沿用旧数据"}, Bilingual{"a later walk failed, and the rows are those of an earlier one", "后来的拉取失败，数据是较早一次的"},
		Bilingual{"mend what failed, and run the day again", "排除故障后，再跑这一天"}},
}

// Directions lists the values of the column direction, and the words for the sign of a difference.
var Directions = []Word{
	{"+1", Bilingual{"in", "入账"}, Bilingual{"the money of the bill comes in to the merchant; its amounts are positive", "资金进商家，金额为正"}, noAdvice},
	{"-1", Bilingual{"out", "出账"}, Bilingual{"the money of the bill goes out from the merchant; its amounts are negative", "资金出商家，金额为负"}, noAdvice},
	{"NULL", Bilingual{"direction not known", "方向不明"}, Bilingual{"unknown: neither fund_amount_type nor settle_type says it, and no amount of the bill is summed", "未知：fund_amount_type 与 settle_type 都判断不了，金额不计入合计"}, RuleUnknownDirection.Advice()},
	{"多分", Bilingual{"over", "长款"}, Bilingual{"a positive difference: more was settled than billed", "差额为正：分账多于账单"}, Mismatched.Advice()},
	{"少分", Bilingual{"short", "短款"}, Bilingual{"a negative difference: less was settled than billed", "差额为负：分账少于账单"}, Mismatched.Advice()},
}

// Statuses lists the statuses of a settlement.
var Statuses = []Word{
	{string(StatusInit), Bilingual{"accepted", "初始化"}, Bilingual{"the settlement was accepted, and has not begun", "分账已受理，尚未开始"}, Pending.Advice()},
	{string(StatusProcessing), Bilingual{"under way", "处理中"}, Bilingual{"the settlement is under way", "分账处理中"}, Pending.Advice()},
	{string(StatusSuccess), Bilingual{"settled", "成功"}, Bilingual{"the settlement succeeded; further ones of the order may follow", "分账成功；该订单可能还有其他分账"}, noAdvice},
	{string(StatusFail), Bilingual{"failed", "失败"}, SettleFailed.Meaning(), SettleFailed.Advice()},
}

// Sources lists the values of the column source.
var Sources = []Word{
	{string(SourceQuery), Bilingual{"query", "查询"}, Bilingual{"an answer of the settle query", "来自分账查询的应答"}, noAdvice},
	{string(SourceCallback), Bilingual{"callback", "回调"}, Bilingual{"a settle callback; the settle query has not confirmed it", "来自分账回调；分账查询尚未确认"}, noAdvice},
	{string(SourceBoth), Bilingual{"query and callback", "查询与回调"}, Bilingual{"a settle callback, which the settle query confirms", "来自分账回调，分账查询已确认"}, noAdvice},
}

// Changes lists the values of the column change.
var Changes = []Word{
	{string(Added), Bilingual{"added", "增加"}, Bilingual{"a bill that came after its day was published", "该日发布之后才出现的账单"}, Bilingual{"compare it with what was booked for the day", "与该日已入账的核对"}},
	{string(Removed), Bilingual{"removed", "减少"}, Bilingual{"a bill that the platform has removed since its day was published", "该日发布之后平台撤掉的账单"}, Bilingual{"compare it with what was booked for the day; ask the platform if it had been settled", "与该日已入账的核对；已分账的问平台"}},
	{string(Changed), Bilingual{"changed", "变更"}, Bilingual{"a bill whose content has changed since its day was published", "该日发布之后内容变更的账单"}, Bilingual{"compare it with what was booked for the day", "与该日已入账的核对"}},
}

// BillStates lists where the money of a bill is, as the view bill_states has it.
var BillStates = []Word{
	{"withdrawn", Bilingual{"withdrawn", "已提现"}, Bilingual{"a withdrawal that was paid lists the bill", "已到账的提现列有该账单"}, noAdvice},
	{"waiting", Bilingual{"waiting to be withdrawn", "待提现"}, Bilingual{"no withdrawal that was paid lists the bill", "没有已到账的提现列有该账单"},
		Bilingual{"wait for the next withdrawal; after 30 days look it up in the console", "等下一笔提现；超过 30 天到来客核对"}},
	{"not_withdrawable", Bilingual{"not withdrawable", "不可提现"}, Bilingual{"the direction of the bill is not known, and neither is what it adds to the balance", "收支方向不明，不知对余额的影响"}, RuleUnknownDirection.Advice()},
}

package schema

import "slices"

// Verdict is what reconciliation says of one group of bills and settlements.
type Verdict string

const (
	Matched        Verdict = "matched"
	Mismatched     Verdict = "mismatched"
	BillOnly       Verdict = "bill_only"
	SettlementOnly Verdict = "settlement_only"
	Pending        Verdict = "pending"
	SettleFailed   Verdict = "failed"
	NotApplicable  Verdict = "not_applicable"
)

// verdicts is THE list of verdicts, in the order in which people want to see them.
var verdicts = []struct {
	verdict         Verdict
	label           Bilingual
	meaning, advice Bilingual
	open, awaiting  bool
}{
	{
		verdict: Matched, label: Bilingual{"matched", "平账"},
		meaning: Bilingual{"bills and settlements agree", "账单与分账一致"},
		advice:  Bilingual{"nothing", "无"},
	}, {
		verdict: Mismatched, label: Bilingual{"difference", "差异"}, open: true,
		meaning: Bilingual{
			"they do not agree, and the reasons say where: more was settled (多分) if the difference is positive, less (少分) if it is negative",
			"不一致，差在哪里见原因；差额为正是多分，为负是少分",
		},
		advice: Bilingual{"look the order up in the console, the largest difference first", "从差额最大的查起，到后台核对该订单"},
	}, {
		verdict: BillOnly, label: Bilingual{"bill without settlement", "有账单、未查到分账"}, open: true, awaiting: true,
		meaning: Bilingual{"the settle query was called, and knows no settlement of the order", "查过，平台没有分账记录"},
		advice:  Bilingual{"wait until the lookback has passed, then open a ticket with the platform; if all orders of an account are like this, try another match rule", "追溯期满仍无，提交工单；若整个账户都如此，先换一条匹配规则"},
	}, {
		verdict: SettlementOnly, label: Bilingual{"settlement without bill", "有分账、未查到账单"}, open: true,
		meaning: Bilingual{"a callback reported a settlement that has no bill; if its source is both, the settle query confirms it", "有分账回调而找不到账单；来源为查询与回调的，分账查询已确认"},
		advice: Bilingual{
			"look the order up: is its account configured, did its day fail, is its bill beyond the lookback? An order that was verified and undone within an hour never has a bill",
			"查账户是否漏配：查询账户是否已配置，那一天是否失败，账单是否在追溯期之外；核销后 1 小时内撤销或退款的，永远不会有账单",
		},
	}, {
		verdict: Pending, label: Bilingual{"settlement under way", "分账处理中"}, open: true, awaiting: true,
		meaning: Bilingual{"a settlement is under way; or, with the reason not_asked, the order has no answer yet", "分账处理中；或该订单还没有答复"},
		advice:  Bilingual{"wait, and press for it after three days; where the order has no answer yet, mend what failed and run again", "等，超 3 天催办；尚未查到答复的，排除故障后重跑"},
	}, {
		verdict: SettleFailed, label: Bilingual{"settlement failed", "分账失败"}, open: true, awaiting: true,
		meaning: Bilingual{"the settlement FAILed", "分账结果为失败"},
		advice:  Bilingual{"handle the cause in the trade system: onboarding, account or balance; later nights query it again", "按失败原因处理：进件、账户、余额；此后每晚会再查"},
	}, {
		verdict: NotApplicable, label: Bilingual{"not compared", "不纳入比对"},
		meaning: Bilingual{"there is nothing to compare the bills with", "没有可与账单相比的分账"},
		advice:  Bilingual{"nothing; where no id was found to query by, add a match rule", "无；缺单号的，补一条匹配规则"},
	},
}

// Verdicts lists all of them, in the order in which people want to see them.
var Verdicts = func() (all []Verdict) {
	for _, v := range verdicts {
		all = append(all, v.verdict)
	}
	return all
}()

func (v Verdict) index() int { return slices.Index(Verdicts, v) }

// Label returns the verdict in the words of Chinese accountants, or "" for no verdict.
func (v Verdict) Label() string {
	if i := v.index(); i >= 0 {
		return verdicts[i].label.Chinese
	}
	return ""
}

// Name returns what people call the verdict.
func (v Verdict) Name() Bilingual {
	if i := v.index(); i >= 0 {
		return verdicts[i].label
	}
	return Bilingual{}
}

// Meaning returns what the verdict says of a group.
func (v Verdict) Meaning() Bilingual {
	if i := v.index(); i >= 0 {
		return verdicts[i].meaning
	}
	return Bilingual{}
}

// Advice returns what a person does about a group of the verdict.
func (v Verdict) Advice() Bilingual {
	if i := v.index(); i >= 0 {
		return verdicts[i].advice
	}
	return Bilingual{}
}

// Open reports whether a person or a later run still has to act on the group.
func (v Verdict) Open() bool {
	i := v.index()
	return i >= 0 && verdicts[i].open
}

// AwaitsSettlement reports whether the group's bills have no successful settlement so
// far. A later run queries their orders again.
func (v Verdict) AwaitsSettlement() bool {
	i := v.index()
	return i >= 0 && verdicts[i].awaiting
}

// Tier is how a matched group was matched.
type Tier string

const (
	ByItem        Tier = "item"
	ByOrder       Tier = "order"
	ByOrderWindow Tier = "order_window"
	ByAmount      Tier = "amount"
)

// tiers lists the tiers in the order in which they are tried.
var tiers = []struct {
	tier    Tier
	label   string // in Chinese
	meaning Bilingual
}{
	{ByItem, "子订单", Bilingual{"the bills and settlements of one item, over all days and accounts within the lookback", "同一子订单在追溯期内各天、各账户的账单与分账"}},
	{ByOrder, "当天订单", Bilingual{"one group by itself; else all that the order has on the day, in all accounts", "本组自身；否则为该订单当天在各账户的全部"}},
	{ByOrderWindow, "跨日订单", Bilingual{"all that the order has within the lookback", "该订单在追溯期内的全部"}},
	{ByAmount, "逐笔金额", Bilingual{"bill by bill: each has a settlement of exactly its amount", "逐笔，每条账单都有一笔金额分毫不差的分账"}},
}

// Tiers lists all tiers in the order in which they are tried.
var Tiers = func() (all []Tier) {
	for _, t := range tiers {
		all = append(all, t.tier)
	}
	return all
}()

// Label returns the tier in Chinese, or "" for none.
func (t Tier) Label() string {
	if i := slices.Index(Tiers, t); i >= 0 {
		return tiers[i].label
	}
	return ""
}

// Meaning returns what was compared.
func (t Tier) Meaning() Bilingual {
	if i := slices.Index(Tiers, t); i >= 0 {
		return tiers[i].meaning
	}
	return Bilingual{}
}

package schema

import "slices"

// Cause is what makes the bills and settlements of a mismatched group differ, as far as their
// amounts and days show it.
type Cause string

const (
	DoubleSettlement Cause = "double_settlement"
	SignConflict     Cause = "sign_conflict"
	WindowEdge       Cause = "window_edge"
	WithinOneYuan    Cause = "within_one_yuan"
	LegOnly          Cause = "leg_only"
	OtherCause       Cause = "other"
)

// OneYuan is the largest difference of WithinOneYuan, in either direction.
const OneYuan Fen = 100

// causes is THE list of causes, in the order in which they are tried.
var causes = []struct {
	cause   Cause
	label   Bilingual
	meaning Bilingual
}{
	{DoubleSettlement, Bilingual{"suspected double settlement", "疑重复分账"}, Bilingual{
		"twice as much was settled as was billed, or the bills agree and there is one more settlement",
		"分账恰为账单的两倍，或账单已平而另有一笔分账",
	}},
	{SignConflict, Bilingual{"opposite directions", "收支方向相反"}, Bilingual{
		"a forward bill takes money from the merchant, by the direction of its funds, and settlements have no sign",
		"有正向账单按资金方向为出账，金额为负，而分账不带符号",
	}},
	{WindowEdge, Bilingual{"beyond the lookback", "跨追溯期"}, Bilingual{
		"a settlement of the order counts on a day before the lookback, or a bill lies on its first or last day, so that others may lie beyond",
		"该订单有分账算在追溯期之前的一天，或有账单正在追溯期的首日、末日，其余部分可能在期外",
	}},
	{LegOnly, Bilingual{"total agrees, a part differs", "总额相符，分项不符"}, Bilingual{
		"the totals agree, and the fee, the commission or the net differs",
		"总额相符，平台服务费、佣金或商家实际结算不符",
	}},
	{WithinOneYuan, Bilingual{"within one yuan", "一元以内"}, Bilingual{
		"the totals differ by one yuan at most",
		"总额相差不超过一元",
	}},
	{OtherCause, Bilingual{"other", "其他"}, Bilingual{
		"none of these, or no total is known",
		"都不是，或总额未知",
	}},
}

// Causes lists all of them, in the order in which they are tried.
var Causes = func() (all []Cause) {
	for _, c := range causes {
		all = append(all, c.cause)
	}
	return all
}()

// Label returns the cause in Chinese, or "" for none.
func (c Cause) Label() string {
	if i := slices.Index(Causes, c); i >= 0 {
		return causes[i].label.Chinese
	}
	return ""
}

// Name returns what people call the cause.
func (c Cause) Name() Bilingual {
	if i := slices.Index(Causes, c); i >= 0 {
		return causes[i].label
	}
	return Bilingual{}
}

// Meaning returns what the cause says of a group.
func (c Cause) Meaning() Bilingual {
	if i := slices.Index(Causes, c); i >= 0 {
		return causes[i].meaning
	}
	return Bilingual{}
}

package schema

import "strings"

// Reasons of the column reasons that are not about one leg.
const (
	ReasonNothingCompared = "nothing_compared"
	ReasonUnmatched       = "settlement_unexplained"
	ReasonBillRemoved     = "bill_removed"
	ReasonElsewhere       = "settled_elsewhere"
	ReasonPartlyBilled    = "partly_billed"
	ReasonOffsetBy        = "offset_by:" // followed by the place of another group
	ReasonRetryInFlight   = "retry_in_flight"
	ReasonNotAsked        = "not_asked"
	ReasonNeverAnswered   = "rule_never_answered"
	ReasonNoKey           = "no_key"
	ReasonNonForward      = "non_forward"
	ReasonNotConfigured   = "not_configured"
)

// NeverAnsweredAfter is the number of different ids with which a match rule is queried before
// an account has the reason ReasonNeverAnswered. If only one order in ten were shared out, so
// many empty answers would come once in two hundred times.
const NeverAnsweredAfter = 50

// Endings of the reasons about one leg, after its name.
const (
	differs    = "_differs"
	notBilled  = "_not_billed"
	notSettled = "_not_settled"
	legForm    = "<leg>" // stands for the name in Reason
)

var legReasons = func() (reasons [LegCount]struct{ differs, notBilled, notSettled string }) {
	for l := range LegCount {
		reasons[l].differs, reasons[l].notBilled, reasons[l].notSettled = l.String()+differs, l.String()+notBilled, l.String()+notSettled
	}
	return reasons
}()

// Differs returns the reason that the leg differs by more than the tolerance.
func (l Leg) Differs() string { return legReasons[l].differs }

// NotBilled returns the reason that the leg is NULL in a bill, and was not compared.
func (l Leg) NotBilled() string { return legReasons[l].notBilled }

// NotSettled returns the reason that the leg is NULL in a settlement, and was not compared.
func (l Leg) NotSettled() string { return legReasons[l].notSettled }

// legTerms is what people call a leg in Chinese, and what they do where it differs.
var legTerms = [LegCount]struct {
	label  Bilingual
	advice Bilingual
}{
	LegTotal:      {Bilingual{"total", "金额"}, Bilingual{"compare what the order was paid with what was shared out; report a suspected double settlement at once", "核对订单实付与分账金额，疑重复即报平台"}},
	LegFee:        {Bilingual{"service fee", "平台服务费"}, Bilingual{"check the fee rate of the contract", "核对合同费率"}},
	LegCommission: {Bilingual{"commission", "佣金"}, Bilingual{"check the commissions set for influencers and service providers", "核对达人、服务商佣金设置"}},
	LegNet:        {Bilingual{"merchant receives", "商家实际结算"}, Bilingual{"check the receivers of the shares and their proportions", "核对分账方及比例"}},
}

// everyLeg is the advice of all legs, for the documentation.
var everyLeg = func() (all Bilingual) {
	for leg, term := range legTerms {
		separator := [2]string{"; ", "；"}
		if leg == 0 {
			separator = [2]string{}
		}
		all.English += separator[0] + Leg(leg).String() + ": " + term.advice.English
		all.Chinese += separator[1] + term.label.Chinese + "：" + term.advice.Chinese
	}
	return all
}()

// Reason explains a value of the column reasons.
type Reason struct {
	Form    string    // the value, with what varies in angle brackets
	Label   Bilingual // what people call it
	Meaning Bilingual
	Advice  Bilingual // what a person does about it
}

// Reasons lists all of them.
var Reasons = []Reason{
	{legForm + differs, Bilingual{"<leg> differs", "<leg>不符"}, Bilingual{
		"the leg is known on both sides, and differs by more than the tolerance",
		"该项两边都已知，但相差超过容差",
	}, everyLeg},
	{legForm + notBilled, Bilingual{"bill without <leg>", "账单未给出<leg>"}, Bilingual{
		"a bill does not state the leg, so it was not compared; also with matched. Fees that are hidden from service providers (服务商) look like this",
		"账单没有给出该项，未比较；平账的组也会有。服务商看不到的费用即属此类",
	}, Bilingual{"one side does not state it: have the merchant export it from the console, and check it by hand", "该项一方未提供，请商家从来客导出补核"}},
	{legForm + notSettled, Bilingual{"settlement without <leg>", "分账未给出<leg>"}, Bilingual{
		"a settlement does not state the leg, so it was not compared; also with matched",
		"分账没有给出该项，未比较；平账的组也会有",
	}, Bilingual{"one side does not state it: have the merchant export it from the console, and check it by hand", "该项一方未提供，请商家从来客导出补核"}},
	{ReasonNothingCompared, Bilingual{"no amount to compare", "无可比金额"}, Bilingual{
		"no leg is known on both sides: the table exceptions says why amounts are NULL",
		"四项中没有一项两边都已知：金额为何未知见异常",
	}, Bilingual{"no amount is known: follow what the exceptions of its bills and settlements say", "金额均未知，转异常处理"}},
	{ReasonUnmatched, Bilingual{"one settlement too many", "多出的分账"}, Bilingual{
		"with mismatched or pending: the bills agree, but there is one more settlement. The order was shared out twice, or the bill of that settlement is on a day that failed or beyond the lookback. With settlement_only: " + UnmatchedCauses,
		"结论为差异或分账处理中时：账单已平，却另有一笔分账：重复分账，或其账单在失败的一天、在追溯期之外。结论为有分账、未查到账单时：查询账户未配置，那一天该账户失败，账单在追溯期（至少 7 天）之外，或核销后 1 小时内撤销、退款，永远不会有账单",
	}, Bilingual{"look for a double settlement, or for the day whose bills are missing", "查重复分账或缺失账单日"}},
	{ReasonBillRemoved, Bilingual{"bill removed", "账单已撤"}, Bilingual{
		"with settlement_only: the settlement succeeded, and the platform has removed the last bill of its order since",
		"结论为有分账、未查到账单时：分账已成功，而平台后来撤掉了该订单的最后一条账单",
	}, Bilingual{"ask the platform why the bill is gone, and whether the money has to be returned", "向平台核实账单为何被撤，已分出的款项是否退回"}},
	{ReasonElsewhere, Bilingual{"settlement counted on another day", "分账算在另一天"}, Bilingual{
		"with mismatched: a settlement of the order counts on an earlier day, beyond the lookback, and stays there; this day has none of its money",
		"结论为差异时：该订单有一笔分账算在更早的、追溯期之外的一天，留在那天，不再算进这一天",
	}, Bilingual{"look at the day that the exception of the settlement names; orders used over many weeks need a longer lookback", "到该笔分账的异常（分账算在另一天）所指的那一天核对；次卡等跨期订单可调大追溯天数"}},
	{ReasonPartlyBilled, Bilingual{"not all bills there yet", "账单未到齐"}, Bilingual{
		"with mismatched: one successful settlement is left, and it is larger than the bills so far, in no leg smaller. Typical of a prepaid order of which further bills may come",
		"结论为差异时：余下仅一笔成功的分账，多于至今的账单，且各项都不少。多见于预付订单，账单可能还会来",
	}, Bilingual{"wait until the lookback has passed; what is left then was shared out too much", "等追溯期过完；届时仍多的，按多分处理"}},
	{ReasonOffsetBy + "<bill_date>/<walk_account_id>[/<item>]", Bilingual{"balanced by another group", "由他组抵回"}, Bilingual{
		"with matched: the group has a difference of its own, which the named group balances; together they agree. At most five groups are named",
		"结论为平账时：本组自身有差额，由所指的组抵回，合起来即平；按子订单分的组，后面还有子订单号。最多列五个组",
	}, Bilingual{"nothing: read it with the group that is named", "无；与所指的组合并看"}},
	{ReasonRetryInFlight, Bilingual{"retried after a failure", "失败后重试中"}, Bilingual{
		"with pending: one settlement failed, and another is under way",
		"结论为分账处理中时：一笔分账失败，另一笔处理中",
	}, Bilingual{"wait; after three days press for it", "等；超 3 天催办"}},
	{ReasonNotAsked, Bilingual{"no answer yet", "尚未查到答复"}, Bilingual{
		"with pending: not queried, that is, some id of the order has no answer yet from a query that succeeded",
		"结论为分账处理中时：该订单有单号还没有查成",
	}, Bilingual{"remove what failed, and run again", "排除故障后重跑"}},
	{ReasonNeverAnswered, Bilingual{"match rule never found any", "匹配规则未命中"}, Bilingual{
		"with bill_only, in all such groups of the account that day: one match rule was queried with at least 50 different ids for its orders of the lookback's days before and after, and no rule has ever found a settlement. The rule or the app is probably wrong; in a first run, perhaps nothing is shared out yet",
		"结论为有账单、未查到分账时，该账户当天的此类组都有：追溯期内前后各天的订单，用同一条 匹配规则查过至少 50 个不同单号，而没有一条规则查到过分账。多半是规则或应用不对；首次运行时也可能是尚未分账",
	}, Bilingual{"the match rule or the app of the settlements is wrong: mend the configuration first", "匹配规则或应用不对，先改配置"}},
	{ReasonNoKey, Bilingual{"no id to query by", "缺单号"}, Bilingual{
		"with not_applicable: no match rule finds a value in these bills",
		"结论为不纳入比对时：没有一条 匹配规则能在账单上取到单号",
	}, Bilingual{"add a match rule by an id that these bills have", "补单号或匹配规则"}},
	{ReasonNonForward, Bilingual{"refunds, deductions and other", "退款、扣款及其他"}, Bilingual{
		"with not_applicable: refunds, fees and debts, which are never compared",
		"结论为不纳入比对时：退款、退款手续费、欠款等非正向账单，从不参与比较",
	}, Bilingual{"check refunds and deductions on their own", "另核退款、扣款"}},
	{ReasonNotConfigured, Bilingual{"settlements not configured", "未接入分账"}, Bilingual{
		"with not_applicable: the job has no settlements section",
		"结论为不纳入比对时：任务没有写 settlements:",
	}, Bilingual{"connect the app that shares the orders out: settlements in the configuration", "接入分账应用"}},
}

// ReasonOf returns the explanation of a value of the column reasons, or false. Of a reason about
// one leg, label and advice are those of the leg.
func ReasonOf(value string) (Reason, bool) {
	for leg := range LegCount {
		if ending, ok := strings.CutPrefix(value, leg.String()); ok {
			r, known := ReasonOf(legForm + ending)
			return r.of(leg), known
		}
	}
	for _, r := range Reasons {
		prefix, _, open := strings.Cut(r.Form, ":<")
		if value == r.Form || open && strings.HasPrefix(value, prefix+":") {
			return r, true
		}
	}
	return Reason{}, false
}

func (r Reason) of(leg Leg) Reason {
	r.Label.English = strings.Replace(r.Label.English, legForm, legTerms[leg].label.English, 1)
	r.Label.Chinese = strings.Replace(r.Label.Chinese, legForm, legTerms[leg].label.Chinese, 1)
	if r.Form == legForm+differs {
		r.Advice = legTerms[leg].advice
	}
	return r
}

// neverBilled is why a settlement may never have a bill, as the bill API's page says.
const neverBilled = "a coupon verified and undone or refunded within an hour, which never has a bill (核销后 1 小时内撤销或退款，平台永不出账单)"

// UnmatchedCauses is why a settlement may have no bill.
const UnmatchedCauses = "its account is not in jobs.yaml, its day failed for the account, its bill is further away than the lookback (7 days at least), or it is of " + neverBilled

// forms returns the forms of all reasons, for the documentation of the column.
func forms() string {
	list := make([]string, len(Reasons))
	for i, r := range Reasons {
		list[i] = r.Form
	}
	return strings.Join(list, ", ")
}

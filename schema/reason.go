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
	ReasonNoKey           = "no_key"
	ReasonNonForward      = "non_forward"
	ReasonNotConfigured   = "not_configured"
)

// Endings of the reasons about one leg, after its name.
const (
	differs    = "_differs"
	notBilled  = "_not_billed"
	notSettled = "_not_settled"
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

// Reason explains a value of the column reasons.
type Reason struct {
	Form    string // the value, with what varies in angle brackets
	Meaning Bilingual
}

// Reasons lists all of them.
var Reasons = []Reason{
	{"<leg>" + differs, Bilingual{
		"the leg is known on both sides, and differs by more than the tolerance",
		"该项两边都已知，但相差超过容差",
	}},
	{"<leg>" + notBilled, Bilingual{
		"a bill does not state the leg, so it was not compared; also with matched. Fees that are hidden from service providers (服务商) look like this",
		"账单没有给出该项，未比较；平账的组也会有。服务商看不到的费用即属此类",
	}},
	{"<leg>" + notSettled, Bilingual{
		"a settlement does not state the leg, so it was not compared; also with matched",
		"分账没有给出该项，未比较；平账的组也会有",
	}},
	{ReasonNothingCompared, Bilingual{
		"no leg is known on both sides: the table exceptions says why amounts are NULL",
		"四项中没有一项两边都已知：到表 exceptions 中看金额为何未知",
	}},
	{ReasonUnmatched, Bilingual{
		"with mismatched or pending: the bills agree, but there is one more settlement. The order was shared out twice, or the bill of that settlement is on a day that failed or beyond the lookback. With settlement_only: " + UnmatchedCauses,
		"结论为 mismatched 或 pending 时：账单已平，却另有一笔分账：重复分账，或其账单在失败的一天、在追溯期之外。结论为 settlement_only 时：查询账户不在 jobs.yaml 中，那一天该账户失败，账单在追溯期（至少 7 天）之外，或核销后 1 小时内撤销、退款，永远不会有账单",
	}},
	{ReasonBillRemoved, Bilingual{
		"with settlement_only: the settlement succeeded, and the platform has removed the last bill of its order since",
		"结论为 settlement_only 时：分账已成功，而平台后来撤掉了该订单的最后一条账单",
	}},
	{ReasonElsewhere, Bilingual{
		"with mismatched: a settlement of the order counts on an earlier day, beyond the lookback, and stays there; this day has none of its money",
		"结论为 mismatched 时：该订单有一笔分账算在更早的、追溯期之外的一天，留在那天，不再算进这一天",
	}},
	{ReasonPartlyBilled, Bilingual{
		"with mismatched: one successful settlement is left, and it is larger than the bills so far, in no leg smaller. Typical of a prepaid order of which further bills may come",
		"结论为 mismatched 时：余下仅一笔成功的分账，多于至今的账单，且各项都不少。多见于预付订单，账单可能还会来",
	}},
	{ReasonOffsetBy + "<bill_date>/<walk_account_id>[/<item>]", Bilingual{
		"with matched: the group has a difference of its own, which the named group balances; together they agree. At most five groups are named",
		"结论为 matched 时：本组自身有差额，由所指的组抵回，合起来即平；按子订单分的组，后面还有子订单号。最多列五个组",
	}},
	{ReasonRetryInFlight, Bilingual{
		"with pending: one settlement failed, and another is under way",
		"结论为 pending 时：一笔分账失败，另一笔处理中",
	}},
	{ReasonNotAsked, Bilingual{
		"with pending: not queried, that is, some id of the order has no answer yet from a query that succeeded",
		"结论为 pending 时：该订单有单号还没有查成",
	}},
	{ReasonNoKey, Bilingual{
		"with not_applicable: no match rule finds a value in these bills",
		"结论为 not_applicable 时：没有一条 match 规则能在账单上取到单号",
	}},
	{ReasonNonForward, Bilingual{
		"with not_applicable: refunds, fees and debts, which are never compared",
		"结论为 not_applicable 时：退款、退款手续费、欠款等非正向账单，从不参与比较",
	}},
	{ReasonNotConfigured, Bilingual{
		"with not_applicable: the job has no settlements section",
		"结论为 not_applicable 时：任务没有写 settlements:",
	}},
}

// ReasonOf returns the explanation of a value of the column reasons, or false.
func ReasonOf(value string) (Reason, bool) {
	for leg := range LegCount {
		if ending, ok := strings.CutPrefix(value, leg.String()); ok {
			value = "<leg>" + ending
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

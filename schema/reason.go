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
	Form            string // the value, with what varies in angle brackets
	Meaning, Advice Bilingual
}

// Reasons lists all of them.
var Reasons = []Reason{
	{"<leg>" + differs, Bilingual{
		"the leg is known on both sides, and differs by more than the tolerance",
		"该项两边都已知，但相差超过容差",
	}, Bilingual{
		"compare what the customer paid with what was shared out (total), the contract's fee rate (fee), the commissions of influencers and agents (commission), or the parties and their shares (net); if the order was shared out twice, report it to the platform",
		"total 核对订单实付与分账金额，fee 核对合同费率，commission 核对达人、服务商佣金设置，net 核对分账方及比例；疑似重复分账的，即报平台",
	}},
	{"<leg>" + notBilled, Bilingual{
		"a bill does not state the leg, so it was not compared; also with matched. Fees that are hidden from service providers (服务商) look like this",
		"账单没有给出该项，未比较；平账的组也会有。服务商看不到的费用即属此类",
	}, Bilingual{
		"nothing is wrong by itself: ask the merchant for an export from the merchant's console (来客) if the amount matters",
		"本身不是错误；需要该金额时，请商家从来客导出补核",
	}},
	{"<leg>" + notSettled, Bilingual{
		"a settlement does not state the leg, so it was not compared; also with matched",
		"分账没有给出该项，未比较；平账的组也会有",
	}, Bilingual{
		"nothing is wrong by itself: look the settlement up in the trade system if the amount matters",
		"本身不是错误；需要该金额时，到交易系统查该笔分账",
	}},
	{ReasonNothingCompared, Bilingual{
		"no leg is known on both sides: the table exceptions says why amounts are NULL",
		"四项中没有一项两边都已知：到表 exceptions 中看金额为何未知",
	}, Bilingual{
		"look the group's bills and settlements up in the table exceptions, and mend what it names first",
		"先到表 exceptions 查该组的账单与分账，按其处理",
	}},
	{ReasonUnmatched, Bilingual{
		"with mismatched or pending: the bills agree, but there is one more settlement. The order was shared out twice, or the bill of that settlement is on a day that failed or beyond the lookback. With settlement_only: " + UnmatchedCauses,
		"结论为 mismatched 或 pending 时：账单已平，却另有一笔分账：重复分账，或其账单在失败的一天、在追溯期之外。结论为 settlement_only 时：查询账户不在 jobs.yaml 中，那一天该账户失败，账单在追溯期（至少 7 天）之外，或核销后 1 小时内撤销、退款，永远不会有账单",
	}, Bilingual{
		"look for a double settlement, or for the missing day of bills; run the days that failed again",
		"查是否重复分账，或缺失的账单日；失败的日子再跑",
	}},
	{ReasonBillRemoved, Bilingual{
		"with settlement_only: the settlement succeeded, and the platform has removed the last bill of its order since",
		"结论为 settlement_only 时：分账已成功，而平台后来撤掉了该订单的最后一条账单",
	}, Bilingual{
		"ask the platform why the bill was removed, with the order and the settlement's logid",
		"凭订单号与分账的 logid 问平台为何撤账",
	}},
	{ReasonElsewhere, Bilingual{
		"with mismatched: a settlement of the order counts on an earlier day, beyond the lookback, and stays there; this day has none of its money",
		"结论为 mismatched 时：该订单有一笔分账算在更早的、追溯期之外的一天，留在那天，不再算进这一天",
	}, Bilingual{
		"look at the earlier day as well: together they are the order; a longer lookback keeps such orders together",
		"与较早的那天合看才是整单；延长追溯期（lookback）可使其合在一起",
	}},
	{ReasonPartlyBilled, Bilingual{
		"with mismatched: one successful settlement is left, and it is larger than the bills so far, in no leg smaller. Typical of a prepaid order of which further bills may come",
		"结论为 mismatched 时：余下仅一笔成功的分账，多于至今的账单，且各项都不少。多见于预付订单，账单可能还会来",
	}, Bilingual{
		"wait for the further bills; once the lookback has passed, look the order up in the console",
		"等后续账单；追溯期过后仍未来的，到后台核对该订单",
	}},
	{ReasonOffsetBy + "<bill_date>/<walk_account_id>[/<item>]", Bilingual{
		"with matched: the group has a difference of its own, which the named group balances; together they agree. At most five groups are named",
		"结论为 matched 时：本组自身有差额，由所指的组抵回，合起来即平；按子订单分的组，后面还有子订单号。最多列五个组",
	}, Bilingual{
		"nothing: the named groups take the difference back",
		"无：差额由所指的组抵回",
	}},
	{ReasonRetryInFlight, Bilingual{
		"with pending: one settlement failed, and another is under way",
		"结论为 pending 时：一笔分账失败，另一笔处理中",
	}, Bilingual{
		"wait: later runs query the order again",
		"等：之后的运行会再查",
	}},
	{ReasonNotAsked, Bilingual{
		"with pending: not queried, that is, some id of the order has no answer yet from a query that succeeded",
		"结论为 pending 时：该订单有单号还没有查成",
	}, Bilingual{
		"mend what the run's failures name, and run again",
		"按运行摘要 failures 的提示排除故障后再跑",
	}},
	{ReasonNoKey, Bilingual{
		"with not_applicable: no match rule finds a value in these bills",
		"结论为 not_applicable 时：没有一条 match 规则能在账单上取到单号",
	}, Bilingual{
		"add a match rule for a column that these bills have",
		"补一条能在这些账单上取到单号的 match 规则",
	}},
	{ReasonNonForward, Bilingual{
		"with not_applicable: refunds, fees and debts, which are never compared",
		"结论为 not_applicable 时：退款、退款手续费、欠款等非正向账单，从不参与比较",
	}, Bilingual{
		"check refunds and deductions apart",
		"另核退款、扣款",
	}},
	{ReasonNotConfigured, Bilingual{
		"with not_applicable: the job has no settlements section",
		"结论为 not_applicable 时：任务没有写 settlements:",
	}, Bilingual{
		"add settlements with the trade app to the job, if the orders are to be reconciled",
		"需要对账的，在任务中加 settlements: 与交易应用",
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

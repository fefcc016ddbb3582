package schema

import "slices"

// Severity of an exception.
type Severity string

const (
	SeverityError   Severity = "error"   // breaks a rule that the platform documents
	SeverityWarning Severity = "warning" // breaks an inferred rule, or is unexpected
)

// Label returns the severity in Chinese, or "" for none.
func (s Severity) Label() string {
	switch s {
	case SeverityError:
		return "错误"
	case SeverityWarning:
		return "提醒"
	}
	return ""
}

// Rule is what an exception breaks.
type Rule string

const (
	RuleUnknownDirection     Rule = "unknown_direction"
	RuleDirectionConflict    Rule = "direction_conflict"
	RuleOriginal             Rule = "original_identity"
	RuleLedgerTotal          Rule = "ledger_total_identity"
	RuleGoods                Rule = "goods_identity"
	RuleHiddenTicketNegative Rule = "hidden_ticket_negative"
	RuleDuplicateConflict    Rule = "duplicate_conflict"
	RuleSettleDay            Rule = "settle_day"
	RuleSettleTime           Rule = "settle_time"
	RuleUnknownEnum          Rule = "unknown_enum"
	RuleNegativeAmount       Rule = "negative_amount"
	RuleBadText              Rule = "bad_text"
	RuleBadID                Rule = "bad_id"
	RuleAccountForeign       Rule = "account_foreign"
	RuleOverflow             Rule = "overflow"
	RuleSettleAmount         Rule = "settle_amount_identity"
	RuleSettleDetail         Rule = "settle_detail"
	RuleSettleForeign        Rule = "settlement_foreign"
	RuleSettleShared         Rule = "settlement_shared"
	RuleSettleElsewhere      Rule = "settlement_elsewhere"
	RuleBillRemoved          Rule = "bill_removed"
	RuleCallbackConflict     Rule = "callback_conflict"
	RuleCallbackContradicts  Rule = "callback_contradicts"
	RuleCallbackUnconfirmed  Rule = "callback_unconfirmed"

	// Those of withdrawals, which no bill or settlement breaks.
	RuleWithdrawalRecord    Rule = "withdrawal_record"
	RuleWithdrawalStatus    Rule = "withdrawal_status"
	RuleWithdrawnTwice      Rule = "withdrawn_twice"
	RuleWithdrawnNotInBills Rule = "withdrawn_not_in_bills"
	RuleWithdrawnBefore     Rule = "withdrawn_before_first_day"
	RuleWithdrawnAmount     Rule = "withdrawn_amount"
	RuleWithdrawnDirection  Rule = "withdrawn_no_direction"
)

// OfWithdrawals reports whether the rule's exceptions are those of withdrawals: they stand on
// the day on which the withdrawal was launched, and are replaced with the table withdrawals.
func (r Rule) OfWithdrawals() bool {
	switch r {
	case RuleWithdrawalRecord, RuleWithdrawalStatus, RuleWithdrawnTwice, RuleWithdrawnNotInBills, RuleWithdrawnBefore, RuleWithdrawnAmount, RuleWithdrawnDirection:
		return true
	}
	return false
}

// What a person does about the rules that call for the same.
var (
	adviceDirection = Bilingual{"check the direction in the account's movements of funds, and book nothing before it is known", "核对资金流水方向，查清前不入账"}
	adviceReport    = Bilingual{"the amounts contradict each other: report it to the platform with the order and the logid", "勾稽不符，凭订单号、logid 报平台"}
	adviceCallback  = Bilingual{"the settle query counts: query it again", "以平台查询为准，复查"}
	adviceWhose     = Bilingual{"settlements of two orders are mixed up: find out by hand whose it is", "分账串单，人工确认归属"}
)

// rules is THE list of rules.
var rules = []struct {
	rule     Rule
	severity Severity // usual; an exception may have another for a reason that it says
	label    Bilingual
	meaning  Bilingual
	advice   Bilingual
}{
	{RuleUnknownDirection, SeverityError, Bilingual{"direction not known", "收支方向不明"}, Bilingual{
		"neither the direction of the funds nor the kind of bill says whether its money comes in or goes out; its amounts are not known",
		"资金方向（入账、出账）与结算类型都判断不了是收入还是支出；金额按未知处理",
	}, adviceDirection},
	{RuleDirectionConflict, SeverityWarning, Bilingual{"directions contradict each other", "收支方向矛盾"}, Bilingual{
		"the direction of the funds and the kind of bill contradict each other; the direction of the funds decides",
		"资金方向（入账、出账）与结算类型相反；以资金方向为准",
	}, adviceDirection},
	{RuleOriginal, SeverityError, Bilingual{"order value does not add up", "交易金额不平"}, Bilingual{
		"the order value is not what was paid plus the merchant's and the platform's discounts",
		"交易金额不等于实付加商家优惠、平台优惠",
	}, adviceReport},
	{RuleLedgerTotal, SeverityError, Bilingual{"ledger total does not add up", "应结算金额不平"}, Bilingual{
		"the ledger total is not what was paid plus the platform's subsidy that is settled",
		"应结算金额不等于实付加参与结算的平台补贴",
	}, adviceReport},
	{RuleGoods, SeverityWarning, Bilingual{"merchant receives does not add up", "商家实际结算不平"}, Bilingual{
		"what the merchant receives is not the ledger total less the service fee, the commissions and the insurance fee (inferred, not documented)",
		"商家实际结算不等于应结算减平台服务费、佣金与保险费（推断的规则，平台文档没有写明）",
	}, adviceReport},
	{RuleHiddenTicketNegative, SeverityError, Bilingual{"hidden discount below zero", "隐藏的优惠为负"}, Bilingual{
		"a discount that service providers do not see would be negative, by the amounts that they see",
		"按看得到的金额倒推，对服务商隐藏的优惠金额为负",
	}, adviceReport},
	{RuleDuplicateConflict, SeverityError, Bilingual{"one bill, two contents", "同一账单内容不同"}, Bilingual{
		"the same bill was received twice with different content; both are kept, one of them counts",
		"同一账单收到两次，内容不同；两版都保留，只有一版计入",
	}, Bilingual{"one of the two counts, the other is kept as a trace only: find out which is right", "两版取一，另一版只留痕；核对哪一版为准"}},
	{RuleSettleDay, SeverityWarning, Bilingual{"settled on another day than the bill", "结算时间不在账单日"}, Bilingual{
		"the time of settlement is not on the day of the bill",
		"结算时间不在账单日当天",
	}, Bilingual{"nothing: the verification is of another day than the bill", "跨日，仅提示，无需处理"}},
	{RuleSettleTime, SeverityError, Bilingual{"time missing or wrong", "时间有误"}, Bilingual{
		"a time is missing or not in the documented unit",
		"时间缺失，或不是文档所写的单位",
	}, Bilingual{"report it to the platform with the id of the bill or settlement, and the logid", "凭账单 ID 或分账单号、logid 报平台"}},
	{RuleUnknownEnum, SeverityWarning, Bilingual{"value not documented", "未知取值"}, Bilingual{
		"a code or status is not documented",
		"代码或状态不在平台文档中",
	}, Bilingual{"a new type: decide first which account of the books it belongs to", "新类型，先确认科目"}},
	{RuleNegativeAmount, SeverityError, Bilingual{"amount with a minus", "金额带负号"}, Bilingual{
		"an amount came with a minus, and amounts are documented without a sign; it is taken as not known",
		"金额带负号，而文档中的金额不带符号；按未知处理",
	}, Bilingual{"check the amount, and book it only then", "金额带负号，核对后入账"}},
	{RuleBadText, SeverityWarning, Bilingual{"damaged text", "文字损坏"}, Bilingual{
		"a text for people is not valid UTF-8, and its invalid part was replaced by U+FFFD",
		"文字不是有效的 UTF-8，已用 U+FFFD 补上",
	}, Bilingual{"nothing: amounts and ids are not affected", "仅提示，金额与单号不受影响"}},
	{RuleBadID, SeverityWarning, Bilingual{"id not usable", "单号有误"}, Bilingual{
		"an id is longer than the settle query takes, or has white space or control characters",
		"单号超过分账查询的长度，或含有空白、控制字符",
	}, Bilingual{"look the order up in the console, for it cannot be queried by this id", "在来客核对该订单，凭此单号无法查询分账"}},
	{RuleAccountForeign, SeverityError, Bilingual{"bill of another account", "其他账户的账单"}, Bilingual{
		"only the bills of one account were queried, and the bill is of another",
		"只查了一个账户的账单，却收到其他账户的",
	}, Bilingual{"check the account ids of the job, and report it to the platform with the logid", "核对任务中的账户配置，凭 logid 报平台"}},
	{RuleOverflow, SeverityError, Bilingual{"amount too large", "金额过大"}, Bilingual{
		"an amount or a sum is larger than it can be, and is taken as not known",
		"金额或合计大得不可能；按未知处理",
	}, Bilingual{"book nothing, and report it to the platform with the logid", "暂不入账，凭 logid 报平台"}},
	{RuleSettleAmount, SeverityError, Bilingual{"settlement does not add up", "分账金额不平"}, Bilingual{
		"the amount of the settlement is not the service fee plus the commission plus all shares",
		"分账金额不等于平台服务费、佣金与各分账方所得之和",
	}, adviceReport},
	{RuleSettleDetail, SeverityError, Bilingual{"detail of the settlement not readable", "分账细节无法解析"}, Bilingual{
		"the detail of the settlement cannot be read, so that its amount cannot be checked",
		"分账细节无法解析，因此无从核对分账金额",
	}, Bilingual{"read the detail in the console", "明细不可读，在来客查看"}},
	{RuleSettleForeign, SeverityError, Bilingual{"settlement of another id", "分账与所查单号不符"}, Bilingual{
		"the settle query returned a settlement of another id than the one queried; it is linked to no order",
		"分账查询返回了其他单号的分账；不归入任何订单",
	}, adviceWhose},
	{RuleSettleShared, SeverityWarning, Bilingual{"settlement of several orders", "分账对应多个订单"}, Bilingual{
		"the settlement answers for another order as well, and counts there",
		"同一笔分账还对上另一个订单，只算在那个订单",
	}, adviceWhose},
	{RuleSettleElsewhere, SeverityWarning, Bilingual{"settlement counted on another day", "分账算在另一天"}, Bilingual{
		"the settlement counts on another day of its order, further away than the lookback; an error where it succeeded after that day was last looked at",
		"分账算在该订单追溯期之外的另一天；若那一天最后一次查看之后才分账成功，则为错误",
	}, Bilingual{"run that other day again where it is an error; orders used over many weeks need a longer lookback", "为错误的，重跑所指的那一天；次卡等跨期订单可调大追溯天数"}},
	{RuleBillRemoved, SeverityError, Bilingual{"bill removed after its settlement", "分账后账单被撤"}, Bilingual{
		"the settlement succeeded, and its order has no bill any more",
		"分账已成功，而该订单已没有账单",
	}, Bilingual{"ask the platform why the bill is gone, and whether the money has to be returned", "向平台核实账单为何被撤，已分出的款项是否退回"}},
	{RuleCallbackConflict, SeverityError, Bilingual{"callbacks contradict each other", "回调互相矛盾"}, Bilingual{
		"two callbacks are of the same settlement, item, status and moment, and have different content",
		"两次回调的分账单号、子订单、状态与事件时间相同，内容不同",
	}, adviceCallback},
	{RuleCallbackContradicts, SeverityError, Bilingual{"callback and query differ", "回调与查询不一致"}, Bilingual{
		"a callback contradicts the settle query; the query counts",
		"回调与分账查询不一致；以查询为准",
	}, adviceCallback},
	{RuleCallbackUnconfirmed, SeverityWarning, Bilingual{"callback not confirmed by the query", "查询不到回调的分账"}, Bilingual{
		"the settle query, made after the callback, does not know the settlement; it still counts",
		"回调之后查询，查不到这笔分账；仍计入",
	}, adviceCallback},
	{RuleWithdrawalRecord, SeverityWarning, Bilingual{"record of the withdrawal wrong", "提现记录有误"}, Bilingual{
		"the record of a withdrawal has an amount, time, id or text that is not as documented; detail says which",
		"提现记录的金额、时间、单号或文字与文档不符，detail 写明是哪一项",
	}, Bilingual{"look the withdrawal up in the console, and report it to the platform with the withdraw_id", "到来客核对这笔提现，凭提现单号报平台"}},
	{RuleWithdrawalStatus, SeverityWarning, Bilingual{"status of the withdrawal not known", "提现状态未知"}, Bilingual{
		"what the status of a withdrawal means is not known: it is taken for one in flight",
		"这笔提现的状态值含义未知，按在途处理",
	}, Bilingual{"find out in the console whether the withdrawal was paid, and have the operator add the status to the job (withdrawals.statuses)", "到来客查明这笔提现是否到账，请运维把该状态的含义写进任务配置（withdrawals.statuses）"}},
	{RuleWithdrawnTwice, SeverityError, Bilingual{"bill withdrawn twice", "账单被两次提现"}, Bilingual{
		"the bill is in the lists of two withdrawals that were paid",
		"同一账单出现在两笔已到账提现的明细中",
	}, Bilingual{"find out in the console which of them paid it, and report it to the platform with both withdraw_ids", "到来客查明哪一笔付了该账单，凭两个提现单号报平台"}},
	{RuleWithdrawnNotInBills, SeverityError, Bilingual{"withdrawal of a bill that is not there", "提现含查无的账单"}, Bilingual{
		"the withdrawal pays a bill that no published day has, though its day was looked at, or that is of another account",
		"提现付了一条已发布的日子都没有的账单，而其账单日已拉取；或是其他账户的账单",
	}, Bilingual{"fetch the bill's day again; if it stays, report it to the platform with the ledger_id and the withdraw_id", "重拉该账单的日子；仍没有的，凭账单 ID 与提现单号报平台"}},
	{RuleWithdrawnBefore, SeverityWarning, Bilingual{"withdrawal of a bill before the first day", "提现含很早的账单"}, Bilingual{
		"the withdrawal pays a bill of a day that is not published, further before it than its bills are looked for (withdrawals.lookback)",
		"提现付了未发布的日子的账单，早于查找账单的天数（withdrawals.lookback）",
	}, Bilingual{"fetch the bill's day, or look the bill up in the console", "拉取该账单的日子，或到来客核对该账单"}},
	{RuleWithdrawnAmount, SeverityError, Bilingual{"withdrawal and bill differ in the amount", "提现与账单金额不符"}, Bilingual{
		"the withdrawal lists the bill with another amount than the table bills has",
		"提现明细中该账单的金额与 bills 中的不同",
	}, Bilingual{"fetch the bill's day again; if it stays, report it to the platform with the ledger_id and the withdraw_id", "重拉该账单的日子；仍不同的，凭账单 ID 与提现单号报平台"}},
	{RuleWithdrawnDirection, SeverityError, Bilingual{"withdrawn bill without direction", "提现账单方向不明"}, Bilingual{
		"the withdrawal lists a bill of unknown direction, which is not in its sum",
		"提现明细中有方向不明的账单，未计入其合计",
	}, adviceDirection},
}

// Rules lists all rules.
var Rules = func() (all []Rule) {
	for _, r := range rules {
		all = append(all, r.rule)
	}
	return all
}()

func (r Rule) index() int { return slices.Index(Rules, r) }

// Severity returns the usual severity of the rule's exceptions, or "" for no rule.
func (r Rule) Severity() Severity {
	if i := r.index(); i >= 0 {
		return rules[i].severity
	}
	return ""
}

// Label returns the rule's name in Chinese, or "" for no rule.
func (r Rule) Label() string {
	if i := r.index(); i >= 0 {
		return rules[i].label.Chinese
	}
	return ""
}

// Name returns what people call the rule.
func (r Rule) Name() Bilingual {
	if i := r.index(); i >= 0 {
		return rules[i].label
	}
	return Bilingual{}
}

// Meaning returns what is wrong where the rule is broken.
func (r Rule) Meaning() Bilingual {
	if i := r.index(); i >= 0 {
		return rules[i].meaning
	}
	return Bilingual{}
}

// Advice returns what a person does where the rule is broken.
func (r Rule) Advice() Bilingual {
	if i := r.index(); i >= 0 {
		return rules[i].advice
	}
	return Bilingual{}
}

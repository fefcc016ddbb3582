package schema

import "slices"

// WithdrawVerdict is what is known of one withdrawal and the bills that it pays.
type WithdrawVerdict string

const (
	Tied               WithdrawVerdict = "tied"
	WithdrawMismatched WithdrawVerdict = "mismatched"
	WithdrawManual     WithdrawVerdict = "manual"
	WithdrawInFlight   WithdrawVerdict = "in_flight"
	WithdrawFailed     WithdrawVerdict = "failed"
	WithdrawNotAsked   WithdrawVerdict = "not_asked"
)

// withdrawVerdicts is THE list of them, in the order in which people want to see them.
var withdrawVerdicts = []struct {
	verdict         WithdrawVerdict
	label           Bilingual
	meaning, advice Bilingual
	final           bool
}{
	{
		verdict: Tied, label: Bilingual{"agrees with its bills", "平"}, final: true,
		meaning: Bilingual{"the withdrawal is paid, and its amount is the sum of its bills", "已到账，提现金额等于其账单之和"},
		advice:  Bilingual{"nothing", "无"},
	}, {
		verdict: WithdrawMismatched, label: Bilingual{"difference", "差异"},
		meaning: Bilingual{"the withdrawal is paid, and its amount is not the sum of its bills: diff_fen is amount less bills", "已到账，提现金额不等于其账单之和：diff_fen 为提现减账单"},
		advice:  Bilingual{"look the withdrawal up in the console, and report it to the platform with the withdraw_id and the logid", "到来客核对这笔提现，凭提现单号与 logid 报平台"},
	}, {
		verdict: WithdrawManual, label: Bilingual{"withdrawn by hand", "手动提现"}, final: true,
		meaning: Bilingual{"withdrawn by hand: the platform lists no bills of it (6000001, 6000002)", "手动提现，平台不提供账单明细（6000001、6000002）"},
		advice:  Bilingual{"look the money up in the console: 财务首页 > 交易账户详情", "请到来客 财务首页 > 交易账户详情 核对"},
	}, {
		verdict: WithdrawInFlight, label: Bilingual{"under way", "在途"},
		meaning: Bilingual{"the withdrawal is under way, or its status is not known", "提现在途，或状态不明"},
		advice:  Bilingual{"wait, and press for it after three days", "等，超 3 天催办"},
	}, {
		verdict: WithdrawFailed, label: Bilingual{"failed", "失败"}, final: true,
		meaning: Bilingual{"the withdrawal failed: its bills wait for the next one", "提现失败，其账单等下一笔提现"},
		advice:  Bilingual{"check the bank account in the console; withdraw_msg says why", "到来客核对收款账户，原因见 withdraw_msg"},
	}, {
		verdict: WithdrawNotAsked, label: Bilingual{"bills not fetched", "未取明细"},
		meaning: Bilingual{"the withdrawal is paid, and its bills could not be fetched", "已到账，其账单明细未能取得"},
		advice:  Bilingual{"look the withdrawal's bills up in the console, or wait: each run asks for them again; if they stay away for days, have the operator look at the run's failures", "到来客查这笔提现的账单，或等待：每次运行都会再取；几天仍取不到，请运维查看运行的失败原因"},
	},
}

// WithdrawVerdicts lists all of them, in the order in which people want to see them.
var WithdrawVerdicts = func() (all []WithdrawVerdict) {
	for _, v := range withdrawVerdicts {
		all = append(all, v.verdict)
	}
	return all
}()

func (v WithdrawVerdict) index() int { return slices.Index(WithdrawVerdicts, v) }

// Label returns the verdict in Chinese, or "" for no verdict.
func (v WithdrawVerdict) Label() string {
	if i := v.index(); i >= 0 {
		return withdrawVerdicts[i].label.Chinese
	}
	return ""
}

// Name returns what people call the verdict.
func (v WithdrawVerdict) Name() Bilingual {
	if i := v.index(); i >= 0 {
		return withdrawVerdicts[i].label
	}
	return Bilingual{}
}

// Meaning returns what the verdict says of a withdrawal.
func (v WithdrawVerdict) Meaning() Bilingual {
	if i := v.index(); i >= 0 {
		return withdrawVerdicts[i].meaning
	}
	return Bilingual{}
}

// Advice returns what a person does about a withdrawal of the verdict.
func (v WithdrawVerdict) Advice() Bilingual {
	if i := v.index(); i >= 0 {
		return withdrawVerdicts[i].advice
	}
	return Bilingual{}
}

// Final reports whether the platform need not be asked again about the withdrawal.
func (v WithdrawVerdict) Final() bool {
	i := v.index()
	return i >= 0 && withdrawVerdicts[i].final
}

// Paid reports whether the money was paid out.
func (v WithdrawVerdict) Paid() bool {
	return v.Listed() || v == WithdrawManual || v == WithdrawNotAsked
}

// Listed reports whether the money was paid out, and it is known for which bills.
func (v WithdrawVerdict) Listed() bool { return v == Tied || v == WithdrawMismatched }

// WithdrawStage is how far a withdrawal has come on its way to the bank.
type WithdrawStage int

// A withdrawal whose status is not known is under way.
const (
	WithdrawUnderWay WithdrawStage = iota
	WithdrawPaid
	WithdrawNotPaid // it failed
)

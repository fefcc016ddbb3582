package report

import (
	"regexp"
	"strings"

	"billwalk/schema"
)

// label returns a code in Chinese: by the glossary, by the words here, or as it is.
func (r *Report) label(kind, code string) string {
	if word := r.gloss(kind, code).Label.Chinese; word != "" {
		return word
	}
	if word := words[kind+":"+code]; word != "" {
		return word
	}
	return code
}

var legOfReason = regexp.MustCompile(`^(total|fee|commission|net)_`)

// gloss returns a code's entry of the glossary: its own, that of what stands before a colon,
// or that of a reason whose leg is left open.
func (r *Report) gloss(kind, code string) Word {
	short, _, _ := strings.Cut(code, ":")
	for _, key := range []string{code, short, legOfReason.ReplaceAllString(code, "<leg>_")} {
		if word, ok := r.Glossary[kind+":"+key]; ok {
			return word
		}
	}
	return Word{}
}

// words are codes that a glossary may lack.
var words = map[string]string{
	"state:complete": "完整", "state:unavailable": "平台不提供", "state:stale": "旧数据", "state:failed": "失败", "state:missing": "缺",
	"severity:error": "错误", "severity:warning": "提醒",
	"noted:resolved": "已处理", "noted:in_part": "只处理了部分账户", "noted:reopened": "金额已变，重新打开",
	"change:added": "新增", "change:removed": "减少", "change:changed": "变动",

	"blocker:units_absent": "账户天缺失，金额未知", "blocker:units_stale": "账户天为旧数据", "blocker:half_published": "发布未完成的日期",
	"blocker:bridge_remainder": "调节表不平", "blocker:direction_unknown": "收支方向不明的账单", "blocker:amount_unknown": "应结算金额未知的账单",
	"blocker:nothing_compared": "金额均未知、无法比对的核对单元", "blocker:not_asked": "尚未查询的核对单元", "blocker:rule_never_answered": "匹配规则从未命中的核对单元",

	"term:bill_only": "未查到分账", "term:rule_never_answered": "未查到分账（规则未命中）", "term:pending": "分账处理中（未分部分）", "term:failed": "分账失败（未分部分）",
	"term:no_key": "缺单号", "term:not_configured": "未接入分账", "term:settlement_only": "有分账、未查到账单", "term:mismatched": "差异净额", "term:matched": "跨日及分段匹配",

	"step:original": "交易金额", "step:merchant_ticket": "商家优惠", "step:platform_ticket": "平台补贴", "step:ledger_platform_ticket": "平台券（参与结算）",
	"step:total_unknown": "金额不全的账单", "step:total_broken": "勾稽不符的账单", "step:ledger_total": "应结算", "step:total_merchant_platform_service": "软件服务费",
	"step:commission": "佣金", "step:actual_insured": "保险费", "step:goods_unknown": "扣项不全的账单", "step:goods_broken": "扣项勾稽不符的账单",
	"step:goods": "正向账单商家实际结算", "step:refund": "退款", "step:other": "扣款及其他", "step:merchant": "商家实际结算",
}

// notes say how the numbers of the workbook are meant.
var notes = [][2]string{
	{"金额", "单位为元，带符号：正数归商家，负数由商家支出。空白表示未知，不是 0。"},
	{"精度", "表格只保留 15 位数字：绝对值超过 9,999,999,999,999.99 元的金额写成文本，不参与合计公式。"},
	{"合计", "合计为公式，其缓存值与公式结果相同。"},
	{"净额", "正向＋退款＋扣款及其他。同一账单出现两版内容时只计一版，另一版在对账单中备注。"},
	{"分账成功", "状态为成功的分账之和。正向账单加调节表各项等于分账成功，平衡校验应为 0.00。"},
	{"差额", "已分减应分：正数为多分，负数为少分。"},
	{"涉及金额", "各项差额中绝对值最大的一项；没有差额时为应分与已分中较大的一项。"},
	{"已处理", "人工处理过（billwalk resolve）而金额未变的订单单列，不在“差异”“未分”“失败”之中；金额有变即重新打开，回到原表。"},
	{"账龄", "从订单最早的账单日到报表末日的天数。"},
	{"状态", "失败、缺、平台不提供的账户天没有数据，金额留空。"},
}

// kindOf says what a bill is for.
func kindOf(b *schema.Bill) string {
	return schema.SettleTypes.Code(b.SettleType).Chinese
}

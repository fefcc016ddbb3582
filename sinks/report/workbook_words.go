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

// words are codes that the glossary lacks.
var words = map[string]string{
	"severity:error": schema.SeverityError.Label(), "severity:warning": schema.SeverityWarning.Label(),
	"noted:resolved": "已处理", "noted:in_part": "只处理了部分账户", "noted:reopened": "金额已变，重新打开",
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
	{"状态", "失败、缺失、平台不提供的账户天没有数据，金额留空。"},
}

// kindOf says what a bill is for.
func kindOf(b *schema.Bill) string {
	return schema.SettleTypes.Code(b.SettleType).Chinese
}

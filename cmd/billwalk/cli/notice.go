package cli

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/notify"
)

// notice is what the message of a run is made from.
type notice struct {
	summary     *pipeline.Summary // nil if the run did not begin
	run         *pipeline.Run
	sums        map[schema.Verdict]*verdictSum              // of the run's own days; nil if they could not be read
	withdrawals map[schema.WithdrawVerdict]*openWithdrawals // likewise
	payees      accountNames                                // names by the lists of stores; may be nil
	failure     error                                       // of the run as a whole, or nil
}

const (
	maxCauses  = 8 // of failures, that a message names
	maxAlarms  = 8
	maxRunText = 300 // characters of an error
)

// message returns the message, in Chinese. What matters most comes first.
func (n *notice) message() notify.Message {
	job := n.run.Job
	if s := n.summary; !n.run.Shard.Whole() && (s == nil || s.Shard != "") {
		job += "（分片 " + n.run.Shard.String() + "）"
	}
	m := notify.Message{Title: fmt.Sprintf("billwalk %s %s：%s", job, chineseDays(n.run), n.outcome())}
	if n.failure != nil {
		m.Lines = append(m.Lines, "错误："+shortened(n.failure.Error()))
	}
	if s := n.summary; s == nil {
		m.Trouble = true
	} else {
		m.Trouble = s.ExitCode != pipeline.ExitDone || len(s.Alarms) > 0 || n.sums[schema.Mismatched] != nil || n.withdrawals[schema.WithdrawMismatched] != nil
		m.Lines = append(m.Lines, fmt.Sprintf("账户天：完整 %d，平台不提供 %d，失败 %d", s.Units.Complete, s.Units.Unavailable, s.Units.Failed))
		m.Lines = append(m.Lines, n.verdictLines()...)
		m.Lines = append(m.Lines, withdrawalLines(n.withdrawals, n.name)...)
		m.Lines = append(m.Lines, n.failureLines()...)
		m.Lines = append(m.Lines, n.alarmLines()...)
		if s.Report != "" {
			m.Lines = append(m.Lines, "报告："+s.Report)
		}
	}
	return notify.Message{Title: m.Title, Trouble: m.Trouble, Lines: append(m.Lines, n.runLine())}
}

func chineseDays(r *pipeline.Run) string {
	if r.From == r.To {
		return r.From.String()
	}
	return fmt.Sprintf("%s 至 %s", r.From, r.To)
}

// outcome says how the run ended.
func (n *notice) outcome() string {
	if n.summary == nil {
		return "未能开始"
	}
	switch n.summary.ExitCode {
	case pipeline.ExitDone, pipeline.ExitDifferences:
		outcome := "完成"
		if sum := n.sums[schema.Mismatched]; sum != nil {
			outcome += fmt.Sprintf("，差异 %d 组", sum.groups)
		}
		if sum := n.withdrawals[schema.WithdrawMismatched]; sum != nil {
			outcome += fmt.Sprintf("，提现差异 %d 笔", sum.Count)
		}
		return outcome
	case pipeline.ExitIncomplete:
		return "不完整，完整的部分已发布"
	case pipeline.ExitStopped:
		return "因配额、时限或平台中断而停止，请再运行一次"
	case pipeline.ExitSuperseded:
		return "另一次运行已先发布，请再运行一次"
	case pipeline.ExitFailed:
		return "失败"
	case pipeline.ExitConfig:
		return "被拒绝，未发布任何数据"
	default:
		return "被中断，再运行一次即可继续"
	}
}

func (n *notice) verdictLines() (lines []string) {
	for _, verdict := range schema.Verdicts {
		sum := n.sums[verdict]
		if sum == nil {
			continue
		}
		line := fmt.Sprintf("%s %d 组：账单 %s 元，分账 %s 元", verdict.Label(), sum.groups, sum.billed.Yuan(), sum.settled.Yuan())
		if diff, err := sum.settled.Sub(sum.billed); err == nil && verdict == schema.Mismatched {
			line += fmt.Sprintf("，差额 %s 元", diff.Yuan())
		}
		lines = append(lines, line)
	}
	return lines
}

// failureLines returns a line for each cause, the most frequent first.
func (n *notice) failureLines() (lines []string) {
	causes := make(map[cause]int)
	var groups []failureGroup
	for _, f := range n.summary.Failures {
		at, ok := causes[causeOf(f)]
		if !ok {
			at = len(groups)
			causes[causeOf(f)], groups = at, append(groups, nil)
		}
		groups[at] = append(groups[at], f)
	}
	slices.SortStableFunc(groups, func(a, b failureGroup) int { return len(b) - len(a) })
	for i, g := range groups {
		if i == maxCauses {
			return append(lines, fmt.Sprintf("另有 %d 种失败原因，见运行摘要", len(groups)-i))
		}
		lines = append(lines, n.failureLine(g))
	}
	return lines
}

// chineseColon finds the colons that join Chinese texts.
var chineseColon = regexp.MustCompile(`(\p{Han}): `)

// failureLine names the first account of a cause and counts all.
func (n *notice) failureLine(g failureGroup) string {
	accounts := make(map[schema.AccountID]bool)
	for _, f := range g {
		accounts[f.Account] = true
	}
	who := n.name(g[0].Account)
	if len(accounts) > 1 {
		who += fmt.Sprintf(" 等 %d 户", len(accounts))
	}
	text := chineseColon.ReplaceAllString(ownReason(g[0]), "$1：")
	if g[0].Hint != "" {
		text += " → " + g[0].Advice().Chinese
	}
	return fmt.Sprintf("失败 %d 项（%s）：%s", len(g), who, shortened(text))
}

// name returns the account's name, if it has one, beside its id.
func (n *notice) name(id schema.AccountID) string {
	if name := n.payees[id]; name != "" {
		return fmt.Sprintf("%s %s", name, id)
	}
	for _, a := range n.run.Accounts {
		if a.ID == id && a.Name != "" {
			return fmt.Sprintf("%s %s", a.Name, id)
		}
	}
	return string(id)
}

func (n *notice) alarmLines() (lines []string) {
	for i, alarm := range n.summary.Alarms {
		if i == maxAlarms {
			return append(lines, fmt.Sprintf("另有 %d 条提醒，见运行摘要", len(n.summary.Alarms)-i))
		}
		_, text := alarm.Text()
		lines = append(lines, "提醒："+text)
	}
	return lines
}

func (n *notice) runLine() string {
	if n.summary == nil {
		return "运行 " + n.run.ID
	}
	return fmt.Sprintf("运行 %s，用时 %s", n.run.ID, roughly(time.Duration(n.summary.ElapsedSeconds*float64(time.Second))))
}

// shortened returns the beginning of a text.
func shortened(text string) string {
	if runes := []rune(text); len(runes) > maxRunText {
		return string(runes[:maxRunText]) + "…"
	}
	return text
}

// reasonOf returns what is wrong with a run as a whole.
func reasonOf(err error) error {
	if exit, ok := errors.AsType[*exitError](err); ok {
		return exit.err
	}
	return err
}

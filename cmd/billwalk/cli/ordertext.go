package cli

import (
	"fmt"
	"io"
	"time"

	"billwalk/schema"
)

var (
	storyTitle   = schema.Bilingual{English: "order %s of job %s, %s…%s\n", Chinese: "订单 %s，任务 %s，%s…%s\n"}
	storyUnknown = schema.Bilingual{
		English: "order %s is in no published day of job %s, %s…%s (code %s): bills looked at: %d, of accounts: %d. Name other days by --from and --to; an id has all of its digits\n",
		Chinese: "任务 %[2]s 已发布的 %[3]s…%[4]s 中没有订单 %[1]s（错误码 %[5]s）：查看了 %[7]d 个账户的 %[6]d 条账单。可用 --from、--to 指定其他日期；单号须完整\n",
	}
	storyBills       = schema.Bilingual{English: "\nbills, in yuan\n", Chinese: "\n账单（元）\n"}
	storyAsked       = schema.Bilingual{English: "\nasked of the settle query\n", Chinese: "\n分账查询\n"}
	storyCallbacks   = schema.Bilingual{English: "\ncallbacks, in yuan\n", Chinese: "\n回调（元）\n"}
	storySettlements = schema.Bilingual{English: "\nsettlements, in yuan\n", Chinese: "\n分账（元）\n"}
	storyVerdicts    = schema.Bilingual{English: "\nverdicts, in yuan\n", Chinese: "\n对账结论（元）\n"}
	storyExceptions  = schema.Bilingual{English: "\nexceptions\n", Chinese: "\n异常\n"}
	storyNever       = schema.Bilingual{English: "  never\n", Chinese: "  没有查询过\n"}
	storyNone        = schema.Bilingual{English: "  none\n", Chinese: "  没有\n"}
	storyResults     = schema.Bilingual{English: ": %d results, logid %s", Chinese: "：%d 条结果，logid %s"}
	storyExceptionAt = schema.Bilingual{English: "  %s  %s (%s): %s\n", Chinese: "  %s  %s（%s）：%s\n"}
	storyColon       = schema.Bilingual{English: ": ", Chinese: "："}
)

// storyHeads are the heads of a story's tables in Chinese. In English they are the columns'
// names.
var storyHeads = map[string]string{
	"bill_date": "账单日", "billed_on": "账单日", "ledger_id": "账单号", "settle_type": "结算类型", "total": "应结算", "fee": "平台服务费", "commission": "佣金", "net": "商家实际结算",
	"account": "账户", "store": "门店", "settle_id": "分账单号", "status": "状态", "settle_time": "分账时间", "source": "来源", "message": "信息",
	"received_at": "收到时间", "app": "应用", "use": "结果", "amount": "金额",
}

// storyTable returns a table with its heads in the language.
func storyTable(language string, heads ...string) *table {
	for i, head := range heads {
		if chinese := storyHeads[head]; chinese != "" && language == "zh" {
			heads[i] = chinese
		}
	}
	return newTable(heads...)
}

// print tells the story in the order in which it happened.
func (s *orderStory) print(out io.Writer, language string) error {
	if !s.found() {
		fmt.Fprintf(out, in(language, storyUnknown), plain(s.Order), s.Job, s.From, s.To, schema.CodeNotFound, s.seen, len(s.names))
		return nil
	}
	fmt.Fprintf(out, in(language, storyTitle), plain(s.Order), s.Job, s.From, s.To)
	fmt.Fprint(out, in(language, storyBills))
	bills := storyTable(language, "", "bill_date", "ledger_id", "settle_type", "total", "fee", "commission", "net", "logid", "account").alignLeft(1, 2, 8, 9, 10)
	if s.stores {
		bills.header = append(bills.header, "store")
	}
	for _, b := range s.Bills {
		settleType := fmt.Sprint(b.SettleType)
		if !b.Counted {
			settleType += " *"
		}
		cells := append(append([]string{"", b.Day.String(), plain(b.LedgerID), settleType}, b.yuan()...), plain(b.LogID), s.names.with(b.Account))
		if s.stores {
			cells = append(cells, b.store())
		}
		bills.add(cells...)
	}
	if err := bills.orNone(out, language); err != nil {
		return err
	}
	fmt.Fprint(out, in(language, storyAsked))
	for _, q := range s.Asked {
		fmt.Fprintf(out, "  %s  %s = %s"+in(language, storyResults)+"\n", instant(&q.At), q.Rule, plain(q.Value), q.Results, plain(q.LogID))
	}
	if len(s.Asked) == 0 {
		fmt.Fprint(out, in(language, storyNever))
	}
	if err := s.printCallbacks(out, language); err != nil {
		return err
	}
	fmt.Fprint(out, in(language, storySettlements))
	settlements := storyTable(language, "", "bill_date", "settle_id", "status", "total", "fee", "commission", "net", "settle_time", "source", "message").alignLeft(1, 2, 3, 8, 9, 10)
	for _, row := range s.Settlements {
		settlements.add(append(append([]string{"", row.Day.String(), plain(row.SettleID), string(row.Status)}, row.yuan()...), instant(row.Time), string(row.Source), plain(row.Message))...)
	}
	if err := settlements.orNone(out, language); err != nil {
		return err
	}
	fmt.Fprint(out, in(language, storyVerdicts))
	for _, g := range s.Groups {
		if err := g.print(out, s.names, language); err != nil {
			return err
		}
	}
	printExceptions(out, s.Exceptions, language)
	return nil
}

// printExceptions tells the exceptions, and what to do about each.
func printExceptions(out io.Writer, exceptions []storyException, language string) {
	if len(exceptions) > 0 {
		fmt.Fprint(out, in(language, storyExceptions))
	}
	for _, e := range exceptions {
		fmt.Fprintf(out, in(language, storyExceptionAt), e.Day, e.Rule, in(language, e.Rule.Meaning()), plain(e.Detail))
		if advice := in(language, e.Rule.Advice()); advice != "" {
			fmt.Fprintf(out, "    %s  %s\n", in(language, wordRemedy), advice)
		}
	}
}

// printCallbacks tells what callbacks say of the order, and what became of each.
func (s *orderStory) printCallbacks(out io.Writer, language string) error {
	fmt.Fprint(out, in(language, storyCallbacks))
	callbacks := storyTable(language, "", "received_at", "settle_id", "status", "total", "fee", "commission", "net", "account", "app", "use", "logid").alignLeft(1, 2, 3, 8, 9, 10, 11)
	for _, c := range s.Callbacks {
		account := "-"
		if c.Account != "" {
			account = s.names.with(c.Account)
		}
		callbacks.add(append(append([]string{"", instant(&c.ReceivedAt), plain(c.SettleID), string(c.Status)}, c.yuan()...), account, plain(c.App), in(language, callbackUses[c.Use]), plain(c.LogID))...)
	}
	return callbacks.orNone(out, language)
}

// print tells a verdict, its legs, why it is so, and what a person does.
func (g *storyGroup) print(out io.Writer, names accountNames, language string) error {
	fmt.Fprintf(out, "  %s  %s  %s %s%s%s\n", g.Day, names.with(g.Account), g.Verdict, g.Verdict.Label(), in(language, storyColon), in(language, g.Verdict.Meaning()))
	legs := storyTable(language, "   ", "", "total", "fee", "commission", "net").alignLeft(0, 1)
	legs.add(append([]string{"", "billed 账单"}, g.Billed.yuan()...)...)
	legs.add(append([]string{"", "settled 分账"}, g.Settled.yuan()...)...)
	legs.add(append([]string{"", "difference 差额"}, g.Diff.yuan()...)...)
	if err := legs.print(out, false); err != nil {
		return err
	}
	if g.MatchedBy != "" {
		fmt.Fprintf(out, "    %s %s%s%s\n", g.MatchedBy, g.MatchedBy.Label(), in(language, storyColon), in(language, g.MatchedBy.Meaning()))
	}
	if g.Cause != "" {
		fmt.Fprintf(out, "    %s %s%s%s\n", g.Cause, g.Cause.Label(), in(language, storyColon), in(language, g.Cause.Meaning()))
	}
	told := make(map[string]bool)
	for _, value := range g.Reasons {
		r, _ := schema.ReasonOf(value)
		fmt.Fprintf(out, "    %s %s%s%s\n", plain(value), r.Label.Chinese, in(language, storyColon), in(language, r.Meaning))
		if advice := in(language, r.Advice); advice != "" && !told[advice] {
			told[advice] = true
			fmt.Fprintf(out, "      %s  %s\n", in(language, wordRemedy), advice)
		}
	}
	if len(told) == 0 {
		fmt.Fprintf(out, "    %s  %s\n", in(language, wordRemedy), in(language, g.Verdict.Advice()))
	}
	return nil
}

// orNone prints the table, or that it has no row.
func (t *table) orNone(out io.Writer, language string) error {
	if len(t.rows) == 0 {
		fmt.Fprint(out, in(language, storyNone))
		return nil
	}
	return t.print(out, false)
}

// yuan returns the amounts as texts; "-" for one that is unknown.
func (l storyLegs) yuan() (texts []string) {
	for _, fen := range []*schema.Fen{l.Total, l.Fee, l.Commission, l.Net} {
		text := "-"
		if fen != nil {
			text = fen.Yuan()
		}
		texts = append(texts, text)
	}
	return texts
}

// instant returns a time in China, or "-".
func instant(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return clockTime(*t)
}

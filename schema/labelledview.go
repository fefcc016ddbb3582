package schema

import (
	"fmt"
	"strings"
)

// labelledView returns the view of the table for people, in Chinese: a column in yuan for one
// in fen, one in China time beside each time, and one in words beside each column of codes.
func (t Description) labelledView(d Dialect) sqlView {
	v := sqlView{name: d.nameForPeople(t.Name, t.Label), doc: t.ChineseDoc, from: "FROM " + t.Name}
	column := func(value, label, doc string) {
		v.columns = append(v.columns, viewColumn{value, label, doc})
	}
	if t.Column("day") == nil {
		column("bill_date", "账单日期", "账单日（北京时间）")
	}
	for _, c := range t.Columns {
		words, known := chineseWords[t.Name+"."+c.Name]
		switch {
		case c.Unit == "fen":
			column(d.yuan(c.Name), d.unit(c.Label, "元"), c.ChineseDoc)
		case known && words.replace:
			column(words.sql(d), d.label(c.Label), c.ChineseDoc)
		default:
			column(c.Name, d.label(c.Label), c.ChineseDoc)
		}
		switch {
		case c.Codes != nil:
			column(c.Codes.ChineseSQL(d, c.Name), d.label(c.Label)+"含义", c.Label+"的中文")
		case c.Type == Timestamp:
			column(d.chinaTime(c.Name), d.unit(c.Label, "北京时间"), c.ChineseDoc+"（北京时间）")
		case known && !words.replace:
			column(words.sql(d), d.label(c.Label)+"含义", c.Label+"的中文")
		}
		if c.Name == "poi_id" && t.Name != Stores.Name {
			column("(SELECT max(n.poi_name) FROM store_names AS n WHERE n.poi_id = "+t.Name+".poi_id)", "门店名称", "门店的名称，任务有 stores: true 时才有")
		}
		if known && words.advice != nil {
			column(words.advice(d), "处理", "该做什么")
		}
		if t.Name == Reconciliations.Name && c.Name == "verdict" {
			column(doubtSQL(d), "存疑", "平账而其账单或分账有异常的，及异常类型；其余为 NULL")
			v.from += "\n  LEFT JOIN (SELECT bill_date, walk_account_id, group_key, rules AS doubts FROM doubts) AS d USING (bill_date, walk_account_id, group_key)"
		}
	}
	return v
}

// chineseWords is the SQL of the words for the values of columns of text, and of what to do.
var chineseWords = map[string]struct {
	sql, advice func(Dialect) string
	replace     bool // the words stand in place of the value, not beside it
}{
	"reconciliation.verdict":    {sql: chineseVerdict, replace: true},
	"reconciliation.matched_by": {sql: func(d Dialect) string { return caseSQL("matched_by", Tiers, Tier.Label) }},
	"reconciliation.reasons": {
		sql: func(d Dialect) string { return reasonSQL(d, func(r Reason) string { return r.Label.Chinese }) },
		advice: func(d Dialect) string { // of the reasons, else of the verdict
			return "COALESCE(NULLIF(" + reasonSQL(d, func(r Reason) string { return r.Advice.Chinese }) + ", ''), " +
				caseSQL("verdict", Verdicts, func(v Verdict) string { return v.Advice().Chinese }) + ")"
		},
	},
	"exceptions.severity": {sql: func(d Dialect) string {
		return caseSQL("severity", []Severity{SeverityError, SeverityWarning}, Severity.Label)
	}, replace: true},
	"exceptions.rule": {
		sql: func(d Dialect) string { return caseSQL("rule", Rules, Rule.Label) },
		advice: func(d Dialect) string {
			return caseSQL("rule", Rules, func(r Rule) string { return r.Advice().Chinese })
		},
	},
	"settlements.settle_status": {sql: func(d Dialect) string {
		return caseSQL("settle_status", []Status{StatusInit, StatusProcessing, StatusSuccess, StatusFail}, Status.label)
	}},
	"settlements.source": {sql: func(d Dialect) string {
		return caseSQL("source", []Source{SourceQuery, SourceCallback, SourceBoth}, Source.label)
	}},
	"withdrawals.verdict": {
		sql: func(d Dialect) string { return caseSQL("verdict", WithdrawVerdicts, WithdrawVerdict.Label) },
		advice: func(d Dialect) string {
			return caseSQL("verdict", WithdrawVerdicts, func(v WithdrawVerdict) string { return v.Advice().Chinese })
		},
		replace: true,
	},
	"restatements.change": {sql: func(d Dialect) string { return caseSQL("change", []Change{Added, Removed, Changed}, Change.label) }},
	"units.state":         {sql: func(d Dialect) string { return caseSQL("state", []State{Complete, Unavailable, Failed}, State.Label) }, replace: true},
}

// Label returns the state in Chinese, or "" for none.
func (s State) Label() string { return labelIn(States, string(s)) }

func (s Status) label() string { return labelIn(Statuses, string(s)) }
func (s Source) label() string { return labelIn(Sources, string(s)) }
func (c Change) label() string { return labelIn(Changes, string(c)) }

// caseSQL returns the SQL of the words for a column's values; another value stands for itself.
func caseSQL[T ~string](column string, values []T, word func(T) string) string {
	var sql strings.Builder
	sql.WriteString("CASE " + column)
	for _, v := range values {
		fmt.Fprintf(&sql, " WHEN %s THEN %s", quoteSQL(string(v)), quoteSQL(word(v)))
	}
	return sql.String() + " ELSE " + column + " END"
}

// reasonSQL returns the SQL of what is said of each of a row's reasons, once, in one text.
func reasonSQL(d Dialect, word func(Reason) string) string {
	var sql strings.Builder
	sql.WriteString("CASE")
	for _, r := range Reasons {
		if ending, ok := strings.CutPrefix(r.Form, legForm); ok {
			for leg := range LegCount {
				fmt.Fprintf(&sql, " WHEN r = %s THEN %s", quoteSQL(leg.String()+ending), quoteSQL(word(r.of(leg))))
			}
			continue
		}
		prefix, _, open := strings.Cut(r.Form, ":<")
		if open {
			fmt.Fprintf(&sql, " WHEN substr(r, 1, %d) = %s THEN %s", len(prefix)+1, quoteSQL(prefix+":"), quoteSQL(word(r)))
		} else {
			fmt.Fprintf(&sql, " WHEN r = %s THEN %s", quoteSQL(r.Form), quoteSQL(word(r)))
		}
	}
	return d.joinWords("reasons", sql.String()+" ELSE r END", true)
}

// chineseVerdict returns the SQL of Reconciliation.Label.
func chineseVerdict(d Dialect) string {
	var sql strings.Builder
	sql.WriteString("CASE verdict")
	for _, v := range Verdicts {
		label := quoteSQL(v.Label())
		switch v {
		case Mismatched:
			label = fmt.Sprintf("CASE WHEN diff_total_fen > 0 THEN %s WHEN diff_total_fen < 0 THEN %s WHEN diff_total_fen = 0 THEN %s ELSE %s END",
				quoteSQL(labelOver), quoteSQL(labelUnder), quoteSQL(labelOtherLeg), label)
		case NotApplicable:
			label = fmt.Sprintf("CASE WHEN %s THEN %s ELSE %s END", d.contains("reasons", ReasonNoKey), quoteSQL(labelNoKey), label)
		}
		fmt.Fprintf(&sql, "\n    WHEN %s THEN %s", quoteSQL(string(v)), label)
	}
	sql.WriteString(" END")
	return sql.String()
}

// doubtSQL is the SQL of what the view 对账 says beside the verdict.
func doubtSQL(d Dialect) string {
	return "CASE WHEN doubts IS NOT NULL THEN '平账（存疑）：' || " + d.joinWords("doubts", caseSQL("r", Rules, Rule.Label), false) + " END"
}

package schema

import (
	"fmt"
	"strings"
)

// writeChineseView writes the view of the table's label: a column in yuan for one in fen, one
// in China time beside each time, and one in words beside each column of codes.
func (t Description) writeChineseView(sql *strings.Builder) {
	var comments strings.Builder
	from, separator := t.Name, ""
	column := func(value, label, doc string) {
		fmt.Fprintf(sql, "%s\n  %s AS \"%s\"", separator, value, label)
		fmt.Fprintf(&comments, "COMMENT ON COLUMN \"%s\".\"%s\" IS %s;\n", t.Label, label, quoteSQL(doc))
		separator = ","
	}
	fmt.Fprintf(sql, "\nCREATE OR REPLACE VIEW \"%s\" AS SELECT", t.Label)
	if t.Column("day") == nil {
		column("bill_date", "账单日期", "账单日（北京时间）")
	}
	for _, c := range t.Columns {
		words, known := chineseWords[t.Name+"."+c.Name]
		switch {
		case c.Unit == "fen":
			column(yuan(c.Name), c.Label+"(元)", c.ChineseDoc)
		case known && words.replace:
			column(words.sql(), c.Label, c.ChineseDoc)
		default:
			column(c.Name, c.Label, c.ChineseDoc)
		}
		switch {
		case c.Codes != nil:
			column(c.Codes.ChineseSQL(c.Name), c.Label+"含义", c.Label+"的中文")
		case c.Type == Timestamp:
			column("timezone('Asia/Shanghai', "+c.Name+")", c.Label+"(北京时间)", c.ChineseDoc+"（北京时间）")
		case known && !words.replace:
			column(words.sql(), c.Label+"含义", c.Label+"的中文")
		}
		if c.Name == "poi_id" && t.Name != Stores.Name {
			column("(SELECT any_value(n.poi_name) FROM store_names AS n WHERE n.poi_id = "+t.Name+".poi_id)", "门店名称", "门店的名称，任务有 stores: true 时才有")
		}
		if known && words.advice != nil {
			column(words.advice(), "处理", "该做什么")
		}
		if t.Name == Reconciliations.Name && c.Name == "verdict" {
			column(doubtSQL(), "存疑", "平账而其账单或分账有异常的，及异常类型；其余为 NULL")
			from += "\n  LEFT JOIN (SELECT bill_date, walk_account_id, group_key, rules AS doubts FROM doubts) USING (bill_date, walk_account_id, group_key)"
		}
	}
	fmt.Fprintf(sql, "\nFROM %s;\nCOMMENT ON VIEW \"%s\" IS %s;\n%s", from, t.Label, quoteSQL(t.ChineseDoc), comments.String())
}

// chineseWords is the SQL of the words for the values of columns of text, and of what to do.
var chineseWords = map[string]struct {
	sql, advice func() string
	replace     bool // the words stand in place of the value, not beside it
}{
	"reconciliation.verdict":    {sql: chineseVerdict, replace: true},
	"reconciliation.matched_by": {sql: func() string { return caseSQL("matched_by", Tiers, Tier.Label) }},
	"reconciliation.reasons": {
		sql: func() string { return reasonSQL(func(r Reason) string { return r.Label }) },
		advice: func() string { // of the reasons, else of the verdict
			return "COALESCE(NULLIF(" + reasonSQL(func(r Reason) string { return r.Advice.Chinese }) + ", ''), " +
				caseSQL("verdict", Verdicts, func(v Verdict) string { return v.Advice().Chinese }) + ")"
		},
	},
	"exceptions.severity": {sql: func() string { return caseSQL("severity", []Severity{SeverityError, SeverityWarning}, Severity.Label) }, replace: true},
	"exceptions.rule": {
		sql:    func() string { return caseSQL("rule", Rules, Rule.Label) },
		advice: func() string { return caseSQL("rule", Rules, func(r Rule) string { return r.Advice().Chinese }) },
	},
	"settlements.settle_status": {sql: func() string {
		return caseSQL("settle_status", []Status{StatusInit, StatusProcessing, StatusSuccess, StatusFail}, Status.label)
	}},
	"settlements.source": {sql: func() string {
		return caseSQL("source", []Source{SourceQuery, SourceCallback, SourceBoth}, Source.label)
	}},
	"withdrawals.verdict": {
		sql: func() string { return caseSQL("verdict", WithdrawVerdicts, WithdrawVerdict.Label) },
		advice: func() string {
			return caseSQL("verdict", WithdrawVerdicts, func(v WithdrawVerdict) string { return v.Advice().Chinese })
		},
		replace: true,
	},
	"restatements.change": {sql: func() string { return caseSQL("change", []Change{Added, Removed, Changed}, Change.label) }},
	"units.state":         {sql: func() string { return caseSQL("state", []State{Complete, Unavailable, Failed}, State.Label) }, replace: true},
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
func reasonSQL(word func(Reason) string) string {
	var sql strings.Builder
	sql.WriteString("array_to_string(list_distinct(list_transform(reasons, lambda r: CASE")
	for _, r := range Reasons {
		if ending, ok := strings.CutPrefix(r.Form, legForm); ok {
			for leg := range LegCount {
				fmt.Fprintf(&sql, " WHEN r = %s THEN %s", quoteSQL(leg.String()+ending), quoteSQL(word(r.of(leg))))
			}
			continue
		}
		prefix, _, open := strings.Cut(r.Form, ":<")
		if open {
			fmt.Fprintf(&sql, " WHEN starts_with(r, %s) THEN %s", quoteSQL(prefix+":"), quoteSQL(word(r)))
		} else {
			fmt.Fprintf(&sql, " WHEN r = %s THEN %s", quoteSQL(r.Form), quoteSQL(word(r)))
		}
	}
	return sql.String() + " ELSE r END)), '；')"
}

// yuan returns the SQL that converts a column of fen, without floating point. int64 has 19
// digits.
func yuan(column string) string {
	return "(" + column + "::DECIMAL(19,0) * 0.01)::DECIMAL(18,2)"
}

// chineseVerdict returns the SQL of Reconciliation.Label.
func chineseVerdict() string {
	var sql strings.Builder
	sql.WriteString("CASE verdict")
	for _, v := range Verdicts {
		label := quoteSQL(v.Label())
		switch v {
		case Mismatched:
			label = fmt.Sprintf("CASE sign(diff_total_fen) WHEN 1 THEN %s WHEN -1 THEN %s WHEN 0 THEN %s ELSE %s END",
				quoteSQL(labelOver), quoteSQL(labelUnder), quoteSQL(labelOtherLeg), label)
		case NotApplicable:
			label = fmt.Sprintf("CASE WHEN list_contains(reasons, %s) THEN %s ELSE %s END", quoteSQL(ReasonNoKey), quoteSQL(labelNoKey), label)
		}
		fmt.Fprintf(&sql, "\n    WHEN %s THEN %s", quoteSQL(string(v)), label)
	}
	sql.WriteString(" END")
	return sql.String()
}

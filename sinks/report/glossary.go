package report

import (
	"maps"
	"slices"
	"strings"

	"billwalk/schema"
)

// glossary explains every code of the report.
func glossary(r *Report) map[string]Word {
	words := maps.Clone(codeWords)
	for _, v := range schema.Verdicts {
		words["verdict:"+string(v)] = wordOf(string(v), v.Label(), v.Meaning(), v.Advice())
	}
	if r.Withdrawals != nil {
		for _, v := range schema.WithdrawVerdicts {
			words["withdraw:"+string(v)] = wordOf(string(v), v.Label(), v.Meaning(), v.Advice())
		}
	}
	for _, o := range slices.Concat(r.Orders.List, r.Orders.ResolvedList) {
		if cause := schema.Cause(o.Cause); cause != "" {
			words["cause:"+o.Cause] = wordOf(o.Cause, cause.Label(), cause.Meaning(), schema.Bilingual{})
		}
		for _, reason := range o.Reasons {
			if known, ok := schema.ReasonOf(reason); ok {
				code, _, _ := strings.Cut(reason, ":") // what follows is of one group
				words["reason:"+code] = wordOf(code, known.Label, known.Meaning, known.Advice)
			}
		}
	}
	for _, x := range r.Exceptions {
		words["rule:"+string(x.Rule)] = wordOf(string(x.Rule), x.Rule.Label(), x.Rule.Meaning(), x.Rule.Advice())
	}
	for _, change := range r.Restatements {
		for _, example := range change.Examples {
			for _, column := range example.Columns {
				words["column:"+column] = wordOf(strings.TrimSuffix(column, "_fen"), fieldLabel(column), schema.Bilingual{}, schema.Bilingual{})
			}
		}
	}
	return words
}

// wordOf explains a code whose English name is the code itself.
func wordOf(code, label string, meaning, advice schema.Bilingual) Word {
	return Word{Label: Text{label, strings.ReplaceAll(code, "_", " ")}, Meaning: textOf(meaning), Advice: textOf(advice)}
}

func textOf(b schema.Bilingual) Text { return Text{b.Chinese, b.English} }

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
		words["verdict:"+string(v)] = wordOf(v.Name(), v.Meaning(), v.Advice())
	}
	if r.Withdrawals != nil {
		for _, v := range schema.WithdrawVerdicts {
			words["withdraw:"+string(v)] = wordOf(v.Name(), v.Meaning(), v.Advice())
		}
	}
	for kind, list := range map[string][]schema.Word{"state": schema.States, "status": schema.Statuses, "source": schema.Sources, "change": schema.Changes} {
		for _, w := range list {
			words[kind+":"+w.Value] = Word{Label: textOf(w.Label)} // where they stand, the page explains them
		}
	}
	for _, o := range slices.Concat(r.Orders.List, r.Orders.ResolvedList) {
		if cause := schema.Cause(o.Cause); cause != "" {
			words["cause:"+o.Cause] = wordOf(cause.Name(), cause.Meaning(), schema.Bilingual{})
		}
		for _, reason := range o.Reasons {
			if known, ok := schema.ReasonOf(reason); ok {
				code, _, _ := strings.Cut(reason, ":") // what follows is of one group
				words["reason:"+code] = wordOf(known.Label, known.Meaning, known.Advice)
			}
		}
	}
	for _, x := range r.Exceptions {
		words["rule:"+string(x.Rule)] = wordOf(x.Rule.Name(), x.Rule.Meaning(), x.Rule.Advice())
	}
	for _, change := range r.Restatements {
		for _, example := range change.Examples {
			for _, column := range example.Columns {
				name := strings.ReplaceAll(strings.TrimSuffix(column, "_fen"), "_", " ")
				words["column:"+column] = Word{Label: Text{Chinese: fieldLabel(column), English: name}}
			}
		}
	}
	return words
}

func wordOf(name, meaning, advice schema.Bilingual) Word {
	return Word{Label: textOf(name), Meaning: textOf(meaning), Advice: textOf(advice)}
}

func textOf(b schema.Bilingual) Text { return Text{b.Chinese, b.English} }

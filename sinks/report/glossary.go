package report

import "billwalk/schema"

// glossary explains every code of the report.
func glossary(r *Report) map[string]Word {
	words := make(map[string]Word)
	for _, v := range schema.Verdicts {
		meaning, advice := v.Meaning(), v.Advice()
		words["verdict:"+string(v)] = Word{Label: Text{v.Label(), string(v)}, Meaning: textOf(meaning), Advice: textOf(advice)}
	}
	for _, o := range r.Orders.List {
		for _, reason := range o.Reasons {
			if known, ok := schema.ReasonOf(reason); ok {
				words["reason:"+reason] = Word{Label: Text{reason, reason}, Meaning: textOf(known.Meaning)}
			}
		}
	}
	for _, x := range r.Exceptions {
		words["rule:"+string(x.Rule)] = Word{Label: Text{x.Rule.Label(), string(x.Rule)}, Meaning: textOf(x.Rule.Meaning())}
	}
	return words
}

func textOf(b schema.Bilingual) Text { return Text{b.Chinese, b.English} }

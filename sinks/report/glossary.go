package report

import "billwalk/schema"

// glossary explains the verdicts, and the reasons, causes and rules that the report has.
func glossary(r *Report) map[string]Word {
	words := make(map[string]Word)
	for _, v := range schema.Verdicts {
		words["verdict:"+string(v)] = Word{Text{v.Label(), string(v)}, textOf(v.Meaning()), textOf(v.Advice())}
	}
	for _, o := range r.Orders.List {
		if cause := schema.Cause(o.Cause); cause != "" {
			words["cause:"+o.Cause] = Word{Label: Text{cause.Label(), o.Cause}, Meaning: textOf(cause.Meaning())}
		}
		for _, code := range o.Reasons {
			if reason, ok := schema.ReasonOf(code); ok {
				words["reason:"+code] = Word{Text{reason.Label, code}, textOf(reason.Meaning), textOf(reason.Advice)}
			}
		}
	}
	for _, x := range r.Exceptions {
		words["rule:"+string(x.Rule)] = Word{Text{x.Rule.Label(), string(x.Rule)}, textOf(x.Rule.Meaning()), textOf(x.Rule.Advice())}
	}
	return words
}

func textOf(b schema.Bilingual) Text { return Text{b.Chinese, b.English} }

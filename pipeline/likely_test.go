package pipeline

import (
	"testing"

	"billwalk/schema"
)

// TestLikelyQueries: the rule that answers most often is tried first, and each order that it does
// not answer takes one query more.
func TestLikelyQueries(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		rules []schema.RuleUse
		want  int64
	}{
		"nothing is known":             {nil, 100},
		"one rule":                     {[]schema.RuleUse{{Asked: 40, Answered: 10}}, 100},
		"the first answers":            {[]schema.RuleUse{{Asked: 80, Answered: 80}, {Asked: 20}}, 100},
		"the second has come first":    {[]schema.RuleUse{{Asked: 70, Answered: 10}, {Asked: 200, Answered: 180}}, 110},
		"neither":                      {[]schema.RuleUse{{Asked: 30}, {Asked: 30}}, 200},
		"each answers for some orders": {[]schema.RuleUse{{Asked: 100, Answered: 75}, {Asked: 100, Answered: 50}}, 125},
	} {
		if got := likelyQueries(row.rules); got != row.want {
			t.Errorf("%s: %d, want %d", name, got, row.want)
		}
	}
}

package schema

import "cmp"

// RuleUse is how often a match rule was asked with for an account's orders, and
// how often settlements came back. The manifest remembers it.
type RuleUse struct {
	Rule     string `json:"rule"` // as jobs.yaml has it
	Asked    int64  `json:"asked"`
	Answered int64  `json:"answered"`
}

// silentAfter is how many orders a rule is given before it counts as silent.
const silentAfter = 200

// Silent says that the rule has never answered, and is not worth a call for
// every order.
func (u RuleUse) Silent() bool { return u.Answered == 0 && u.Asked >= silentAfter }

// usesKept is how many orders a rule is judged by: beyond them, old ones count half.
const usesKept = 1000

// Count counts one order that was asked for with the rule.
func (u *RuleUse) Count(answered bool) {
	if u.Asked >= usesKept {
		u.Asked, u.Answered = u.Asked/2, (u.Answered+1)/2
	}
	u.Asked++
	if answered {
		u.Answered++
	}
}

// CompareRate compares how often the rules answer; a rule that was hardly asked
// with counts as one that answers half the time.
func (u RuleUse) CompareRate(v RuleUse) int {
	return cmp.Compare((u.Answered+1)*(v.Asked+2), (v.Answered+1)*(u.Asked+2))
}

package schema

import "cmp"

// RuleUse is how often a match rule was asked with for an account's orders, and
// how often settlements came back. The manifest remembers it.
type RuleUse struct {
	Rule     string `json:"rule"` // as jobs.yaml has it
	Asked    int64  `json:"asked"`
	Answered int64  `json:"answered"`
}

// Silent says that the rule has not answered for so many orders, and is not worth
// a call for every one.
func (u RuleUse) Silent(after int64) bool { return u.Answered == 0 && u.Asked >= after }

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

package schema

import "cmp"

// RuleUse counts the queries of an account's orders by a match rule, and how many of them
// found settlements. The manifest keeps it.
type RuleUse struct {
	Rule     string `json:"rule"` // as jobs.yaml has it
	Asked    int64  `json:"asked"`
	Answered int64  `json:"answered"`
}

// Silent reports whether the rule found nothing for that many orders, so that it is not worth
// a call for every order.
func (u RuleUse) Silent(after int64) bool { return u.Answered == 0 && u.Asked >= after }

// maxUses is the number of orders after which the counts are halved, so that recent ones
// count more.
const maxUses = 1000

// Count counts one order that was queried by the rule.
func (u *RuleUse) Count(answered bool) {
	if u.Asked >= maxUses {
		u.Asked, u.Answered = u.Asked/2, (u.Answered+1)/2
	}
	u.Asked++
	if answered {
		u.Answered++
	}
}

// CompareRate compares how often two rules find settlements. A rule with few queries counts
// as one that finds them half of the time.
func (u RuleUse) CompareRate(v RuleUse) int {
	return cmp.Compare((u.Answered+1)*(v.Asked+2), (v.Answered+1)*(u.Asked+2))
}

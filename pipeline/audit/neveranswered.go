package audit

import (
	"hash/maphash"
	"slices"

	"billwalk/schema"
)

// ruleUnit is a match rule, as settlements.asked_by has it, and the account for whose orders
// of a day it was used.
type ruleUnit struct {
	account schema.AccountID
	rule    string
}

// ruleAnswers is what a match rule has found for a unit.
type ruleAnswers struct {
	ids   map[uint64]bool // that were queried, up to schema.NeverAnsweredAfter
	found bool
}

func newRuleAnswers() *ruleAnswers { return &ruleAnswers{ids: make(map[uint64]bool)} }

func (r *ruleAnswers) add(other *ruleAnswers) {
	r.found = r.found || other.found
	for id := range other.ids {
		r.ids[id] = true
	}
}

func (r *ruleAnswers) silent() bool { return !r.found && len(r.ids) >= schema.NeverAnsweredAfter }

// answersByRule is what match rules have found.
type answersByRule map[ruleUnit]*ruleAnswers

// count counts an answer for its rule.
func (all answersByRule) count(a *schema.SettleAnswer, found bool) {
	r := all.of(ruleUnit{a.Account, a.Parameter + ": " + a.Column})
	r.found = r.found || found
	if len(r.ids) < schema.NeverAnsweredAfter {
		r.ids[maphash.String(seed, a.Value)] = true
	}
}

// addAll adds what others have found.
func (all answersByRule) addAll(others answersByRule) {
	for u, other := range others {
		all.of(u).add(other)
	}
}

func (all answersByRule) of(u ruleUnit) *ruleAnswers {
	if all[u] == nil {
		all[u] = newRuleAnswers()
	}
	return all[u]
}

// billOnly counts the groups of an account that have no settlement, and those of them with
// the reason rule_never_answered.
type billOnly struct{ groups, neverAnswered int64 }

// add counts a group. It reports whether one has the reason that must not.
func (n *billOnly) add(r *schema.Reconciliation) (wrong bool) {
	has := slices.Contains(r.Reasons, schema.ReasonNeverAnswered)
	if r.Verdict == schema.BillOnly {
		n.groups++
	}
	if has {
		n.neverAnswered++
	}
	return has && r.Verdict != schema.BillOnly
}

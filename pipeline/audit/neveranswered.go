package audit

import (
	"context"
	"fmt"
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

// count counts an answer for its rule.
func (p *pass) count(a *schema.SettleAnswer, found bool) {
	u := ruleUnit{p.unit.Account.ID, a.Parameter + ": " + a.Column}
	if p.rules == nil {
		p.rules = make(map[ruleUnit]*ruleAnswers)
	}
	r := p.rules[u]
	if r == nil {
		r = &ruleAnswers{ids: make(map[uint64]bool)}
		p.rules[u] = r
	}
	r.found = r.found || found
	if len(r.ids) < schema.NeverAnsweredAfter {
		r.ids[maphash.String(seed, a.Value)] = true
	}
}

// merge adds what other passes have found.
func (a *answers) merge(rules map[ruleUnit]*ruleAnswers) {
	for u, other := range rules {
		if r := a.rules[u]; r == nil {
			a.rules[u] = other
		} else {
			r.add(other)
		}
	}
}

func (r *ruleAnswers) add(other *ruleAnswers) {
	r.found = r.found || other.found
	for id := range other.ids {
		r.ids[id] = true
	}
}

// billOnly counts the groups of an account that have no settlement.
type billOnly struct{ groups, neverAnswered int64 }

// billOnlyGroup checks and counts a group for the reason rule_never_answered.
func (t *tables) billOnlyGroup(r *schema.Reconciliation, key, place string) {
	has := slices.Contains(r.Reasons, schema.ReasonNeverAnswered)
	n := t.billOnly[r.WalkAccountID]
	switch {
	case r.Verdict == schema.BillOnly:
		n.groups++
	case has:
		t.find(key, place+", reasons", schema.ReasonNeverAnswered+" with bill_only alone", string(r.Verdict), fixReplay)
	}
	if has {
		n.neverAnswered++
	}
	t.billOnly[r.WalkAccountID] = n
}

// checkNeverAnswered checks that of an account all groups of bills only have the reason, or
// none, and as many as the manifest says.
func (t *tables) checkNeverAnswered() {
	for _, h := range t.holders {
		n, id := t.billOnly[h.Account.ID], h.Account.ID
		t.compare(t.manifestKey(), fmt.Sprintf("account %s, never_answered", id), fmt.Sprint(n.neverAnswered), fmt.Sprint(h.entry.NeverAnswered))
		if n.neverAnswered != 0 {
			t.compare(t.key(schema.Reconciliations.Name), fmt.Sprintf("account %s, reason %s", id, schema.ReasonNeverAnswered),
				fmt.Sprintf("%d groups, all that are bill_only", n.groups), fmt.Sprintf("%d groups, all that are bill_only", n.neverAnswered))
		}
	}
}

// proveNeverAnswered proves the reason of an account: some rule was queried with so many ids,
// on the days of the longest lookback, and found nothing on the day itself. Of which rules and
// which lookback the job was that published the day, the bucket does not say.
func (d *dayAudit) proveNeverAnswered(ctx context.Context, p *partition) error {
	for _, h := range p.holders {
		if p.tables.billOnly[h.Account.ID].neverAnswered == 0 {
			continue
		}
		rules := make(map[ruleUnit]*ruleAnswers)
		for day := d.day.Day - schema.Day(d.Lookback); day <= d.day.Day+schema.Day(d.Lookback); day++ {
			one, err := d.answersOf(ctx, day)
			if err != nil {
				return err
			}
			for u, r := range one.rules {
				if u.account != h.Account.ID {
					continue
				}
				if rules[u] == nil {
					rules[u] = &ruleAnswers{ids: make(map[uint64]bool)}
				}
				rules[u].add(&ruleAnswers{r.ids, r.found && day == d.day.Day})
			}
		}
		proven := false
		for _, r := range rules {
			proven = proven || !r.found && len(r.ids) >= schema.NeverAnsweredAfter
		}
		if !proven {
			d.add(schema.Finding{
				Day: d.day.Day, Bucket: p.m.Bucket, Key: p.key(schema.Reconciliations.Name), Place: fmt.Sprintf("account %s, reason %s", h.Account.ID, schema.ReasonNeverAnswered),
				Want: fmt.Sprintf("a match rule that was queried with %d ids and found nothing", schema.NeverAnsweredAfter), Got: "the archive has none", Fix: fixReplay,
			})
		}
	}
	return nil
}

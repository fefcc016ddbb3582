package audit

import (
	"fmt"
	"maps"
	"slices"

	"billwalk/schema"
)

// Settlements that no bill explains (单边账:有分账无账单) have no rule that links
// them. They stand on their own day, in the bucket of the account "", and in groups
// of that account, which have no bills. Where the query has confirmed one, its day is
// that of a callback still: the query's time may be of another.

// unexplainedSettlement takes a settlement, if it is one of those.
func (t *tables) unexplainedSettlement(s *schema.Settlement, called []telling, key, place string) error {
	if s.AskedBy.Valid {
		return nil
	}
	if s.Source != schema.SourceCallback && s.Source != schema.SourceBoth {
		t.find(key, place+", asked_by", "the rule by which it was asked for", "NULL, and source "+string(s.Source), fixReplay)
	}
	day, bucket := ownDay(s), schema.AccountID("").Bucket(t.Buckets)
	confirmed := s.Source == schema.SourceBoth && slices.ContainsFunc(called, func(c telling) bool { return c.day == t.m.Day })
	if day != t.m.Day && !confirmed || bucket != t.m.Bucket {
		t.find(key, place, fmt.Sprintf("a settlement without asked_by on its own day and in the bucket of no account: %s, %d", day, bucket),
			fmt.Sprintf("%s, %d", t.m.Day, t.m.Bucket), fixReplay)
	}
	group := s.OrderID.V
	if group == "" {
		group = "settlement:" + s.SettleID
	}
	if s.ItemOrderID.V != "" {
		group += "/" + s.ItemOrderID.V
	}
	return t.tallyOf(group).settlement(s)
}

// unexplainedGroup takes a group, if it is of those.
func (t *tables) unexplainedGroup(r *schema.Reconciliation, key, place string) error {
	only := r.Verdict == schema.SettlementOnly
	if only != (r.WalkAccountID == "") {
		t.find(key, place, "settlement_only, and it alone, without an account", string(r.Verdict), fixReplay)
	}
	if !only {
		return nil
	}
	if r.BillRows != 0 || r.Billed != (schema.Legs{}) || r.Diff != (schema.Legs{}) || r.Refund.Valid {
		t.find(key, place, "settlement_only has no bills", fmt.Sprintf("%d bills, of %s fen", r.BillRows, fenText(r.Billed[schema.LegTotal])), fixReplay)
	}
	if slices.Contains(r.Reasons, schema.ReasonBillRemoved) {
		return nil // its settlements have the rule that once found them: the day's sums hold them
	}
	return t.tallyOf(r.GroupKey).group(r)
}

func (t *tables) tallyOf(group string) *settledTally {
	if t.unexplained[group] == nil {
		t.unexplained[group] = new(settledTally)
	}
	return t.unexplained[group]
}

// checkUnexplained holds the groups against the settlements that should be in them.
func (t *tables) checkUnexplained(groups string) {
	for _, group := range slices.Sorted(maps.Keys(t.unexplained)) {
		sum := t.unexplained[group]
		t.compare(groups, "settlement_only, group "+group, fmt.Sprintf("%d settlements of %d fen", sum.rows, sum.settlements), fmt.Sprintf("%d settlements of %d fen", sum.grouped, sum.groups))
	}
}

package audit

import (
	"fmt"
	"maps"
	"slices"

	"billwalk/schema"
)

// Settlements without a bill (有分账、未查到账单) have no asked_by. They are on their own day,
// in the bucket of the account "", and in groups of that account, which have no bills. A
// settlement that the query has confirmed stays on the day of a callback, as the time in
// the answer may be of another day.

// unmatchedSettlement checks and counts a settlement without a bill.
func (t *tables) unmatchedSettlement(s *schema.Settlement, callbacks []statement, key string, place func() string) error {
	if s.AskedBy.Valid {
		return nil
	}
	if s.Source != schema.SourceCallback && s.Source != schema.SourceBoth {
		t.find(key, place()+", asked_by", "the rule by which it was asked for", "NULL, and source "+string(s.Source), fixReplay)
	}
	day, bucket := ownDay(s), schema.AccountID("").Bucket(t.Buckets)
	confirmed := s.Source == schema.SourceBoth && slices.ContainsFunc(callbacks, func(c statement) bool { return c.day == t.m.Day })
	if day != t.m.Day && !confirmed || bucket != t.m.Bucket {
		t.find(key, place(), fmt.Sprintf("a settlement without asked_by on its own day and in the bucket of no account: %s, %d", day, bucket),
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

// unmatchedGroup checks and counts a group without bills.
func (t *tables) unmatchedGroup(r *schema.Reconciliation, key string, place func() string) error {
	only := r.Verdict == schema.SettlementOnly
	if only != (r.WalkAccountID == "") {
		t.find(key, place(), "settlement_only, and it alone, without an account", string(r.Verdict), fixReplay)
	}
	if !only {
		return nil
	}
	if r.BillRows != 0 || r.Billed != (schema.Legs{}) || r.Diff != (schema.Legs{}) || r.Refund.Valid || r.Other.Valid {
		t.find(key, place(), "settlement_only has no bills", fmt.Sprintf("%d bills, of %s fen", r.BillRows, fenText(r.Billed[schema.LegTotal])), fixReplay)
	}
	if slices.Contains(r.Reasons, schema.ReasonBillRemoved) {
		return nil // its settlements have an asked_by; checkSettled covers them
	}
	return t.tallyOf(r.GroupKey).group(r)
}

func (t *tables) tallyOf(group string) *settledTally {
	if t.unmatched[group] == nil {
		t.unmatched[group] = new(settledTally)
	}
	return t.unmatched[group]
}

// checkUnmatched compares the groups without bills with their settlements.
func (t *tables) checkUnmatched(groups string) {
	for _, group := range slices.Sorted(maps.Keys(t.unmatched)) {
		sum := t.unmatched[group]
		t.compare(groups, "settlement_only, group "+group, fmt.Sprintf("%d settlements of %d fen", sum.rows, sum.settlements), fmt.Sprintf("%d settlements of %d fen", sum.grouped, sum.groups))
	}
}

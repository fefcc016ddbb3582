package build

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"billwalk/pipeline/evidence"
	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// joiner gives the bills of one partition their verdicts.
type joiner struct {
	evidence *evidence.Evidence
	rules    *reconcile.Rules
	at       schema.Partition
	buckets  int
	append   func(schema.Row) error
	manifest *schema.Manifest
	entries  map[schema.AccountID]*schema.Entry // of the manifest

	elsewhere    map[string][]reconcile.Bill // by order: bills of it in other partitions
	certificates map[schema.AccountID]*schema.Certificate
	claims       *claims
	written      evidence.Placements // the settlements of this partition
	sums         conservation
}

// addOrder adds the rows of one order that belong to this partition.
func (j *joiner) addOrder(o *knownOrder) error {
	for i := range o.own {
		if err := j.sums.bill(&o.own[i]); err != nil {
			return err
		}
	}
	if err := j.addForeign(o); err != nil {
		return err
	}
	if err := j.addElsewhere(o); err != nil {
		return err
	}
	groups, err := j.rules.NotCompared(o.own)
	if err != nil {
		return err
	}
	if len(o.bills) > 0 {
		outcome, err := j.reconcile(o)
		if err != nil {
			return err
		}
		for _, group := range outcome.Groups {
			if group.WalkAccountID.Bucket(j.buckets) == j.at.Bucket {
				groups = append(groups, group)
			}
		}
		if err := j.addPlaced(o, outcome.Settlements); err != nil {
			return err
		}
	}
	slices.SortStableFunc(groups, func(a, b schema.Reconciliation) int {
		return cmp.Or(cmp.Compare(a.WalkAccountID, b.WalkAccountID), strings.Compare(a.GroupKey, b.GroupKey))
	})
	return j.addGroups(groups)
}

// addForeign adds exceptions for settlements of other orders in the order's answers: in the
// partition under which an answer is filed.
func (j *joiner) addForeign(o *knownOrder) error {
	var queried *reconcile.Bill // for the answer
	for i := range o.Foreign {
		f := &o.Foreign[i]
		if f.Answer.Day != j.at.Day || f.Answer.Account.Bucket(j.buckets) != j.at.Bucket {
			continue
		}
		if queried == nil || o.Foreign[i-1].Answer != f.Answer {
			queried = f.QueriedBill(o.bills)
		}
		if err := j.addExceptions(f.ExceptionsFor(queried)); err != nil {
			return err
		}
	}
	return nil
}

// addElsewhere adds exceptions for the order's settlements that count on another day, in one
// partition only. They are errors where one has succeeded since that day was built.
func (j *joiner) addElsewhere(o *knownOrder) error {
	if len(o.Elsewhere)+len(o.Late) == 0 || firstAccount(o.on(j.at.Day)).Bucket(j.buckets) != j.at.Bucket {
		return nil
	}
	for _, s := range slices.Concat(o.Elsewhere, o.Late) {
		e := schema.Exception{
			Rule: schema.RuleSettleElsewhere, Severity: schema.RuleSettleElsewhere.Severity(), ShopOrderID: schema.Some(o.bills[0].OrderKey()), SettleID: schema.Some(s.SettleID),
			Actual: s.Amount, Detail: fmt.Sprintf("the settlement stands on %s, where the order has another bill, and counts there alone", s.Day),
		}
		if s.SucceededSince() {
			e.Severity = schema.SeverityError
			e.Detail = fmt.Sprintf("the settlement has succeeded since %s was last looked at, where it stands: it counts once that day is run again (--from %s --to %s)", s.Day, s.Day, s.Day)
		}
		if err := j.addException(&e); err != nil {
			return err
		}
	}
	return nil
}

func firstAccount(bills []reconcile.Bill) schema.AccountID {
	return slices.MinFunc(bills, func(a, b reconcile.Bill) int { return cmp.Compare(a.Account, b.Account) }).Account
}

// reconcile reconciles the order with those of its settlements that no order before
// it has claimed.
func (j *joiner) reconcile(known *knownOrder) (reconcile.Outcome, error) {
	o := reconcile.Order{
		Key: known.bills[0].OrderKey(), Bills: known.bills, Answered: known.answered, SettledElsewhere: known.CountedBefore(j.at.Day),
		Published: known.Published, BuiltDays: j.evidence.BuiltDays(),
	}
	for i := range known.Settlements {
		s := &known.Settlements[i].Settlement
		if owner := j.claims.take(s.Key(), o.Key); owner != o.Key {
			e := schema.Exception{
				Rule: schema.RuleSettleShared, Severity: schema.RuleSettleShared.Severity(), ShopOrderID: schema.Some(o.Key), SettleID: schema.Some(s.SettleID),
				Actual: s.Amount, Detail: "the settlement answers for order " + owner + ", too, and counts there",
			}
			if err := j.addException(&e); err != nil {
				return reconcile.Outcome{}, err
			}
			continue
		}
		o.Settlements = append(o.Settlements, *s)
	}
	return j.rules.Reconcile(j.at.Day, &o)
}

// addPlaced adds the settlements that belong to this partition, and their exceptions.
func (j *joiner) addPlaced(o *knownOrder, placed []reconcile.Placed) error {
	rows := make(map[schema.SettlementKey]*evidence.Row, len(o.Settlements))
	for i := range o.Settlements {
		rows[o.Settlements[i].Settlement.Key()] = &o.Settlements[i]
	}
	for i := range placed {
		if placed[i].Account.Bucket(j.buckets) != j.at.Bucket {
			continue
		}
		s := &placed[i].Settlement
		if err := j.addSettlement(s); err != nil {
			return err
		}
		row := rows[s.Key()]
		for k := range row.Exceptions {
			row.Exceptions[k].ShopOrderID = schema.Some(o.bills[0].OrderKey())
		}
		if err := j.addExceptions(row.Exceptions); err != nil {
			return err
		}
	}
	return nil
}

func (j *joiner) addSettlement(s *schema.Settlement) error {
	j.written.Add(s)
	return j.append(s)
}

func (j *joiner) addGroups(groups []schema.Reconciliation) error {
	for i := range groups {
		r := &groups[i]
		if err := j.sums.group(r); err != nil {
			return err
		}
		j.manifest.Verdicts[r.Verdict]++
		if e := j.entries[r.WalkAccountID]; e != nil && r.Verdict.AwaitsSettlement() {
			e.Open++
		} else if e != nil && r.Verdict == schema.Mismatched {
			e.Mismatched++
		}
		if err := j.append(r); err != nil {
			return err
		}
	}
	return nil
}

func (j *joiner) addExceptions(all []schema.Exception) error {
	for i := range all {
		if err := j.addException(&all[i]); err != nil {
			return err
		}
	}
	return nil
}

func (j *joiner) addException(e *schema.Exception) error {
	j.manifest.Exceptions[e.Rule]++
	return j.append(e)
}

package build

import (
	"context"
	"maps"
	"slices"
	"strings"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// addRemoved keeps the published settlements that succeeded and whose order has no
// bill any more: money that was shared out for nothing must not vanish with the
// bill. What else is not in the partition any more has moved with its bill. Those
// that only callbacks know are among the unmatched ones.
func (p *Partition) addRemoved(ctx context.Context) error {
	b, j := p.builder, p.joiner
	lost := make(map[schema.Query][]schema.Settlement)
	for s, err := range b.Tables.Settlements(ctx, p.base.Day, p.base.Bucket) {
		if err != nil {
			return err
		}
		gone := s.Status == schema.StatusSuccess && s.Source != schema.SourceCallback && s.AskedBy.Valid && !j.written.Has(s.SettleID)
		if !gone {
			continue
		}
		elsewhere, err := b.Evidence.StandsElsewhere(s.SettleID, p.base.Day)
		if err != nil {
			return err
		}
		if !elsewhere {
			q := foundBy(s)
			lost[q] = append(lost[q], *s)
		}
	}
	if len(lost) == 0 {
		return nil
	}
	if b.FindNeighbours != nil {
		if err := b.FindNeighbours(ctx, slices.Collect(maps.Keys(lost))); err != nil {
			return err
		}
	}
	for bill, err := range b.Evidence.ForwardBills(ctx, p.base.Day) {
		if err != nil {
			return err
		}
		for _, q := range b.Rules.Queries([]reconcile.Bill{*bill}) {
			delete(lost, q) // it has a bill
		}
	}
	var settlements []schema.Settlement
	for _, some := range lost {
		settlements = append(settlements, some...)
	}
	rows := j.newRows()
	if err := rows.addRemoved(settlements); err != nil {
		return err
	}
	return j.add(rows)
}

// foundBy returns the match rule by which the query found a settlement, and the id.
func foundBy(s *schema.Settlement) schema.Query {
	parameter, column, _ := strings.Cut(s.AskedBy.V, ": ")
	ids := map[string]string{
		"settle_id": s.SettleID, "order_id": s.OrderID.V, "out_order_no": s.OutOrderNo.V, "out_settle_no": s.OutSettleNo.V,
	}
	return schema.Query{Match: schema.Match{Parameter: parameter, Column: column}, Value: ids[parameter]}
}

// addRemoved adds settlements whose bills were removed.
func (r *joinedRows) addRemoved(settlements []schema.Settlement) error {
	if err := r.addWithoutBills(settlements, reconcile.BillRemoved); err != nil {
		return err
	}
	for i := range settlements {
		s := &settlements[i]
		q := foundBy(s)
		e := schema.Exception{
			Rule: schema.RuleBillRemoved, Severity: schema.RuleBillRemoved.Severity(), SettleID: schema.Some(s.SettleID), Actual: s.Amount,
			Detail: "the settlement succeeded, and the platform has removed the last bill of its order (" + q.Parameter + " " + q.Value + ") since",
		}
		if q.Column == "shop_order_id" {
			e.ShopOrderID = schema.Some(q.Value)
		}
		r.exceptions = append(r.exceptions, e)
	}
	return nil
}

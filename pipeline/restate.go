package pipeline

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"slices"
	"strings"

	"billwalk/schema"
)

// restate hands over the partition's restatements: those published before, and
// the bills that differ from what is published now.
func (a *assembly) restate(ctx context.Context, out func(*schema.Restatement) error) error {
	var rows []schema.Restatement
	for r, err := range a.Lake.Restatements(ctx, a.base.Day, a.base.Bucket) {
		if err != nil {
			return err
		}
		if a.base.Manifest != nil && r.NewGeneration > a.base.Manifest.Generation && !a.billsReplaced() {
			continue // a publication began with it and got no further: it is found again
		}
		rows = append(rows, *r)
	}
	found, err := a.restated(ctx)
	if err != nil {
		return err
	}
	rows = append(rows, found...)
	slices.SortStableFunc(rows, func(r, s schema.Restatement) int {
		return cmp.Or(r.BillKey.Compare(&s.BillKey), cmp.Compare(r.NewGeneration, s.NewGeneration))
	})
	for i := range rows {
		if err := out(&rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// billsReplaced says that a publication was cut after it had replaced the bills,
// and before its manifest told: what they were before stands in its restatements
// alone, which are published first.
func (a *assembly) billsReplaced() bool {
	for _, o := range a.base.Manifest.Objects {
		if o.Table == schema.Bills.Name {
			return o.ETag != a.base.ETags[o.Table]
		}
	}
	return true
}

// restated compares the published bills with the staged ones. Only the accounts
// whose walk found other bills count, and the bills that a store's first walk takes
// over; a bill that moved from one walk to another and is the same is no restatement.
func (a *assembly) restated(ctx context.Context) ([]schema.Restatement, error) {
	accounts, stores := a.changed(), a.newStores()
	covered, err := a.coveredByRoots(ctx, stores)
	if len(stores) > 0 && a.base.Manifest == nil { // there is nothing to take over from
		stores = nil
	}
	if err != nil || len(accounts)+len(covered)+len(stores) == 0 {
		return nil, err
	}
	published, err := a.Lake.BillColumns(ctx, a.base.Day, a.base.Bucket)
	if err != nil {
		return nil, err
	}
	columns := comparable(published)
	var pairs []billPair
	counts := func(b *schema.Bill) bool { return b != nil && (accounts[b.WalkAccountID] || covered[b.Key()]) }
	taken := func(b *schema.Bill) bool { // over from the walk of its root account
		return b != nil && stores[b.AccountID] && b.AccountID != string(b.WalkAccountID)
	}
	err = differences(a.Lake.Bills(ctx, a.base.Day, a.base.Bucket), a.stage.Bills(), columns, func(before, after *schema.Bill) error {
		if counts(before) || counts(after) || taken(before) {
			pairs = append(pairs, billPair{cloneBill(before), cloneBill(after)})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if pairs, err = a.withoutMoved(ctx, pairs, columns); err != nil {
		return nil, err
	}
	rows := make([]schema.Restatement, len(pairs))
	for i, p := range pairs {
		if rows[i], err = a.restatement(p.before, p.after, columns); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// changed returns the accounts whose published rows rest on a walk that found
// other bills than the walk of now, whatever became of the unit in between.
func (a *assembly) changed() map[schema.AccountID]bool {
	accounts := make(map[schema.AccountID]bool)
	for i := range a.m.Units {
		e := &a.m.Units[i]
		if was := a.published(schema.Unit{Account: e.Account, Day: a.base.Day}); was != nil && otherBills(was.Certificate, e.Certificate) {
			accounts[e.Account.ID] = true
		}
	}
	return accounts
}

// otherBills says that a unit whose rows are published has other bills now.
func otherBills(was, is *schema.Certificate) bool {
	return was != nil && was.Walk != "" && is != nil && was.Digest != is.Digest
}

// differences compares two runs of bills by some columns, both in the order of the
// table, and hands over those that differ: before is nil for a bill added, after for
// one removed. Bills of one key are compared in their order.
func differences(old, new iter.Seq2[*schema.Bill, error], columns []string, found func(before, after *schema.Bill) error) error {
	nextOld, stopOld := iter.Pull2(old)
	defer stopOld()
	nextNew, stopNew := iter.Pull2(new)
	defer stopNew()
	before, err, _ := nextOld()
	if err != nil {
		return err
	}
	after, err, _ := nextNew()
	for err == nil && (before != nil || after != nil) {
		order := -1
		switch {
		case before == nil:
			order = +1
		case after != nil:
			k, l := before.Key(), after.Key()
			order = k.Compare(&l)
		}
		switch {
		case order < 0:
			err = found(before, nil)
		case order > 0:
			err = found(nil, after)
		case len(differing(before, after, columns)) > 0:
			err = found(before, after)
		}
		if err == nil && order <= 0 {
			before, err, _ = nextOld()
		}
		if err == nil && order >= 0 {
			after, err, _ = nextNew()
		}
	}
	return err
}

// provenance are the columns that say where a bill was found. They are no part
// of what the platform says of it; nor is how the job treats coupon codes.
var provenance = []string{"walk_account_id", "logid", "fetched_at", "archive_key", "code"}

// billColumns are all columns by which bills of this version are compared.
var billColumns = comparable(namesOf(schema.Bills.Columns()))

func namesOf(columns []schema.Column) (names []string) {
	for _, c := range columns {
		names = append(names, c.Name)
	}
	return names
}

// comparable returns the columns by which a published bill, whose file has those
// columns, and one that was built now are compared. What an earlier version did not
// publish, the platform has not changed; and what was unknown to it, in extra, may
// have a column of its own now.
func comparable(published []string) (columns []string) {
	earlier := false
	for _, f := range schema.Bills.Fields {
		switch {
		case !slices.Contains(published, f.Name):
			earlier = true
		case !slices.Contains(provenance, f.Name):
			columns = append(columns, f.Name)
		}
	}
	if earlier {
		columns = slices.DeleteFunc(columns, func(c string) bool { return c == "extra" })
	}
	return columns
}

// differing returns those of the columns in which two bills differ.
func differing(before, after *schema.Bill, columns []string) (differ []string) {
	for _, c := range columns {
		if !schema.Bills.Column(c).Equal(before, after) {
			differ = append(differ, c)
		}
	}
	return differ
}

func (a *assembly) restatement(before, after *schema.Bill, columns []string) (schema.Restatement, error) {
	one := cmp.Or(after, before)
	r := schema.Restatement{
		BillKey: one.Key(), WalkAccountID: one.WalkAccountID, ShopOrderID: one.ShopOrderID, Change: schema.Changed,
		OldGeneration: a.base.Generation(), NewGeneration: a.base.NextGeneration(), RestatedAt: a.Now().UTC(),
	}
	empty := new(schema.Bill)
	switch {
	case before == nil:
		r.Change, r.Columns = schema.Added, differing(empty, after, billColumns)
	case after == nil:
		r.Change, r.Columns = schema.Removed, differing(before, empty, billColumns)
	default:
		r.Columns = differing(before, after, columns)
	}
	r.Old, r.New = valuesOf(before, r.Columns), valuesOf(after, r.Columns)
	var err error
	if r.DiffTotal, err = change(before, after, schema.LedgerTotal); err == nil {
		r.DiffGoods, err = change(before, after, schema.Goods)
	}
	return r, err
}

// valuesOf returns a bill's columns as a JSON object of texts.
func valuesOf(b *schema.Bill, columns []string) schema.Null[string] {
	if b == nil {
		return schema.Null[string]{}
	}
	var object strings.Builder
	separator := "{"
	for _, c := range columns {
		v := schema.Bills.Column(c).Text(b)
		if !v.Valid {
			continue
		}
		text, err := json.Marshal(v.V)
		if err != nil {
			panic("pipeline: a text is not JSON: " + err.Error()) // it never fails
		}
		object.WriteString(separator + `"` + c + `":` + string(text))
		separator = ","
	}
	if separator == "{" {
		return schema.Some("{}")
	}
	return schema.Some(object.String() + "}")
}

// change returns how much an amount changed; a bill that is not there counts as 0.
func change(before, after *schema.Bill, a schema.Amount) (schema.Null[schema.Fen], error) {
	zero := schema.Some(schema.Fen(0))
	old, new := zero, zero
	if before != nil {
		old = before.Amounts[a]
	}
	if after != nil {
		new = after.Amounts[a]
	}
	if !old.Valid || !new.Valid {
		return schema.Null[schema.Fen]{}, nil
	}
	v, err := new.V.Sub(old.V)
	return schema.Some(v), err
}

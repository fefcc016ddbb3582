package simulation

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/parquet"
)

// day judges the files of a day: those of a bucket are of one publication, and
// the rows of all buckets are the truth of the walks that their manifests name.
func (o *oracle) day(day schema.Day) {
	seen, rows := map[string]bool{}, map[string]int{} // how often each is there
	for bucket := range o.story.job.buckets {
		m := o.manifestOf(day, bucket)
		if m == nil {
			continue
		}
		o.onePublication(m)
		for _, e := range m.Units {
			if e.Certificate != nil && e.Certificate.Walk != "" {
				o.asWalked(e.Certificate)
				maps.Copy(seen, o.ledgerIDs(e.Certificate))
			}
		}
		o.bills(m, rows)
		o.groups(m)
	}
	want := map[string]int{}
	for _, row := range o.platform.rows(day) {
		if seen[row.LedgerID] {
			want[row.text]++
		}
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		o.complain("the bills of %s are not those of the certified walks (-truth +lake):\n%s", day, diff)
	}
}

// settlements compares those of a day with what the platform has, likewise.
func (o *oracle) settlements(day schema.Day) {
	want, got := map[string]string{}, map[string]string{}
	for _, s := range o.platform.SettlementTruth(o.story.accounts, o.story.last.from, o.story.last.to, time.Now()) {
		if s.Day == day {
			want[s.SettleID] = fmt.Sprint(s.Status, " ", *s.Amount)
		}
	}
	o.platform.addTries(want)
	for bucket := range o.story.job.buckets {
		if m := o.manifestOf(day, bucket); m != nil {
			for _, s := range read(o, m, schema.Settlements, "settle_id", "settle_status", "settle_amount_fen") {
				got[s.SettleID] = fmt.Sprint(s.Status, " ", s.Amount.V)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		o.complain("the settlements of %s (-platform +published):\n%s", day, diff)
	}
}

// trueRow is a row of the truth.
type trueRow struct {
	sandbox.BillRow
	text string
	of   map[schema.Account]bool // whose walks find it
}

// rows returns all that will ever be true of the day, whether it is there now or not.
func (p *shifting) rows(day schema.Day) []trueRow {
	p.mu.Lock()
	defer p.mu.Unlock()
	if rows, ok := p.truth[day]; ok {
		return rows
	}
	found := make(map[string]map[schema.Account]bool)
	for _, account := range p.story.accounts {
		for _, row := range p.TruthOf([]schema.Unit{{Account: account, Day: day}}) {
			if found[row.LedgerID] == nil {
				found[row.LedgerID] = make(map[schema.Account]bool)
			}
			found[row.LedgerID][account] = true
		}
	}
	rows := []trueRow{}
	for _, row := range p.Truth(p.story.accounts, day, day) {
		rows = append(rows, trueRow{row, rowText(&row), found[row.LedgerID]})
	}
	p.truth[day] = rows
	return rows
}

// rowText returns a row of the truth: its key, and its amounts.
func rowText(r *sandbox.BillRow) string {
	var amounts []string
	for column, fen := range r.Amounts {
		if fen != nil {
			amounts = append(amounts, fmt.Sprintf("%s=%d", column, *fen))
		}
	}
	slices.Sort(amounts)
	return fmt.Sprintf("%s %s %d %d %+d %v", r.Account, r.LedgerID, r.SettleType, r.SettleSubType, r.Direction, amounts)
}

// billText is the same of a row of the lake.
func billText(b *schema.Bill) string {
	var amounts []string
	for a, fen := range b.Amounts {
		if fen.Valid {
			amounts = append(amounts, fmt.Sprintf("%s=%d", amountColumns[a], fen.V))
		}
	}
	slices.Sort(amounts)
	return fmt.Sprintf("%s %s %d %d %+d %v", b.AccountID, b.LedgerID, b.SettleType, b.SettleSubType.V, b.Direction.V, amounts)
}

// onePublication judges the objects of a manifest: they are in place, with its
// write id and ETags.
func (o *oracle) onePublication(m *schema.Manifest) {
	if !schema.HasTables(m.Objects) || len(m.Objects) != 5 && !o.story.job.withdrawals {
		o.complain("the manifest of %s, bucket %d, has %d objects", m.Day, m.Bucket, len(m.Objects))
	}
	for _, of := range m.Objects {
		info, err := o.store.Head(context.Background(), of.Key)
		if _, writeID := m.Stamp(&of); err != nil || info.ETag != of.ETag || info.Meta["write-id"] != writeID {
			o.complain("%s is %q of write id %s, its manifest tells of %q of write id %s (%v)", of.Key, info.ETag, info.Meta["write-id"], of.ETag, writeID, err)
		}
	}
}

// read returns the rows of a table of a manifest.
func read[R any](o *oracle, m *schema.Manifest, table schema.Table[R], columns ...string) (rows []R) {
	for _, of := range m.Objects {
		if of.Table != table.Name {
			continue
		}
		data, _, err := object.ReadAll(context.Background(), o.store, of.Key)
		if err != nil {
			o.complain("%s: %v", of.Key, err)
			return nil
		}
		for row, err := range parquet.Read(table, bytes.NewReader(data), columns...) {
			if err != nil {
				o.complain("%s: %v", of.Key, err)
				return nil
			}
			rows = append(rows, *row)
		}
		if int64(len(rows)) != of.Rows {
			o.complain("%s has %d rows, its manifest says %d", of.Key, len(rows), of.Rows)
		}
	}
	return rows
}

// amountColumns are the columns of a bill's amounts, by schema.Amount.
var amountColumns = func() (columns [schema.AmountCount]string) {
	for a := range columns {
		columns[a] = schema.Amount(a).Column()
	}
	return columns
}()

// billColumns are those that are judged.
var billColumns = append([]string{"account_id", "ledger_id", "settle_type", "settle_sub_type", "direction"}, amountColumns[:]...)

// bills collects the published bills, and adds them up as the manifest does.
func (o *oracle) bills(m *schema.Manifest, rows map[string]int) {
	var totals schema.Totals
	for _, b := range read(o, m, schema.Bills, billColumns...) {
		rows[billText(&b)]++
		if err := schema.Bills.Tally(&totals, &b); err != nil {
			o.complain("%v", err)
		}
	}
	for _, of := range m.Objects {
		if of.Table == schema.Bills.Name && !cmp.Equal(of.Totals, totals) {
			o.complain("the bills of %s, bucket %d, do not add up: %s", m.Day, m.Bucket, cmp.Diff(of.Totals, totals))
		}
	}
}

// groups judges the verdicts of a manifest: every bill that counts is in one group, and what
// was billed and refunded is what the bills say.
func (o *oracle) groups(m *schema.Manifest) {
	var grouped, total schema.Fen
	var rows int64
	counts, names := map[schema.Verdict]int64{}, map[string]bool{}
	for _, g := range read(o, m, schema.Reconciliations) {
		rows += g.BillRows
		counts[g.Verdict]++
		grouped += g.Billed[schema.LegTotal].V + g.Refund.V + g.Other.V
		if name := string(g.WalkAccountID) + " " + g.GroupKey; names[name] {
			o.complain("%s: the group %s is there twice", m.Day, name)
		} else {
			names[name] = true
		}
	}
	bills := slices.DeleteFunc(read(o, m, schema.Bills, "ledger_total_fen", "counted"), func(b schema.Bill) bool { return !b.Counts() })
	for _, b := range bills {
		total += b.Amounts[schema.LedgerTotal].V
	}
	if rows != int64(len(bills)) || grouped != total {
		o.complain("%s, bucket %d: groups of %d bills and %d fen, %d bills of %d fen", m.Day, m.Bucket, rows, grouped, len(bills), total)
	}
	for verdict, n := range m.Verdicts {
		if counts[verdict] != n {
			o.complain("%s, bucket %d: %d groups are %s, the manifest says %d", m.Day, m.Bucket, counts[verdict], verdict, n)
		}
	}
}

// verdicts compares the groups of a day with what the platform says that they
// deserve. It can be said where all is settled soundly, and nothing changes.
func (o *oracle) verdicts(day schema.Day) {
	if !o.story.world.Healthy || len(o.story.changes) > 0 || !o.story.job.settlements || len(o.story.world.Faults.Names()) > 0 {
		return
	}
	want, got := map[string]string{}, map[string]string{}
	for _, v := range o.platform.Verdicts(o.story.accounts, o.story.last.from, o.story.last.to, time.Now()) {
		if v.Day == day {
			want[string(v.Account)+" "+v.GroupKey] = v.Verdict
		}
	}
	for bucket := range o.story.job.buckets {
		if m := o.manifestOf(day, bucket); m != nil {
			for _, g := range read(o, m, schema.Reconciliations, "walk_account_id", "group_key", "verdict") {
				got[string(g.WalkAccountID)+" "+g.GroupKey] = string(g.Verdict)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		o.complain("the verdicts of %s (-deserved +published):\n%s", day, diff)
	}
	o.settlements(day)
}

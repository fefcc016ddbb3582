package audit

import (
	"context"
	"fmt"

	"billwalk/schema"
)

// partition is one published (day, bucket), compared with the archive.
type partition struct {
	*dayAudit
	m        *schema.Manifest
	findings []schema.Finding
	damaged  map[string]bool // keys of objects that cannot be read

	certain  bool                      // the archive is sound, so a missing row is a finding
	unsound  map[schema.AccountID]bool // accounts whose archived walk is not sound
	expected map[digest]int32          // number of rows not seen yet, by row
	holders  []*holder
	tables   tables
}

// holder is a unit of the partition, with sums of its records.
type holder struct {
	*unit
	archived, rows      sums // of its archived records, and of its published rows
	repeated, elsewhere int64
}

func newPartition(d *dayAudit, m *schema.Manifest) *partition {
	p := &partition{
		dayAudit: d, m: m, damaged: make(map[string]bool), certain: true,
		unsound: make(map[schema.AccountID]bool),
	}
	p.tables = newTables(p)
	return p
}

func (p *partition) find(key, place, want, got, fix string) {
	p.findings = append(p.findings, schema.Finding{Day: p.m.Day, Bucket: p.m.Bucket, Key: key, Place: place, Want: want, Got: got, Fix: fix})
}

func (p *partition) manifestKey() string { return p.Lake.ManifestKey(p.m.Day, p.m.Bucket) }

// key returns the key of a table of the partition.
func (p *partition) key(table string) string { return tableKey(p.m, table, p.Lake) }

// tableKey returns the key of a table, or of the manifest if it does not have the table.
func tableKey(m *schema.Manifest, table string, lake Lake) string {
	if o := m.Object(table); o != nil {
		return o.Key
	}
	return lake.ManifestKey(m.Day, m.Bucket)
}

// allRead reports whether all tables could be read.
func (p *partition) allRead() bool { return len(p.damaged) == 0 }

// prove computes from the archive what the tables should have, and reads them.
func (p *partition) prove(ctx context.Context) {
	if p.m.SignTable != signTable {
		p.find(p.manifestKey(), "sign_table", fmt.Sprint(signTable), fmt.Sprintf("%d: the days were signed by other rules than this billwalk audits", p.m.SignTable), fixReplay)
		p.certain = false
	}
	if p.m.Commissions > commissionRule {
		p.find(p.manifestKey(), "commission_rule", fmt.Sprintf("at most %d", commissionRule),
			fmt.Sprintf("%d: the day was published by a newer billwalk, whose rule this one does not know", p.m.Commissions), fixNewer)
	}
	if p.m.RowRule > rowRule {
		p.find(p.manifestKey(), "row_rule", fmt.Sprintf("at most %d", rowRule),
			fmt.Sprintf("%d: the day was published by a newer billwalk, whose rules this one does not know", p.m.RowRule), fixNewer)
	}
	if err := p.expect(); err != nil {
		p.find(p.manifestKey(), "units", "", err.Error(), fixReplay)
		p.certain = false
	}
	p.tables.withdrawals.expect(p.manifestKey())
	found := p.Lake.ProveRows(ctx, p.m, p.tables.taker())
	if ctx.Err() != nil {
		return
	}
	for _, f := range found {
		p.damaged[f.Key] = true
	}
	p.findings = append(p.findings, found...)
	p.checkEntries()
	p.tables.check()
}

// run returns the run of the unit's latest published walk.
func (u *unit) run() string {
	if c := u.published(); c != nil {
		return c.Latest().RunID
	}
	return ""
}

// root reports whether the unit is of a root account.
func (u *unit) root() bool {
	c := u.published()
	return c != nil && c.Account.Root
}

// compareBools orders false before true.
func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return +1
	}
}

// checkBill compares a published bill with the archive. A finding names the row and the
// columns that differ.
func (p *partition) checkBill(b *schema.Bill, n int64) {
	if p.unsound[b.WalkAccountID] {
		return
	}
	row := rowOf(b)
	if !b.Counts() {
		row = row.uncounted()
	}
	if p.expected[row] > 0 {
		p.expected[row]--
		return
	}
	p.tables.foreign++
	if p.tables.foreign > maxRows {
		return
	}
	place := fmt.Sprintf("row %d, account %s, ledger_id %s", n, b.WalkAccountID, b.LedgerID)
	want, got := "a record in "+b.ArchiveKey, "the archive has no such record"
	if archived := p.archivedAmounts(b); archived.Valid {
		column, wants, gots := amountsDiffering(&archived.V, &b.Amounts)
		if column == "" {
			column, wants, gots = "an order id, direction, counted or archive_key", "as archived", "another"
		}
		place, want, got = place+", "+column, wants, gots
	}
	p.find(p.key(schema.Bills.Name), place, want, got, fixReplay)
}

// archivedAmounts returns the amounts of a record of the row's bill that no row had yet.
func (p *partition) archivedAmounts(b *schema.Bill) schema.Null[schema.Amounts] {
	key := keyOf(b)
	for _, h := range p.holders {
		for i := range h.records {
			if r := &h.records[i]; r.key == key && p.expected[r.row] > 0 {
				return schema.Some(h.amountsOf(r))
			}
		}
	}
	return schema.Null[schema.Amounts]{}
}

// checkEntries compares the manifest's entry of each unit with the archive and the rows.
func (p *partition) checkEntries() {
	key := p.manifestKey()
	for _, h := range p.holders {
		e := h.entry
		where := fmt.Sprintf("account %s: ", e.Account.ID)
		if place, want, got := h.rows.differences(&e.Totals); place != "" && !p.damaged[p.key(schema.Bills.Name)] {
			p.find(key, where+place, "as in the rows, "+want, got, fixReplay)
		}
		if p.unsound[h.Account.ID] || !p.certain && h.root() {
			continue
		}
		if place, want, got := h.archived.differences(&e.Totals); place != "" {
			p.find(key, where+place, "as in the archive, "+want, got, fixReplay)
		}
		want := fmt.Sprintf("%d repeated, %d published elsewhere", h.repeated, h.elsewhere)
		if got := fmt.Sprintf("%d repeated, %d published elsewhere", e.Repeated, e.Elsewhere); got != want {
			p.find(key, where+"records", want, got, fixReplay)
		}
	}
	missing := int32(0)
	for _, n := range p.expected {
		missing += n
	}
	if bills := p.key(schema.Bills.Name); missing > 0 && p.certain && !p.damaged[bills] {
		p.find(bills, "rows", fmt.Sprintf("%d more, which the archive has", missing), "they are missing", fixReplay)
	}
	if p.tables.foreign > maxRows {
		p.find(p.key(schema.Bills.Name), "rows", "", fmt.Sprintf("%d more are not in the archive", p.tables.foreign-maxRows), fixReplay)
	}
}

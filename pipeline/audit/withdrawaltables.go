package audit

import (
	"fmt"

	"billwalk/schema"
)

// withdrawalTables compares the tables withdrawals and withdrawn_bills of a partition with the
// archive, and with each other.
type withdrawalTables struct {
	m        *schema.Manifest
	key      func(table string) string
	damaged  map[string]bool // keys of objects that cannot be read
	statuses *Statuses
	findings []schema.Finding

	payees   map[string]*payee // by account; those of the manifest
	unsound  map[string]bool   // accounts whose archived lists are not sound
	ties     map[withdrawalKey]*withdrawalTie
	rows     int64
	billRows int64
	foreign  int64            // rows of bills that the archive does not have
	unbilled map[string]int64 // rows of bills that no published day has, by account
}

type withdrawalKey struct{ account, id string }

// withdrawalTie is a withdrawal as the tables have it.
type withdrawalTie struct {
	row   *schema.Withdrawal // nil if it has bills alone
	bills int64
	sum   schema.Null[schema.Fen]
}

func newWithdrawalTables(m *schema.Manifest, key func(table string) string, damaged map[string]bool, l *launches, statuses *Statuses) *withdrawalTables {
	t := &withdrawalTables{
		m: m, key: key, damaged: damaged, statuses: statuses, payees: make(map[string]*payee), unsound: make(map[string]bool),
		ties: make(map[withdrawalKey]*withdrawalTie), unbilled: make(map[string]int64),
	}
	for id, payee := range l.payees {
		if payee.manifest == m {
			t.payees[string(id)] = payee
		}
	}
	return t
}

func (t *withdrawalTables) find(key, place, want, got, fix string) {
	t.findings = append(t.findings, schema.Finding{Day: t.m.Day, Bucket: t.m.Bucket, Key: key, Place: place, Want: want, Got: got, Fix: fix})
}

// expect computes the rows from the archive.
func (t *withdrawalTables) expect(manifestKey string) {
	for id, p := range t.payees {
		sound, err := p.tie(t.statuses)
		if err != nil {
			t.find(manifestKey, "withdrawals", "", err.Error(), fixReplay)
		}
		t.unsound[id] = !sound
	}
}

func (t *withdrawalTables) tie(account, id string) *withdrawalTie {
	key := withdrawalKey{account, id}
	if t.ties[key] == nil {
		t.ties[key] = new(withdrawalTie)
	}
	return t.ties[key]
}

// withdrawal compares a row with the archive. A finding names the columns that differ.
func (t *withdrawalTables) withdrawal(row *schema.Withdrawal) error {
	t.rows++
	key, place := t.key(schema.Withdrawals.Name), fmt.Sprintf("row %d, account %s, withdraw_id %s", t.rows, row.AccountID, row.WithdrawID)
	tie := t.tie(row.AccountID, row.WithdrawID)
	if tie.row != nil {
		t.find(key, place, "each withdrawal once", "twice", fixReplay)
	}
	kept := *row
	tie.row = &kept
	p := t.payees[row.AccountID]
	switch {
	case p == nil:
		t.find(key, place, "", "the account's withdrawals are not in the manifest", fixReplay)
	case t.unsound[row.AccountID]:
	case p.byID[row.WithdrawID] == nil:
		t.find(key, place, "a record in "+row.ArchiveKey, "the archive has no such record", fixReplay)
	default:
		p.seen[row.WithdrawID] = true
		if columns, want, got := p.byID[row.WithdrawID].differences(row); columns != "" {
			t.find(key, place+", "+columns, "as archived, "+want, got, fixReplay)
		}
	}
	return nil
}

// bill compares a row of a withdrawal's bill with the archive.
func (t *withdrawalTables) bill(row *schema.WithdrawnBill) error {
	t.billRows++
	tie := t.tie(row.AccountID, row.WithdrawID)
	tie.bills++
	if !row.InBills {
		t.unbilled[row.AccountID]++
	}
	worth := row.FundAmount
	if !worth.Valid {
		worth = row.Goods
	}
	if err := addTo(&tie.sum.V, worth); err != nil {
		return err
	}
	tie.sum.Valid = tie.sum.Valid || worth.Valid
	p := t.payees[row.AccountID]
	if p == nil || t.unsound[row.AccountID] {
		return nil // that the account is not in the manifest, the withdrawal's row tells
	}
	var archived *withdrawnReading
	if l := p.bills[row.WithdrawID]; l != nil && l.copied != nil {
		archived = l.take(row)
	}
	columns, want, got := "", "a record in the archive", "it has no such record"
	if archived != nil {
		columns, want, got = archived.differences(row)
		if columns == "" {
			return nil
		}
	}
	if t.foreign++; t.foreign <= maxRows {
		t.find(t.key(schema.WithdrawnBills.Name), fmt.Sprintf("row %d, account %s, withdraw_id %s, ledger_id %s%s", t.billRows, row.AccountID, row.WithdrawID, row.LedgerID, columns), want, got, fixReplay)
	}
	return nil
}

// take returns the archived bill of a row, which no row had yet, or nil. It prefers one with
// the row's amounts.
func (l *withdrawnList) take(row *schema.WithdrawnBill) *withdrawnReading {
	if l.places == nil {
		l.places = make(map[withdrawnPlace][]*withdrawnReading, len(l.bills))
		for i := range l.bills {
			b := &l.bills[i]
			place := withdrawnPlace{b.ledgerID, b.settleType, b.subType}
			l.places[place] = append(l.places[place], b)
		}
	}
	var found *withdrawnReading
	for _, b := range l.places[withdrawnPlace{row.LedgerID, row.SettleType.V, row.SettleSubType}] {
		if !b.seen && (found == nil || b.fund == row.FundAmount && b.goods == row.Goods) {
			found = b
		}
	}
	if found != nil {
		found.seen, found.billedOn = true, row.BilledOn
	}
	return found
}

// differences returns the columns in which a row differs from the archive.
func (b *withdrawnReading) differences(row *schema.WithdrawnBill) (columns, want, got string) {
	if !row.SettleType.Valid {
		return ", settle_type", fmt.Sprint(b.settleType), "NULL"
	}
	if row.InBills != row.BilledOn.Valid {
		return ", in_bills", fmt.Sprint(row.BilledOn.Valid, ", as billed_on is ", nullText(row.BilledOn)), fmt.Sprint(row.InBills)
	}
	if b.fund != row.FundAmount || b.goods != row.Goods {
		return ", fund_amount_fen, goods_fen", fenText(b.fund) + ", " + fenText(b.goods), fenText(row.FundAmount) + ", " + fenText(row.Goods)
	}
	return "", "", ""
}

// check checks that no row is missing, and that each withdrawal is tied to the rows of its
// bills. It returns all findings.
func (t *withdrawalTables) check(manifestKey string) []schema.Finding {
	withdrawals, bills := t.key(schema.Withdrawals.Name), t.key(schema.WithdrawnBills.Name)
	readable, billsReadable := !t.damaged[withdrawals], !t.damaged[bills]
	for id, p := range t.payees {
		if t.unsound[id] {
			continue
		}
		if n := len(p.byID) - len(p.seen); n > 0 && readable {
			t.find(withdrawals, "account "+id, fmt.Sprintf("%d more rows, which the archive has", n), "they are missing", fixReplay)
		}
		for name, l := range p.bills {
			if n := l.unseen(); n > 0 && billsReadable {
				t.find(bills, fmt.Sprintf("account %s, withdraw_id %s", id, name), fmt.Sprintf("%d more rows, which the archive has", n), "they are missing", fixReplay)
			}
		}
	}
	if t.foreign > maxRows {
		t.find(bills, "rows", "", fmt.Sprintf("%d more are not as archived", t.foreign-maxRows), fixReplay)
	}
	if readable && billsReadable {
		t.checkEntry(manifestKey)
		for key, tie := range t.ties {
			if want, got := tie.differences(); want != got {
				t.find(withdrawals, fmt.Sprintf("account %s, withdraw_id %s", key.account, key.id), want, got, fixReplay)
			}
		}
	}
	return t.findings
}

// checkEntry compares what the manifest says of the tables with their rows.
func (t *withdrawalTables) checkEntry(manifestKey string) {
	verdicts, open := make(map[schema.WithdrawVerdict]int64), make(map[string]int64)
	for key, tie := range t.ties {
		if tie.row == nil {
			continue
		}
		verdicts[tie.row.Verdict]++
		if v := tie.row.Verdict; v != schema.Tied && v != schema.WithdrawManual && v != schema.WithdrawFailed {
			open[key.account]++
		}
	}
	entry := t.m.Withdrawals
	if entry == nil {
		entry = new(schema.WithdrawalsEntry)
	}
	compare := func(place, want, got string) {
		if want != got {
			t.find(manifestKey, place, want, got, fixReplay)
		}
	}
	compare("withdrawals, verdicts", counts(verdicts), counts(entry.Verdicts))
	for id, p := range t.payees {
		compare(fmt.Sprintf("account %s, withdrawals", id), fmt.Sprintf("%d open, %d bills of no published day", open[id], t.unbilled[id]),
			fmt.Sprintf("%d open, %d bills of no published day", p.entry.Open, p.entry.Unbilled))
	}
}

// uncertain reports whether the archived lists of some account are not sound.
func (t *withdrawalTables) uncertain() bool {
	for _, unsound := range t.unsound {
		if unsound {
			return true
		}
	}
	return false
}

// unseen returns the number of published bills of the archive without a row.
func (l *withdrawnList) unseen() (n int) {
	if l.copied == nil {
		return 0
	}
	for i := range l.bills {
		if !l.bills[i].seen {
			n++
		}
	}
	return n
}

// differences compares what a withdrawal's row says of its bills with the rows of these.
func (t *withdrawalTie) differences() (want, got string) {
	if t.row == nil {
		return "a row of the withdrawal", fmt.Sprintf("none, and %d of its bills", t.bills)
	}
	w := t.row
	sum := t.sum
	if t.bills == 0 {
		sum.Valid = w.BillRows.Valid // of no bills, or of bills that are not known
	}
	diff, err := difference(w.Amount, sum)
	if err != nil {
		return err.Error(), fenText(w.Diff)
	}
	ties := diff == schema.Some[schema.Fen](0)
	want = fmt.Sprintf("%d bills of %s fen, a difference of %s, tied %t", t.bills, fenText(sum), fenText(diff), ties && w.Verdict != schema.WithdrawInFlight && w.Verdict != schema.WithdrawFailed)
	return want, fmt.Sprintf("%d bills of %s fen, a difference of %s, tied %t", w.BillRows.V, fenText(w.BillsTotal), fenText(w.Diff), w.Verdict == schema.Tied)
}

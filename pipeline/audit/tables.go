package audit

import (
	"fmt"
	"slices"

	"billwalk/schema"
)

// tables counts and sums the published rows of one partition.
type tables struct {
	*partition
	conflicts int64 // records of a bill that another record has with other content
	negatives int64 // amounts with a minus in the records
	badTexts  int64 // records with text that is not valid
	foreign   int64 // rows without a record in the archive

	accounts     map[schema.AccountID]*holder
	bills        int64
	money        conserved // of the bills
	grouped      conserved // of the groups
	named, keyed uint64    // by group, hashed: the sums of the bills that name it, and its own
	identities   map[schema.Rule]schema.Check
	ruleBreaks   map[schema.Rule]int64 // number of required exceptions of bills
	settleIDs    map[digest]bool       // by settle_id: whether the last row has an item
	items        map[digest]bool       // settle_id and item of rows with an item
	settlements  int64
	unproven     []settlementRef          // settlements that neither the answers of this day nor callbacks prove
	unmatched    map[string]*settledTally // by group
	badSplit     int64                    // settlements whose amounts do not add up
	groups       map[digest]bool
	groupRows    int64
	verdicts     map[schema.Verdict]int64
	open         map[schema.AccountID]int64
	mismatched   map[schema.AccountID]int64
	billOnly     map[schema.AccountID]*billOnly
	exceptions   map[schema.Rule]int64
	ofBills      map[schema.Rule]int64 // exceptions of bills
	minus        map[string]int64      // exceptions for amounts with a minus, by settle_id
	negative     []settlementRef       // settlements from an answer with such amounts
	settled      settledTally
	storeRows    map[storeRow]int // number of rows
	withdrawals  *withdrawalTables
}

// settlementRef is a row of settlements that is checked later.
type settlementRef struct {
	row       int64
	id        string
	source    schema.Source
	statement statement
	callbacks []statement
}

func newTables(p *partition) tables {
	return tables{
		partition: p, identities: make(map[schema.Rule]schema.Check), ruleBreaks: make(map[schema.Rule]int64),
		settleIDs: make(map[digest]bool), items: make(map[digest]bool), unmatched: make(map[string]*settledTally), groups: make(map[digest]bool),
		verdicts: make(map[schema.Verdict]int64), open: make(map[schema.AccountID]int64), mismatched: make(map[schema.AccountID]int64), billOnly: make(map[schema.AccountID]*billOnly), exceptions: make(map[schema.Rule]int64),
		ofBills: make(map[schema.Rule]int64), minus: make(map[string]int64), storeRows: make(map[storeRow]int), withdrawals: newWithdrawalTables(p.m, p.key, p.damaged, p.launches, &p.Statuses),
	}
}

// taker returns the function to which the lake passes the rows. It returns an error only if
// a sum overflows; other faults are findings.
func (t *tables) taker() func(schema.Row) error {
	t.accounts = make(map[schema.AccountID]*holder)
	for _, h := range t.holders {
		t.accounts[h.Account.ID] = h
	}
	return func(row schema.Row) error {
		switch row := row.(type) {
		case *schema.Bill:
			return t.bill(row)
		case *schema.Settlement:
			return t.settlement(row)
		case *schema.Reconciliation:
			return t.group(row)
		case *schema.Exception:
			return t.exception(row)
		case *schema.Store:
			t.storeRows[storeRowOf(row)]++
		case *schema.Withdrawal:
			return t.withdrawals.withdrawal(row)
		case *schema.WithdrawnBill:
			return t.withdrawals.bill(row)
		}
		return nil
	}
}

func (t *tables) exception(e *schema.Exception) error {
	t.exceptions[e.Rule]++
	switch {
	case e.LedgerID.Valid:
		t.ofBills[e.Rule]++
	case e.Rule == schema.RuleNegativeAmount:
		t.minus[e.SettleID.V]++
	}
	return nil
}

func (t *tables) bill(b *schema.Bill) error {
	t.bills++
	t.checkBill(b, t.bills)
	h := t.accounts[b.WalkAccountID]
	if h == nil {
		t.find(t.key(schema.Bills.Name), fmt.Sprintf("row %d", t.bills), "", fmt.Sprintf("account %s is not in the manifest", b.WalkAccountID), fixReplay)
	} else if !b.Counts() {
		h.rows.rows++
	} else if err := h.rows.add(&b.Amounts); err != nil {
		return err
	}
	if t.m.RowRule > 0 && !b.Counted.Valid {
		t.find(t.key(schema.Bills.Name), fmt.Sprintf("row %d, counted", t.bills), "true or false", "NULL", fixReplay)
	}
	if t.m.RowRule > 4 && b.GroupKey.Valid != b.Counts() {
		t.find(t.key(schema.Bills.Name), fmt.Sprintf("row %d, group_key", t.bills), "the group of a bill that counts, and only of such", fmt.Sprintf("%q", b.GroupKey.V), fixReplay)
	}
	for _, rule := range rowRules(b, t.m.Day) {
		t.ruleBreaks[rule]++
	}
	t.ruleBreaks[schema.RuleBadID] += oddIDs(b)
	if h != nil && !h.root() && b.AccountID != string(b.WalkAccountID) {
		t.ruleBreaks[schema.RuleAccountForeign]++ // account_id reaches no other account (不支持树级结构查询)
	}
	for _, i := range billIdentities(&b.Amounts, t.m.Commissions) {
		t.countOutcome(i)
	}
	if !b.Counts() {
		return nil
	}
	var one conserved
	if err := one.bill(b, t.m.Commissions); err != nil {
		return err
	}
	t.named += hashGroup(b.WalkAccountID, b.GroupKey.V) * one.weight()
	return t.money.addAll(&one)
}

// countOutcome counts the outcome of an identity.
func (t *tables) countOutcome(i identity) {
	c := t.identities[i.rule]
	switch i.check() {
	case holds:
		c.Pass++
	case fails:
		c.Fail++
	default:
		c.NotEvaluable++
	}
	t.identities[i.rule] = c
}

func (t *tables) settlement(s *schema.Settlement) error {
	t.settlements++
	key := t.key(schema.Settlements.Name)
	place := func() string { return fmt.Sprintf("row %d, settle_id %s", t.settlements, s.SettleID) }
	t.checkOnce(s, key, place)
	row, callbacks := statementOf(s), t.callbacks.statements.ofRow(s)
	if answers := t.answers[t.m.Day].statements.of(row.id); !row.provenBy(s.Source, answers, callbacks) {
		t.unproven = append(t.unproven, settlementRef{t.settlements, s.SettleID, s.Source, row, callbacks})
	} else if n := row.negativesIn(s.Source, answers); n > 0 {
		row.negatives = n
		t.negative = append(t.negative, settlementRef{t.settlements, s.SettleID, s.Source, row, callbacks})
	}
	if shares := sharesOf(s); shares != s.SharesTotal {
		t.find(key, place()+", shares_fen", fenText(shares), fenText(s.SharesTotal), fixReplay)
	}
	if settleIdentity(s).check() == fails {
		t.badSplit++
	}
	if err := t.unmatchedSettlement(s, callbacks, key, place); err != nil {
		return err
	}
	return t.settled.settlement(s)
}

// checkOnce checks that a settlement has one row, or one for each of its items.
func (t *tables) checkOnce(s *schema.Settlement, key string, place func() string) {
	id := appendText(make([]byte, 0, 128), s.SettleID)
	whole, row := digestOf(id), digestOf(appendText(id, s.ItemOrderID.V))
	item, again := t.settleIDs[whole]
	if again && (!item || !s.ItemOrderID.Valid || t.items[row]) {
		t.find(key, place(), "each settle_id once, or once for each of its items", "twice", fixReplay)
	}
	t.settleIDs[whole] = s.ItemOrderID.Valid
	if s.ItemOrderID.Valid {
		t.items[row] = true
	}
}

func (t *tables) group(r *schema.Reconciliation) error {
	t.groupRows++
	key := t.key(schema.Reconciliations.Name)
	place := func() string {
		return fmt.Sprintf("row %d, account %s, group %s", t.groupRows, r.WalkAccountID, r.GroupKey)
	}
	group := digestOf(appendText(appendText(make([]byte, 0, 128), string(r.WalkAccountID)), r.GroupKey))
	if t.groups[group] {
		t.find(key, place(), "each group once", "twice", fixReplay)
	}
	t.groups[group] = true
	if !slices.Contains(schema.Verdicts, r.Verdict) || (r.Verdict == schema.Matched) != r.MatchedBy.Valid {
		t.find(key, place(), "a verdict, matched by a tier if it is matched", fmt.Sprintf("%s, matched_by %q", r.Verdict, r.MatchedBy.V), fixReplay)
	}
	if r.Cause.Valid && (r.Verdict != schema.Mismatched || !slices.Contains(schema.Causes, r.Cause.V)) || t.m.RowRule > 1 && r.Verdict == schema.Mismatched && !r.Cause.Valid {
		t.find(key, place()+", cause", "a cause if it is mismatched, and only then", fmt.Sprintf("%q, and %s", r.Cause.V, r.Verdict), fixReplay)
	}
	for leg := range schema.LegCount {
		if want, err := difference(r.Settled[leg], r.Billed[leg]); r.Diff[leg].Valid && (err != nil || want != r.Diff[leg]) {
			t.find(key, fmt.Sprintf("%s, diff_%s_fen", place(), leg), fenText(want), fenText(r.Diff[leg]), fixReplay)
		}
	}
	t.verdicts[r.Verdict]++
	if r.Verdict.AwaitsSettlement() {
		t.open[r.WalkAccountID]++
	}
	if r.Verdict == schema.Mismatched {
		t.mismatched[r.WalkAccountID]++
	}
	if t.billOnlyOf(r.WalkAccountID).add(r) {
		t.find(key, place()+", reasons", schema.ReasonNeverAnswered+" with bill_only alone", string(r.Verdict), fixReplay)
	}
	if err := t.unmatchedGroup(r, key, place); err != nil {
		return err
	}
	if err := t.settled.group(r); err != nil {
		return err
	}
	var one conserved
	if err := one.group(r); err != nil {
		return err
	}
	t.keyed += hashGroup(r.WalkAccountID, r.GroupKey) * one.weight()
	return t.grouped.addAll(&one)
}

// check compares the tables with each other and with the counts of the manifest. It leaves
// out checks of a table that could not be read.
func (t *tables) check() {
	bills, settlements := t.key(schema.Bills.Name), t.key(schema.Settlements.Name)
	groups, exceptions := t.key(schema.Reconciliations.Name), t.key(schema.Exceptions.Name)
	manifest := t.manifestKey()
	if !t.damaged[bills] && !t.damaged[groups] {
		t.checkConserved(groups)
	}
	if !t.damaged[settlements] && !t.damaged[groups] {
		t.checkUnmatched(groups)
	}
	if !t.damaged[groups] {
		t.compare(manifest, "verdicts", counts(t.verdicts), counts(t.m.Verdicts))
		t.checkNeverAnswered()
		for _, h := range t.holders {
			t.compare(manifest, fmt.Sprintf("account %s, open", h.Account.ID), fmt.Sprint(t.open[h.Account.ID]), fmt.Sprint(h.entry.Open))
			if n := h.entry.Mismatched; n != 0 { // earlier versions did not count them
				t.compare(manifest, fmt.Sprintf("account %s, mismatched", h.Account.ID), fmt.Sprint(t.mismatched[h.Account.ID]), fmt.Sprint(n))
			}
		}
	}
	stores := t.key(schema.Stores.Name)
	t.findings = append(t.findings, t.stores.compare(t.m, manifest, stores, t.damaged[stores], t.storeRows)...)
	t.findings = append(t.findings, t.withdrawals.check(manifest)...)
	if !t.damaged[exceptions] {
		t.compare(manifest, "exceptions", counts(t.exceptions), counts(t.m.Exceptions))
	}
	if !t.damaged[bills] {
		t.compare(manifest, "identities", counts(t.identities), counts(t.m.Identities))
	}
	if !t.damaged[bills] && !t.damaged[exceptions] {
		for rule, c := range t.identities {
			t.wantExceptions(rule, c.Fail)
		}
		for _, rule := range []schema.Rule{schema.RuleUnknownDirection, schema.RuleDirectionConflict, schema.RuleSettleDay, schema.RuleAccountForeign} {
			t.wantExceptions(rule, t.ruleBreaks[rule])
		}
		t.wantBillExceptions(schema.RuleBadID, t.ruleBreaks[schema.RuleBadID])
	}
	if t.certain && !t.damaged[exceptions] {
		t.wantExceptions(schema.RuleDuplicateConflict, t.conflicts)
		t.wantBillExceptions(schema.RuleNegativeAmount, t.negatives)
		t.wantBillExceptions(schema.RuleBadText, t.badTexts)
	}
	if !t.damaged[settlements] && !t.damaged[exceptions] {
		t.wantExceptions(schema.RuleSettleAmount, t.badSplit)
		for _, h := range t.negative {
			if got := t.minus[h.id]; got < int64(h.statement.negatives) {
				t.find(t.key(schema.Exceptions.Name), fmt.Sprintf("rule %s, settle_id %s", schema.RuleNegativeAmount, h.id),
					fmt.Sprint(h.statement.negatives, " rows"), fmt.Sprint(got, " rows"), fixReplay)
			}
		}
	}
}

// checkNeverAnswered checks that of an account all groups of bills only have the reason
// rule_never_answered, or none, and as many as the manifest says.
func (t *tables) checkNeverAnswered() {
	for _, h := range t.holders {
		n, id := t.billOnlyOf(h.Account.ID), h.Account.ID
		t.compare(t.manifestKey(), fmt.Sprintf("account %s, never_answered", id), fmt.Sprint(n.neverAnswered), fmt.Sprint(h.entry.NeverAnswered))
		if n.neverAnswered != 0 {
			t.compare(t.key(schema.Reconciliations.Name), fmt.Sprintf("account %s, groups with %s", id, schema.ReasonNeverAnswered),
				fmt.Sprint(n.groups, ", all that are bill_only"), fmt.Sprint(n.neverAnswered, ", all that are bill_only"))
		}
	}
}

func (t *tables) billOnlyOf(account schema.AccountID) *billOnly {
	if t.billOnly[account] == nil {
		t.billOnly[account] = new(billOnly)
	}
	return t.billOnly[account]
}

// checkConserved compares the sums of the groups with those of the bills. An earlier version
// published no other_fen.
func (t *tables) checkConserved(groups string) {
	money := t.money
	if o := t.m.Object(schema.Reconciliations.Name); o != nil {
		if _, split := o.Totals.Fen["other_fen"]; !split {
			var err error
			if money, err = money.withoutOther(); err != nil {
				t.find(groups, "refund_fen", "a sum within int64", err.Error(), fixReplay)
				return
			}
		}
	}
	switch {
	case money != t.grouped:
		t.find(groups, "", "the bills' "+money.String(), t.grouped.String(), fixReplay)
	case t.m.RowRule > 4 && t.named != t.keyed:
		t.find(t.key(schema.Bills.Name), "group_key", "in each group of reconciliation as many bills, with the same sums, as name it", "others", fixReplay)
	}
}

// wantBillExceptions checks the number of exceptions of a rule that settlements may break,
// too. It counts those of bills.
func (t *tables) wantBillExceptions(rule schema.Rule, want int64) {
	t.compare(t.key(schema.Exceptions.Name), "rule "+string(rule)+" of bills", fmt.Sprint(want, " rows"), fmt.Sprint(t.ofBills[rule], " rows"))
}

// wantExceptions checks the number of exceptions of a rule.
func (t *tables) wantExceptions(rule schema.Rule, want int64) {
	t.compare(t.key(schema.Exceptions.Name), "rule "+string(rule), fmt.Sprint(want, " rows"), fmt.Sprint(t.exceptions[rule], " rows"))
}

func (t *tables) compare(key, place, want, got string) {
	if want != got {
		t.find(key, place, want, got, fixReplay)
	}
}

package audit

import (
	"fmt"
	"maps"
	"slices"

	"billwalk/schema"
)

// tables are the published rows of one partition, added up as they come.
type tables struct {
	*partition
	conflicts int64 // records of a bill that another record has otherwise
	negatives int64 // amounts of the records that came with a minus
	badTexts  int64 // records with text that is cut in the middle of a character
	foreign   int64 // rows that the archive does not know

	accounts    map[schema.AccountID]*holder
	bills       int64
	money       conserved // of the bills
	grouped     conserved // of the groups
	identities  map[schema.Rule]schema.Check
	doubtful    map[schema.Rule]int64          // bills that an exception has to tell of
	settleIDs   map[string]schema.Null[string] // settlements, and the item of the last row of each
	items       map[digest]bool                // those of items
	settlements int64
	unheard     []heard // settlements of which neither an answer of this day nor a callback tells
	unexplained map[string]*settledTally
	badSplit    int64 // settlements that do not add up
	groups      map[digest]bool
	groupRows   int64
	verdicts    map[schema.Verdict]int64
	open        map[schema.AccountID]int64
	mismatched  map[schema.AccountID]int64
	exceptions  map[schema.Rule]int64
	ofBills     map[schema.Rule]int64 // exceptions that name a bill
	minus       map[string]int64      // exceptions for amounts with a minus, by settlement
	negative    []heard               // settlements that rest on an answer with such amounts
	settled     settledTally
}

// heard is a settlement for whose answer is to be looked.
type heard struct {
	row    int64
	id     string
	source schema.Source
	told   telling
	called []telling // by callbacks
}

func newTables(p *partition) tables {
	return tables{
		partition: p, identities: make(map[schema.Rule]schema.Check), doubtful: make(map[schema.Rule]int64),
		settleIDs: make(map[string]schema.Null[string]), items: make(map[digest]bool), unexplained: make(map[string]*settledTally), groups: make(map[digest]bool),
		verdicts: make(map[schema.Verdict]int64), open: make(map[schema.AccountID]int64), mismatched: make(map[schema.AccountID]int64), exceptions: make(map[schema.Rule]int64),
		ofBills: make(map[schema.Rule]int64), minus: make(map[string]int64),
	}
}

// taker returns a function that takes the rows as the lake passes them on. None of them
// is an end: what is wrong with one is noted.
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
	t.row(b, t.bills)
	h := t.accounts[b.WalkAccountID]
	if h == nil {
		t.find(t.key(schema.Bills.Name), fmt.Sprintf("row %d", t.bills), "", fmt.Sprintf("account %s is not in the manifest", b.WalkAccountID), fixReplay)
	} else if err := h.rows.add(&b.Amounts); err != nil {
		return err
	}
	for _, rule := range doubts(b, t.m.Day) {
		t.doubtful[rule]++
	}
	t.doubtful[schema.RuleBadID] += oddIDs(b)
	if h != nil && !h.root() && b.AccountID != string(b.WalkAccountID) {
		t.doubtful[schema.RuleAccountForeign]++ // account_id reaches no other account (不支持树级结构查询)
	}
	for _, i := range billIdentities(&b.Amounts, t.m.Commissions) {
		t.outcome(i)
	}
	return t.money.bill(b, t.m.Commissions)
}

// outcome counts what comes of an identity.
func (t *tables) outcome(i identity) {
	c := t.identities[i.rule]
	switch i.holds() {
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
	key, place := t.key(schema.Settlements.Name), fmt.Sprintf("row %d, settle_id %s", t.settlements, s.SettleID)
	t.once(s, key, place)
	told, called := tellingOf(s), t.callbacks.told.called(s)
	if answered := t.answers[t.m.Day].told.of(told.id); !told.heard(s.Source, answered, called) {
		t.unheard = append(t.unheard, heard{t.settlements, s.SettleID, s.Source, told, called})
	} else if n := told.negativesIn(s.Source, answered); n > 0 {
		told.negatives = n
		t.negative = append(t.negative, heard{t.settlements, s.SettleID, s.Source, told, called})
	}
	if shares := sharesOf(s); shares != s.SharesTotal {
		t.find(key, place+", shares_fen", fenText(shares), fenText(s.SharesTotal), fixReplay)
	}
	if settleIdentity(s).holds() == fails {
		t.badSplit++
	}
	if err := t.unexplainedSettlement(s, called, key, place); err != nil {
		return err
	}
	return t.settled.settlement(s)
}

// once wants a settlement in one row; in several only where each is of another item.
func (t *tables) once(s *schema.Settlement, key, place string) {
	row := digestOf(appendText(appendText(nil, s.SettleID), s.ItemOrderID.V))
	item, again := t.settleIDs[s.SettleID]
	if again && (!item.Valid || !s.ItemOrderID.Valid || t.items[row]) {
		t.find(key, place, "each settle_id once, or once for each of its items", "it is there twice", fixReplay)
	}
	t.settleIDs[s.SettleID] = s.ItemOrderID
	if s.ItemOrderID.Valid {
		t.items[row] = true
	}
}

func (t *tables) group(r *schema.Reconciliation) error {
	t.groupRows++
	key, place := t.key(schema.Reconciliations.Name), fmt.Sprintf("row %d, account %s, group %s", t.groupRows, r.WalkAccountID, r.GroupKey)
	group := digestOf(appendText(appendText(nil, string(r.WalkAccountID)), r.GroupKey))
	if t.groups[group] {
		t.find(key, place, "each group once", "it is there twice", fixReplay)
	}
	t.groups[group] = true
	if !slices.Contains(schema.Verdicts, r.Verdict) || (r.Verdict == schema.Matched) != r.MatchedBy.Valid {
		t.find(key, place, "a verdict, matched by a tier if it is matched", fmt.Sprintf("%s, matched_by %q", r.Verdict, r.MatchedBy.V), fixReplay)
	}
	for leg := range schema.LegCount {
		if want, err := difference(r.Settled[leg], r.Billed[leg]); r.Diff[leg].Valid && (err != nil || want != r.Diff[leg]) {
			t.find(key, fmt.Sprintf("%s, diff_%s_fen", place, leg), fenText(want), fenText(r.Diff[leg]), fixReplay)
		}
	}
	t.verdicts[r.Verdict]++
	if r.Verdict.AwaitsSettlement() {
		t.open[r.WalkAccountID]++
	}
	if r.Verdict == schema.Mismatched {
		t.mismatched[r.WalkAccountID]++
	}
	if err := t.unexplainedGroup(r, key, place); err != nil {
		return err
	}
	if err := t.settled.group(r); err != nil {
		return err
	}
	return t.grouped.group(r)
}

// check holds the tables against each other, and against what the manifest counts.
// What hangs on a table that could not be read is left out.
func (t *tables) check() {
	bills, settlements := t.key(schema.Bills.Name), t.key(schema.Settlements.Name)
	groups, exceptions := t.key(schema.Reconciliations.Name), t.key(schema.Exceptions.Name)
	manifest := t.manifestKey()
	if !t.damaged[bills] && !t.damaged[groups] && t.money != t.grouped {
		t.find(groups, "", "the bills' "+t.money.String(), t.grouped.String(), fixReplay)
	}
	if !t.damaged[settlements] && !t.damaged[groups] {
		t.checkUnexplained(groups)
	}
	if !t.damaged[groups] {
		t.compare(manifest, "verdicts", counts(t.verdicts), counts(t.m.Verdicts))
		for _, h := range t.holders {
			t.compare(manifest, fmt.Sprintf("account %s, open", h.Account.ID), fmt.Sprint(t.open[h.Account.ID]), fmt.Sprint(h.entry.Open))
			if told := h.entry.Mismatched; told != 0 { // earlier versions did not tell
				t.compare(manifest, fmt.Sprintf("account %s, mismatched", h.Account.ID), fmt.Sprint(t.mismatched[h.Account.ID]), fmt.Sprint(told))
			}
		}
	}
	if !t.damaged[exceptions] {
		t.compare(manifest, "exceptions", counts(t.exceptions), counts(t.m.Exceptions))
	}
	if !t.damaged[bills] {
		t.compare(manifest, "identities", counts(t.identities), counts(t.m.Identities))
	}
	if !t.damaged[bills] && !t.damaged[exceptions] {
		for rule, c := range t.identities {
			t.told(rule, c.Fail)
		}
		for _, rule := range []schema.Rule{schema.RuleUnknownDirection, schema.RuleDirectionConflict, schema.RuleSettleDay, schema.RuleAccountForeign} {
			t.told(rule, t.doubtful[rule])
		}
		t.toldOfBills(schema.RuleBadID, t.doubtful[schema.RuleBadID])
	}
	if t.certain && !t.damaged[exceptions] {
		t.told(schema.RuleDuplicateConflict, t.conflicts)
		t.toldOfBills(schema.RuleNegativeAmount, t.negatives)
		t.toldOfBills(schema.RuleBadText, t.badTexts)
	}
	if !t.damaged[settlements] && !t.damaged[exceptions] {
		t.told(schema.RuleSettleAmount, t.badSplit)
		for _, h := range t.negative {
			if got := t.minus[h.id]; got < int64(h.told.negatives) {
				t.find(t.key(schema.Exceptions.Name), fmt.Sprintf("rule %s, settle_id %s", schema.RuleNegativeAmount, h.id),
					fmt.Sprint(h.told.negatives, " rows"), fmt.Sprint(got, " rows"), fixReplay)
			}
		}
	}
}

// toldOfBills is told for rules that settlements break, too: it counts the exceptions
// of bills alone.
func (t *tables) toldOfBills(rule schema.Rule, want int64) {
	t.compare(t.key(schema.Exceptions.Name), "rule "+string(rule)+" of bills", fmt.Sprint(want, " rows"), fmt.Sprint(t.ofBills[rule], " rows"))
}

// told wants an exception for each of so many findings.
func (t *tables) told(rule schema.Rule, want int64) {
	t.compare(t.key(schema.Exceptions.Name), "rule "+string(rule), fmt.Sprint(want, " rows"), fmt.Sprint(t.exceptions[rule], " rows"))
}

func (t *tables) compare(key, place, want, got string) {
	if want != got {
		t.find(key, place, want, got, fixReplay)
	}
}

// counts writes counts in the order of their names; 0 is not said.
func counts[K ~string, V comparable](m map[K]V) (text string) {
	var zero V
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if m[k] != zero {
			text += fmt.Sprintf("%s %+v, ", k, m[k])
		}
	}
	return text
}

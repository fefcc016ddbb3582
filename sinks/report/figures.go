package report

import (
	"slices"

	"billwalk/schema"
)

// adder adds amounts up. The first sum that overflows stays as its error.
type adder struct{ err error }

func (a *adder) add(sum *schema.Fen, fen schema.Fen) {
	if a.err != nil {
		return
	}
	*sum, a.err = sum.Add(fen)
}

func (a *adder) sub(sum *schema.Fen, fen schema.Fen) {
	if a.err != nil {
		return
	}
	*sum, a.err = sum.Sub(fen)
}

// tally is Figures while they are added up.
type tally struct {
	sums             Sums
	settled          schema.Fen
	settledGroups    int64
	terms            map[TermCode]*Term
	verdicts         map[schema.Verdict]*VerdictSum
	doubtful         Doubtful
	unclear          map[BlockerCode]*Blocker // of groups
	errors, warnings int64
}

func newTally() *tally {
	return &tally{terms: make(map[TermCode]*Term), verdicts: make(map[schema.Verdict]*VerdictSum), unclear: make(map[BlockerCode]*Blocker)}
}

// addBill adds a bill.
func (t *tally) addBill(a *adder, b *schema.Bill) {
	t.sums.Bills++
	if !b.Counts() {
		t.sums.Uncounted++
		return
	}
	total, goods := b.Amounts[schema.LedgerTotal], b.Amounts[schema.Goods]
	if !b.Direction.Valid {
		t.sums.UnknownDirection++
	} else {
		if !total.Valid {
			t.sums.UnknownTotal++
		}
		if !goods.Valid {
			t.sums.UnknownMerchant++
		}
	}
	switch b.SettleType {
	case forward:
		a.add(&t.sums.Forward, total.V)
		if !total.Valid {
			t.sums.UnknownForward++
		}
	case refund:
		a.add(&t.sums.Refund, total.V)
	default:
		a.add(&t.sums.Other, total.V)
	}
	a.add(&t.sums.Net, total.V)
	a.add(&t.sums.Merchant, goods.V)
}

// Values of settle_type.
const (
	forward = 1
	refund  = 2
)

// addGroup adds a group of the table reconciliation.
func (t *tally) addGroup(a *adder, r *schema.Reconciliation) {
	billed, settled, diff := r.Billed[schema.LegTotal].V, r.Settled[schema.LegTotal].V, r.Diff[schema.LegTotal].V
	v := t.verdicts[r.Verdict]
	if v == nil {
		v = &VerdictSum{Verdict: r.Verdict}
		t.verdicts[r.Verdict] = v
	}
	v.Groups++
	a.add(&v.Billed, billed)
	a.add(&v.Settled, settled)
	a.add(&v.Diff, diff)
	a.add(&v.Over, max(diff, 0))
	a.add(&v.Short, min(diff, 0))
	a.add(&t.settled, settled)
	if settled != 0 {
		t.settledGroups++
	}
	if code := termOf(r); code != "" {
		term := t.terms[code]
		if term == nil {
			term = &Term{Code: code}
			t.terms[code] = term
		}
		term.Groups++
		a.add(&term.Fen, settled)
		a.sub(&term.Fen, billed)
	}
	for _, code := range unclearReasons {
		if slices.Contains(r.Reasons, string(code)) {
			t.addUnclear(a, Blocker{code, 1, Amount(schema.Some(billed))})
		}
	}
}

func (t *tally) addException(severity schema.Severity) {
	if severity == schema.SeverityError {
		t.errors++
	} else {
		t.warnings++
	}
}

func (t *tally) addUnclear(a *adder, b Blocker) {
	if sum := t.unclear[b.Code]; sum != nil {
		sum.Count += b.Count
		a.add(&sum.Fen.V, b.Fen.V)
		return
	}
	t.unclear[b.Code] = &b
}

// unclearReasons are the reasons by which it is not known whether a group is right.
var unclearReasons = []BlockerCode{NothingCompared, NotAsked, RuleNeverAnswered}

// termOf returns the line of the bridge that the group is in; "" for bills that are not
// forward, which are in none.
func termOf(r *schema.Reconciliation) TermCode {
	switch r.Verdict {
	case schema.BillOnly:
		if slices.Contains(r.Reasons, schema.ReasonNeverAnswered) {
			return TermNeverAnswered
		}
		return TermBillOnly
	case schema.Pending:
		return TermPending
	case schema.SettleFailed:
		return TermFailed
	case schema.SettlementOnly:
		return TermSettlementOnly
	case schema.Mismatched:
		return TermMismatched
	case schema.Matched:
		return TermMatched
	}
	switch {
	case slices.Contains(r.Reasons, schema.ReasonNonForward):
		return ""
	case slices.Contains(r.Reasons, schema.ReasonNotConfigured):
		return TermNotConfigured
	}
	return TermNoKey
}

// merge adds another tally.
func (t *tally) merge(a *adder, o *tally) {
	t.sums.merge(a, &o.sums)
	a.add(&t.settled, o.settled)
	t.settledGroups += o.settledGroups
	t.doubtful.merge(a, &o.doubtful)
	t.errors, t.warnings = t.errors+o.errors, t.warnings+o.warnings
	for code, term := range o.terms {
		if sum := t.terms[code]; sum != nil {
			sum.Groups += term.Groups
			a.add(&sum.Fen, term.Fen)
			continue
		}
		clone := *term
		t.terms[code] = &clone
	}
	for verdict, v := range o.verdicts {
		sum := t.verdicts[verdict]
		if sum == nil {
			sum = &VerdictSum{Verdict: verdict}
			t.verdicts[verdict] = sum
		}
		sum.Groups += v.Groups
		a.add(&sum.Billed, v.Billed)
		a.add(&sum.Settled, v.Settled)
		a.add(&sum.Diff, v.Diff)
		a.add(&sum.Over, v.Over)
		a.add(&sum.Short, v.Short)
	}
	for _, b := range o.unclear {
		t.addUnclear(a, *b)
	}
}

func (s *Sums) merge(a *adder, o *Sums) {
	s.Bills, s.Uncounted = s.Bills+o.Bills, s.Uncounted+o.Uncounted
	s.UnknownDirection, s.UnknownTotal = s.UnknownDirection+o.UnknownDirection, s.UnknownTotal+o.UnknownTotal
	s.UnknownForward, s.UnknownMerchant = s.UnknownForward+o.UnknownForward, s.UnknownMerchant+o.UnknownMerchant
	a.add(&s.Forward, o.Forward)
	a.add(&s.Refund, o.Refund)
	a.add(&s.Other, o.Other)
	a.add(&s.Net, o.Net)
	a.add(&s.Merchant, o.Merchant)
}

// figures returns the sums; with the terms that have groups, or with all.
func (t *tally) figures(a *adder, allTerms bool) Figures {
	f := Figures{Sums: t.sums, Bridge: Bridge{Forward: t.sums.Forward, Settled: t.settled, SettledGroups: t.settledGroups, Terms: []Term{}}, Verdicts: []VerdictSum{}, Doubtful: t.doubtful, Errors: t.errors, Warnings: t.warnings}
	remainder := t.settled
	a.sub(&remainder, t.sums.Forward)
	for _, code := range TermCodes {
		term := t.terms[code]
		if term == nil {
			if !allTerms {
				continue
			}
			term = &Term{Code: code}
		}
		f.Bridge.Terms = append(f.Bridge.Terms, *term)
		a.sub(&remainder, term.Fen)
	}
	f.Bridge.Remainder = remainder
	for _, verdict := range schema.Verdicts {
		if v := t.verdicts[verdict]; v != nil {
			f.Verdicts = append(f.Verdicts, *v)
		}
	}
	return f
}

func (d *Doubtful) merge(a *adder, o *Doubtful) {
	d.Groups += o.Groups
	a.add(&d.Billed, o.Billed)
	a.add(&d.Settled, o.Settled)
}

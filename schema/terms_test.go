package schema

import (
	"slices"
	"strings"
	"testing"
)

// TestTermsAreExplained: every verdict, tier, reason and rule of exceptions is in its
// list once, with what people need to know of it in both languages.
func TestTermsAreExplained(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	check := func(kind, value string, texts ...Bilingual) {
		if seen[kind+value] {
			t.Errorf("%s %s is listed twice", kind, value)
		}
		seen[kind+value] = true
		for _, text := range texts {
			if text.English == "" || text.Chinese == "" {
				t.Errorf("%s %s has no text in both languages: %+v", kind, value, text)
			}
		}
	}
	for _, v := range Verdicts {
		check("verdict", string(v), v.Meaning(), v.Advice(), v.Name())
	}
	for _, v := range WithdrawVerdicts {
		check("withdrawal", string(v), v.Meaning(), v.Advice(), v.Name())
	}
	for _, tier := range Tiers {
		check("tier", string(tier), tier.Meaning(), Bilingual{tier.Label(), tier.Label()})
	}
	for _, c := range Causes {
		check("cause", string(c), c.Meaning(), c.Name())
	}
	for _, r := range Reasons {
		check("reason", r.Form, r.Meaning, r.Advice, r.Label)
	}
	for _, r := range Rules {
		check("rule", string(r), r.Meaning(), r.Advice(), r.Name())
		if r.Severity() != SeverityError && r.Severity() != SeverityWarning {
			t.Errorf("rule %s has severity %q", r, r.Severity())
		}
	}
}

// TestOpenVerdicts: which verdicts somebody has to act on, and which of them wait for a
// settlement.
func TestOpenVerdicts(t *testing.T) {
	t.Parallel()
	var open, awaiting []string
	for _, v := range Verdicts {
		if v.Open() {
			open = append(open, string(v))
		}
		if v.AwaitsSettlement() {
			awaiting = append(awaiting, string(v))
		}
	}
	if got, want := strings.Join(open, " "), "mismatched bill_only settlement_only pending failed"; got != want {
		t.Errorf("open: got %s, want %s", got, want)
	}
	if got, want := strings.Join(awaiting, " "), "bill_only pending failed"; got != want {
		t.Errorf("awaiting a settlement: got %s, want %s", got, want)
	}
	if unknown := Verdict("other"); unknown.Open() || unknown.AwaitsSettlement() || unknown.Label() != "" || unknown.Meaning() != (Bilingual{}) {
		t.Error("an unknown verdict has properties")
	}
}

func TestReasonOf(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		LegFee.Differs(): "<leg>_differs", LegNet.NotBilled(): "<leg>_not_billed", LegTotal.NotSettled(): "<leg>_not_settled",
		ReasonNotAsked: ReasonNotAsked, "offset_by:2026-11-20/7/8": "offset_by:<bill_date>/<walk_account_id>[/<item>]", "other": "", "offset_by": "",
	} {
		got, ok := ReasonOf(value)
		if got.Form != want || ok != (want != "") {
			t.Errorf("%s: got %q, %v, want %q", value, got.Form, ok, want)
		}
	}
	for value, want := range map[string][2]string{
		LegFee.Differs(): {"平台服务费不符", "核对合同费率"}, LegNet.NotBilled(): {"账单未给出商家实际结算", "该项一方未提供，请商家从来客导出补核"},
		ReasonNoKey: {"缺单号", "补单号或匹配规则"},
	} {
		if got, _ := ReasonOf(value); got.Label.Chinese != want[0] || got.Advice.Chinese != want[1] {
			t.Errorf("%s: label %s, advice %s, want %v", value, got.Label, got.Advice.Chinese, want)
		}
	}
	if !slices.ContainsFunc(Reasons, func(r Reason) bool { return r.Form == ReasonNothingCompared }) {
		t.Error("nothing_compared is not listed")
	}
}

// TestReconciliationLabel: a row is called in Chinese what the view calls it; see
// TestLabelledViews.
func TestReconciliationLabel(t *testing.T) {
	t.Parallel()
	diff := func(fen Fen) Legs { return Legs{LegTotal: Some(fen)} }
	for want, row := range map[string]Reconciliation{
		"多分":        {Verdict: Mismatched, Diff: diff(1)},
		"少分":        {Verdict: Mismatched, Diff: diff(-1)},
		"总额相符，分项不符": {Verdict: Mismatched, Diff: diff(0)},
		"差异":        {Verdict: Mismatched},
		"缺单号":       {Verdict: NotApplicable, Reasons: []string{ReasonNoKey}},
		"不纳入比对":     {Verdict: NotApplicable, Reasons: []string{ReasonNonForward}},
		"平账":        {Verdict: Matched, Diff: diff(1)},
		"有账单、未查到分账": {Verdict: BillOnly},
	} {
		if got := row.Label(); got != want {
			t.Errorf("%+v: got %s, want %s", row, got, want)
		}
	}
}

package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/schema"
)

// TestVerdictsText: settlements without a bill are printed beside the bills
// that have no settlement.
func TestVerdictsText(t *testing.T) {
	t.Parallel()
	v, orders := verdicts{sums: make(map[schema.Verdict]*verdictSum)}, make(map[string]*difference)
	total := func(fen schema.Fen) schema.Legs { return schema.Legs{schema.LegTotal: schema.Some(fen)} }
	for _, r := range []schema.Reconciliation{
		{WalkAccountID: "7", GroupKey: "o1", Verdict: schema.BillOnly, Billed: total(12345)},
		{GroupKey: "o2", Verdict: schema.SettlementOnly, Settled: total(700)},
		{GroupKey: "o3/i", Verdict: schema.SettlementOnly},
	} {
		if err := v.add(billwalktest.FirstDay, &r, orders); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	if err := v.print(&out); err != nil {
		t.Fatal(err)
	}
	const want = `          verdict  groups  billed 账单  settled 分账 结论
        bill_only       1     123.45        0.00 有账单、未查到分账
  settlement_only       2       0.00        7.00 有分账、未查到账单
`
	if diff := cmp.Diff(want, out.String()); diff != "" || len(orders) != 0 {
		t.Errorf("(-want +got, %d differences):\n%s", len(orders), diff)
	}
}

// TestMatchedAddsUp: where matched groups are settled with other money than they
// are billed for, what makes the difference is printed; among themselves it is none.
func TestMatchedAddsUp(t *testing.T) {
	t.Parallel()
	total := func(fen schema.Fen) schema.Legs { return schema.Legs{schema.LegTotal: schema.Some(fen)} }
	matched := func(billed, settled schema.Fen, reasons ...string) schema.Reconciliation {
		return schema.Reconciliation{Verdict: schema.Matched, Reasons: reasons, Billed: total(billed), Settled: total(settled), Diff: total(settled - billed)}
	}
	const table = "  verdict  groups  billed 账单  settled 分账 结论\n"
	for name, test := range map[string]struct {
		groups []schema.Reconciliation
		want   string
	}{
		"each other": {[]schema.Reconciliation{matched(100, 250, "offset_by:2026-11-02/7"), matched(150, 0, "offset_by:2026-11-01/7")},
			table + "  matched       2       2.50        2.50 平账\n"},
		"elsewhere": {[]schema.Reconciliation{matched(1000, 1000), matched(100, 0, "offset_by:2026-11-02/7"), matched(50, 0, "fee_not_billed", "offset_by:2026-11-02/7")},
			table + "  matched       3      11.50       10.00 平账\n\n" +
				"matched 平账: 11.50 billed 账单 - 1.50 offset by groups of other verdicts or days 由其他结论或日期的组抵回 (offset_by) = 10.00 settled 分账\n"},
		"also the tolerance, and what is not known": {[]schema.Reconciliation{
			matched(100, 300, "offset_by:2026-11-02/7"), matched(1000, 998),
			{Verdict: schema.Matched, Reasons: []string{"total_not_settled"}, Billed: total(500)},
		},
			table + "  matched       3      16.00       12.98 平账\n\n" +
				"matched 平账: 16.00 billed 账单 + 2.00 offset by groups of other verdicts or days 由其他结论或日期的组抵回 (offset_by)" +
				" - 5.02 within the tolerance, or not known on both sides 在容差内或一方未知 = 12.98 settled 分账\n"},
	} {
		v, orders := verdicts{sums: make(map[schema.Verdict]*verdictSum)}, make(map[string]*difference)
		for i := range test.groups {
			if err := v.add(billwalktest.FirstDay, &test.groups[i], orders); err != nil {
				t.Fatal(err)
			}
		}
		var out strings.Builder
		if err := v.print(&out); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, out.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/schema"
)

// verdictsOf adds groups up, as readVerdicts does.
func verdictsOf(t *testing.T, groups ...schema.Reconciliation) *verdicts {
	t.Helper()
	v := newVerdicts()
	for i := range groups {
		if err := v.add(&groups[i]); err != nil {
			t.Fatal(err)
		}
	}
	for i := range groups {
		if err := v.differences.add(billwalktest.FirstDay+schema.Day(i), &groups[i]); err != nil {
			t.Fatal(err)
		}
	}
	v.differences.list(billwalktest.FirstDay+schema.Day(len(groups)), 2)
	return v
}

func total(fen schema.Fen) schema.Legs { return schema.Legs{schema.LegTotal: schema.Some(fen)} }

// TestVerdictsText: settlements without a bill are printed beside the bills that have no
// settlement, with totals, and the bridge to all bills foots.
func TestVerdictsText(t *testing.T) {
	t.Parallel()
	v := verdictsOf(t,
		schema.Reconciliation{WalkAccountID: "7", GroupKey: "o1", Verdict: schema.BillOnly, Billed: total(12345)},
		schema.Reconciliation{GroupKey: "o2", Verdict: schema.SettlementOnly, Settled: total(700)},
		schema.Reconciliation{GroupKey: "o3/i", Verdict: schema.SettlementOnly},
		schema.Reconciliation{WalkAccountID: "7", GroupKey: "o1#non-forward", Verdict: schema.NotApplicable, Refund: schema.Some(schema.Fen(-300)), Other: schema.Some(schema.Fen(-45))},
	)
	for bills, rest := range map[schema.Fen]string{12000: "", 12001: " + 0.01 published since 读取期间有变"} {
		var out strings.Builder
		if err := v.print(&out, bills, false); err != nil {
			t.Fatal(err)
		}
		want := `        verdict  groups  billed 账单  settled 分账  结论
      bill_only       1       123.45          0.00  ` + schema.BillOnly.Label() + `
settlement_only       2         0.00          7.00  ` + schema.SettlementOnly.Label() + `
 not_applicable       1         0.00          0.00  ` + schema.NotApplicable.Label() + `
     total 合计       4       123.45          7.00
to settle 应结算: ` + bills.Yuan() + ` = 123.45 billed - 3.00 refunds 退款 - 0.45 others 扣款及其他` + rest + "\n"
		if diff := cmp.Diff(want, out.String()); diff != "" || len(v.differences.listed) != 0 {
			t.Errorf("(-want +got, %d differences):\n%s", len(v.differences.listed), diff)
		}
	}
}

// TestMatchedAddsUp: where matched groups are settled with other money than they
// are billed for, what makes the difference is printed; among themselves it is none.
func TestMatchedAddsUp(t *testing.T) {
	t.Parallel()
	matched := func(billed, settled schema.Fen, reasons ...string) schema.Reconciliation {
		return schema.Reconciliation{Verdict: schema.Matched, Reasons: reasons, Billed: total(billed), Settled: total(settled), Diff: total(settled - billed)}
	}
	for name, test := range map[string]struct {
		groups []schema.Reconciliation
		want   string
	}{
		"each other": {[]schema.Reconciliation{matched(100, 250, "offset_by:2026-11-02/7"), matched(150, 0, "offset_by:2026-11-01/7")}, ""},
		"elsewhere": {[]schema.Reconciliation{matched(1000, 1000), matched(100, 0, "offset_by:2026-11-02/7"), matched(50, 0, "fee_not_billed", "offset_by:2026-11-02/7")},
			"matched 平账: 11.50 billed 账单 - 1.50 offset by other groups 由其他组抵回 = 10.00 settled 分账\n"},
		"also the tolerance, and what is not known": {[]schema.Reconciliation{
			matched(100, 300, "offset_by:2026-11-02/7"), matched(1000, 998),
			{Verdict: schema.Matched, Reasons: []string{"total_not_settled"}, Billed: total(500)},
		},
			"matched 平账: 16.00 billed 账单 + 2.00 offset by other groups 由其他组抵回" +
				" - 5.02 within the tolerance, or not known on both sides 在容差内或一方未知 = 12.98 settled 分账\n"},
	} {
		var out strings.Builder
		if err := verdictsOf(t, test.groups...).printOffset(&out); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, out.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestDifferences: an order differs by the sum over all of its groups, whatever their
// verdict, and is listed by that.
func TestDifferences(t *testing.T) {
	t.Parallel()
	group := func(key string, verdict schema.Verdict, billed, settled schema.Fen, reasons ...string) schema.Reconciliation {
		return schema.Reconciliation{WalkAccountID: "71", GroupKey: key, Verdict: verdict, Reasons: reasons, Billed: total(billed), Settled: total(settled), Diff: total(settled - billed)}
	}
	item := group("items/i1", schema.Mismatched, 100, 40)
	item.ItemOrderID = schema.Some("i1")
	leg := group("leg", schema.Mismatched, 500, 500)
	leg.Diff[schema.LegFee] = schema.Some(schema.Fen(-3))
	unsettled := group("short", schema.BillOnly, 200, 0)
	unsettled.Settled, unsettled.Diff = schema.Legs{}, schema.Legs{}
	v := verdictsOf(t,
		group("over", schema.Mismatched, 1000, 1900), group("over", schema.Matched, 800, 0, "offset_by:2026-11-02/71"), // 1.00 over, not 9.00
		group("even", schema.Mismatched, 100, 150), group("even", schema.Mismatched, 150, 100),
		group("short", schema.Mismatched, 1000, 900), unsettled,
		item, leg,
		group("late", schema.Mismatched, 100, 300, "partly_billed"), group("no", schema.Matched, 1, 1),
	)
	var out strings.Builder
	if err := v.differences.print(&out, accountNames{"71": "重庆🍜老灶火锅总店"}, 3, false); err != nil {
		t.Fatal(err)
	}
	want := `mismatched 差异: 7 groups of 6 orders. Over all groups of an order 按订单累计, 1 agree,
  1 wait for more bills 待后续账单, 4 differ: 1 only in a leg 分项不符, 1 partly matched 含平账

The 3 largest of 4 differences, settled - billed in yuan (+ 多分, - 少分):
total  fee  commission  net    day  account               order
-3.00    -           -    -  11-03  71       重庆🍜老灶…  short
 1.00    -           -    -  10-30  71       重庆🍜老灶…  over
-0.60    -           -    -  11-05  71       重庆🍜老灶…  items
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

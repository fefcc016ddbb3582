package reconcile_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// lookback of the tests, in days.
const lookback = 3

func rules() *reconcile.Rules {
	return &reconcile.Rules{
		Match:    []schema.Match{{Parameter: "order_id", Column: "shop_order_id"}, {Parameter: "out_order_no", Column: "order_ext_id"}},
		Lookback: lookback, Configured: true,
	}
}

// billsOf reads one forward bill of order K a line: account, day, item or -,
// legs. Ledger ids count up.
func billsOf(t *testing.T, text string) (bills []reconcile.Bill) {
	t.Helper()
	for i, words := range lines(text) {
		b := reconcile.Bill{
			Day: dayOf(t, words[1]), Account: schema.AccountID(words[0]),
			BillKey:     schema.BillKey{AccountID: "P", LedgerID: fmt.Sprint(i), SettleType: 1},
			ShopOrderID: "K", Legs: legsOf(t, words[3:]),
		}
		if words[2] != "-" {
			b.ItemOrderID = words[2]
		}
		bills = append(bills, b)
	}
	return bills
}

// settlementsOf reads one settlement a line: id, status, day or -, item or -, legs.
func settlementsOf(t *testing.T, text string) (settlements []schema.Settlement) {
	t.Helper()
	for _, words := range lines(text) {
		legs := legsOf(t, words[4:])
		s := schema.Settlement{
			SettleID: words[0], Status: schema.Status(words[1]), Source: schema.SourceQuery,
			Amount: legs[schema.LegTotal], Rake: legs[schema.LegFee], Commission: legs[schema.LegCommission], SharesTotal: legs[schema.LegNet],
		}
		if words[2] != "-" {
			s.SettleTime = schema.Some(dayOf(t, words[2]).Start().Add(12 * time.Hour).UTC())
		}
		if words[3] != "-" {
			s.ItemOrderID = schema.Some(words[3])
		}
		settlements = append(settlements, s)
	}
	return settlements
}

func lines(text string) (split [][]string) {
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) > 0 {
			split = append(split, words)
		}
	}
	return split
}

func dayOf(t *testing.T, word string) schema.Day {
	t.Helper()
	day, err := strconv.Atoi(word)
	if err != nil {
		t.Fatal(err)
	}
	return schema.Day(day)
}

// legsOf reads total, fee, commission and net, _ being NULL. A total alone is
// all net.
func legsOf(t *testing.T, words []string) (legs schema.Legs) {
	t.Helper()
	if len(words) == 1 {
		words = []string{words[0], "0", "0", words[0]}
	}
	for leg, word := range words {
		if word == "_" {
			continue
		}
		fen, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		legs[leg] = schema.Some(schema.Fen(fen))
	}
	return legs
}

// text tells of the order on all days, a group a line: day, account, key,
// verdict/tier, bills:settlements, billed/settled/difference of each leg (of the
// total alone, if all is net), reasons; then the settlements by day and account.
func text(t *testing.T, r *reconcile.Rules, o *reconcile.Order) string {
	t.Helper()
	var b, placed strings.Builder
	for day := schema.Day(-10); day <= 20; day++ {
		outcome, err := r.Order(day, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range outcome.Groups {
			fmt.Fprintf(&b, "%d %s %s %s", day, g.WalkAccountID, g.GroupKey, g.Verdict)
			if g.MatchedBy.Valid {
				fmt.Fprintf(&b, "/%s", g.MatchedBy.V)
			}
			fmt.Fprintf(&b, " %d:%d%s", g.BillRows, g.SettlementRows, legs(&g))
			for _, reason := range g.Reasons {
				b.WriteString(" " + inDays(t, reason))
			}
			b.WriteString("\n")
		}
		for _, p := range outcome.Settlements {
			fmt.Fprintf(&placed, "%d %s %s\n", day, p.Account, p.Settlement.SettleID)
		}
	}
	return strings.TrimSuffix(b.String()+placed.String(), "\n")
}

// inDays writes the date of an offset_by as the cases do.
func inDays(t *testing.T, reason string) string {
	date, ok := strings.CutPrefix(reason, "offset_by:")
	if !ok {
		return reason
	}
	date, place, _ := strings.Cut(date, "/")
	day, err := schema.ParseDay(date)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("offset_by:%d/%s", int(day), place)
}

// legs tells of all legs, or of the total alone where all is net.
func legs(g *schema.Reconciliation) string {
	words := " " + leg(g, schema.LegTotal)
	if leg(g, schema.LegNet) == leg(g, schema.LegTotal) && leg(g, schema.LegFee) == leg(g, schema.LegCommission) {
		return words
	}
	for l := schema.LegFee; l < schema.LegCount; l++ {
		words += " " + leg(g, l)
	}
	return words
}

func leg(g *schema.Reconciliation, l schema.Leg) string {
	return null(g.Billed[l]) + "/" + null(g.Settled[l]) + "/" + null(g.Diff[l])
}

func null(v schema.Null[schema.Fen]) string {
	if !v.Valid {
		return "_"
	}
	return fmt.Sprint(int64(v.V))
}

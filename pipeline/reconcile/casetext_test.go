package reconcile_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// groupLine returns a row of the day as the cases write it:
//
//	group DAY ACCOUNT KEY VERDICT[/TIER|/CAUSE] BILLS:SETTLEMENTS [billed LEGS] [settled LEGS] [diff LEGS] [refund FEN] [other FEN] [times FIRST..LAST] [REASON …]
func groupLine(day schema.Day, g *schema.Reconciliation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "group %d %s %s %s", day, cmp.Or(string(g.WalkAccountID), "-"), g.GroupKey, g.Verdict)
	if g.MatchedBy.Valid {
		fmt.Fprintf(&b, "/%s", g.MatchedBy.V)
	}
	if g.Cause.Valid {
		fmt.Fprintf(&b, "/%s", g.Cause.V)
	}
	fmt.Fprintf(&b, " %d:%d", g.BillRows, g.SettlementRows)
	for _, part := range []struct {
		name string
		legs schema.Legs
	}{{"billed", g.Billed}, {"settled", g.Settled}, {"diff", g.Diff}} {
		if part.legs != (schema.Legs{}) {
			fmt.Fprintf(&b, " %s %s", part.name, legsText(&part.legs))
		}
	}
	if g.Refund.Valid {
		fmt.Fprintf(&b, " refund %d", int64(g.Refund.V))
	}
	if g.Other.Valid {
		fmt.Fprintf(&b, " other %d", int64(g.Other.V))
	}
	if g.FirstSettleTime.Valid || g.LastSettleTime.Valid {
		fmt.Fprintf(&b, " times %s..%s", timeText(g.FirstSettleTime), timeText(g.LastSettleTime))
	}
	if order, item := keyIDs(g.GroupKey); order != g.ShopOrderID || item != g.ItemOrderID {
		fmt.Fprintf(&b, " shop_order_id %q item_order_id %q", g.ShopOrderID.V, g.ItemOrderID.V)
	}
	for _, reason := range g.Reasons {
		b.WriteString(" " + reasonText(reason))
	}
	return b.String()
}

// keyIDs returns the order and the item that a group's key names. The columns are
// not in a group's line unless they say anything else.
func keyIDs(key string) (order, item schema.Null[string]) {
	if strings.HasPrefix(key, "bill:") {
		return order, item
	}
	key, _, _ = strings.Cut(key, "#")
	name, part, ok := strings.Cut(key, "/")
	if ok {
		item = schema.Some(part)
	}
	if !strings.HasPrefix(name, "ext:") && !strings.HasPrefix(name, "settlement:") {
		order = schema.Some(name)
	}
	return order, item
}

// legsText is the inverse of parseLegs.
func legsText(legs *schema.Legs) string {
	if lone, _ := parseLegs(fenText(legs[schema.LegTotal])); lone == *legs {
		return fenText(legs[schema.LegTotal])
	}
	words := make([]string, len(legs))
	for leg, v := range legs {
		words[leg] = fenText(v)
	}
	return strings.Join(words, "/")
}

func fenText(v schema.Null[schema.Fen]) string {
	if !v.Valid {
		return "-"
	}
	return fmt.Sprint(int64(v.V))
}

// timeText is the inverse of parseTime.
func timeText(at schema.Null[time.Time]) string {
	if !at.Valid {
		return "-"
	}
	day, clock := schema.DayOf(at.V), at.V.In(schema.China).Format("15:04")
	if clock == "12:00" {
		return fmt.Sprint(int(day))
	}
	return fmt.Sprintf("%dT%s", int(day), clock)
}

// reasonText writes the date in offset_by as a day's number.
func reasonText(reason string) string {
	rest, ok := strings.CutPrefix(reason, "offset_by:")
	if !ok {
		return reason
	}
	date, place, _ := strings.Cut(rest, "/")
	day, err := schema.ParseDay(date)
	if err != nil {
		return reason
	}
	return fmt.Sprintf("offset_by:%d/%s", int(day), place)
}

// groupLines returns a line for each row, by day, account and key.
func groupLines(rows []dated[schema.Reconciliation]) (lines []string) {
	slices.SortStableFunc(rows, func(a, b dated[schema.Reconciliation]) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.row.WalkAccountID, b.row.WalkAccountID), cmp.Compare(a.row.GroupKey, b.row.GroupKey))
	})
	for i := range rows {
		lines = append(lines, groupLine(rows[i].day, &rows[i].row))
	}
	return lines
}

// placedLine returns where an order's day has a settlement: "placed ID DAY ACCOUNT".
func placedLine(day schema.Day, p *reconcile.Placed) string {
	return fmt.Sprintf("placed %s %d %s", p.Settlement.SettleID, int(day), p.Account)
}

// orderText returns the groups of an order on all days, and where its settlements are.
func orderText(t *testing.T, r *reconcile.Rules, o *reconcile.Order) string {
	t.Helper()
	var groups []dated[schema.Reconciliation]
	var placed []string
	for day := firstCaseDay; day <= lastCaseDay; day++ {
		outcome, err := r.Reconcile(day, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range outcome.Groups {
			groups = append(groups, dated[schema.Reconciliation]{day, g})
		}
		for _, p := range outcome.Settlements {
			placed = append(placed, placedLine(day, &p))
		}
	}
	return strings.Join(append(groupLines(groups), placed...), "\n")
}

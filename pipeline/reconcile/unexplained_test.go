package reconcile_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// unexplainedOf reads one settlement a line, as settlementsOf does, but for the
// order_id that comes first: - for none, _ for an empty one.
func unexplainedOf(t *testing.T, text string) (settlements []schema.Settlement) {
	t.Helper()
	for line := range strings.Lines(strings.TrimSpace(text)) {
		order, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		s := settlementsOf(t, rest)[0]
		switch order {
		case "-":
		case "_":
			s.OrderID = schema.Some("")
		default:
			s.OrderID = schema.Some(order)
		}
		settlements = append(settlements, s)
	}
	return settlements
}

// unexplainedText tells of the groups, one a line: key, order, item, settlements,
// what each leg was settled with, and the days of the first and the last.
func unexplainedText(rows []schema.Reconciliation) string {
	text := func(v schema.Null[string]) string {
		if !v.Valid {
			return "_"
		}
		return v.V
	}
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "\n%s %s %s %d", r.GroupKey, text(r.ShopOrderID), text(r.ItemOrderID), r.SettlementRows)
		for _, v := range r.Settled {
			b.WriteString(" " + null(v))
		}
		if r.FirstSettleTime.Valid {
			fmt.Fprintf(&b, " %d..%d", int(schema.DayOf(r.FirstSettleTime.V)), int(schema.DayOf(r.LastSettleTime.V)))
		}
	}
	return b.String()
}

func TestUnexplained(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, settlements, want string }{
		{"nothing", "", ""},
		{"an order", "K s1 SUCCESS 1 - 100 5 3 92", `
K K _ 1 100 5 3 92 1..1`},
		{"several settlements of it", "K s2 SUCCESS 3 - 100 5 3 92\nK s1 SUCCESS 1 - 10 1 0 9", `
K K _ 2 110 6 3 101 1..3`},
		{"whatever their status", "K s1 FAIL 1 - 100\nK s2 PROCESSING - - 7\nL s3 FAIL - - 3", `
K K _ 2 _ _ _ _ 1..1
L L _ 1 _ _ _ _`},
		{"only what succeeded is settled", "K s1 FAIL 1 - 100\nK s2 SUCCESS - - 7", `
K K _ 2 7 0 0 7 1..1`},
		{"items", "K s1 SUCCESS 1 i2 20\nK s1 SUCCESS 2 i1 10\nK s2 SUCCESS 1 i1 5\nK s3 SUCCESS 1 - 1", `
K K _ 1 1 0 0 1 1..1
K/i1 K i1 2 15 0 0 15 1..2
K/i2 K i2 1 20 0 0 20 1..1`},
		{"no order", "- s2 SUCCESS 1 - 20\n_ s1 SUCCESS 1 - 10\n- s3 SUCCESS 1 i 5", `
settlement:s1 _ _ 1 10 0 0 10 1..1
settlement:s2 _ _ 1 20 0 0 20 1..1
settlement:s3/i _ i 1 5 0 0 5 1..1`},
		{"what is not known is left out", "K s1 SUCCESS 1 - 20 _ 3 _\nK s2 SUCCESS 1 - 10 _ _ 10", `
K K _ 2 30 _ 3 10 1..1`},
	} {
		rows, err := reconcile.Unexplained(1, unexplainedOf(t, test.settlements))
		if diff := cmp.Diff(test.want, unexplainedText(rows)); diff != "" || err != nil {
			t.Errorf("%s (-want +got, %v):\n%s", test.name, err, diff)
		}
		for _, r := range rows {
			if r.Verdict != schema.SettlementOnly || r.WalkAccountID != "" || r.BillRows != 0 || r.MatchedBy.Valid || !slices.Equal(r.Reasons, []string{"settlement_unexplained"}) ||
				r.Billed != (schema.Legs{}) || r.Diff != (schema.Legs{}) || r.Refund.Valid {
				t.Errorf("%s: %+v", test.name, r)
			}
		}
	}
}

// TestUnexplainedConservation: each settlement is in exactly one group, the sums
// are theirs, and it does not count in which order they come.
func TestUnexplainedConservation(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(5, seed))
		o := shape{accounts: 1, days: 3, bills: 1, settlements: 12, items: true, nulls: true}.random(rng)
		var want, got sums
		for i := range o.Settlements {
			s := &o.Settlements[i]
			s.OrderID = []schema.Null[string]{{}, schema.Some(""), schema.Some("K"), schema.Some("L")}[rng.IntN(4)]
			if s.Status == schema.StatusSuccess {
				want.add(&schema.Legs{s.Amount, s.Rake, s.Commission, s.SharesTotal})
			}
		}
		rows, err := reconcile.Unexplained(1, o.Settlements)
		if err != nil {
			t.Fatal(err)
		}
		var settlements int64
		for i := range rows {
			settlements += rows[i].SettlementRows
			got.add(&rows[i].Settled)
			if i > 0 && rows[i-1].GroupKey >= rows[i].GroupKey {
				t.Errorf("seed %d: %s before %s", seed, rows[i-1].GroupKey, rows[i].GroupKey)
			}
		}
		if settlements != int64(len(o.Settlements)) || got != want {
			t.Errorf("seed %d: %d settlements in groups, sums %v; want %d, %v", seed, settlements, got, len(o.Settlements), want)
		}
		shuffled := slices.Clone(o.Settlements)
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		again, err := reconcile.Unexplained(1, shuffled)
		if diff := cmp.Diff(rows, again); diff != "" || err != nil {
			t.Errorf("seed %d, shuffled (%v):\n%s", seed, err, diff)
		}
	}
}

func TestUnexplainedOverflow(t *testing.T) {
	t.Parallel()
	settlements := unexplainedOf(t, "K s1 SUCCESS 1 i 9223372036854775807\nK s2 SUCCESS 1 i 1\nL s3 SUCCESS 1 - 1")
	_, err := reconcile.Unexplained(1, settlements)
	if !errors.Is(err, schema.ErrOverflow) || !strings.HasPrefix(err.Error(), "group K/i, settlement_only on 1970-01-02: sum of total") {
		t.Error(err)
	}
}

package audit

import (
	"math"
	"testing"

	"billwalk/schema"
)

// TestCommissionRules: a missing part makes the commission NULL by rule 1, and counts as
// nothing by rule 2 if one of the four usual parts is known. The total wins by both.
func TestCommissionRules(t *testing.T) {
	t.Parallel()
	parts := []schema.Amount{schema.TalentCommission, schema.TotalAgentMerchant, schema.BrokerCommission, schema.ClerkCommission, schema.MallStoreGoods}
	for pattern := range 1 << len(parts) {
		var a schema.Amounts
		a[schema.TotalOperationAgent] = schema.Some(schema.Fen(1000))
		sum := schema.Fen(0)
		for i, part := range parts {
			if pattern&(1<<i) != 0 {
				a[part] = schema.Some(schema.Fen(-1) << i)
				sum += a[part].V
			}
		}
		for rule, known := range map[int]bool{0: pattern == 31, 1: pattern == 31, 2: pattern&15 != 0} {
			want := schema.Null[schema.Fen]{}
			if known {
				want = schema.Some(sum)
			}
			if got, err := schema.Total(commissions(&a, rule)...); err != nil || got != want {
				t.Errorf("rule %d: %v, %v, want %v of %v", rule, got, err, want, a)
			}
		}
		a[schema.TotalCommission] = schema.Some(schema.Fen(7))
		for rule := range 3 {
			if got, err := schema.Total(commissions(&a, rule)...); err != nil || got != a[schema.TotalCommission] {
				t.Errorf("rule %d: %v, %v, want the total", rule, got, err)
			}
		}
	}
}

// TestSharesOf: the sum is NULL if it is NULL in the build.
func TestSharesOf(t *testing.T) {
	t.Parallel()
	fen := func(amounts ...schema.Fen) schema.Settlement {
		list := []schema.Share{}
		for _, a := range amounts {
			list = append(list, schema.Share{MerchantNo: "1", Amount: a})
		}
		return schema.Settlement{Shares: schema.Some(list)}
	}
	for name, c := range map[string]struct {
		settlement schema.Settlement
		want       schema.Null[schema.Fen]
	}{
		"no list":    {schema.Settlement{}, schema.Null[schema.Fen]{}},
		"empty list": {fen(), schema.Some(schema.Fen(0))},
		"two":        {fen(840, 19108), schema.Some(schema.Fen(19948))},
		"the most":   {fen(1e12-1, 1), schema.Some(schema.Fen(1e12))},
		"too much":   {fen(1e12, 1), schema.Null[schema.Fen]{}},
		"overflow":   {fen(math.MaxInt64, 1), schema.Null[schema.Fen]{}},
	} {
		if got := sharesOf(&c.settlement); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

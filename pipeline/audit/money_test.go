package audit

import (
	"testing"

	"billwalk/schema"
)

// TestCommissionRules: what is absent makes rule 1 say nothing, and counts as
// nothing by rule 2 while one of the four usual parts is there; a total goes
// before all parts, by both.
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

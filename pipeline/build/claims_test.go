package build

import (
	"testing"

	"pgregory.net/rapid"

	"billwalk/schema"
)

// TestClaims: a settlement has one owner, the order that took it first.
func TestClaims(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, want := new(claims), make(map[schema.SettlementKey]string)
		id := rapid.SampledFrom([]string{"", "1", "2", "11"})
		for range rapid.IntRange(1, 40).Draw(t, "settlements") {
			s := schema.SettlementKey{SettleID: id.Draw(t, "settle_id"), ItemOrderID: id.Draw(t, "item")}
			order := rapid.SampledFrom([]string{"", "K", "L", "ext:K"}).Draw(t, "order")
			if _, taken := want[s]; !taken {
				want[s] = order
			}
			if got := c.take(s, order); got != want[s] {
				t.Fatalf("%v is of order %q, want %q", s, got, want[s])
			}
		}
	})
}

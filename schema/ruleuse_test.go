package schema

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// TestSilent: a rule is silent after 200 orders without a settlement.
func TestSilent(t *testing.T) {
	t.Parallel()
	for use, want := range map[RuleUse]bool{
		{}: false, {Asked: 199}: false, {Asked: 200}: true, {Asked: 1_000_000}: true, {Asked: 200, Answered: 1}: false, {Asked: 1_000_000, Answered: 1}: false,
	} {
		if got := use.Silent(200); got != want {
			t.Errorf("%+v is silent: %t", use, got)
		}
	}
}

// TestCompareRate: rules compare by the share of orders for which they found settlements,
// with one of two added to each, so that a new rule is tried.
func TestCompareRate(t *testing.T) {
	t.Parallel()
	use := rapid.Custom(func(t *rapid.T) RuleUse {
		asked := rapid.Int64Range(0, 1_000_000_000).Draw(t, "asked")
		return RuleUse{Asked: asked, Answered: rapid.Int64Range(0, asked).Draw(t, "answered")}
	})
	rapid.Check(t, func(t *rapid.T) {
		u, v := use.Draw(t, "u"), use.Draw(t, "v")
		if got, want := u.CompareRate(v), big.NewRat(u.Answered+1, u.Asked+2).Cmp(big.NewRat(v.Answered+1, v.Asked+2)); got != want || v.CompareRate(u) != -want {
			t.Fatalf("%+v and %+v: %d and %d, want %d", u, v, got, v.CompareRate(u), want)
		}
	})
}

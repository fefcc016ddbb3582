package schema

import (
	"math/big"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestSilent: a rule is silent when it was given 200 orders and never answered.
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

// TestCompareRate: rules compare as the shares of orders that they answer for,
// one order of two added to each, so that a new rule is worth a try.
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

// TestText: of every column of every table a value has a text, another value has
// another one, and NULL has none.
func TestText(t *testing.T) {
	t.Parallel()
	textsOf(t, Bills)
	textsOf(t, Settlements)
	textsOf(t, Reconciliations)
	textsOf(t, Exceptions)
	textsOf(t, Restatements)
}

func textsOf[R any](t *testing.T, table Table[R]) {
	t.Helper()
	var one, same, other, absent R
	n := 0
	present(reflect.ValueOf(&one).Elem(), &n)
	present(reflect.ValueOf(&other).Elem(), &n)
	n = 0
	present(reflect.ValueOf(&same).Elem(), &n)
	for _, f := range table.Fields {
		text := f.Text(&one)
		if !text.Valid || text != f.Text(&same) || text == f.Text(&other) && f.Type != Bool {
			t.Errorf("%s.%s: %q, the same is %q, another is %q", table.Name, f.Name, text.V, f.Text(&same).V, f.Text(&other).V)
		}
		if got := f.Text(&absent); got == text || got.Valid && !f.Required && f.Type != Texts {
			t.Errorf("%s.%s: without a value it is %+v", table.Name, f.Name, got)
		}
	}
}

// TestTextOf: texts are the same wherever a value comes from.
func TestTextOf(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 23, 59, 59, 123456000, time.FixedZone("", 8*3600))
	b := Bill{FetchedAt: at, SettleTime: Some(at.UTC()), GroupName: Some(""), SettleType: -1}
	b.Amounts[Pay] = Some(Fen(-123))
	for column, want := range map[string]Null[string]{
		"fetched_at": Some("2026-11-20T15:59:59.123456Z"), "settle_time": Some("2026-11-20T15:59:59.123456Z"),
		"group_name": Some(""), "code": {}, "settle_type": Some("-1"), "pay_fen": Some("-123"), "goods_fen": {},
	} {
		if got := Bills.Column(column).Text(&b); got != want {
			t.Errorf("%s is %+v, want %+v", column, got, want)
		}
	}
	if f := Bills.Column("bill_date"); f != nil {
		t.Errorf("bills has a column %+v", f)
	}
}

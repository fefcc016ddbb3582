package sandbox

import (
	"testing"

	"billwalk/schema"
)

// BenchmarkPage makes one page of fifty in the middle of a large day.
func BenchmarkPage(b *testing.B) {
	p := New(Config{Seed: 1, Bills: 50_000, Now: fixedClock})
	u := schema.Unit{Account: p.Accounts()[1], Day: demoDay}
	scope, _ := p.world.scopeOf(u.Account)
	c := call{apiQuery: apiQuery{api: BillsAPI, day: u.Day, attempt: 1}, account: u.Account, scope: scope, cursor: "x", offset: 20_000, size: 50}
	b.ReportAllocs()
	for b.Loop() {
		p.success(c, "")
	}
}

// BenchmarkSettlements makes the answer of one settle query.
func BenchmarkSettlements(b *testing.B) {
	p := New(Config{Seed: 1, Bills: 50_000, Now: fixedClock})
	order := p.world.bill(place{p.world.merchants[0].payees[0], demoDay, 8_000}).ShopOrderID
	b.ReportAllocs()
	for b.Loop() {
		p.settlements(apiQuery{api: SettleAPI, day: demoDay, attempt: 1}, "order_id", order)
	}
}

package sandbox

import (
	"testing"

	"billwalk/schema"
)

// One page of fifty in the middle of a large day, without the wire.
func BenchmarkPage(b *testing.B) {
	p := New(Config{Seed: 1, Bills: 50_000, Now: fixedClock})
	u := schema.Unit{Account: p.Accounts()[1], Day: demoDay}
	reach, _ := p.world.find(u.Account)
	c := call{account: u.Account, reach: reach, day: u.Day, cursor: "x", offset: 20_000, size: 50, asked: 1}
	b.ReportAllocs()
	for b.Loop() {
		p.success(c, "")
	}
}

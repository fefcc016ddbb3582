package sandbox

import "testing"

// A few settlements per merchant and week are known only from callbacks.
func TestStrays(t *testing.T) {
	t.Parallel()
	week := CallbackWindow{demoDay, demoDay + 6, farAhead}
	strays := func(config Config) (orders int, all []settlement) {
		config.Seed, config.Bills = 7, 20
		for o, settlements := range New(config).callbackOrders(week) {
			if o == nil {
				orders++
				all = append(all, settlements...)
			}
		}
		return orders, all
	}
	if none, _ := strays(Config{Strays: -1}); none != 0 {
		t.Errorf("%d strays, want none", none)
	}
	if many, _ := strays(Config{Accounts: 24, Strays: 70}); many < 22*70 || many > 24*70 {
		t.Errorf("%d strays of 23 merchants, want 70 each", many)
	}
	if few, _ := strays(Config{Healthy: true}); few < 36 || few > 84 {
		t.Errorf("%d strays of 12 merchants in a healthy world, want about five each", few)
	}
	p := New(Config{Seed: 7, Bills: 20})
	known := map[string]bool{}
	demoBills(p, 7, func(_ place, b *bill) { known[b.ShopOrderID], known[b.ItemOrderID] = true, true })
	seen, ids := map[string]int{}, map[string]bool{}
	_, all := strays(Config{Strays: 70})
	for _, s := range all {
		if s.orderID != "" && known[s.orderID] || s.item != "" && known[s.item] || len(p.world.findSettlements("settle_id", s.settleID, farAhead)) > 0 {
			t.Errorf("%+v is known from bills or the query", s)
		}
		if ids[s.settleID+s.item] {
			t.Errorf("%+v has two callbacks", s)
		}
		ids[s.settleID+s.item] = true
		say := func(yes bool, kind string) {
			if yes {
				seen[kind]++
			}
		}
		say(true, s.status)
		say(s.item != "", "item")
		say(s.item == "", "no item")
		say(s.orderID == "", "no order")
		say(s.outSettleNo == s.settleID, "auto")
		for _, parameter := range []string{"settle_id", "out_settle_no", "order_id", "out_order_no"} {
			found := p.world.findStray(parameter, s.field(parameter), farAhead)
			if own := parameter == "settle_id" || parameter == "out_settle_no"; len(found) > 1 || len(found) == 1 && (!own || found[0].settleID != s.settleID || found[0].status != s.status) {
				t.Errorf("query by %s %s: got %+v", parameter, s.field(parameter), found)
			}
			say(parameter == "settle_id" && len(found) == 0, "not known to the query")
			say(parameter == "settle_id" && len(found) == 1, "known to the query")
		}
		if found := p.world.findStray("settle_id", s.settleID, week.From.Start().Add(-1)); len(found) > 0 {
			t.Errorf("%+v is found before its time", found)
		}
		say(!week.covers(s.ownDay()), "of another day")
	}
	for _, kind := range []string{statusSuccess, statusFail, "item", "no item", "no order", "auto", "not known to the query", "known to the query"} {
		if seen[kind] < 10 {
			t.Errorf("strays: %v", seen)
		}
	}
	if seen["of another day"] > 0 || seen[statusFail] > seen[statusSuccess] {
		t.Errorf("strays: %v", seen)
	}
}

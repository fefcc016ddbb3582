package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// Ten seeds together have every story, link and spelling.
func TestWorldsHaveEveryStory(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	orders := 0
	for seed := uint64(1); seed <= 10; seed++ {
		p := New(Config{Seed: seed, Bills: 120})
		demoOrders(p, 2, func(o *order) {
			orders++
			for _, kind := range kindsOfOrder(p.world, o) {
				seen[kind]++
			}
		})
	}
	want := []string{
		"bridge 0", "bridge 1", "bridge 2", "bridge 3", "no shop order", "no key", "several days", "several payees", "several items",
		"free", "conflict", "reversed", "next day", "several shares", "one share", "withheld commission", "withheld fee",
		"number", "quoted number", "text id", "bare id", "settle_time", "settle_at", "no time", "cp_extra", "hostile cp_extra", "platform's own",
		statusInit, statusProcessing, statusSuccess, statusFail, statusUnknown, SettleDetail, SettleAmountIdentity,
	}
	for _, s := range stories {
		want = append(want, s.name)
	}
	for _, kind := range want {
		if seen[kind] == 0 {
			t.Errorf("no %s in %d orders", kind, orders)
		}
	}
	if seen["whole"]*3 < orders {
		t.Errorf("%d of %d orders are settled as a whole: that should be the common case", seen["whole"], orders)
	}
}

func kindsOfOrder(w *world, o *order) []string {
	kinds := []string{o.story.name, fmt.Sprint("bridge ", int(o.link))}
	say := func(yes bool, kind string) {
		if yes {
			kinds = append(kinds, kind)
		}
	}
	say(o.shop == "", "no shop order")
	say(o.lines[0].key() == "", "no key")
	say(len(o.days()) > 1, "several days")
	say(slices.ContainsFunc(o.lines, func(l line) bool { return l.at.payee != o.lines[0].at.payee }), "several payees")
	say(len(splitByItem(o.lines)) > 1, "several items")
	say(sum(o.lines).fen[legTotal] == 0, "free")
	say(slices.ContainsFunc(o.lines, func(l line) bool { return slices.Contains(l.exceptions, DuplicateConflict) }), "conflict")
	say(slices.ContainsFunc(o.lines, func(l line) bool { return l.direction < 0 }), "reversed")
	say(o.sharedOn > o.lastDay(), "next day")
	for _, s := range w.settlements(o, fixedClock()) {
		say(true, s.status)
		say(true, s.exception)
		say(s.time == 0, "no time")
		say(!s.shown[legCommission], "withheld commission")
		say(!s.shown[legFee], "withheld fee")
		say(len(s.shares()) == 1, "one share")
		say(len(s.shares()) > 1, "several shares")
		say(s.outSettleNo == s.settleID, "platform's own")
		record := s.record()
		_, quoted := record.SettleAmount.(string)
		_, text := record.SettleID.(string)
		say(quoted, "quoted number")
		say(!quoted, "number")
		say(text, "text id")
		say(!text, "bare id")
		say(record.SettleTime != nil, "settle_time")
		say(record.SettleAt != nil, "settle_at")
		say(record.CpExtra != "", "cp_extra")
		say(strings.Contains(record.CpExtra, "DROP TABLE"), "hostile cp_extra")
	}
	return kinds
}

// The sums of a whole order confirm its story: they agree if it is matched, and do not
// if it is mismatched.
func TestStoriesAddUp(t *testing.T) {
	t.Parallel()
	compared := map[string]int{}
	for seed := range uint64(4) {
		p := New(Config{Seed: seed})
		demoOrders(p, 3, func(o *order) {
			settlements := p.world.settlements(o, farAhead)
			for i := range settlements {
				checkIdentity(t, o, &settlements[i])
			}
			if len(o.days()) > 1 || slices.ContainsFunc(settlements, func(s settlement) bool { return s.item != "" }) {
				return // judged in parts
			}
			out := o.phase(farAhead).judge(o, group{day: o.lastDay(), whole: true, ownOnly: true})
			compared[out.verdict]++
			legs, differ := compare(o, settlements)
			if out.verdict == matched && (legs == 0 || differ > 0) || out.verdict == mismatched && differ == 0 {
				t.Errorf("%s: %d of %d legs differ, but the verdict is %s", o.story.name, differ, legs, out.verdict)
			}
		})
	}
	if compared[matched] < 1000 || compared[mismatched] < 50 {
		t.Errorf("compared orders: %v", compared)
	}
}

// compare counts the legs that bills and successful settlements show, and those that
// differ.
func compare(o *order, settlements []settlement) (legs, differ int) {
	for leg := range legCount {
		billed, settled, shown := int64(0), int64(0), true
		for _, l := range o.lines {
			legs := l.legs()
			billed, shown = billed+legs.fen[leg], shown && legs.shown[leg]
		}
		for _, s := range settlements {
			if s.status == statusSuccess {
				settled, shown = settled+s.fen[leg], shown && s.shown[leg] && (leg != legNet || s.exception != SettleDetail)
			}
		}
		if shown {
			legs++
		}
		if shown && billed != settled {
			differ++
		}
	}
	return legs, differ
}

// checkIdentity checks settle_amount = rake + commission + shares, unless it is planted
// to fail, or a part is not shown.
func checkIdentity(t *testing.T, o *order, s *settlement) {
	t.Helper()
	if s.status != statusSuccess || s.exception == SettleDetail || !s.shown[legFee] || !s.shown[legCommission] {
		return
	}
	shares := int64(0)
	for _, share := range s.shares() {
		shares += share.Fen
		if len(share.MerchantNo) != 20 || share.Fen < 0 {
			t.Errorf("%s: share %+v", o.story.name, share)
		}
	}
	holds := s.fen[legTotal] == s.fen[legFee]+s.fen[legCommission]+shares
	if holds == (s.exception == SettleAmountIdentity) {
		t.Errorf("%s: settle_amount %d, rake %d, commission %d, shares %d", o.story.name, s.fen[legTotal], s.fen[legFee], s.fen[legCommission], shares)
	}
}

// Late settlements change at their time and not before; nothing else ever changes.
func TestLateSettlements(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 70})
	changed := map[string]int{}
	demoOrders(p, 2, func(o *order) {
		settlements := func(at time.Time) string { return fmt.Sprint(p.world.settlements(o, at)) }
		early, before, after := settlements(time.Time{}), settlements(o.lateAt.Add(-1)), settlements(o.lateAt)
		if early != before || after != settlements(farAhead) {
			t.Errorf("%s: changes at another time", o.story.name)
		}
		if (before != after) != (len(o.story.phases) > 1) {
			t.Errorf("%s: changes is %t", o.story.name, before != after)
		}
		if days := o.lateAt.Sub(o.lastDay().Start()); days < 24*time.Hour || days > 4*24*time.Hour {
			t.Errorf("%s: changes after %v", o.story.name, days)
		}
		if before != after {
			changed[fmt.Sprint(o.story.name, int(o.lateAt.Sub(o.lastDay().Start()).Hours()/24))]++
		}
	})
	if len(changed) < 5 {
		t.Errorf("changes by story and days: %v", changed)
	}
}

// Orders of a healthy world have one day each and are all settled.
func TestHealthyOrdersAreSettled(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 71, Healthy: true})
	demoOrders(p, 2, func(o *order) {
		healthy := o.story.healthy && o.findable() && len(o.days()) == 1 && o.lines[0].key() != ""
		for _, s := range p.world.settlements(o, fixedClock()) {
			healthy = healthy && s.status == statusSuccess && s.exception == ""
		}
		if !healthy {
			t.Errorf("order %s has the story %q", o.shop, o.story.name)
		}
	})
}

// The lines of an order are exactly the forward bills with its origin.
func TestLinesOfOrders(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 72})
	const days = 2*periodLength + 2 // so that they include all days of the orders in the middle
	byOrigin := map[place][]string{}
	demoBills(p, days, func(_ place, b *bill) {
		if b.SettleType == forward && !b.again {
			byOrigin[b.origin] = append(byOrigin[b.origin], b.LedgerID)
		}
	})
	checked := 0
	for origin, want := range byOrigin {
		unavailable := origin.payee.merchant.index%dozen >= withdrawnByHand
		if origin.day < demoDay || origin.day > demoDay+days-3 || unavailable {
			continue
		}
		o, ok := p.world.order(origin)
		if !ok {
			t.Fatalf("no order at %v", origin)
		}
		var got []string
		for _, l := range o.lines {
			got = append(got, l.LedgerID)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("order %s has bills %v, want %v", o.shop, got, want)
		}
		checked++
	}
	if checked < 5_000 {
		t.Errorf("%d orders were checked", checked)
	}
}

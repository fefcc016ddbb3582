package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// Worlds of ten seeds have every story, bridge and look between them.
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

// What a story says of an order follows from sums alone, where all of the order
// is looked at: what is matched agrees, and what is mismatched does not.
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
				t.Errorf("%s: %d of %d legs differ, and the story says %s", o.story.name, differ, legs, out.verdict)
			}
		})
	}
	if compared[matched] < 1000 || compared[mismatched] < 50 {
		t.Errorf("compared are %v", compared)
	}
}

// compare counts the legs that bills and successful settlements tell, and those
// of them that differ.
func compare(o *order, settlements []settlement) (legs, differ int) {
	for leg := range legCount {
		billed, settled, told := int64(0), int64(0), true
		for _, l := range o.lines {
			one := l.legs()
			billed, told = billed+one.fen[leg], told && one.shown[leg]
		}
		for _, s := range settlements {
			if s.status == statusSuccess {
				settled, told = settled+s.fen[leg], told && s.shown[leg] && (leg != legNet || s.exception != SettleDetail)
			}
		}
		if told {
			legs++
		}
		if told && billed != settled {
			differ++
		}
	}
	return legs, differ
}

// settle_amount = rake + commission + shares, unless planted or a part is withheld.
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

// What is late turns at its time and not before; nothing else ever changes.
func TestLateSettlementsTurn(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 70})
	turned := map[string]int{}
	demoOrders(p, 2, func(o *order) {
		told := func(at time.Time) string { return fmt.Sprint(p.world.settlements(o, at)) }
		long, before, after := told(time.Time{}), told(o.lateAt.Add(-1)), told(o.lateAt)
		if long != before || after != told(farAhead) {
			t.Errorf("%s: changes at a time that is not its own", o.story.name)
		}
		if (before != after) != (len(o.story.phases) > 1) {
			t.Errorf("%s: turns: %t", o.story.name, before != after)
		}
		if days := o.lateAt.Sub(o.lastDay().Start()); days < 24*time.Hour || days > 4*24*time.Hour {
			t.Errorf("%s: turns after %v", o.story.name, days)
		}
		if before != after {
			turned[fmt.Sprint(o.story.name, int(o.lateAt.Sub(o.lastDay().Start()).Hours()/24))]++
		}
	})
	if len(turned) < 5 {
		t.Errorf("turned after days: %v", turned)
	}
}

// Orders of a healthy world are all settled, for good, and stay within a day.
func TestHealthyOrdersAreSettled(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 71, Healthy: true})
	demoOrders(p, 2, func(o *order) {
		sound := o.story.healthy && o.findable() && len(o.days()) == 1 && o.lines[0].key() != ""
		for _, s := range p.world.settlements(o, fixedClock()) {
			sound = sound && s.status == statusSuccess && s.exception == ""
		}
		if !sound {
			t.Errorf("order %s is told as %q", o.shop, o.story.name)
		}
	})
}

// An order found by its home has just the bills that say they are of it.
func TestLinesAreAllOfTheOrder(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 72})
	const days = 2*periodLength + 2 // so that orders of the middle lie within
	byHome := map[place][]string{}
	demoBills(p, days, func(_ place, b *bill) {
		if b.SettleType == forward {
			byHome[b.origin] = append(byHome[b.origin], b.LedgerID)
		}
	})
	checked := 0
	for home, want := range byHome {
		unavailable := home.payee.merchant.index%dozen >= withdrawnByHand
		if home.day < demoDay || home.day > demoDay+days-3 || unavailable {
			continue
		}
		o, ok := p.world.order(home)
		if !ok {
			t.Fatalf("no order at %v", home)
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

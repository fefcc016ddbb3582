package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

// callbackText is the body of a callback.
type callbackText struct {
	Version, Msg, Type string
}

// parseCallback returns the callback's msg with the field names of the settle query.
func parseCallback(t testing.TB, body []byte) map[string]json.RawMessage {
	t.Helper()
	var seen callbackText
	var msg map[string]json.RawMessage
	if err := json.Unmarshal(body, &seen); err != nil || seen.Version != "2.0" || seen.Type != "settle" {
		t.Fatalf("%v in %s", err, body)
	}
	if err := json.Unmarshal([]byte(seen.Msg), &msg); err != nil {
		t.Fatalf("%v in %s", err, seen.Msg)
	}
	msg["settle_status"], msg["settle_time"] = msg["status"], msg["event_time"]
	return msg
}

// allCallbacks are the callbacks of three days, after all settlements are final.
var allCallbacks = CallbackWindow{demoDay, demoDay + 2, farAhead}

// A callback has the same content as the settle query's answer, field by field.
func TestCallbacksAgreeWithTheQuery(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for seed := range uint64(4) {
		p := New(Config{Seed: seed, Bills: 60, Strays: -1})
		callbacks := slices.Collect(p.Callbacks(allCallbacks.From, allCallbacks.To, allCallbacks.At))
		for _, c := range callbacks {
			records := p.world.findSettlements("settle_id", c.SettleID, farAhead)
			if len(records) != 1 {
				t.Fatalf("the query finds %d settlements %s, want 1", len(records), c.SettleID)
			}
			var record map[string]json.RawMessage
			if err := json.Unmarshal(compact(records[0].record()), &record); err != nil {
				t.Fatal(err)
			}
			msg := parseCallback(t, c.Body)
			if text(msg["cp_extra"]) != text(record["cp_extra"]) || text(msg["app_id"]) != c.AppID || msg["out_order_no"] != nil {
				t.Errorf("settlement %s has the callback %s", compact(record), c.Body)
			}
			if named := text(record["item_order_id"]); named != "" && named != c.ItemOrderID || text(msg["item_order_id"]) != c.ItemOrderID {
				t.Errorf("settlement %s: item %q in the query's answer, %s in the callback", c.SettleID, named, msg["item_order_id"])
			}
			if auto := text(msg["settle_id"]) == text(msg["out_settle_no"]); text(msg["is_auto_settle"]) != fmt.Sprint(auto) || c.AutoSettle != auto {
				t.Errorf("%s: wrong is_auto_settle", c.Body)
			}
			if failed := c.Status == statusFail; failed == (c.Message == "SUCCESS") || text(msg["message"]) != c.Message {
				t.Errorf("%s: wrong message", c.Body)
			}
			if string(msg["settle_detail"]) != string(record["settle_detail"]) {
				seen["another spelling"]++
			}
			if _, ok := msg["rake"]; !ok {
				seen["no rake"]++
			}
			seen[c.Status]++
			delete(record, "out_order_no")
			record["item_order_id"] = msg["item_order_id"]
			if diff := cmp.Diff(settlementLine(t, record), settlementLine(t, msg)); diff != "" {
				t.Errorf("(-query +callback):\n%s", diff)
			}
		}
	}
	for _, kind := range []string{"another spelling", "no rake", statusSuccess, statusFail} {
		if seen[kind] < 10 {
			t.Errorf("%s: got %d, want 10 or more", kind, seen[kind])
		}
	}
	if seen[statusSuccess]+seen[statusFail] < 2000 {
		t.Errorf("seen %v", seen)
	}
}

// Every final settlement of an order has a callback, and no other. An item that is
// named is the settlement's only item. If only the item links the callback to the bills,
// it is left out only where it is settled in parts.
func TestCallbacksOfWholeOrders(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 3, Bills: 120, Strays: -1})
	seen := map[string]int{}
	for o, settlements := range p.callbackOrders(allCallbacks) {
		all := p.world.settlements(o, farAhead)
		final := slices.DeleteFunc(slices.Clone(all), func(s settlement) bool { return !s.final() })
		if len(settlements) != len(final) || o.link == noLink || !o.findable() {
			t.Errorf("%s: %d of %d final settlements have callbacks", o.story.name, len(settlements), len(final))
		}
		for i, s := range settlements {
			switch {
			case s.item == "" && len(s.settledItems) > 1:
				seen["several"]++
			case s.item != "" && (len(s.settledItems) != 1 || s.settledItems[0] != s.item):
				t.Errorf("%s: item %s of %v", o.story.name, s.item, s.settledItems)
			case s.item == "" && final[i].item != "":
				t.Errorf("%s: only the query names item %s", o.story.name, final[i].item)
			case s.orderID != o.shop && s.item != "":
				seen["the only link"]++
			case s.orderID != o.shop:
				seen["no link"]++
				if len(all) == 1 {
					t.Errorf("%s: settlement %s of one item names none", o.story.name, s.settleID)
				}
			case s.item != "":
				seen["named"]++
			default:
				seen["not named"]++
			}
		}
	}
	if n := seen["named"] * 100 / (seen["named"] + seen["not named"]); n < 40 || n > 75 || seen["several"] < 100 || seen["the only link"] < 100 || seen["no link"] > 5 {
		t.Errorf("items: %v", seen)
	}
}

// The callbacks of several days are those of each day; an order that is settled on two
// days has them on both. No callback is sent before its settlement.
func TestCallbacksOfDays(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 4, Bills: 60})
	collect := func(from, to schema.Day, at time.Time) map[string]string {
		all := map[string]string{}
		for c := range p.Callbacks(from, to, at) {
			key := c.SettleID + " " + c.ItemOrderID
			if all[key] != "" {
				t.Errorf("%s has two callbacks", key)
			}
			all[key] = string(c.Body)
			if day := schema.DayOf(c.SettleTime); day != c.Day || c.SettleTime.After(at) {
				t.Errorf("by %s: %s has time %s and day %s", at, key, c.SettleTime, c.Day)
			}
		}
		return all
	}
	together, oneByOne := collect(demoDay, demoDay+2, farAhead), map[string]string{}
	for day := demoDay; day <= demoDay+2; day++ {
		maps.Copy(oneByOne, collect(day, day, farAhead))
	}
	if diff := cmp.Diff(together, oneByOne); diff != "" || len(together) < 1000 {
		t.Errorf("%d callbacks (-together +one by one):\n%.1000s", len(together), diff)
	}
	soFar := collect(demoDay, demoDay+2, (demoDay + 1).Start().Add(20*time.Hour))
	for key := range soFar {
		if together[key] == "" {
			t.Errorf("%s has a callback, and none later", key)
		}
	}
	if len(soFar) == 0 || len(soFar) > len(together)/2 {
		t.Errorf("%d of %d callbacks on the second day", len(soFar), len(together))
	}
}

// Lost callbacks are never sent; late ones are all sent some days later.
func TestLostAndLateCallbacks(t *testing.T) {
	t.Parallel()
	count := func(config Config, at time.Time) (n int) {
		config.Seed, config.Bills, config.Strays = 5, 30, 70
		for range New(config).Callbacks(demoDay, demoDay+2, at) {
			n++
		}
		return n
	}
	soon := (demoDay + 3).Start()
	all, allSoon := count(Config{}, farAhead), count(Config{}, soon)
	if lost := all - count(Config{LostCallbacks: 20}, farAhead); lost*100 < 15*all || lost*100 > 25*all {
		t.Errorf("%d of %d callbacks are lost, want a fifth", lost, all)
	}
	if count(Config{LostCallbacks: 100}, farAhead) != 0 || count(Config{LateCallbacks: 100}, farAhead) != all {
		t.Error("with 100 percent lost or late: want no callback, or all of them in the end")
	}
	if late := allSoon - count(Config{LateCallbacks: 20}, soon); late*100 < 10*allSoon || late*100 > 25*allSoon {
		t.Errorf("%d of %d callbacks are late, want about a fifth", late, allSoon)
	}
}

// Unauthorised merchants have no callbacks, unavailable units do.
func TestCallbacksWithoutBills(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 6, Bills: 30})
	orders := map[int]int{}
	for o := range p.callbackOrders(allCallbacks) {
		if o != nil {
			orders[o.origin.payee.merchant.index]++
		}
	}
	if orders[unauthorised] != 0 || orders[withdrawnByHand] == 0 || orders[withdrawnNoDetail] == 0 {
		t.Errorf("orders with callbacks by merchant: %v", orders)
	}
}

// An old-style callback has the same content in its own form, or in that of version 2.0.
func TestLegacyBodies(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 8, Bills: 60})
	seen := map[string]int{}
	for _, settlements := range p.callbackOrders(allCallbacks) {
		for _, s := range settlements {
			var body struct{ Timestamp, Nonce, Msg, Type, Version string }
			var msg map[string]json.RawMessage
			raw := p.world.legacyBody(&s, "token", "1643189272", "nonce")
			if err := errors.Join(json.Unmarshal(raw, &body), json.Unmarshal([]byte(body.Msg), &msg)); err != nil {
				t.Fatalf("%v in %s", err, raw)
			}
			id := ""
			for _, name := range []string{"cp_settle_no", "channel_settle_id", "settle_no"} {
				if other := text(msg[name]); other != "" {
					id = other
				}
				seen[name+fmt.Sprint(msg[name] != nil)]++
			}
			current := parseCallback(t, p.world.callbackBody(&s, 0))
			if msg["settle_id"] != nil { // only the signature differs
				seen["names of 2.0"]++
				delete(current, "settle_status")
				delete(current, "settle_time")
				if diff := cmp.Diff(current, msg); diff != "" || body.Version != "" {
					t.Errorf("(-2.0 +legacy)\n%s", diff)
				}
				continue
			}
			app := text(msg["app_id"]) + text(msg["appid"])
			if id != s.settleID || app != p.world.appID() || body.Type != "settle" || body.Version != "" || body.Timestamp != "1643189272" || body.Nonce != "nonce" {
				t.Errorf("%s of settlement %s", raw, s.settleID)
			}
			if at := text(msg["settled_at"]); at != fmt.Sprint(s.time/1000) || text(msg["out_order_no"]) != s.outOrderNo || text(msg["cp_settle_no"]) != s.outSettleNo {
				t.Errorf("%s of order %s at %d", raw, s.outOrderNo, s.time)
			}
			if bare := len(msg["order_id"]) > 0 && msg["order_id"][0] != '"'; bare {
				seen["order_id is a number"]++
			}
			for _, name := range []string{"order_id", "status", "settle_amount", "rake", "commission", "settle_detail", "item_order_id", "cp_extra", "message", "is_auto_settle"} {
				if text(msg[name]) != text(current[name]) {
					t.Errorf("%s: %s, and %s in version 2.0", name, msg[name], current[name])
				}
			}
		}
	}
	for _, kind := range []string{"settle_nofalse", "settle_notrue", "channel_settle_idtrue", "order_id is a number", "names of 2.0"} {
		if seen[kind] < 10 {
			t.Errorf("seen %v", seen)
		}
	}
}

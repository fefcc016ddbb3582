package sandbox

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"billwalk/schema"
)

func TestCredentialsOfApps(t *testing.T) {
	t.Parallel()
	life, trade := schema.NewSecret("life-secret"), schema.NewSecret("trade-secret")
	for _, c := range []struct {
		name           string
		config         Config
		key, secret    string
		token          int64 // code of the token call
		bills, settles int64 // codes of calls with that token
	}{
		{"both, life", Config{ClientKey: "aw", ClientSecret: life, TradeKey: "tt", TradeSecret: trade}, "aw", "life-secret", 0, 0, codeIncapable},
		{"both, trade", Config{ClientKey: "aw", ClientSecret: life, TradeKey: "tt", TradeSecret: trade}, "tt", "trade-secret", 0, codeIncapable, 0},
		{"both, crossed", Config{ClientKey: "aw", ClientSecret: life, TradeKey: "tt", TradeSecret: trade}, "tt", "life-secret", codeBadSecret, 0, 0},
		{"both, another", Config{ClientKey: "aw", ClientSecret: life, TradeKey: "tt", TradeSecret: trade}, "xx", "trade-secret", codeBadKey, 0, 0},
		{"one for both", Config{ClientKey: "aw", ClientSecret: life, TradeKey: "aw", TradeSecret: life}, "aw", "life-secret", 0, 0, 0},
		{"life alone", Config{ClientKey: "aw", ClientSecret: life}, "aw", "life-secret", 0, 0, 0},
		{"trade alone, trade", Config{TradeKey: "tt", TradeSecret: trade}, "tt", "trade-secret", 0, 0, 0},
		{"trade alone, another", Config{TradeKey: "tt", TradeSecret: trade}, "any", "thing", 0, 0, codeIncapable},
		{"trade alone, wrong", Config{TradeKey: "tt", TradeSecret: trade}, "tt", "thing", codeBadSecret, 0, 0},
		{"none", Config{}, "any", "thing", 0, 0, 0},
	} {
		c.config.Healthy, c.config.Now = true, fixedClock
		p := New(c.config)
		w := walk(t, p)
		token, code := w.fetchToken(c.key, c.secret)
		if code != c.token {
			t.Errorf("%s: token code %d, want %d", c.name, code, c.token)
		}
		if w.token = token; token == "" {
			continue
		}
		bills := parsePage(t, w.query(unitQuery(schema.Unit{Account: p.Accounts()[0], Day: demoDay}, firstCursor, 1)).body).code()
		settles := parseSettle(t, w.settleQuery(`{}`).body).Extra
		if settles.Sub == subNoID { // admitted
			settles.ErrorCode = 0
		}
		if bills != c.bills || settles.ErrorCode != c.settles {
			t.Errorf("%s: bills %d, want %d; settlements %d, want %d", c.name, bills, c.bills, settles.ErrorCode, c.settles)
		}
	}
}

func TestEachAPIHasItsOwnLimit(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 64, Healthy: true, QPS: 1, TradeQPS: 2, Now: fixedClock})
	w := walk(t, p)
	w.authorise()
	w.query(unitQuery(schema.Unit{Account: p.Accounts()[0], Day: demoDay}, firstCursor, 1))
	for i, want := range []int64{0, 0, codeTooFrequent, codeTooFrequent} {
		got := parseSettle(t, w.queryBy("order_id", strconv.Itoa(i)).body).Extra
		if got.Sub == subNoOrder {
			got.ErrorCode = 0
		}
		if got.ErrorCode != want {
			t.Errorf("settle query %d: code %d, want %d", i+1, got.ErrorCode, want)
		}
	}
	requests := p.Requests()
	if got, want := requests[len(requests)-1], (Request{API: SettleAPI, At: fixedClock(), Parameter: "order_id", Value: "3"}); got != want {
		t.Errorf("recorded is %+v, want %+v", got, want)
	}
	if stats := p.Stats(); stats.Calls[SettleAPI] != 4 || stats.Busiest[SettleAPI] != 4 || stats.Codes["settlements 2119003"] != 2 {
		t.Errorf("stats %+v", stats)
	}
}

// A client that repeats calls gets the same answers under each passing fault.
func TestPassingFaultsOfSettleQuery(t *testing.T) {
	t.Parallel()
	plain := New(Config{Seed: 65, Bills: 40, Now: fixedClock})
	keys := queriesOf(plain)
	w := walk(t, plain)
	w.authorise()
	var want []string
	for _, key := range keys {
		want = append(want, fmt.Sprint(w.settlements(key[0], key[1])))
	}
	for _, f := range faults {
		if f.kind != passing {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			p := New(Config{Seed: 65, Bills: 40, Now: fixedClock, Stall: time.Millisecond, Faults: mustFaults(t, f.name)})
			w := walk(t, p)
			if f.name == "cut" || f.name == "reset" {
				w = overWire(t, p)
			}
			w.authorise()
			for i, key := range keys {
				if got := fmt.Sprint(w.settlements(key[0], key[1])); got != want[i] {
					t.Fatalf("%v: %s, want %s", key, got, want[i])
				}
			}
			if met := p.Stats().Faults[f.name]; met == 0 || met > f.limit {
				t.Errorf("%d calls met the fault, want 1 to %d", met, f.limit)
			}
		})
	}
}

// Faults that end the settle query do not affect the bill API, nor the other way round.
func TestEndingFaultsEndOneAPI(t *testing.T) {
	t.Parallel()
	for _, f := range faults {
		if f.kind != ending && f.kind != settleEnding {
			continue
		}
		p := New(Config{Seed: 66, Healthy: true, Now: fixedClock, Faults: mustFaults(t, f.name)})
		w := walk(t, p)
		w.authorise()
		u := schema.Unit{Account: p.Accounts()[0], Day: demoDay}
		var bills, settles int
		for range answeredBeforeEnding + 5 {
			if parsePage(t, w.query(unitQuery(u, firstCursor, 1)).body).code() == f.code {
				bills++
			}
			if got := parseSettle(t, w.queryBy("order_id", "1").body); got.Extra.ErrorCode == f.code {
				settles++
			}
		}
		want := [2]int{5, 0}
		if f.kind == settleEnding {
			want = [2]int{0, 5}
		}
		if got := [2]int{bills, settles}; got != want || p.Stats().Faults[f.name] != 5 {
			t.Errorf("%s refuses %v calls for bills and settlements, want %v", f.name, got, want)
		}
	}
}

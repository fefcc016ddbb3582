package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// settleAnswer is an answer of the settle query as the tests decode it.
type settleAnswer struct {
	Data  *[]map[string]json.RawMessage `json:"data"`
	Extra struct {
		ErrorCode int64  `json:"error_code"`
		Sub       int64  `json:"sub_error_code"`
		LogID     string `json:"logid"`
		Now       int64  `json:"now"`
	} `json:"extra"`
}

// settleQuery sends one settle query.
func (w *walker) settleQuery(body string) received {
	w.t.Helper()
	request := httptest.NewRequestWithContext(w.t.Context(), "POST", "/api/apps/trade/v2/settle/query_settle", strings.NewReader(body))
	request.Header.Set("access-token", w.token)
	request.Header.Set("Content-Type", "application/json")
	return w.send(request)
}

func (w *walker) queryBy(parameter, value string) received {
	w.t.Helper()
	return w.settleQuery(fmt.Sprintf(`{%q:%q}`, parameter, value))
}

func parseSettle(t testing.TB, body []byte) settleAnswer {
	t.Helper()
	var out settleAnswer
	if err := json.Unmarshal(body, &out); err != nil {
		t.Fatalf("%v in %.200q", err, body)
	}
	return out
}

// settlements queries until there is an answer, at most six times.
func (w *walker) settlements(parameter, value string) []map[string]json.RawMessage {
	w.t.Helper()
	var got received
	for range 6 {
		got = w.queryBy(parameter, value)
		var out settleAnswer
		if got.err != nil || got.status != 200 || !proven(got.body) || json.Unmarshal(got.body, &out) != nil {
			continue
		}
		switch {
		case out.Extra.ErrorCode == codeSettle && out.Extra.Sub == subNoOrder:
			return nil
		case out.Extra.ErrorCode == 0 && out.Data != nil:
			return *out.Data
		case strings.Contains(describe(out.Extra.ErrorCode), "token"):
			w.authorise()
		}
	}
	w.t.Fatalf("%s %s: no answer after six calls, the last is %v %.200q", parameter, value, got.err, got.body)
	return nil
}

// demoOrders calls see with every order of the first days.
func demoOrders(p *Platform, days int, see func(*order)) {
	seen := map[place]bool{}
	demoBills(p, days, func(_ place, b *bill) {
		if b.SettleType != forward || seen[b.origin] {
			return
		}
		seen[b.origin] = true
		if o, ok := p.world.order(b.origin); ok {
			see(o)
		}
	})
}

var farAhead = (demoDay + 100).Start()

// Every id finds the settlements that have it.
func TestEveryIDFindsItsSettlements(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 60, Bills: 40, Now: func() time.Time { return farAhead }})
	found := 0
	demoOrders(p, 2, func(o *order) {
		all := p.world.settlements(o, farAhead)
		for _, parameter := range []string{"settle_id", "order_id", "out_settle_no", "out_order_no"} {
			for _, s := range all {
				value := s.field(parameter)
				if value == "" {
					continue
				}
				want := 0
				for _, other := range all {
					if other.field(parameter) == value {
						want++
					}
				}
				if got := p.world.findSettlements(parameter, value, farAhead); len(got) != want {
					t.Fatalf("%s %s: %d settlements, want %d", parameter, value, len(got), want)
				}
				found++
			}
		}
	})
	if found < 1000 {
		t.Errorf("%d ids were queried, want 1000 or more", found)
	}
}

func TestFirstIDCounts(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 61, Now: fixedClock})
	w := walk(t, p)
	w.authorise()
	var two []settlement
	demoOrders(p, 1, func(o *order) {
		if s := p.world.settlements(o, fixedClock()); len(two) < 2 && len(s) == 1 && o.link == byBoth && o.external != "" && o.shop != "" {
			two = append(two, s[0])
		}
	})
	a, b := two[0], two[1]
	for _, c := range []struct{ body, want string }{
		{fmt.Sprintf(`{"settle_id":%q,"order_id":%q,"out_settle_no":%q,"out_order_no":%q}`, a.settleID, b.orderID, b.outSettleNo, b.outOrderNo), a.settleID},
		{fmt.Sprintf(`{"settle_id":"","order_id":%q,"out_settle_no":%q,"out_order_no":%q}`, a.orderID, b.outSettleNo, b.outOrderNo), a.settleID},
		{fmt.Sprintf(`{"out_settle_no":%q,"out_order_no":%q}`, a.outSettleNo, b.outOrderNo), a.settleID},
		{fmt.Sprintf(`{"out_order_no":%q,"order_id":"","more":1}`, b.outOrderNo), b.settleID},
	} {
		got := parseSettle(t, w.settleQuery(c.body).body)
		if got.Data == nil || len(*got.Data) != 1 || text((*got.Data)[0]["settle_id"]) != c.want {
			t.Errorf("%s: got %v, want settlement %s", c.body, got, c.want)
		}
	}
}

func TestInvalidSettleQueriesAreRefused(t *testing.T) {
	t.Parallel()
	w := walk(t, New(Config{Seed: 62, Now: fixedClock}))
	if got := w.queryBy("order_id", "7"); parseSettle(t, got.body).Extra.ErrorCode != codeBadToken {
		t.Errorf("without a token: %s", got.body)
	}
	w.authorise()
	for _, c := range []struct {
		body      string
		code, sub int64
	}{
		{`{}`, codeIncapable, subNoID},
		{`{"order_id":"","settle_id":""}`, codeIncapable, subNoID},
		{``, codeSettle, subBadParameter},
		{`order_id=1`, codeSettle, subBadParameter},
		{`{"order_id":7113893944009705516}`, codeSettle, subBadParameter},
		{`{"order_id":"` + strings.Repeat("7", 65) + `"}`, codeSettle, subBadParameter},
	} {
		got := w.settleQuery(c.body)
		seen := parseSettle(t, got.body)
		if seen.Extra.ErrorCode != c.code || seen.Extra.Sub != c.sub || strings.Contains(string(got.body), `"data"`) {
			t.Errorf("%s: got %s, want codes %d and %d without data", c.body, got.body, c.code, c.sub)
		}
	}
}

// An unknown order is answered in one of two ways; times and logids vary as in the
// bill API.
func TestUnknownOrders(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 63, Now: fixedClock})
	w := walk(t, p)
	w.authorise()
	values := []string{"x", "7", "ext-1", "ot", "ot7053735385750849836", "99999999999999999999", "-1", "a b", "单号"}
	for i := range 40 {
		values = append(values, makeID(63, idOrder, 70_000, 20_777, i), makeID(63, idOrder, 0, 20_777, 900_000+i))
	}
	seen, logids := map[string]int{}, map[string]bool{}
	for _, value := range values {
		got := parseSettle(t, w.queryBy("order_id", value).body)
		switch {
		case got.Extra.ErrorCode == codeSettle && got.Extra.Sub == subNoOrder && got.Data == nil:
			seen["not found"]++
		case got.Extra.ErrorCode == 0 && got.Data != nil && len(*got.Data) == 0:
			seen["empty"]++
		default:
			t.Errorf("%q: got %v", value, got)
		}
		seen[map[int64]string{fixedClock().Unix(): "seconds", fixedClock().UnixMilli(): "milliseconds"}[got.Extra.Now]]++
		logids[got.Extra.LogID] = true
	}
	if len(logids) != len(values) || seen["not found"] == 0 || seen["empty"] == 0 || seen["seconds"] == 0 || seen["milliseconds"] == 0 || seen[""] > 0 {
		t.Errorf("%d logids of %d queries; answers %v", len(logids), len(values), seen)
	}
}

// queriesOf returns a client's settle queries for the first day: parameters and values.
func queriesOf(p *Platform) (keys [][2]string) {
	demoOrders(p, 1, func(o *order) {
		if o.shop != "" {
			keys = append(keys, [2]string{"order_id", o.shop})
		}
		if o.external != "" {
			keys = append(keys, [2]string{"out_order_no", o.external})
		}
	})
	return keys
}

// The same seed gives the same answers, in any order and concurrently.
func TestSettleAnswersAreDeterministic(t *testing.T) {
	t.Parallel()
	query := func(concurrent bool) map[[2]string]string {
		p := New(Config{Seed: 67, Bills: 40, Now: fixedClock})
		w := walk(t, p)
		w.authorise()
		keys := queriesOf(p)
		answers := make([]string, len(keys))
		var group sync.WaitGroup
		for i, key := range slices.Backward(keys) {
			if !concurrent {
				answers[i] = string(w.queryBy(key[0], key[1]).body)
				continue
			}
			group.Go(func() { answers[i] = string(w.queryBy(key[0], key[1]).body) })
		}
		if concurrent {
			group.Go(func() { p.Verdicts(p.Accounts(), demoDay, demoDay, fixedClock()) })
		}
		group.Wait()
		out := map[[2]string]string{}
		for i, key := range keys {
			out[key] = answers[i]
		}
		return out
	}
	first := query(false)
	if diff := cmp.Diff(first, query(true)); diff != "" {
		t.Errorf("(-one by one +concurrently):\n%.1000s", diff)
	}
	if len(first) < 200 {
		t.Errorf("%d queries, want 200 or more", len(first))
	}
}

// Any settle query is answered in JSON, and the settlements that it finds have the id.
func FuzzSettleQuery(f *testing.F) {
	p := New(Config{Seed: 68, Now: fixedClock})
	token, _ := p.tokens.issue("key", fixedClock())
	for _, key := range queriesOf(p)[:2] {
		f.Add(fmt.Sprintf(`{%q:%q}`, key[0], key[1]))
	}
	f.Add(`{"settle_id":"ot7053735385750849836","order_id":""}`)
	f.Fuzz(func(t *testing.T, body string) {
		w := walk(t, p)
		w.token = token
		got := parseSettle(t, w.settleQuery(body).body)
		if got.Data == nil || len(*got.Data) == 0 {
			return
		}
		var request settleRequest
		if err := json.NewDecoder(strings.NewReader(body)).Decode(&request); err != nil {
			t.Fatalf("%q: got %v", body, got)
		}
		parameter, value := request.deciding()
		for _, s := range *got.Data {
			if text(s[parameter]) != value {
				t.Fatalf("%s %q finds %s", parameter, value, s)
			}
		}
	})
}

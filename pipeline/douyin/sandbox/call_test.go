package sandbox

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"billwalk/schema"
)

func TestInvalidCallsAreRefused(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 30, Healthy: true, Now: fixedClock})
	w := walk(t, p)
	w.authorise()
	brand, single := p.Accounts()[0], p.Accounts()[1]
	foreign := p.sealCursor(call{apiQuery: apiQuery{day: demoDay}, account: single}, 50)
	for _, c := range []struct {
		name   string
		change func(url.Values)
		code   int64
	}{
		{"valid", func(url.Values) {}, 0},
		{"no cursor", func(q url.Values) { q.Del("cursor") }, codeMissingParameter},
		{"no size", func(q url.Values) { q.Del("size") }, codeMissingParameter},
		{"no day", func(q url.Values) { q.Del("bill_date") }, codeMissingParameter},
		{"size 0", func(q url.Values) { q.Set("size", "0") }, codeBadParameter},
		{"size 51", func(q url.Values) { q.Set("size", "51") }, codeBadParameter},
		{"size in words", func(q url.Values) { q.Set("size", "ten") }, codeBadParameter},
		{"an impossible day", func(q url.Values) { q.Set("bill_date", "2026-02-30") }, codeBadParameter},
		{"a day in another form", func(q url.Values) { q.Set("bill_date", "20261120") }, codeBadParameter},
		{"an invented cursor", func(q url.Values) { q.Set("cursor", "50") }, codeBadParameter},
		{"a forged cursor", func(q url.Values) { q.Set("cursor", strings.Repeat("A", 22)) }, codeBadParameter},
		{"another unit's cursor", func(q url.Values) { q.Set("cursor", foreign) }, codeBadParameter},
		{"neither account", func(q url.Values) { q.Del("root_account_id") }, codeBadParameter},
		{"both accounts", func(q url.Values) { q.Set("account_id", string(single.ID)) }, codeBadParameter},
		{"a withdrawal", func(q url.Values) { q.Set("withdraw_id", "1") }, codeBadParameter},
		{"an unknown account", func(q url.Values) { q.Set("root_account_id", "7113893944009705516") }, codeUnauthorised},
	} {
		query := unitQuery(schema.Unit{Account: brand, Day: demoDay}, firstCursor, 50)
		c.change(query)
		got := parsePage(t, w.query(query).body)
		if got.code() != c.code || got.Extra.ErrorCode != c.code {
			t.Errorf("%s: code %d, want %d in both places", c.name, got.code(), c.code)
		}
		if (got.Extra.Sub == subNotAuthorised) != (c.code == codeUnauthorised) {
			t.Errorf("%s: sub code %d", c.name, got.Extra.Sub)
		}
	}
}

func TestInvalidTokenAnswersAsDocumented(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 31, Now: fixedClock})
	body := string(walk(t, p).query(unitQuery(schema.Unit{Account: p.Accounts()[0], Day: demoDay}, firstCursor, 50)).body)
	for _, part := range []string{`{"data":{"error_code":2190002,"description":"access_token无效"},"extra":{"error_code":2190002,"description":"access_token无效"`, `"logid":"20261120`} {
		if !strings.Contains(body, part) {
			t.Errorf("%s\nlacks %s", body, part)
		}
	}
}

// Answers vary in the ways that a client must accept.
func TestAnswersVary(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 32, Healthy: true, Now: fixedClock})
	w := walk(t, p)
	w.authorise()
	seen := map[string]bool{}
	for _, u := range demoUnits(p, 3) {
		got := w.query(unitQuery(u, firstCursor, 50))
		page := parsePage(t, got.body)
		if strings.ContainsAny(string(got.body), "\n\r") {
			t.Fatalf("%s: an answer of several lines", u)
		}
		seen["code"] = seen["code"] || page.Data.ErrorCode != nil
		seen["no code"] = seen["no code"] || page.Data.ErrorCode == nil
		seen["seconds"] = seen["seconds"] || page.Extra.Now == fixedClock().Unix()
		seen["milliseconds"] = seen["milliseconds"] || page.Extra.Now == fixedClock().UnixMilli()
		seen["empty"] = seen["empty"] || strings.Contains(string(got.body), `"ledger_records":[]`) && !*page.Data.HasMore
	}
	for _, form := range []string{"code", "no code", "seconds", "milliseconds", "empty"} {
		if !seen[form] {
			t.Errorf("no answer has: %s", form)
		}
	}
}

func TestRateLimitCountsAnySecond(t *testing.T) {
	t.Parallel()
	start := fixedClock()
	limit := window{accepted: make([]time.Time, 3)}
	for _, c := range []struct {
		after    time.Duration
		accepted bool
	}{
		{0, true}, {0, true}, {900 * time.Millisecond, true}, {950 * time.Millisecond, false}, {999 * time.Millisecond, false},
		{1000 * time.Millisecond, true}, {1000 * time.Millisecond, true}, {1000 * time.Millisecond, false},
		{1899 * time.Millisecond, false}, {1900 * time.Millisecond, true}, {1900 * time.Millisecond, false},
	} {
		if got := limit.accept(start.Add(c.after)); got != c.accepted {
			t.Errorf("after %v: accepted %t, want %t", c.after, got, c.accepted)
		}
	}
	for faults, code := range map[string]int64{"": codeTooFrequent, "28003018": 28003018} {
		p := New(Config{Seed: 33, Healthy: true, QPS: 1, Now: fixedClock, Faults: mustFaults(t, faults)})
		w := walk(t, p)
		w.authorise()
		query := unitQuery(schema.Unit{Account: p.Accounts()[0], Day: demoDay}, firstCursor, 50)
		w.query(query)
		if got := parsePage(t, w.query(query).body).code(); got != code {
			t.Errorf("faults %q: the second call in a second has code %d, want %d", faults, got, code)
		}
	}
}

func TestRequestsAreRecorded(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 34, Now: fixedClock})
	w := walk(t, p)
	w.authorise()
	u := schema.Unit{Account: p.Accounts()[0], Day: demoDay}
	for range 3 {
		w.query(unitQuery(u, firstCursor, 50))
	}
	want := []Request{{API: TokenAPI, At: fixedClock()}}
	for range 3 {
		want = append(want, Request{API: BillsAPI, At: fixedClock(), Account: string(u.Account.ID), Day: u.Day.String(), Cursor: firstCursor})
	}
	got := p.Requests()
	if len(got) != len(want) {
		t.Fatalf("%d requests, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("request %d: %+v, want %+v", i, got[i], want[i])
		}
	}
	stats := p.Stats()
	if stats.Calls[BillsAPI] != 3 || stats.Codes["bills 0"] != 3 || stats.Codes["token 0"] != 1 || stats.Busiest[BillsAPI] != 3 {
		t.Errorf("stats %+v", stats)
	}
	for range maxRequests {
		p.traffic.record(Request{API: TokenAPI})
	}
	if got := p.Requests(); len(got) != maxRequests || got[0].API != TokenAPI {
		t.Errorf("%d requests are kept, want the latest %d", len(got), maxRequests)
	}
}

func TestBusiestSecond(t *testing.T) {
	t.Parallel()
	var requests []Request
	for _, ms := range []int{0, 500, 999, 1000, 1400, 3000} {
		requests = append(requests, Request{API: BillsAPI, At: fixedClock().Add(time.Duration(ms) * time.Millisecond)})
	}
	if got := busiestSecond(requests, BillsAPI); got != 4 { // 500, 999, 1000 and 1400
		t.Errorf("busiest second has %d calls, want 4", got)
	}
}

// Any query is answered in JSON with a code, and a cursor is accepted only if the
// platform made it.
func FuzzQuery(f *testing.F) {
	p := New(Config{Seed: 35, Healthy: true, Now: fixedClock})
	account := p.Accounts()[0]
	good := unitQuery(schema.Unit{Account: account, Day: demoDay}, firstCursor, 50)
	f.Add(good.Encode())
	good.Set("cursor", p.sealCursor(call{apiQuery: apiQuery{day: demoDay}, account: account}, 50))
	f.Add(good.Encode())
	f.Add("cursor=0&size=50&bill_date=2026-11-20&account_id=%00")
	f.Fuzz(func(t *testing.T, raw string) {
		query, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		w := walk(t, p)
		got := parsePage(t, w.query(query).body)
		if got.code() != codeBadToken {
			t.Fatalf("code %d without a token, want %d", got.code(), codeBadToken)
		}
		c, code := p.readCall(query)
		if code == 0 && c.cursor != firstCursor && p.sealCursor(c, c.offset) != c.cursor {
			t.Fatalf("cursor %q was accepted as position %d", c.cursor, c.offset)
		}
	})
}

func TestUnknownPathsAreNotFound(t *testing.T) {
	t.Parallel()
	p := New(Config{})
	for target, status := range map[string]int{"GET /nothing": 404, "POST /goodlife/v1/settle/bill/catering_query/": 405, "GET /oauth/client_token/": 405} {
		method, path, _ := strings.Cut(target, " ")
		recorder := httptest.NewRecorder()
		p.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), method, path, nil))
		if recorder.Code != status {
			t.Errorf("%s: status %d, want %d", target, recorder.Code, status)
		}
	}
}

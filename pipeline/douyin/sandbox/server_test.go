package sandbox

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"billwalk/schema"
)

func open(t *testing.T, p *Platform, path string) *httptest.ResponseRecorder {
	t.Helper()
	recorder := httptest.NewRecorder()
	p.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
	return recorder
}

func TestAccountsAreServed(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 50})
	var listed []schema.Account
	if err := json.Unmarshal(open(t, p, "/sandbox/accounts").Body.Bytes(), &listed); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(open(t, p, "/sandbox/accounts?format=csv").Body).ReadAll()
	if err != nil || strings.Join(rows[0], ",") != "root_account_id,account_id,name" {
		t.Fatalf("header %v: %v", rows[0], err)
	}
	want := p.Accounts()
	if len(listed) != len(want) || len(rows) != len(want)+1 {
		t.Fatalf("%d in JSON, %d in CSV, want %d", len(listed), len(rows)-1, len(want))
	}
	for i, account := range want {
		if listed[i] != account {
			t.Errorf("JSON has %+v, want %+v", listed[i], account)
		}
		got := schema.Account{ID: schema.AccountID(rows[i+1][0] + rows[i+1][1]), Root: rows[i+1][0] != "", Name: rows[i+1][2]}
		if got != account {
			t.Errorf("CSV has %+v, want %+v", got, account)
		}
	}
	if code := open(t, p, "/sandbox/accounts?format=xml").Code; code != 400 {
		t.Errorf("format xml: status %d", code)
	}
}

func TestTruthIsServed(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 51, Bills: 20})
	body := open(t, p, "/sandbox/truth?from=2026-11-20&to=2026-11-21").Body.Bytes()
	var got []Total
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, total := range got {
		rows += total.Rows
	}
	day, err := schema.ParseDay("2026-11-20")
	if err != nil {
		t.Fatal(err)
	}
	if want := len(p.Truth(p.Accounts(), day, day+1)); rows != want || want == 0 {
		t.Errorf("%d rows, want %d", rows, want)
	}
	if !strings.Contains(string(body), `"sum": "`) {
		t.Error("sums are not strings")
	}
	for _, query := range []string{"", "?from=2026-11-20", "?from=2026-11-21&to=2026-11-20", "?from=2026-01-01&to=2026-12-31"} {
		if code := open(t, p, "/sandbox/truth"+query).Code; code != 400 {
			t.Errorf("%q: status %d, want 400", query, code)
		}
	}
}

func TestIndexAndStatsAreServed(t *testing.T) {
	t.Parallel()
	p := New(Config{ClientSecret: schema.NewSecret("do-not-print"), Faults: mustFaults(t, "cut,slow")})
	page := open(t, p, "/").Body.String()
	for _, part := range []string{"/sandbox/accounts", "/sandbox/truth", "/sandbox/stats", "catering_query", "client_token", "slow,cut", "oversize-page"} {
		if !strings.Contains(page, part) {
			t.Errorf("the index lacks %s", part)
		}
	}
	if !strings.Contains(page, "an account&#39;s") {
		t.Error("the index does not escape texts")
	}
	if strings.Contains(page, "do-not-print") {
		t.Error("the index shows the secret")
	}
	if _, err := walk(t, p).fetchToken("key", "secret"); err != codeBadKey {
		t.Fatalf("code %d", err)
	}
	var stats Stats
	if err := json.Unmarshal(open(t, p, "/sandbox/stats").Body.Bytes(), &stats); err != nil || stats.Codes["token 10003"] != 1 {
		t.Errorf("stats %+v: %v", stats, err)
	}
}

func TestAnswersAreCompressedOnDemand(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 52, Healthy: true, Now: fixedClock})
	w := walk(t, p)
	w.authorise()
	query := unitQuery(schema.Unit{Account: p.Accounts()[1], Day: demoDay}, firstCursor, 50)
	request := httptest.NewRequestWithContext(t.Context(), "GET", "/goodlife/v1/settle/bill/catering_query/?"+query.Encode(), nil)
	request.Header.Set("access-token", w.token)
	request.Header.Set("Accept-Encoding", "gzip")
	recorder := httptest.NewRecorder()
	p.ServeHTTP(recorder, request)
	packed := recorder.Body.Len()
	unpacked, err := gzip.NewReader(recorder.Body)
	if err != nil || recorder.Header().Get("Content-Encoding") != "gzip" {
		t.Fatal(err)
	}
	body, err := io.ReadAll(unpacked)
	if err != nil || packed*3 > len(body) || len(parsePage(t, body).Data.Records) != 50 {
		t.Errorf("%d bytes packed, %d unpacked, %v", packed, len(body), err)
	}
}

func TestLatencyAndItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := New(Config{Latency: 30 * time.Millisecond})
		start := time.Now()
		if _, code := walk(t, p).fetchToken("key", "secret"); code != 0 || time.Since(start) != 30*time.Millisecond {
			t.Errorf("code %d after %v, want a token after 30ms", code, time.Since(start))
		}
	})
}

package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"billwalk/schema"
)

// asCall returns the call for a unit's page, and the fault of that name.
func asCall(t *testing.T, p *Platform, u schema.Unit, name string) (call, fault) {
	t.Helper()
	c, code := p.readCall(unitQuery(u, firstCursor, 10))
	if code != 0 {
		t.Fatalf("code %d", code)
	}
	return c, faults[slices.IndexFunc(faults, func(f fault) bool { return f.name == name })]
}

func TestPassingFaults(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 44, Healthy: true, Now: fixedClock})
	u := schema.Unit{Account: p.Accounts()[0], Day: demoDay}
	for _, f := range faults {
		if f.kind != passing {
			continue
		}
		c, f := asCall(t, p, u, f.name)
		out := p.withPassingFault(c.apiQuery, f, "", func() reply { return p.success(c, "") })
		var seen pageAnswer
		err := json.Unmarshal(out.body, &seen)
		if f.name == "error-outside" || f.name == "token-outside" || f.name == "no-extra" {
			if proven(out.body) || !json.Valid(out.body) || f.code != 0 && !bytes.Contains(out.body, fmt.Append(nil, f.code)) {
				t.Errorf("%s: %s", f.name, out.body)
			}
			continue
		}
		data := int64(-1)
		if seen.Data.ErrorCode != nil {
			data = *seen.Data.ErrorCode
		}
		got := fmt.Sprintf("%d %v %d/%d+%d %s", out.status, err == nil, data, seen.Extra.ErrorCode, seen.Extra.Sub, out.wireFault)
		want := fmt.Sprintf("0 true %d/%d+0 ", f.code, f.code)
		switch f.name {
		case "12001":
			want = "0 true 5000001/5000001+12001 "
		case "error-in-data-only":
			want = "0 true 5000001/0+0 "
		case "error-in-extra-only":
			want = "0 true -1/5000001+0 "
		case "token-stolen":
			want = "0 true 2190002/2190002+0 "
		case "html", "nonjson":
			want = fmt.Sprintf("%d false -1/0+0 ", out.status)
		case "http429":
			want = "429 true -1/0+0 "
		case "http503":
			want = "503 false -1/0+0 "
		case "slow", "cut", "reset":
			want = fmt.Sprintf("0 true %d/0+0 %s", data, f.name)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", f.name, got, want)
		}
	}
}

func TestGatewayFaults(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 45, Healthy: true, Now: fixedClock})
	statuses := map[int]bool{}
	for _, u := range demoUnits(p, 2) {
		c, f := asCall(t, p, u, "html")
		out := p.withPassingFault(c.apiQuery, f, "", func() reply { return p.success(c, "") })
		statuses[out.status] = true
		if !bytes.HasPrefix(out.body, []byte("<html>")) || out.contentType != "text/html" {
			t.Errorf("html is %s %q", out.contentType, out.body)
		}
	}
	if !statuses[200] || !statuses[502] {
		t.Errorf("html comes with statuses %v, want 200 and 502", statuses)
	}
	recorder := httptest.NewRecorder()
	p.send(recorder, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil), reply{status: 429, body: []byte(`{}`)})
	if recorder.Code != 429 || recorder.Header().Get("Retry-After") != "1" {
		t.Errorf("status %d, Retry-After %q", recorder.Code, recorder.Header().Get("Retry-After"))
	}
}

func TestLastingFaults(t *testing.T) {
	t.Parallel()
	for name, check := range map[string]func(body []byte, out pageAnswer) bool{
		"dupkeys":         func(body []byte, _ pageAnswer) bool { return bytes.Count(body, []byte(`"has_more":`)) == 2 },
		"big":             func(body []byte, _ pageAnswer) bool { return len(body) > 4<<20 },
		"missing-records": func(body []byte, _ pageAnswer) bool { return !bytes.Contains(body, []byte("ledger_records")) },
		"oversize-page":   func(_ []byte, out pageAnswer) bool { return len(out.Data.Records) == 11 },
		"loop":            func(_ []byte, out pageAnswer) bool { return *out.Data.HasMore && len(out.Data.Records) == 10 },
		"empty-pages":     func(_ []byte, out pageAnswer) bool { return *out.Data.HasMore && len(out.Data.Records) == 10 },
		"9999999":         func(_ []byte, out pageAnswer) bool { return out.code() == 9999999 },
	} {
		p := New(Config{Seed: 46, Bills: 40, Healthy: true, Now: fixedClock, Faults: mustFaults(t, name)})
		w := walk(t, p)
		w.authorise()
		units := slices.DeleteFunc(demoUnits(p, 1), func(u schema.Unit) bool { _, lost := p.Lost(u); return !lost })
		if len(units) != 1 {
			t.Fatalf("%s: %d accounts have the fault, want one", name, len(units))
		}
		body := w.query(unitQuery(units[0], firstCursor, 10)).body
		first := parsePage(t, body)
		if !check(body, first) {
			t.Errorf("%s: %.300s", name, body)
		}
		if name != "loop" && name != "empty-pages" {
			continue
		}
		second := parsePage(t, w.query(unitQuery(units[0], first.Data.Cursor, 10)).body)
		if again := second.Data.Cursor == first.Data.Cursor; again != (name == "loop") || !*second.Data.HasMore {
			t.Errorf("%s: cursor %s then %s", name, first.Data.Cursor, second.Data.Cursor)
		}
		if name == "empty-pages" && len(second.Data.Records) != 0 {
			t.Errorf("the second page has %d bills", len(second.Data.Records))
		}
	}
}

func TestFormattingFaults(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	p := New(Config{Seed: 47, Healthy: true, Now: fixedClock, Faults: mustFaults(t, "numeric-ids,biz-beside,string-amounts")})
	w := walk(t, p)
	w.authorise()
	for _, u := range demoUnits(p, 2) {
		page := parsePage(t, w.query(unitQuery(u, firstCursor, 50)).body)
		if page.Data.BizType == nil {
			t.Errorf("%s: no biz_type beside the cursor", u)
		}
		for _, raw := range page.Data.Records {
			record := parseRecord(t, raw)
			seen[fmt.Sprintf("bare id: %t", raw[0] == '{' && record.LedgerID[0] != '"')]++
			seen[fmt.Sprintf("biz beside: %t", record.Biz == nil)]++
			if record.Biz != nil && *record.Biz == *page.Data.BizType {
				t.Errorf("biz_type is in both places")
			}
			if record.Amount["pay"][0] != '"' {
				t.Errorf("pay is %s", record.Amount["pay"])
			}
		}
	}
	for _, form := range []string{"bare id: true", "bare id: false", "biz beside: true", "biz beside: false"} {
		if seen[form] == 0 {
			t.Errorf("no record has: %s", form)
		}
	}
}

// A changing day has two other states before its final one.
func TestDayChangesThenSettles(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 48, Bills: 20, Healthy: true, Now: fixedClock, Faults: mustFaults(t, "day-changing")})
	w := walk(t, p)
	w.authorise()
	changing := 0
	for _, u := range demoUnits(p, 3) {
		truth := len(p.TruthOf([]schema.Unit{u}))
		var counts []int
		for range 4 {
			records, err := w.unit(u, 50)
			if err != nil {
				t.Fatal(err)
			}
			counts = append(counts, len(records))
		}
		switch {
		case slices.Equal(counts, []int{truth - 1, truth + 1, truth, truth}):
			changing++
		case !slices.Equal(counts, []int{truth, truth, truth, truth}):
			t.Errorf("%s: %v bills in four walks, the truth is %d", u, counts, truth)
		}
	}
	if changing == 0 || changing > 18 {
		t.Errorf("%d units changed, want about a quarter of 36", changing)
	}
}

// getWithFault serves one reply with a fault of the connection, and requests it.
func getWithFault(t *testing.T, fault string, stall time.Duration) (*http.Response, context.CancelFunc, error) {
	t.Helper()
	p := New(Config{Seed: 49, Stall: stall})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.send(w, r, reply{body: bytes.Repeat([]byte("x"), 1000), wireFault: fault})
	}))
	ctx, cancel := context.WithCancel(t.Context())
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	t.Cleanup(func() { cancel(); client.CloseIdleConnections(); server.Close() })
	request, err := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	return response, cancel, err
}

func TestFaultsOfTheConnection(t *testing.T) {
	t.Parallel()
	response, _, err := getWithFault(t, "cut", 0)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if response.ContentLength != 1000 || len(body) != 500 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut: %d of %d bytes, %v", len(body), response.ContentLength, err)
	}
	if response, _, err := getWithFault(t, "reset", 0); err == nil {
		_ = response.Body.Close()
		t.Error("reset: there was an answer")
	}
	response, leave, err := getWithFault(t, "slow", 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	half := make([]byte, 500)
	if _, err := io.ReadFull(response.Body, half); err != nil {
		t.Errorf("slow: no first half: %v", err)
	}
	leave()
	if rest, err := io.ReadAll(response.Body); err == nil {
		t.Errorf("slow: %d more bytes came", len(rest))
	}
	_ = response.Body.Close()
}

// TestOutside: errors beside data and extra have all their forms, and each is JSON
// without evidence of success.
func TestOutside(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 47, Healthy: true, Now: fixedClock})
	seen := make(map[string]bool)
	for hash := range uint64(400) {
		for _, api := range []string{BillsAPI, SettleAPI} {
			q := apiQuery{api: api, day: demoDay, hash: dice(hash), attempt: 1}
			for _, out := range []reply{
				p.errorOutside(q, fault{code: 28001006}),
				withoutSuccess(q, reply{body: compact(envelope{Data: []int{}, Extra: p.extra(q, 0)})}),
				withoutSuccess(q, reply{body: compact(envelope{Extra: p.extra(q, 0)})}),
			} {
				if proven(out.body) || !json.Valid(out.body) {
					t.Fatalf("%s", out.body)
				}
				for _, form := range []string{`"data":null`, `"data":{}`, `"data":[]`, `"ledger_records":[]`, `"ledger_records":null`, `"err_no":2`, `"error_code":"2`, `"code":2`, `"extra":null`, `"extra":[]`} {
					seen[form] = seen[form] || bytes.Contains(out.body, []byte(form))
				}
			}
		}
	}
	for form, there := range seen {
		if !there {
			t.Errorf("no answer has %s", form)
		}
	}
}

package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/archive"
	"billwalk/sinks/lake"
	"billwalk/sinks/object"
)

// TestOrderCallbacks: the story of an order has its callbacks and no other's, each with what
// became of it, before a build has taken them in and after.
func TestOrderCallbacks(t *testing.T) {
	t.Parallel()
	place, config := billwalktest.OldLake(t, "http://127.0.0.1:1")
	day := schema.DayOf(time.Date(2026, 10, 30, 12, 0, 0, 0, schema.China))
	store, err := object.Open(t.Context(), place.URL, object.S3Options{})
	if err != nil {
		t.Fatal(err)
	}
	published, err := lake.Open(t.Context(), store, 1, "test")
	if err != nil {
		t.Fatal(err)
	}
	var known []schema.Settlement // of two orders
	for s, err := range published.Settlements(t.Context(), day, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if s.Status == schema.StatusSuccess && s.SettleTime.Valid && !slices.ContainsFunc(known, func(o schema.Settlement) bool { return o.OrderID == s.OrderID }) {
			known = append(known, *s)
		}
	}
	if len(known) < 2 {
		t.Fatalf("the lake has settlements of %d orders", len(known))
	}
	own, other := known[0], known[1]
	own.OrderID.V, other.OrderID.V = strings.Clone(own.OrderID.V), strings.Clone(other.OrderID.V)
	received := billwalktest.Now().UTC()
	var lines []byte
	for i, c := range []struct {
		app, status   string
		settle, order string
		fen           schema.Fen
		before        time.Duration
	}{
		{"trade-key", "INIT", own.SettleID, own.OrderID.V, own.Amount.V, time.Hour},
		{"trade-key", "SUCCESS", own.SettleID, own.OrderID.V, own.Amount.V, 0},
		{"trade-key", "SUCCESS", own.SettleID, own.OrderID.V, own.Amount.V, 0},
		{"somebody-else", "SUCCESS", own.SettleID, own.OrderID.V, own.Amount.V, 0},
		{"trade-key", "SUCCESS", "7000000000000000001", own.OrderID.V, 100, 0},
		{"trade-key", "SUCCESS", other.SettleID, other.OrderID.V, other.Amount.V + 1, 0},
	} {
		msg, _ := json.Marshal(map[string]any{
			"app_id": c.app, "status": c.status, "settle_id": c.settle, "order_id": c.order, "settle_amount": c.fen, "rake": own.Rake.V, "commission": own.Commission.V,
			"event_time": own.SettleTime.V.Add(-c.before).UnixMilli(), "message": c.status,
		})
		body, _ := json.Marshal(map[string]string{"version": "2.0", "type": "settle", "msg": string(msg)})
		line, err := (*archive.Archive)(nil).EncodeCallback(schema.Callback{App: "trade", ReceivedAt: received.Add(time.Duration(i) * time.Second), Scheme: schema.SignedRSA, LogID: fmt.Sprint("log", i), Body: body})
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line...)
	}
	if err := archive.New(store).AppendCallbacks(t.Context(), schema.DayOf(received), "01JDMZZZZZZZZZZZZZZZZZZZZZ", lines); err != nil {
		t.Fatal(err)
	}
	story := func(order string) (orderStory, string) {
		t.Helper()
		var s orderStory
		var texts [2]bytes.Buffer
		for i, output := range []string{"json", "text"} {
			var log bytes.Buffer
			if code := (&program{out: &texts[i], err: &log, now: billwalktest.Now}).main([]string{"explain", order, "--job", "nightly", "--config", config, "--from", day.String(), "--output", output}); code != pipeline.ExitDone {
				t.Fatalf("exit %d: %s", code, log.String())
			}
		}
		if err := json.Unmarshal(texts[0].Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		return s, texts[1].String()
	}
	uses := func(s orderStory) (uses []callbackUse) {
		for _, c := range s.Callbacks {
			uses = append(uses, c.Use)
		}
		return uses
	}
	s, _ := story(own.OrderID.V)
	if got := uses(s); !slices.Equal(got, []callbackUse{useSuperseded, useNotYet, useRepeated, useForeign, useNotYet}) {
		t.Errorf("before a build: %q", got)
	}
	if code, out, log := commandAt(t, billwalktest.Now(), "replay", "nightly", "--config", config, "--from", day.String()); code != pipeline.ExitDone {
		t.Fatalf("exit %d: %s%s", code, out, log)
	}
	s, text := story(own.OrderID.V)
	if got := uses(s); !slices.Equal(got, []callbackUse{useSuperseded, useWithQuery, useRepeated, useForeign, useCounts}) {
		t.Errorf("after it: %q", got)
	}
	c := s.Callbacks[1]
	if c.Status != schema.StatusSuccess || c.Total == nil || *c.Total != own.Amount.V || c.Account != billwalktest.OldLakeAccount || c.App != "trade" || c.LogID != "log1" || !c.ReceivedAt.Equal(received.Add(time.Second)) {
		t.Errorf("%+v", c)
	}
	for _, part := range []string{"\ncallbacks, in yuan\n", clockTime(received) + "  " + own.SettleID, own.Amount.V.Yuan(), "superseded by a later callback", "of another mini-program", "delivered again"} {
		if !strings.Contains(text, part) {
			t.Errorf("the text lacks %q:\n%s", part, text)
		}
	}
	if s, _ := story(other.OrderID.V); !slices.Equal(uses(s), []callbackUse{useOverruled}) {
		t.Errorf("one that the query contradicts: %q", uses(s))
	}
}

package normalise

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	stdjson "encoding/json"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline/mend"
	"billwalk/schema"
)

// FuzzDecodeCallback: decoding does not panic, and CheckCallback agrees. A decoded callback
// has the same row and digest when its keys are sorted, and the amounts of the raw message.
func FuzzDecodeCallback(f *testing.F) {
	f.Add([]byte(seedCallback), false)
	for _, c := range []*schema.Callback{saying(seedSuccess), saying(seedFail), saying(minimalMsg), saying(`{"z":{"b":1,"a":"\ud83d\ude00"},"settle_id":1,"status":"X","rake":"-7"}`)} {
		f.Add(c.Body, false)
	}
	f.Add(sayingLegacy(`{"appid":"t","settle_no":7050000000000000999,"status":"FAIL","settled_at":"1643189272","settle_amount":1}`).Body, true)
	f.Add([]byte(`{"Version":"2.0","version":"2.0","type":"settle","msg":"{}"}`), false)
	f.Fuzz(func(t *testing.T, body []byte, legacy bool) {
		c := posted(string(body))
		if legacy {
			c.Scheme = schema.SignedLegacy
		}
		n, err := DecodeCallback(c)
		checkChecked(t, c, err)
		if err != nil {
			return
		}
		s := &n.Settlement
		if s.SettleID == "" || s.Status == "" || s.Source != schema.SourceCallback || s.AskedBy.Valid || s.SettleTime.Valid && schema.DayOf(s.SettleTime.V) != n.Day {
			t.Fatalf("%s became %+v", body, n)
		}
		if mend.Places(trimBOM(body)) != "" || slices.ContainsFunc(n.Exceptions, func(e schema.Exception) bool { return e.Rule == schema.RuleBadText }) {
			return // the other decoder does not say what it mends
		}
		envelope := rawMembers(t, trimBOM(body))
		var msg string
		if err := stdjson.Unmarshal(envelope["msg"], &msg); err != nil {
			t.Fatalf("%s: encoding/json says %v", body, err)
		}
		raw := rawMembers(t, trimBOM([]byte(msg)))
		checkAmount(t, raw["settle_amount"], s.Amount, +1)
		checkAmount(t, raw["rake"], s.Rake, +1)
		checkAmount(t, raw["commission"], s.Commission, +1)

		envelope["msg"] = []byte(jsonText(written(raw)))
		c.Body = []byte(written(envelope))
		if len(c.Body) > maxCallback {
			return
		}
		again := mustDecode(t, c)
		for i := range again.Exceptions { // they hold the message as it was received
			again.Exceptions[i].Record = n.Exceptions[i].Record
		}
		if diff := cmp.Diff(n, again); diff != "" {
			t.Fatalf("%s, written as %s (-once +again):\n%s", body, c.Body, diff)
		}
	})
}

// rawMembers decodes an object with another decoder.
func rawMembers(t *testing.T, object []byte) (members map[string]stdjson.RawMessage) {
	t.Helper()
	if err := stdjson.Unmarshal(object, &members); err != nil {
		t.Fatalf("%s: encoding/json says %v", object, err)
	}
	return members
}

// written encodes members in order, with names in ASCII and values as they are.
func written(members map[string]stdjson.RawMessage) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(members)) {
		quoted := jsonText(name)
		if ascii := strconv.QuoteToASCII(name); stdjson.Valid([]byte(ascii)) {
			quoted = ascii
		}
		parts = append(parts, fmt.Sprintf("%s:%s", quoted, members[name]))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// FuzzWhoseCallback: by another decoder, an accepted callback has the type settle, an app_id of
// the app, and no id of another type.
func FuzzWhoseCallback(f *testing.F) {
	for _, msg := range []string{
		`{"settle_id":"s","status":"FAIL","app_id":"tt1"}`, `{"settle_id":"s","status":"FAIL","appid":"tt2"}`, `{"settle_id":"s","status":"FAIL"}`,
		`{"settle_id":"s","status":"FAIL","app_id":"","appid":"tt1"}`, `{"settle_id":"s","status":"FAIL","app_id":"tt3","appid":"tt1"}`,
		`{"settle_id":"s","status":"FAIL","app_id":"tt1","refund_id":"r"}`, `{"settle_id":"s","status":"FAIL","app_id":"tt1","cp_refundno":1}`,
		`{"settle_id":"s","status":"FAIL","app_\u0069d":"tt1"}`, `{"settle_id":"s","status":"FAIL","app_id":"tt1","App_id":"tt3"}`, `{"settle_id":"s","status":"FAIL","app_id":1}`,
	} {
		for _, kind := range []string{"settle", "refund", "\u0073ettle", ""} {
			f.Add("2.0", kind, msg, false)
			f.Add("", kind, msg, true)
		}
	}
	own := schema.AppIDs{"tt1", "tt2"}
	f.Fuzz(func(t *testing.T, version, kind, msg string, legacy bool) {
		body, err := stdjson.Marshal(map[string]string{"version": version, "type": kind, "msg": msg})
		if err != nil {
			t.Skip()
		}
		c := posted(string(body))
		if legacy {
			c.Scheme = schema.SignedLegacy
		}
		if CheckCallback(c, own) != nil {
			return
		}
		var said map[string]any
		if err := stdjson.Unmarshal([]byte(strings.TrimPrefix(strings.ToValidUTF8(msg, "\ufffd"), "\ufeff")), &said); err != nil {
			t.Fatalf("taken, and no JSON: %v\n%s", err, msg)
		}
		app, _ := said["app_id"].(string)
		if app == "" {
			app, _ = said["appid"].(string)
		}
		if kind != "settle" || (version == "2.0") == legacy || app != "tt1" && app != "tt2" && !(legacy && app == "") {
			t.Errorf("taken: version %q, type %q, app_id %q\n%s", version, kind, app, msg)
		}
		for _, name := range []string{"refund_id", "out_refund_no", "refund_no", "cp_refundno", "channel_pay_id", "payment_order_no", "withdraw_id", "out_withdraw_no"} {
			if said[name] != nil && said[name] != "" {
				t.Errorf("taken, with %s: %s", name, msg)
			}
		}
	})
}

// BenchmarkCheckCallback measures what a receiver does for every request.
func BenchmarkCheckCallback(b *testing.B) {
	c := posted(seedCallback)
	b.ReportAllocs()
	for b.Loop() {
		if err := CheckCallback(c, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecodeCallback measures what a build does for every callback.
func BenchmarkDecodeCallback(b *testing.B) {
	c := posted(seedCallback)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeCallback(c); err != nil {
			b.Fatal(err)
		}
	}
}

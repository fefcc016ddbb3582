package archive

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

const received schema.Day = 20778

// called is the n-th callback of a day.
func called(n int, body string) schema.Callback {
	return schema.Callback{
		App: "trade", ReceivedAt: time.Date(2026, 11, 21, 4, 0, n, 123456789, time.UTC), Scheme: schema.SignedRSA,
		Timestamp: "1795233600", Nonce: fmt.Sprint("nonce-", n), Signature: "c2lnbmF0dXJl", LogID: fmt.Sprint("logid-", n), Body: []byte(body),
	}
}

func encodeCallbacks(t testing.TB, callbacks ...schema.Callback) []byte {
	t.Helper()
	var data []byte
	for _, c := range callbacks {
		line, err := New(nil).EncodeCallback(c)
		if err != nil {
			t.Fatal(err)
		}
		data = append(data, line...)
	}
	return data
}

// appendCallbacks stores a batch, and returns its callbacks as they will be read.
func appendCallbacks(t testing.TB, a *Archive, day schema.Day, batch string, callbacks ...schema.Callback) []schema.Callback {
	t.Helper()
	if err := a.AppendCallbacks(t.Context(), day, batch, encodeCallbacks(t, callbacks...)); err != nil {
		t.Fatal(err)
	}
	for i := range callbacks {
		callbacks[i].Key = callbacksBatchKey(day, batch)
	}
	return callbacks
}

func readCallbacks(t testing.TB, a *Archive, day schema.Day) (all []schema.Callback, err error) {
	t.Helper()
	err = a.Callbacks(t.Context(), day, func(c schema.Callback) { all = append(all, c) })
	return all, err
}

// unsaid are bodies that are not JSON, or not text.
var unsaid = []string{strings.Repeat(`餐"\\`, 64<<10/6), "", "\xff\xfe", "a\x00b", "\n\r\n", "\"\xc3\"", "{\n  \"msg\": \"\\ud83d\"\n}", "\xed\xa0\x80"}

// TestCallbacks: the callbacks of a day are read exactly as they were received, in the order
// of the batches, without those in quarantine.
func TestCallbacks(t *testing.T) {
	t.Parallel()
	a := New(objecttest.NewMem())
	var bodies []schema.Callback
	for i, body := range slices.Concat(hostile[:len(hostile)-1], unsaid) {
		bodies = append(bodies, called(i, body))
	}
	legacy := called(30, `{"type":"settle"}`)
	legacy.Scheme, legacy.Timestamp, legacy.Nonce, legacy.LogID = schema.SignedLegacy, `"`, "\u2028<\\>", ""
	want := appendCallbacks(t, a, received, walk2, bodies...)
	want = append(appendCallbacks(t, a, received, walk1, legacy, legacy), want...)
	if err := a.QuarantineCallbacks(t.Context(), received, walk1, encodeCallbacks(t, called(31, "[]"))); err != nil {
		t.Fatal(err)
	}
	got, err := readCallbacks(t, a, received)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v; callbacks (-written +read):\n%s", err, diff)
	}
	if got, err := readCallbacks(t, a, received+1); len(got) != 0 || err != nil {
		t.Errorf("another day has %d callbacks, %v", len(got), err)
	}
}

// TestCallbackKeys checks the layout that others rely on.
func TestCallbackKeys(t *testing.T) {
	t.Parallel()
	store := objecttest.NewMem()
	a := New(store)
	appendCallbacks(t, a, received, walk1, called(1, "{}"))
	if err := a.QuarantineCallbacks(t.Context(), received, walk2, encodeCallbacks(t, called(1, "{}"))); err != nil {
		t.Fatal(err)
	}
	keys := make(map[string]bool)
	for info, err := range store.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		keys[info.Key] = true
	}
	want := []string{"archive/callbacks/received=2026-11-21/" + walk1 + ".jsonl.zst", "archive/callbacks/received=2026-11-21/quarantine/" + walk2 + ".jsonl.zst"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(keys))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestCallbacksAreWrittenOnce: a batch is written once. Writing the same bytes again is a
// success, also after the answer of the store was lost.
func TestCallbacksAreWrittenOnce(t *testing.T) {
	t.Parallel()
	store := objecttest.NewMem()
	a := New(store)
	lost := true
	store.Fault = func(op objecttest.Op, _ string) (bool, error) {
		if op == objecttest.OpPut && lost {
			lost = false
			return true, object.ErrUnknown
		}
		return false, nil
	}
	want := appendCallbacks(t, a, received, walk1, called(1, "{}"))
	appendCallbacks(t, a, received, walk1, called(1, "{}"))
	if err := a.AppendCallbacks(t.Context(), received, walk1, encodeCallbacks(t, called(2, "{}"))); !errors.Is(err, schema.ErrTaken) || !strings.Contains(err.Error(), want[0].Key) {
		t.Errorf("another batch of the name: %v", err)
	}
	got, err := readCallbacks(t, a, received)
	if diff := cmp.Diff(want, got); diff != "" || err != nil || lost {
		t.Errorf("%v, lost %t (-want +got):\n%s", err, lost, diff)
	}
}

// Of the texts that are not signed only the platform's id of the request may be invalid.
func TestEncodeCallbackRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*schema.Callback, string){
		"app":       func(c *schema.Callback, to string) { c.App = to },
		"scheme":    func(c *schema.Callback, to string) { c.Scheme = schema.SignatureScheme(to) },
		"timestamp": func(c *schema.Callback, to string) { c.Timestamp = to },
		"nonce":     func(c *schema.Callback, to string) { c.Nonce = to },
		"signature": func(c *schema.Callback, to string) { c.Signature = to },
	} {
		c := called(1, "{}")
		change(&c, "\xff")
		if line, err := New(nil).EncodeCallback(c); err == nil || line != nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %q, %v; want an error that names it", name, line, err)
		}
	}
	c := called(1, "{}")
	c.LogID = "a\xffb"
	a := New(objecttest.NewMem())
	appendCallbacks(t, a, received, walk1, c)
	if got, err := readCallbacks(t, a, received); err != nil || len(got) != 1 || got[0].LogID != "a\ufffdb" {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestDamagedCallbacks: what cannot be read is an error that names the object, everything
// else is read, and foreign files are ignored.
func TestDamagedCallbacks(t *testing.T) {
	t.Parallel()
	folder := callbacksOf(received)
	first, second := folder+walk1+".jsonl.zst", folder+walk2+".jsonl.zst"
	line := string(encodeCallbacks(t, called(1, "{}")))
	with := func(old, with string) string {
		if strings.Count(line, old) != 1 {
			t.Fatalf("%s does not hold %s once", line, old)
		}
		return string(compress(t, []byte(strings.Replace(line, old, with, 1))))
	}
	for name, row := range map[string]struct {
		damage map[string]string // by key
		named  []string
		left   int // callbacks of three
	}{
		"nothing": {nil, nil, 3},
		"somebody else's files": {map[string]string{folder + "x": "x", folder + walk1 + "-00001.jsonl.zst": "x", folder + walk1 + ".json": "x",
			folder + "sub/" + walk1 + ".jsonl.zst": "x", folder + "quarantine/" + walk1 + ".jsonl.zst": "x", folder + walk1 + ".jsonl.zst.bak": "x"}, nil, 3},
		"rubbish":                {map[string]string{first: "rubbish"}, []string{first}, 1},
		"emptied":                {map[string]string{first: ""}, []string{first}, 1},
		"no line":                {map[string]string{first: string(compress(t, nil))}, []string{first}, 1},
		"both":                   {map[string]string{first: "x", second: "x"}, []string{first, second}, 0},
		"no JSON":                {map[string]string{first: string(compress(t, []byte("x\n")))}, []string{first}, 1},
		"no app":                 {map[string]string{first: with(`"app":"trade"`, `"app":""`)}, []string{first}, 1},
		"no scheme":              {map[string]string{first: with(`"scheme":"2.0",`, ``)}, []string{first}, 1},
		"no body":                {map[string]string{first: with(`,"body":"{}"`, ``)}, []string{first}, 1},
		"two bodies":             {map[string]string{first: with(`"body":"{}"`, `"body":"{}","body_base64":"e30="`)}, []string{first}, 1},
		"a body of JSON":         {map[string]string{first: with(`"body":"{}"`, `"body":{}`)}, []string{first}, 1},
		"a body of no base64":    {map[string]string{first: with(`"body":"{}"`, `"body_base64":"?"`)}, []string{first}, 1},
		"no time":                {map[string]string{first: with(`2026-11-21T`, `2026-11-31T`)}, []string{first}, 1},
		"a repeated key":         {map[string]string{first: with(`"nonce":`, `"nonce":"x","nonce":`)}, []string{first}, 1},
		"a bomb":                 {map[string]string{first: string(streamed(t, 16<<20))}, []string{first}, 1},
		"a line after the other": {map[string]string{first: string(compress(t, []byte(line+"{}\n")))}, []string{first}, 2},
		"the other form":         {map[string]string{first: with(`"body":"{}"`, `"body_base64":"e30="`)}, nil, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := objecttest.NewMem()
			a := New(store)
			appendCallbacks(t, a, received, walk1, called(1, "{}"), called(2, "{}"))
			appendCallbacks(t, a, received, walk2, called(3, "{}"))
			for key, data := range row.damage {
				put(t, store, key, []byte(data))
			}
			got, err := readCallbacks(t, a, received)
			if len(got) != row.left || (err != nil) != (row.named != nil) {
				t.Errorf("%d callbacks, %v; want %d", len(got), err, row.left)
			}
			for _, key := range row.named {
				if err == nil || strings.Count(err.Error(), key) != 1 {
					t.Errorf("%v does not name %s once", err, key)
				}
			}
		})
	}
}

// TestCallbacksStoreFails: a store that cannot be read does not look like a day without
// callbacks.
func TestCallbacksStoreFails(t *testing.T) {
	t.Parallel()
	down := errors.New("the store is down")
	for _, failing := range []objecttest.Op{objecttest.OpList, objecttest.OpGet} {
		store := objecttest.NewMem()
		a := New(store)
		appendCallbacks(t, a, received, walk1, called(1, "{}"))
		store.Fault = func(op objecttest.Op, _ string) (bool, error) {
			if op == failing {
				return false, down
			}
			return false, nil
		}
		if got, err := readCallbacks(t, a, received); !errors.Is(err, down) || len(got) != 0 {
			t.Errorf("%v fails: %d callbacks, %v", failing, len(got), err)
		}
	}
}

// TestProveCallbacks: batches are listed, those in quarantine separately, and each is
// compared with the hash that was stored with it.
func TestProveCallbacks(t *testing.T) {
	t.Parallel()
	store := objecttest.NewMem()
	a := New(store)
	key := appendCallbacks(t, a, received, walk1, called(1, "{}"), called(2, "\xff"))[0].Key
	if err := a.QuarantineCallbacks(t.Context(), received, walk2, encodeCallbacks(t, called(3, "x"))); err != nil {
		t.Fatal(err)
	}
	put(t, store, callbacksOf(received)+"notes.txt", []byte("x"))
	read, quarantined, err := a.CallbackSeries(t.Context(), received)
	if err != nil || len(read) != 1 || len(quarantined) != 1 || read[0].Bytes <= 0 || read[0].Batches[0] != key || read[0].Name != walk1 || quarantined[0].Name != walk2 {
		t.Fatalf("%+v, %+v, %v", read, quarantined, err)
	}
	prove := func() (lines []string, err error) {
		err = a.ProveCallbacks(t.Context(), key, func(n int, c schema.Callback) {
			lines = append(lines, fmt.Sprint(n, " ", string(c.Body), " ", c.Key == key))
		})
		return lines, err
	}
	if lines, err := prove(); err != nil || !slices.Equal(lines, []string{"1 {} true", "2 \xff true"}) {
		t.Errorf("%q, %v", lines, err)
	}
	put(t, store, key, compress(t, encodeCallbacks(t, called(1, "{}"))))
	if lines, err := prove(); !errors.Is(err, schema.ErrUnhashed) || len(lines) != 1 {
		t.Errorf("without a hash: %q, %v", lines, err)
	}
	other := compress(t, []byte("{}\n"))
	if _, err := store.Put(t.Context(), key, strings.NewReader(string(other)), object.Always(), map[string]string{hashMeta: schema.HashOf(other)}); err != nil {
		t.Fatal(err)
	}
	if lines, err := prove(); err == nil || !strings.Contains(err.Error(), "line 1: a line is no callback") || len(lines) != 0 {
		t.Errorf("a line that is none: %q, %v", lines, err)
	}
}

// FuzzEncodeCallback: a callback that is accepted is one line that other JSON libraries
// accept, too, and is read exactly as it was.
func FuzzEncodeCallback(f *testing.F) {
	for _, body := range slices.Concat(hostile[:len(hostile)-1], unsaid) {
		f.Add([]byte(body), "trade", "1795233600", "nonce", "logid")
	}
	f.Add([]byte("{}"), "餐饮", "\n", `\"`, "\xff")
	f.Fuzz(func(t *testing.T, body []byte, app, timestamp, nonce, logID string) {
		want := called(1, "")
		want.Body, want.App, want.Timestamp, want.Nonce, want.LogID = body, app, timestamp, nonce, logID
		line, err := New(nil).EncodeCallback(want)
		if text := utf8.ValidString(app) && utf8.ValidString(timestamp) && utf8.ValidString(nonce); text != (err == nil) {
			t.Fatalf("%q, %q, %q: %v", app, timestamp, nonce, err)
		}
		if err != nil || app == "" {
			return
		}
		if !json.Valid(line) || strings.Count(string(line), "\n") != 1 {
			t.Fatalf("%q is no line of JSON", line)
		}
		want.LogID = strings.ToValidUTF8(logID, "\ufffd")
		a := New(objecttest.NewMem())
		if err := a.AppendCallbacks(t.Context(), received, walk1, line); err != nil {
			t.Fatal(err)
		}
		want.Key = callbacksBatchKey(received, walk1)
		got, err := readCallbacks(t, a, received)
		if diff := cmp.Diff([]schema.Callback{want}, got, cmp.Comparer(func(a, b []byte) bool { return string(a) == string(b) })); diff != "" || err != nil {
			t.Fatalf("%v (-written +read):\n%s", err, diff)
		}
	})
}

// FuzzCallbacks reads any bytes as a batch, plain and compressed: the result is an error
// that names the object, or callbacks that can be written again.
func FuzzCallbacks(f *testing.F) {
	line := encodeCallbacks(f, called(1, `{"msg":"\ud83d"}`), called(2, "\xff"))
	f.Add(line)
	f.Add(slices.Concat(line, []byte("{}\n")))
	f.Add([]byte(strings.Replace(string(line), "{", `{"extra":1,`, 1)))
	f.Add(compress(f, line))
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd})
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, data := range [][]byte{data, encoder.EncodeAll(data, nil)} {
			store := objecttest.NewMem()
			key := callbacksBatchKey(received, walk1)
			put(t, store, key, data)
			all, err := readCallbacks(t, New(store), received)
			if err != nil && !strings.Contains(err.Error(), key) || err == nil && len(all) == 0 {
				t.Fatalf("%d callbacks, %v", len(all), err)
			}
			for _, c := range all {
				if _, err := New(nil).EncodeCallback(c); err != nil || c.Key != key || c.App == "" {
					t.Fatalf("a callback is %+v, %v", c, err)
				}
			}
		}
	})
}

// BenchmarkEncodeCallback: a receiver does it once for every request.
func BenchmarkEncodeCallback(b *testing.B) {
	c := called(1, `{"version":"2.0","msg":"{\"app_id\":\"ttcfdbb96650e33350\",\"status\":\"SUCCESS\",\"order_id\":\"ot7057435515980663048\",\"cp_extra\":\"test\",\"message\":\"SUCCESS\",\"event_time\":1643189272388,\"settle_id\":\"ot7057416814925531429\",\"out_settle_no\":\"ext_order_no_1643188675912_settle——1\",\"rake\":0,\"commission\":0,\"settle_detail\":\"商户号68882720803499563550-分成金额(分)2\",\"settle_amount\":2,\"item_order_id\":\"ot78318372940872837161\",\"is_auto_settle\":false,\"the_rest\":\"`+strings.Repeat("x", 180)+`\"}","type":"settle"}`)
	c.Signature = strings.Repeat("A", 344)
	a := New(nil)
	b.SetBytes(int64(len(c.Body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.EncodeCallback(c); err != nil {
			b.Fatal(err)
		}
	}
}

func TestFirstReceived(t *testing.T) {
	t.Parallel()
	a := New(objecttest.NewMem())
	if day, ok, err := a.FirstReceived(t.Context()); ok || err != nil {
		t.Fatalf("of none: %s, %t, %v", day, ok, err)
	}
	for i, received := range []string{"2026-11-21", "2026-03-02", "2026-11-20"} {
		day, err := schema.ParseDay(received)
		if err == nil {
			err = a.AppendCallbacks(t.Context(), day, fmt.Sprintf("01ARZ3NDEKTSV4RRFFQ69G5FA%d", i), []byte("{}"))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if day, ok, err := a.FirstReceived(t.Context()); day.String() != "2026-03-02" || !ok || err != nil {
		t.Errorf("%s, %t, %v", day, ok, err)
	}
}

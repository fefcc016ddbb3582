package archive

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

var cutBodies = []string{
	"{\"group_name\":\"双\xe9\xa4\"}", `{"group_name":"\ud83c"}`, "{\"n\xff\":[\"\\udf5c\",\"\xed\xa0\xbc\"]}", "{\"a\":\"\u2028\x7f\",\"b\":  1.50}",
}

// TestBytesComeBack: text that was cut in the middle of a character is read byte for byte,
// so that its hashes stay valid.
func TestBytesComeBack(t *testing.T) {
	t.Parallel()
	a := New(objecttest.NewMem())
	u := schema.Unit{Account: schema.Account{ID: "7"}, Day: 20000}
	const walk = "01M8CDA3M6549C63M3QKQNZ5T2"
	var batch []byte
	var settlements []byte
	for i, body := range cutBodies {
		line, err := a.Encode(nil, schema.Answer{Account: "7", Day: u.Day, Walk: walk, Page: i + 1, Cursor: "0", FetchedAt: time.Unix(1, 0).UTC(), Body: []byte(body)})
		if err != nil {
			t.Fatal(err)
		}
		batch = append(batch, line...)
		if line, err = a.EncodeSettlement(schema.SettleAnswer{Account: "7", Day: u.Day, Parameter: "order_id", Value: "1", FetchedAt: time.Unix(1, 0).UTC(), Body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
		settlements = append(settlements, line...)
	}
	if err := a.Append(t.Context(), u, walk, 1, batch); err != nil {
		t.Fatal(err)
	}
	key, err := a.AppendSettlements(t.Context(), u, walk, 1, settlements)
	if err != nil {
		t.Fatal(err)
	}
	var read, proven, settled, settleProven []string
	for answer, err := range a.Answers(t.Context(), u, walk) {
		if err != nil {
			t.Fatal(err)
		}
		read = append(read, string(answer.Body))
	}
	if err := a.ProvePages(t.Context(), a.BatchKey(u, walk, 1), func(_ int, one schema.Answer) { proven = append(proven, string(one.Body)) }); err != nil {
		t.Fatal(err)
	}
	if err := a.Settlements(t.Context(), u.Day, nil, func(one schema.SettleAnswer) { settled = append(settled, string(one.Body)) }, func(schema.SettlePass) {}); err != nil {
		t.Fatal(err)
	}
	if err := a.ProveSettlements(t.Context(), key, func(_ int, one schema.SettleAnswer) { settleProven = append(settleProven, string(one.Body)) }); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][]string{"Answers": read, "ProvePages": proven, "Settlements": settled, "ProveSettlements": settleProven} {
		for i, want := range cutBodies {
			if i >= len(got) || got[i] != want {
				t.Errorf("%s: %q, want %q", name, got, cutBodies)
				break
			}
		}
	}
}

// TestUnreadable: an answer that cannot be read is kept with its exact bytes, the first of
// its kind in a run, and is not one of the archive's answers.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	store := objecttest.NewMem()
	a := New(store)
	u := schema.Unit{Account: schema.Account{ID: "7"}, Day: 20000}
	for i, body := range append(cutBodies, "\ufeff{\"a\":\n1}{}", "plain text", "") {
		one := schema.UnreadableAnswer{Unit: u, Kind: schema.UnreadableBills, Run: string(rune('A' + i)), Reason: "a \xff reason", LogID: "L", FetchedAt: time.Unix(1, 0), Body: []byte(body)}
		key, err := a.StoreUnreadable(t.Context(), one)
		if err != nil {
			t.Fatal(err)
		}
		again := one
		again.Body = []byte("another")
		if second, err := a.StoreUnreadable(t.Context(), again); err != nil || second != key {
			t.Errorf("%s again: %s, %v", key, second, err)
		}
		data, _, err := object.ReadAll(t.Context(), store, key)
		if err != nil {
			t.Fatal(err)
		}
		dec, err := zstd.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		var line bytes.Buffer
		if _, err := line.ReadFrom(dec); err != nil {
			t.Fatal(err)
		}
		var got struct {
			Account, Kind, Reason string
			Body                  string
			Binary                []byte `json:"body_base64"`
		}
		if err := json.Unmarshal(line.Bytes(), &got); err != nil || got.Body+string(got.Binary) != body || got.Account != "7" || got.Kind != "bills" || bytes.Count(line.Bytes(), []byte("\n")) != 1 {
			t.Errorf("%q is kept as %s, %v", body, line.Bytes(), err)
		}
	}
	for _, list := range []func() ([]schema.Series, error){
		func() ([]schema.Series, error) { return a.BillSeries(t.Context(), u.Day) },
		func() ([]schema.Series, error) { return a.SettlementSeries(t.Context(), u.Day) },
	} {
		if filed, err := list(); err != nil || len(filed) != 0 {
			t.Errorf("%+v, %v", filed, err)
		}
	}
}

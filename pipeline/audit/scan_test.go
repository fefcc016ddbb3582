package audit

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestScan: whatever a record has, the scan says what the decoder says of it, or nothing;
// and it knows every record that has no surprise.
func TestScan(t *testing.T) {
	t.Parallel()
	usual := []string{
		`{"account_id":"7113893944009705516","ledger_id":"1","settle_type":1,"shop_order_id":"o","biz_type":2,"amount":{"pay":900,"goods":"850"},"cp_extra":"{\"a\":\"\u4e00\"}"}`,
		`{"amount":{},"ledger_id":7,"fund_amount":-3,"fund_amount_type":0,"group_name":"双人餐","x":null,"y":true,"z":[]}`, `{}`,
	}
	s := new(scan)
	for _, record := range usual {
		if _, _, ok := s.record([]byte(record), nil); !ok {
			t.Errorf("%s is not known", record)
		}
	}
	name := rapid.SampledFrom([]string{"account_id", "ledger_id", "shop_order_id", "order_ext_id", "settle_type", "settle_sub_type", "fund_amount", "fund_amount_type", "amount", "biz_type", "a", "b", "é", `\u0061b`})
	value := rapid.SampledFrom([]string{
		`1`, `"1"`, `-5`, `1.0`, `1e3`, `12345678901234567890`, `"x"`, `"é"`, `"a\"b"`, `"\u0041\/"`, `"\ud800"`, "\"\xff\"", `true`, `null`, ` 1`, `1 `, `[]`, `[1, 2]`,
		`{}`, `{ }`, `{"pay":1,"goods":-2,"é":3}`, `{"pay":"1","original": 2}`, `{"pay":1.5}`, `{"z":{"b":1,"a":"\t"},"y":[{"b":1,"a":2}]}`,
	})
	rapid.Check(t, func(t *rapid.T) {
		record, seen := "{", make(map[string]bool)
		for _, n := range rapid.SliceOfN(name, 0, 8).Draw(t, "members") {
			if seen[n] {
				continue
			}
			if seen[n] = true; len(seen) > 1 {
				record += rapid.SampledFrom([]string{",", ",", ", "}).Draw(t, "comma")
			}
			record += `"` + n + `":` + value.Draw(t, "value")
		}
		raw, bizType := jsontext.Value(record+"}"), jsontext.Value(rapid.SampledFrom([]string{"", "1", `"2"`, "null", "1.5"}).Draw(t, "biz_type"))
		got, sum, ok := s.record(raw, bizType)
		if !ok {
			return
		}
		wantSum, err := content(raw, bizType)
		if err != nil {
			t.Fatalf("%s: scanned, but has no content: %v", raw, err)
		}
		want, err := readRecord(raw)
		if err != nil {
			t.Fatalf("%s: scanned, but not decoded: %v", raw, err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(reading{})); diff != "" || sum != wantSum {
			t.Fatalf("%s of a page with %s: %x, want %x (-decoded +scanned)\n%s", raw, bizType, sum, wantSum, diff)
		}
	})
}

package normalise

import (
	"math/big"
	"testing"

	stdjson "encoding/json"

	"billwalk/schema"
)

// FuzzDecodePage: whatever a page says, decoding does not panic; and of a page
// that is taken, every record becomes a bill whose amounts are those of the raw
// record, digit by digit, under one sign.
func FuzzDecodePage(f *testing.F) {
	f.Add([]byte(seedPage))
	f.Add([]byte(`{"data":{"has_more":false,"ledger_records":[]}}`))
	f.Add([]byte(`{"data":{"has_more":true,"cursor":7,"biz_type":1,"ledger_records":[{"account_id":1,"ledger_id":68882720803499563550,"settle_type":2,"amount":{"pay":"12","new":1.5}}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		page, err := DecodePage(body)
		if err != nil {
			return
		}
		for _, r := range page.Records {
			row := Normaliser{Code: KeepCode}.Row(r, from)
			if _, err := r.Content(); err != nil {
				t.Fatalf("%s has no content: %v", r.Raw, err)
			}
			again, err := DecodeRecord(r.Raw, r.BizType)
			if err != nil || again.Key() != row.Bill.Key() {
				t.Fatalf("%s: read again it is %v (%v)", r.Raw, again.Key(), err)
			}
			if row.Bill.Direction.Valid {
				checkAmounts(t, r.Raw, &row.Bill)
			}
		}
	})
}

// checkAmounts reads the raw record with another decoder.
func checkAmounts(t *testing.T, raw []byte, b *schema.Bill) {
	t.Helper()
	var record map[string]stdjson.RawMessage
	if err := stdjson.Unmarshal(raw, &record); err != nil {
		t.Fatalf("%s: encoding/json says %v", raw, err)
	}
	var amount map[string]stdjson.RawMessage
	if err := stdjson.Unmarshal(record["amount"], &amount); record["amount"] != nil && err != nil {
		t.Fatalf("amount of %s: %v", raw, err)
	}
	for a := range schema.AmountCount {
		text := amount[a.Field()]
		if a.InRecord() {
			text = record[a.Field()]
		}
		got := b.Amounts[a]
		if len(text) == 0 || string(text) == "null" {
			if got.Valid {
				t.Fatalf("%s: %s is absent but %d", raw, a.Field(), got.V)
			}
			continue
		}
		var number stdjson.Number
		if err := stdjson.Unmarshal(text, &number); err != nil {
			t.Fatalf("%s: %s: %v", raw, text, err)
		}
		want, ok := new(big.Int).SetString(number.String(), 10)
		if !ok {
			t.Fatalf("%s: %s was taken as a whole number", raw, text)
		}
		want.Mul(want, big.NewInt(int64(b.Direction.V)))
		if !got.Valid || want.Cmp(big.NewInt(int64(got.V))) != 0 {
			t.Fatalf("%s: %s is %v, want %s", raw, a.Field(), got, want)
		}
	}
}

package normalise

import (
	"math/big"
	"testing"
	"unicode/utf8"

	stdjson "encoding/json"

	"billwalk/schema"
)

// FuzzDecodePage: decoding does not panic, and every record of a decoded page becomes a bill
// with the amounts of the raw record, all with the same sign.
func FuzzDecodePage(f *testing.F) {
	f.Add([]byte(seedPage))
	f.Add([]byte(`{"data":{"has_more":false,"ledger_records":[]},"extra":{"error_code":0}}`))
	f.Add([]byte(`{"data":{"has_more":true,"cursor":7,"biz_type":1,"ledger_records":[{"account_id":1,"ledger_id":68882720803499563550,"settle_type":2,"amount":{"pay":"12","new":1.5}}]},"extra":{"error_code":0}}`))
	f.Add([]byte("{\"data\":{\"has_more\":false,\"ledger_records\":[{\"account_id\":\"1\",\"ledger_id\":\"2\",\"settle_type\":1,\"group_name\":\"\\ud83c\",\"\xe9\":\"\xff\",\"amount\":{\"pay\":-7,\"n\xe9\":\"\\udf5c\"}}],\"x\":1},\"extra\":{\"error_code\":0}}"))
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
			for _, e := range row.Exceptions {
				if !utf8.ValidString(e.Record.V) || !utf8.ValidString(e.Detail) {
					t.Fatalf("%q has an exception that is not UTF-8: %+v", r.Raw, e)
				}
			}
			if !utf8.ValidString(row.Bill.Extra.V) || !utf8.ValidString(row.Bill.GroupName.V) {
				t.Fatalf("%q has columns that are not UTF-8: %+v", r.Raw, row.Bill)
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

// checkAmounts compares the amounts with those of another decoder.
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
		checkAmount(t, text, b.Amounts[a], b.Direction.V)
	}
}

// checkAmount checks that an amount is that of the raw JSON with the sign of the direction, or
// NULL if the raw amount has a minus.
func checkAmount(t *testing.T, raw stdjson.RawMessage, got schema.Null[schema.Fen], sign int32) {
	t.Helper()
	if len(raw) == 0 || string(raw) == "null" {
		if got.Valid {
			t.Fatalf("absent, but %d", got.V)
		}
		return
	}
	var number stdjson.Number
	if err := stdjson.Unmarshal(raw, &number); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	want, ok := new(big.Int).SetString(number.String(), 10)
	if !ok {
		t.Fatalf("%s was taken as a whole number", raw)
	}
	if want.Sign() < 0 {
		if got.Valid {
			t.Fatalf("%s is read as %d, want NULL", raw, got.V)
		}
		return
	}
	want.Mul(want, big.NewInt(int64(sign)))
	if !got.Valid || want.Cmp(big.NewInt(int64(got.V))) != 0 {
		t.Fatalf("%s is read as %v, want %s", raw, got, want)
	}
}

// FuzzDecodeSettlements: decoding does not panic, every amount of a decoded answer is that of
// the raw record, and the amounts of an identity that passes add up.
func FuzzDecodeSettlements(f *testing.F) {
	f.Add([]byte(seedSettlements))
	f.Add([]byte(seedSettleError))
	f.Add([]byte(`{"data":null,"extra":{"error_code":0}}`))
	f.Add([]byte(`{"data":[{"settle_id":"s","settle_status":"SUCCESS","settle_amount":-1,"rake":-0,"cp_extra":"\ud83c"}],"extra":{"error_code":0}}`))
	f.Add([]byte(`{"extra":{"error_code":2191002,"sub_error_code":20000}}`))
	f.Add([]byte(`{"data":[{"settle_id":68882720803499563550,"settle_status":"FAIL","rake":"12","settle_at":1639733782000,"new":1.5}],"extra":{"error_code":0}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		records, err := DecodeSettlements(body)
		if err != nil {
			return
		}
		for _, r := range records {
			row := Normaliser{}.Settlement(r, asking("order_id", "ot1"))
			s := row.Settlement
			if s.SettleID == "" || s.Status == "" || !s.OrderID.Valid || row.Foreign != (s.OrderID.V != "ot1") || r.Foreign(asking("order_id", "ot1")) != row.Foreign {
				t.Fatalf("%s became %+v", r.Raw, row)
			}
			var record map[string]stdjson.RawMessage
			if err := stdjson.Unmarshal(r.Raw, &record); err != nil {
				t.Fatalf("%s: encoding/json says %v", r.Raw, err)
			}
			checkAmount(t, record["settle_amount"], s.Amount, +1)
			checkAmount(t, record["rake"], s.Rake, +1)
			checkAmount(t, record["commission"], s.Commission, +1)
			if row.Identity == NotEvaluable {
				continue
			}
			left := big.NewInt(int64(s.Amount.V))
			for _, part := range append([]schema.Share{{Amount: s.Rake.V}, {Amount: s.Commission.V}}, s.Shares.V...) {
				left.Sub(left, big.NewInt(int64(part.Amount)))
			}
			if (left.Sign() == 0) != (row.Identity == Pass) {
				t.Fatalf("%s: %v is left of settle_amount, and the identity is %v", r.Raw, left, row.Identity)
			}
		}
	})
}

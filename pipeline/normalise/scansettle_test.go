package normalise

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"billwalk/schema"
)

// sameAsDecoded checks that the scanner reads what the decoder reads, if it reads it at all.
func sameAsDecoded(t interface{ Fatalf(string, ...any) }, body []byte) (scanned bool) {
	got, ok := scanSettlements(body, string(body), []SettleRecord{})
	if !ok {
		return false
	}
	want, err := decodeSettlements(body)
	if err != nil {
		t.Fatalf("%s: scanned, and the decoder says %v", body, err)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(SettleRecord{}, settlement{}, text{}, integer{}, display{})); diff != "" {
		t.Fatalf("%s (-decoded +scanned)\n%s", body, diff)
	}
	return true
}

// TestScanSettlements: the documented answer is scanned, with white space or without, also
// where ids are numbers or texts have escapes, and answers without settlements.
func TestScanSettlements(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		seedSettlements, `{"data":[],"extra":{"error_code":0}}`, `{"extra":{"error_code":"0","logid":"l"},"data":[ ]} `,
		`{"data":[{"settle_id":"1","settle_status":"INIT","rake":"0","settle_time":-1},{"settle_id":"2","settle_status":"没有"}],"extra":{"error_code":0,"now":1.5e3}}`,
		`{"data":[{"settle_id":1,"settle_status":"INIT","order_id":null,"rake":null,"cp_extra":"两行\n\u540d","new":{},"newer":[1,"2",true]}],"extra":{"error_code":0}}`,
		`{"extra":{"error_code":2191009,"description":"分账异常","sub_error_code":20000,"sub_description":"订单不存在","logid":"l","now":1795778238}}`,
		`{"extra":{"error_code":20000}}`, `{"extra":{"error_code":0,"sub_error_code":20000}}`,
	} {
		if !sameAsDecoded(t, []byte(body)) {
			t.Errorf("%s is not scanned", body)
		}
	}
}

// TestScanSettlementsOdd: an answer with something unusual in it is read as the decoder
// reads it, or left to the decoder.
func TestScanSettlementsOdd(t *testing.T) {
	t.Parallel()
	values := []string{`"1"`, `20000`, `2191009`, `2190004`, `"a\nb"`, `"\ud83c"`, `[1, 2]`, `{"a":1}`, `1`, `0`, `"0"`, `-0`, `01`, `"01"`, `1.0`, `1e3`, `null`, `""`, `"\u0031"`, "\"\xff\"", `"没"`, `[]`, `{}`, `true`, `9223372036854775807`, `999999999999999999`, `"-"`, `-`, `"a`, ``}
	members := []string{"settle_id", "order_id", "out_settle_no", "out_order_no", "item_order_id", "settle_status", "settle_amount", "rake", "commission", "settle_detail", "settle_time", "settle_at", "cp_extra", "new", "newer", `\u0072ake`, "error_code", "sub_error_code", "logid", "description", "now", "err_no", "data", "extra"}
	space := rapid.SampledFrom([]string{"", "", "", " ", "\n\t", "x", ","})
	rapid.Check(t, func(t *rapid.T) {
		object := func(usual string) string {
			var b strings.Builder
			b.WriteString("{" + usual)
			for range rapid.IntRange(0, 3).Draw(t, "members") {
				fmt.Fprintf(&b, `,%s"%s"%s:%s%s%s`, space.Draw(t, "space"), rapid.SampledFrom(members).Draw(t, "name"), space.Draw(t, "space"), space.Draw(t, "space"), rapid.SampledFrom(values).Draw(t, "value"), space.Draw(t, "space"))
			}
			return b.String() + "}"
		}
		data := rapid.SampledFrom([]string{"", `"data":[],`, `"data":null,`, `"data":[` + object(`"settle_id":"1","settle_status":"INIT"`) + `],`}).Draw(t, "data")
		code := rapid.SampledFrom([]string{`"error_code":0`, `"error_code":0`, `"error_code":20000`, `"sub_error_code":20000`}).Draw(t, "code")
		body := fmt.Sprintf(`{%s%s"extra":%s%s}%s`, space.Draw(t, "space"), data, object(code), space.Draw(t, "space"), space.Draw(t, "space"))
		sameAsDecoded(t, []byte(body))
	})
}

// FuzzScanSettlements is TestScanSettlementsOdd for any text.
func FuzzScanSettlements(f *testing.F) {
	f.Add([]byte(seedSettlements))
	f.Add([]byte(seedSettleError))
	f.Add([]byte(`{"data":[{"settle_id":"s","settle_status":"SUCCESS","settle_amount":-1,"rake":-0,"cp_extra":"\ud83c"}],"extra":{"error_code":0}}`))
	f.Fuzz(func(t *testing.T, body []byte) { sameAsDecoded(t, body) })
}

// BenchmarkReadSettlements reads an answer as the platform gives it, and makes its row.
func BenchmarkReadSettlements(b *testing.B) {
	body := []byte(`{"data":[{"out_order_no":"","out_settle_no":"os1076500000000000001","order_id":"1076500000000000001","settle_id":"ot1076500000000000001","settle_amount":9900,"settle_status":"SUCCESS",` +
		`"settle_detail":"商户号68882720803499563550-分成金额(分)9305","settle_time":1793350800000,"rake":495,"commission":100,"cp_extra":""}],` +
		`"extra":{"sub_error_code":0,"sub_description":"success","logid":"2026103120251122334455667788990","now":1663745962686,"error_code":0,"description":"success"}}`)
	answer := schema.SettleAnswer{Parameter: "order_id", Column: "shop_order_id", Value: "1076500000000000001"}
	b.ReportAllocs()
	for b.Loop() {
		records, err := DecodeSettlements(body)
		if err != nil {
			b.Fatal(err)
		}
		if row := (Normaliser{}).Settlement(records[0], &answer); row.Identity != Pass {
			b.Fatalf("%+v", row)
		}
	}
}

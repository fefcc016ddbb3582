package normalise

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

// oddPages are pages that the scanner must not read in another way than the decoder.
func oddPages() (pages [][]byte) {
	const key = `"account_id":"1","ledger_id":"2","settle_type":1`
	for _, record := range []string{
		`{` + key + `}`, ` { "account_id" : "1" , "ledger_id":"2" ,` + "\t\r\n" + `"settle_type":1 } `, `{"settle_type":"1","ledger_id":2,"account_id":1}`,
		`{` + key + `,}`, `{,` + key + `}`, `{` + key + `,"code":"a" "b"}`, `{` + key + `}}`, `{` + key, `[` + key + `]`, `null`, `{}`, `7`, `"x"`, ``, `}`, `]`, `{` + key + `]`, `{` + key + `,"amount":}`, `{` + key + `,"amount":}}`, `{` + key + `,"amount":{]}`, `{` + key + `,"code":}`, `{` + key + `,"x":}`, `{` + key + `,"x":]}`,
		`{` + key + `,"code":null,"amount":null,"biz_type":null,"settle_time":null,"group_name":null,"new":null}`,
		`{` + key + `,"amount":{}}`, `{` + key + `,"amount":{ }}`, `{` + key + `,"amount":[]}`, `{` + key + `,"amount":{"pay":1,"pay":1}}`, `{` + key + `,"amount":{"pay":1,"p\u0061y":1}}`,
		`{` + key + `,"settle_type":1}`, `{` + key + `,"x":1,"x":1}`, `{` + key + `,"x":1,"\u0078":1}`, `{` + key + `,"x":{"a":1,"a":2}}`, `{` + key + `,"c\u006fde":"9","code":"8"}`,
		`{` + key + `,"\u0063ode":"9"}`, `{` + key + `,"code":"\u0000"}`, `{` + key + `,"code":"` + "\x00" + `"}`, `{` + key + `,"code":"` + "\n" + `"}`, `{` + key + `,"poi_id":"a\u0000"}`,
		`{` + key + `,"group_name":"\ud83c\udf5c \ud83c"}`, `{` + key + `,"group_name":"\ud83c\udf5c"}`, `{` + key + `,"group_name":"\"\\\/\b\f\n\r\t\u53cc"}`, `{` + key + `,"group_name":"\x"}`,
		`{` + key + `,"group_name":"双人套` + "\xe9\xa4" + `"}`, `{` + key + `,"code":"` + "\xff" + `"}`, `{` + key + `,"` + "\xff" + `":1}`, `{` + key + `,"双":"\ud83c"}`, `{` + key + `,"双":1,"z":2,"` + "\U0001f35c" + `":3,"` + "\uff01" + `":4}`,
		`{` + key + `,"settle_time":1.0}`, `{` + key + `,"settle_time":1e3}`, `{` + key + `,"settle_time":01}`, `{` + key + `,"settle_time":"01"}`, `{` + key + `,"settle_time":"+1692115093"}`, `{` + key + `,"settle_time":"1692115093"}`, `{` + key + `,"settle_time":1692115093}`,
		`{` + key + `,"settle_time":-0}`, `{` + key + `,"settle_time":-}`, `{` + key + `,"settle_time":""}`, `{` + key + `,"settle_time":"-0"}`, `{` + key + `,"settle_time":true}`, `{` + key + `,"biz_type":99999999999}`, `{` + key + `,"biz_type":63}`, `{` + key + `,"biz_type":64}`, `{` + key + `,"biz_type":-1}`,
		`{` + key + `,"fund_amount":9223372036854775807,"fund_amount_type":1}`, `{` + key + `,"fund_amount":-9223372036854775808}`, `{` + key + `,"fund_amount":9223372036854775808}`, `{` + key + `,"fund_amount":288230376151711744}`, `{` + key + `,"fund_amount":"5","fund_amount_type":0}`,
		`{` + key + `,"fund_amount_type":1}`, `{` + key + `,"fund_amount_type":0}`, `{` + key + `,"amount":{"fund_amount":7,"pay":1}}`, `{` + key + `,"amount":{"pay":-0,"goods":"-0"}}`, `{` + key + `,"amount":{"pay":-1}}`,
		`{` + key + `,"amount":{"pay":9,"merchant_ticket":1,"original":3}}`, `{` + key + `,"amount":{"pay":9,"merchant_ticket":1,"original":30}}`, `{` + key + `,"amount":{"pay":9,"ledger_total":3}}`, `{` + key + `,"amount":{"pay":9,"ledger_total":3,"ledger_platform_ticket":null}}`,
		`{` + key + `,"amount":{"goods":1,"ledger_total":3,"total_merchant_platform_service":1,"actual_insured":0,"mall_store_goods":1}}`, `{` + key + `,"amount":{"goods":1,"ledger_total":3,"total_merchant_platform_service":1,"actual_insured":0,"mall_store_goods":1,"talent_commission":0}}`,
		`{` + key + `,"amount":{"new":{"b":1,"a":2},"pay":1},"z":1,"a":[1, 2]}`, `{` + key + `,"amount":{"new":1.50},"z":1e5,"b":true,"a":[],"c":[[1],"x"],"d":["x",null,false]}`, `{` + key + `,"n":[1,2,],"m":tru}`, `{` + key + `,"n":1.,"m":1}`, `{` + key + `,"n":-}`, `{` + key + `,"n":1e}`, `{` + key + `,"n":00}`, `{` + key + `,"n":nul}`,
		`{` + key + `,"shop_order_id":68882720803499563550688827208034995635506888272080349956355068882720803499563550}`, `{` + key + `,"shop_order_id":-5,"poi_id":-0,"sku_id":0}`, `{` + key + `,"shop_order_id":05}`, `{` + key + `,"shop_order_id":5.0}`, `{` + key + `,"shop_order_id":true}`,
		`{` + key + `,"shop_order_id":"单——1","poi_id":" ","sku_id":"1` + "\u200b" + `"}`, `{` + key + `,"poi_id":"12345678 "}`, `{` + key + `,"poi_id":"12345678` + "\x7f" + `"}`, `{` + key + `,"poi_id":"","shop_order_id":""}`,
		`{"account_id":"","ledger_id":"2","settle_type":1}`, `{"account_id":"1","ledger_id":null,"settle_type":1}`, `{"account_id":"1","ledger_id":"2"}`, `{"account_id":"1","ledger_id":"2","settle_type":3}`, `{"account_id":"1","ledger_id":"2","settle_type":9,"fund_amount_type":1}`,
		`{` + key + `,"deep":` + strings.Repeat("[", 99) + strings.Repeat("]", 99) + `}`, `{` + key + `,"deep":` + strings.Repeat("[", 9999) + strings.Repeat("]", 9999) + `}`,
	} {
		pages = append(pages, []byte(`{"data":{"has_more":false,"ledger_records":[`+record+`]},"extra":{"error_code":0,"logid":"l"}}`),
			[]byte(`{"data":{"has_more":true,"cursor":"c","biz_type":3,"ledger_records":[{`+key+`,"code":"1"},`+record+` ,{`+key+`}]},"extra":{"error_code":0}}`))
	}
	list := `[{` + key + `}]`
	for _, page := range []string{
		``, ` `, `null`, `[]`, `{}`, `{"data":null}`, `{"data":{"ledger_records":` + list + `}}`, `{"data":{"ledger_records":` + list + `,"has_more":false}}`, "\ufeff" + `{"data":{"ledger_records":` + list + `,"has_more":false},"extra":{"error_code":0}}`,
		` { "data" : { "ledger_records" : ` + list + ` , "has_more" : false } , "extra" : { "error_code" : "0" } } `, `{"data":{"ledger_records":` + list + `,"has_more":false},"extra":{"error_code":0}} x`, `{"data":{"ledger_records":` + list + `,"has_more":false},"extra":{"error_code":0}`,
		`{"data":{"ledger_records":` + list + `,"ledger_records":` + list + `,"has_more":false},"extra":{"error_code":0}}`, `{"data":{"ledger_records":` + list + `,"has_more":false},"data":{},"extra":{"error_code":0}}`, `{"data":{"ledger_records":` + list + `,"ledger_record\u0073":[],"has_more":false},"extra":{"error_code":0}}`,
		`{"d\u0061ta":{"ledger_records":` + list + `,"has_more":false},"extra":{"error_code":0}}`, `{"data":{"ledger_records":` + list + `,"has_more":true},"extra":{"error_code":0}}`, `{"data":{"ledger_records":` + list + `,"has_more":false},"extra":{"error_code":7}}`, `{"x":{"data":{"a":"}\""}},"data":{"a":[{"ledger_records":1}],"b":-1.5e3,"ledger_records":` + list + `,"has_more":false},"extra":{"error_code":0}}`,
		`{"data":{"ledger_records":],"has_more":false},"extra":{"error_code":0}}`, `{"data":{"has_more":false,"ledger_records":]},"extra":{"error_code":0}}`, `{"data":{"has_more":false,"ledger_records":}},"extra":{"error_code":0}}`, `{"data":},"ledger_records":[]`, `{"data":{"ledger_records":null,"has_more":false},"extra":{"error_code":0}}`, `{"data":{"ledger_records":{},"has_more":false},"extra":{"error_code":0}}`, `{"data":{"ledger_records":[ ],"has_more":false},"extra":{"error_code":0}}`, `{"data":{"ledger_records":[,],"has_more":false},"extra":{"error_code":0}}`, `{"data":{"biz_type":99999999999,"ledger_records":[],"has_more":false},"extra":{"error_code":0}}`,
		`{"data":{"biz_type":"5","ledger_records":` + list + `,"has_more":false},"extra":{"error_code":0}}`, `{"data":{"biz_type":64,"ledger_records":` + list + `,"has_more":false},"extra":{"error_code":0}}`, `{"data":{"biz_type":5,"ledger_records":[{` + key + `,"biz_type":1}],"has_more":false},"extra":{"error_code":0}}`, "{\"data\":{\"note\":\"\xff\",\"ledger_records\":" + list + ",\"has_more\":false},\"extra\":{\"error_code\":0}}",
	} {
		pages = append(pages, []byte(page))
	}
	return append(pages, []byte(seedPage))
}

// seedPages are pages of all kinds.
func seedPages(t testing.TB) [][]byte {
	t.Helper()
	pages, dice := oddPages(), rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 3, 50, 64, 65, 200} {
		pages = append(pages, randomPage(dice, n))
	}
	examples, err := filepath.Glob("../../cmd/billwalk/testdata/examples/*.json")
	if err != nil || len(examples) == 0 {
		t.Fatal("no examples", err)
	}
	for _, file := range examples {
		example, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, example)
	}
	return pages
}

// bills are rows as the decoder makes them, to compare with.
type bills struct {
	Bills      []schema.Bill
	Outcomes   []Outcomes
	Exceptions []RowException
	Error      string
}

func billsOf(rows *Rows, err error) bills {
	b := bills{Bills: make([]schema.Bill, rows.Bills.Rows), Outcomes: rows.Outcomes, Exceptions: rows.Exceptions}
	for i := range b.Bills {
		schema.Bills.LoadFrom(rows.Bills, i, &b.Bills[i])
	}
	if err != nil {
		b.Error = err.Error()
	}
	return b
}

// addAnswer adds a page as a walk does, which has read its content.
func (n Normaliser) addAnswer(to *Rows, body []byte, from Provenance) error {
	a, err := DecodeAnswer(schema.Answer{Body: body})
	if err != nil {
		return err
	}
	defer a.Decoded.Release()
	return n.AddAnswer(to, &a, from)
}

// checkAddPage compares what AddPage and AddAnswer make of a page with what the decoder makes of
// it, also once it was written and read.
func checkAddPage(t *testing.T, body []byte, from Provenance, code CodePolicy) {
	t.Helper()
	n, want := Normaliser{Code: code}, NewRows()
	got, answers, read, codec := NewRows(), NewRows(), NewRows(), NewRowsCodec()
	first := []byte(`{"data":{"has_more":false,"ledger_records":[{"account_id":"1","ledger_id":"0","settle_type":1}]},"extra":{"error_code":0}}`)
	for _, page := range [][]byte{first, body, first} { // rows that a page with an error must leave
		wantErr, gotErr, answerErr := n.addDecoded(want, page, from), n.AddPage(got, page, from), n.addAnswer(answers, page, from)
		decoded := billsOf(want, wantErr)
		if scanned := billsOf(got, gotErr); !reflect.DeepEqual(decoded, scanned) {
			t.Fatalf("%q\ndecoded (-) and scanned (+) differ:\n%s", page, cmp.Diff(decoded, scanned))
		}
		rest, err := codec.Read(codec.Append(nil, answers), read)
		if len(rest) > 0 || err != nil {
			t.Fatalf("%q: %d bytes are left, %v", page, len(rest), err)
		}
		if walked := billsOf(read, answerErr); !reflect.DeepEqual(decoded, walked) {
			t.Fatalf("%q\ndecoded (-) and walked (+) differ:\n%s", page, cmp.Diff(decoded, walked))
		}
	}
	if to := got.Bills; to.Rows != len(got.Outcomes) {
		t.Fatalf("%q: %d rows, %d outcomes", body, to.Rows, len(got.Outcomes))
	}
	for i := range got.Bills.Columns {
		if v, w := &got.Bills.Columns[i], &want.Bills.Columns[i]; v.Rows != w.Rows || v.Nulls != w.Nulls {
			t.Fatalf("%q: column %d has %d rows, %d NULL; want %d, %d", body, i, v.Rows, v.Nulls, w.Rows, w.Nulls)
		}
	}
}

func checkAddPages(t *testing.T, body []byte) {
	alone := from
	alone.Root, alone.Walk, alone.LogID = false, "1", ""
	checkAddPage(t, body, from, KeepCode)
	checkAddPage(t, body, alone, nil)
}

func TestAddPage(t *testing.T) {
	t.Parallel()
	for _, page := range seedPages(t) {
		checkAddPages(t, page)
	}
	checkAddPage(t, randomPage(rand.New(rand.NewPCG(3, 4)), 50), from, HashCode(schema.NewSecret("key")))
}

// TestScannerReadsMost: the decoder, which is slow, is only used where it is needed.
func TestScannerReadsMost(t *testing.T) {
	t.Parallel()
	s := scanners.Get().(*scanner)
	defer s.release()
	page := randomPage(rand.New(rand.NewPCG(5, 6)), 1000)
	if _, ok := s.scan(page); !ok || len(s.records) != 1000 {
		t.Fatalf("%d records", len(s.records))
	}
	dirty := 0
	for i := range s.records {
		if r := &s.records[i]; r.slow || !s.clean(r, &from, settledOn(from.Day)) {
			dirty++
		}
	}
	if dirty == 0 || dirty > 30 {
		t.Errorf("%d of 1000 records are left to the decoder", dirty)
	}
}

// FuzzAddPage: AddPage and AddAnswer add the same rows and exceptions as the decoder, and have
// the same errors.
func FuzzAddPage(f *testing.F) {
	for _, page := range seedPages(f) {
		f.Add(page)
	}
	f.Fuzz(checkAddPages)
}

func BenchmarkAddPage(b *testing.B) {
	const records = 50
	page, n, rows := randomPage(rand.New(rand.NewPCG(1, 2)), records), Normaliser{Code: KeepCode}, NewRows()
	for name, add := range map[string]func(*Rows, []byte, Provenance) error{"scanned": n.AddPage, "walked": n.addAnswer, "decoded": n.addDecoded} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(page)))
			for b.Loop() {
				if rows.Bills.Rows >= 20_000 {
					rows.Reset()
				}
				if err := add(rows, page, from); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(records*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

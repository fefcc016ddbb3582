package normalise

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

// checkContent compares what ReadContent finds in a page with what the decoder finds.
func checkContent(t *testing.T, body []byte) {
	want, wantErr := decodeContent(body)
	got, gotErr := ReadContent(body)
	got.Release()
	if len(got.Records) == 0 {
		got.Records = want.Records[:0]
	}
	if !reflect.DeepEqual(want, got) {
		t.Fatalf("%.5000q\ndecoded and scanned differ:\n%.5000s", body, cmp.Diff(want, got))
	}
	if errorText(wantErr) != errorText(gotErr) {
		t.Fatalf("%q\ndecoded: %v\nscanned: %v", body, wantErr, gotErr)
	}
	var e Envelope
	_, wantErr = decodeJSON(body, &e)
	if wantErr == nil {
		wantErr = e.Success()
	}
	if gotErr = Succeeded(body); errorText(wantErr) != errorText(gotErr) {
		t.Fatalf("%q\ndecoded: %v\nSucceeded: %v", body, wantErr, gotErr)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestReadContent(t *testing.T) {
	t.Parallel()
	for _, page := range seedPages(t) {
		checkContent(t, page)
	}
}

// TestSizes: amounts count without their sign, and a sum that is beyond int64 does not
// become small.
func TestSizes(t *testing.T) {
	t.Parallel()
	const record = `{"account_id":"1","ledger_id":"2","settle_type":1,"fund_amount":9223372036854775807,"amount":{"pay":-5,"goods":9000000000000000}}`
	page, err := ReadContent([]byte(`{"data":{"has_more":false,"ledger_records":[` + record + `,` + record + `]},"extra":{"error_code":0}}`))
	if err != nil || page.Sizes != [schema.AmountCount]schema.Fen{schema.Pay: 10, schema.Goods: 18e15, schema.FundAmount: math.MaxInt64} {
		t.Errorf("%v, %v", page.Sizes, err)
	}
}

// FuzzContent: ReadContent finds the same contents as the decoder, and has the same errors.
func FuzzContent(f *testing.F) {
	for _, page := range seedPages(f) {
		f.Add(page)
	}
	f.Fuzz(checkContent)
}

func BenchmarkContent(b *testing.B) {
	const records = 50
	page := randomPage(rand.New(rand.NewPCG(1, 2)), records)
	for name, read := range map[string]func([]byte) (PageContent, error){"scanned": ReadContent, "decoded": decodeContent} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(page)))
			for b.Loop() {
				content, err := read(page)
				if err != nil {
					b.Fatal(err)
				}
				content.Release()
			}
			b.ReportMetric(float64(records*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

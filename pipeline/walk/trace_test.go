package walk

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

func decoded(t testing.TB, a schema.Answer) *normalise.PageAnswer {
	t.Helper()
	page, err := normalise.DecodeAnswer(a)
	if err != nil {
		t.Fatal(err)
	}
	return &page
}

// TestPageCap: a walk whose last allowed page says that there is more is an
// error; one that ends there is whole.
func TestPageCap(t *testing.T) {
	t.Parallel()
	for more, want := range map[bool]string{true: "does not end", false: ""} {
		walk := newTrace(schema.Unit{}, "w")
		walk.pages = make([]schema.Link, maxPages-1)
		body := fmt.Sprintf(`{"data":{"cursor":"next","has_more":%t,"ledger_records":[]},"extra":{"error_code":0}}`, more)
		err := walk.add(decoded(t, schema.Answer{Cursor: firstCursor, Page: maxPages, Body: []byte(body)}), 50)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("page %d with has_more=%t: %v, want %q", maxPages, more, err, want)
		}
	}
}

// TestChain: a walk takes no page but the next one.
func TestChain(t *testing.T) {
	t.Parallel()
	walk := newTrace(schema.Unit{}, "w")
	body := []byte(`{"data":{"cursor":"c2","has_more":true,"ledger_records":[]},"extra":{"error_code":0}}`)
	for _, a := range []schema.Answer{{Cursor: "0", Page: 2}, {Cursor: "c2", Page: 1}, {Cursor: "", Page: 1}} {
		a.Body = body
		if err := walk.add(decoded(t, a), 50); err == nil || !strings.Contains(err.Error(), "does not follow") {
			t.Errorf("page %d at %q is taken for the first (%v)", a.Page, a.Cursor, err)
		}
	}
	if err := walk.add(decoded(t, schema.Answer{Cursor: "0", Page: 1, Body: body}), 50); err != nil || walk.next != "c2" || walk.done {
		t.Errorf("the first page: %v, then %q", err, walk.next)
	}
}

// BenchmarkWalk measures what a walk does with its pages beside fetching and
// storing them: the guards, the chain, the digest.
func BenchmarkWalk(b *testing.B) {
	const pages, size = 200, 50
	answers := make([]schema.Answer, pages)
	for n := range answers {
		var list []string
		for i := range size {
			list = append(list, fmt.Sprintf(`{"account_id":"7113893944009705516","ledger_id":"98765432%011d","shop_order_id":"10%017d","settle_type":1,"settle_time":1795150000,"group_name":"双人套餐","amount":{"pay":9900,"original":9900,"ledger_total":9900,"goods":9405,"total_merchant_platform_service":495}}`, n*size+i, i))
		}
		cursor := firstCursor
		if n > 0 {
			cursor = fmt.Sprint("c", n)
		}
		answers[n] = schema.Answer{Cursor: cursor, Page: n + 1, FetchedAt: time.Unix(int64(n), 0),
			Body: fmt.Appendf(nil, `{"data":{"cursor":"c%d","has_more":%t,"ledger_records":[%s]},"extra":{"error_code":0}}`, n+1, n+1 < pages, strings.Join(list, ","))}
	}
	b.ReportAllocs()
	for b.Loop() {
		walk := newTrace(schema.Unit{}, "w")
		for _, a := range answers {
			if err := walk.add(decoded(b, a), size); err != nil {
				b.Fatal(err)
			}
		}
		if bills, _ := walk.digest(); !walk.done || bills != pages*size {
			b.Fatalf("%d bills", bills)
		}
	}
	b.ReportMetric(float64(b.N*pages*size)/b.Elapsed().Seconds(), "rows/s")
}

package douyin

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// FuzzCursor: a cursor is opaque. Any text of the platform is sent unchanged in the next
// request, beside exactly the other parameters.
func FuzzCursor(f *testing.F) {
	for _, cursor := range []string{"0", "1000000000", "a&size=1", "游标", "%00", "+ /=?#", "\x00\n", strings.Repeat("9", 40)} {
		f.Add(cursor)
	}
	client := New(App{BaseURL: "https://open.example/prefix/"})
	f.Fuzz(func(t *testing.T, cursor string) {
		if cursor == "" || !utf8.ValidString(cursor) {
			return // not a cursor, or not JSON
		}
		text, err := json.Marshal(cursor)
		if err != nil {
			t.Fatal(err)
		}
		page, err := normalise.DecodePage([]byte(`{"data":{"has_more":true,"ledger_records":[],"cursor":` + string(text) + `},"extra":{"error_code":0}}`))
		if err != nil || page.Next != cursor {
			t.Fatalf("the page's cursor %q is read as %q (%v)", cursor, page.Next, err)
		}
		u := schema.Unit{Account: schema.Account{ID: "7113893944009705516"}, Day: 20000}
		request, err := client.pageRequest(pathBills, billsOf(u), page.Next, 50)
		if err != nil {
			t.Fatal(err)
		}
		var wire bytes.Buffer
		if err := request.Write(&wire); err != nil {
			t.Fatal(err)
		}
		arrived, err := http.ReadRequest(bufio.NewReader(&wire))
		if err != nil {
			t.Fatal(err)
		}
		query := arrived.URL.Query()
		if query.Get("cursor") != cursor || query.Get("size") != "50" || query.Get("bill_date") != u.Day.String() ||
			query.Get("account_id") != string(u.Account.ID) || len(query) != 4 {
			t.Fatalf("cursor %q is sent as %s", cursor, arrived.URL)
		}
	})
}

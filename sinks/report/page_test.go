package report

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

func writePage(t *testing.T, r *Report) string {
	t.Helper()
	var page bytes.Buffer
	if err := WritePage(&page, r); err != nil {
		t.Fatal(err)
	}
	return page.String()
}

// pageData reads the report back from its page.
func pageData(t *testing.T, page string) *Report {
	t.Helper()
	_, rest, _ := strings.Cut(page, `id="data">`)
	data, _, found := strings.Cut(rest, "</script>")
	if !found {
		t.Fatal("the page has no data")
	}
	zip, err := gzip.NewReader(base64.NewDecoder(base64.RawURLEncoding, strings.NewReader(data)))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(zip)
	if err != nil {
		t.Fatal(err)
	}
	r := new(Report)
	if err := json.Unmarshal(text, r); err != nil {
		t.Fatal(err)
	}
	return r
}

// hostile is text that ends a script, a comment, an attribute, a template or a string.
const hostile = "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>{{.}}${alert(3)}'\"`\u2028\\"

// What comes from outside changes nothing of a page but its data, and is all there.
func TestPageEscapes(t *testing.T) {
	r := fixture()
	plain := writePage(t, r)
	r.Job, r.Lake, r.Billwalk, r.AsOf.RunID = hostile, "file:"+hostile, hostile, hostile
	r.Accounts[0].Name = hostile
	for i := range r.Units {
		r.Units[i].Reason, r.Units[i].Why, r.Units[i].Hint, r.Units[i].LogID = hostile, Text{hostile, hostile}, Text{hostile, hostile}, hostile
	}
	for i := range r.Orders.List {
		order := &r.Orders.List[i]
		order.Key, order.Order, order.Store, order.Reasons = hostile, hostile, hostile, []string{hostile}
	}
	r.Withdrawals.Accounts[0].Name, r.Withdrawals.List[0].Message, r.Withdrawals.List[0].ID, r.Withdrawals.List[0].List[0].LedgerID = hostile, hostile, hostile, hostile
	r.Stores[0].Name, r.Exceptions[0].Examples[0].Detail = hostile, Text{hostile, hostile}
	r.Glossary["verdict:mismatched"] = Word{Label: Text{hostile, hostile}}
	page := writePage(t, r)
	keepPage(t, "hostile", page)

	withoutData := regexp.MustCompile(`(?s)id="data">.*?</script>`)
	if diff := cmp.Diff(withoutData.ReplaceAllString(plain, ""), withoutData.ReplaceAllString(page, "")); diff != "" {
		t.Errorf("text of a report is in the page's own markup (-without +with):\n%s", diff)
	}
	if diff := cmp.Diff(r, pageData(t, page)); diff != "" {
		t.Errorf("read back from the page (-want +got):\n%s", diff)
	}
}

// The page's policy allows its own scripts and style, to the byte, and nothing else.
func TestPagePolicy(t *testing.T) {
	page := writePage(t, fixture())
	policy := html.UnescapeString(regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)[1])
	if !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "http") || strings.Contains(policy, "unsafe-eval") {
		t.Errorf("the policy is %s", policy)
	}
	inline := regexp.MustCompile(`(?s)<(script|style)>(.*?)</(script|style)>`).FindAllStringSubmatch(page, -1)
	if want := len(pageScripts) + 1; len(inline) != want {
		t.Fatalf("the page has %d scripts and styles, want %d", len(inline), want)
	}
	for _, match := range inline {
		hash := fmt.Sprintf("'sha256-%s'", base64.StdEncoding.EncodeToString(sha256Sum(match[2])))
		if !strings.Contains(policy, hash) {
			t.Errorf("the policy does not allow this %s: %.80q", match[1], match[2])
		}
	}
	if found := regexp.MustCompile(`(?i)(src|href)=`).FindString(withoutScripts(page)); found != "" {
		t.Errorf("the page refers to something outside of it: %s", found)
	}
}

func sha256Sum(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

func withoutScripts(page string) string {
	return regexp.MustCompile(`(?s)<(script|style)[^>]*>.*?</(script|style)>`).ReplaceAllString(page, "")
}

// The page's scripts build elements from text alone, and do no arithmetic on money but with BigInt.
func TestPageScripts(t *testing.T) {
	for _, name := range pageScripts[1:] {
		script, err := assets.ReadFile("assets/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if found := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|parseFloat|https?://`).Find(script); found != nil {
			t.Errorf("%s uses %s", name, found)
		}
		if lines := bytes.Count(script, []byte("\n")); lines > 300 {
			t.Errorf("%s has %d lines", name, lines)
		}
	}
}

// A month of a dozen accounts, busy ones, stays below 3 MB, and equal reports are equal pages.
func TestPageSize(t *testing.T) {
	r := month(12, 31, 4000)
	page := writePage(t, r)
	if len(page) > 3_000_000 {
		t.Errorf("the page has %d bytes", len(page))
	}
	keepPage(t, "month", page)
	if page != writePage(t, r) {
		t.Error("the same report gives two pages")
	}
}

// A page of as many open orders as a report lists is for the browser to try.
func TestPageLarge(t *testing.T) {
	keepPage(t, "large", writePage(t, month(12, 31, MaxOrders)))
}

// keepPage writes the page to the test's artifacts, where .ci/report.mjs opens it.
func keepPage(t *testing.T, name, page string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name+".html"), []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
}

// month returns a report of many units and open orders; the largest have their records. Ids and
// amounts differ from order to order, so that they compress as real ones do.
func month(accounts, days, orders int) *Report {
	r := fixture()
	r.To = r.From + schema.Day(days-1)
	r.Withdrawals = monthOfWithdrawals(r.From, r.MadeAt)
	r.Accounts, r.Units = nil, nil
	sums := fixture().Accounts[0].Figures
	for a := range accounts {
		id := schema.AccountID(fmt.Sprintf("7%018d", scatter(a)))
		r.Accounts = append(r.Accounts, Account{ID: id, Name: fmt.Sprintf("第 %d 家面馆", a+1), Days: map[State]int{Complete: days}, Figures: sums})
	}
	for d := range days {
		for a := range r.Accounts {
			unit := Unit{Day: r.From + schema.Day(d), Account: r.Accounts[a].ID, State: Complete, Generation: 3, Figures: sums}
			if scatter(d*accounts+a)%97 == 0 {
				unit.State, unit.Reason, unit.LogID, unit.Figures = Failed, "access token is not authorised", fmt.Sprintf("20261126%022d", scatter(d)), Figures{}
			}
			r.Units = append(r.Units, unit)
		}
	}
	template := r.Orders.List[1]
	r.Orders.List = nil
	verdicts := []schema.Verdict{schema.Mismatched, schema.BillOnly, schema.Pending, schema.SettleFailed}
	for i := range orders {
		order, random := template, scatter(i)
		order.Order = fmt.Sprintf("1%018d", random)
		order.Key, order.Account, order.Verdict = order.Order, r.Accounts[i%accounts].ID, verdicts[random%4]
		order.Store = fmt.Sprint(7_000_000_000_000_000_000 + scatter(i%200))
		order.Age = int(random>>8) % days
		order.First, order.Last = r.To-schema.Day(order.Age), r.To-schema.Day(order.Age)
		order.Stake = schema.Fen(orders-i)*100 + schema.Fen(random%100)
		order.Legs[0] = Leg{Amount(schema.Some(order.Stake)), Amount(schema.Some(2 * order.Stake)), Amount(schema.Some(order.Stake))}
		if i < MaxDrills {
			bill, settlement := template.Drill.Bills[0], template.Drill.Settlements[0]
			bill.LedgerID, bill.LogID = fmt.Sprintf("9%018d", scatter(i+1)), fmt.Sprintf("20261126%022d", scatter(i+2))
			settlement.SettleID, settlement.LogID = fmt.Sprintf("8%018d", scatter(i+3)), fmt.Sprintf("20261126%022d", scatter(i+4))
			order.Drill = &Drill{Bills: []Bill{bill}, Settlements: []Settlement{settlement}}
		} else {
			order.Drill = nil
		}
		r.Orders.List = append(r.Orders.List, order)
	}
	r.Orders.Open.Orders = int64(orders)
	return r
}

func idOf(i int) string { return fmt.Sprintf("6%018d", scatter(i)) }

// scatter returns a number of up to 18 digits that looks random, the same for the same i.
func scatter(i int) int64 {
	x := uint64(i+1) * 0x9e3779b97f4a7c15
	x ^= x >> 29
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 32
	return int64(x % 1_000_000_000_000_000_000)
}

package truth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline"
	"billwalk/schema"
)

// otherPlatform is written from the platform's documents alone, and has other
// habits than the sandbox: it lies below a path, prints its JSON over many lines
// and never packs it.
type otherPlatform struct {
	t     *testing.T
	token string            // the whole answer of client_token
	pages map[string]string // the whole answer of catering_query by cursor
	ask   map[string]string // what each question for bills has to say besides the cursor
}

const gateway = "/gateway/douyin" // the path that it lies below

// serve starts the platform and returns its base URL.
func (p otherPlatform) serve() string {
	server := httptest.NewServer(p)
	p.t.Cleanup(server.Close)
	return server.URL + gateway
}

func (p otherPlatform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	switch r.Method + " " + r.URL.Path {
	case "POST " + gateway + "/oauth/client_token/":
		var credentials map[string]string
		err := json.NewDecoder(r.Body).Decode(&credentials)
		want := map[string]string{"client_key": "key", "client_secret": "canary-secret", "grant_type": "client_credential"}
		if diff := cmp.Diff(want, credentials); err != nil || diff != "" {
			p.t.Errorf("client_token was asked with (-want +got), %v:\n%s", err, diff)
		}
		p.answer(w, p.token)
	case "GET " + gateway + "/goodlife/v1/settle/bill/catering_query/":
		if got := r.Header.Get("access-token"); got != "clt.other" {
			p.t.Errorf("access-token %q", got)
		}
		if got := r.Header.Get("Content-Type"); got != "application/json" {
			p.t.Errorf("Content-Type %q", got)
		}
		query := make(map[string]string)
		for name, values := range r.URL.Query() {
			query[name] = values[0]
		}
		cursor := query["cursor"]
		delete(query, "cursor")
		if diff := cmp.Diff(p.ask, query); diff != "" {
			p.t.Errorf("catering_query was asked with (-want +got):\n%s", diff)
		}
		p.answer(w, p.pages[cursor])
	default:
		p.t.Errorf("%s %s is in no document", r.Method, r.URL)
		w.WriteHeader(http.StatusNotFound)
	}
}

func (p otherPlatform) answer(w io.Writer, body string) {
	var lines bytes.Buffer
	if err := json.Indent(&lines, []byte(body), "\r\n", "\t"); err != nil {
		p.t.Errorf("asked for what is not there: %q", body)
	}
	_, _ = lines.WriteTo(w) // a caller who is gone is seen by the test
}

// run has billwalk walk the account on the day of the documents' example.
func (p otherPlatform) run(account schema.Account) (pipeline.Summary, billwalktest.Place) {
	p.t.Helper()
	lake := billwalktest.FolderLake(p.t)
	j := billwalktest.Job{Lake: lake, Platform: p.serve(), Accounts: []schema.Account{account}, QPS: 100, Passes: 2,
		Extra: "    columns: {code: keep}\n"}
	const day = "2023-08-15" // of settle_time 1692115093, 23:58 in China
	s, log := billwalktest.Run(p.t, j.Write(p.t), "run", "nightly", "--from", day)
	if s.ExitCode != pipeline.ExitDone {
		p.t.Fatalf("exit %d: %+v\n%s", s.ExitCode, s.Failures, log)
	}
	return s, lake
}

// seedRecord is the ledger record of the bill API's document, to the letter but
// for what the % verbs stand for: ledger_id, settle_type and fields to add.
const seedRecord = `{ "account_id": "1000000000", "amount": { "actual_insured": 0, "broker_commission": 0, "clerk_commission": 0, "goods": 955, ` +
	`"ledger_platform_ticket": 0, "ledger_total": 990, "merchant_ticket": 610, "original": 1600, "pay": 990, "platform_ticket": 0, ` +
	`"talent_commission": 0, "total_agent_merchant": 10, "total_merchant_platform_service": 25, "total_operation_agent": 10 }, ` +
	`"certificate_id": "1000000000", "item_order_id": "1000000000", "ledger_id": %s, "poi_id": "1000000000", "settle_time": 1692115093, ` +
	`"settle_type": %d, "settle_type_desc": "正向账单", "shop_order_id": "1000000000", "verify_id": "1000000000", ` +
	`"verify_poi_account_id": "1000000000", "sku_id": "1000000000", "order_ext_id": "1000000000", "group_name": "爆品任选券", "code": "1000000000"%s }`

// TestSeedExample serves the answer of the document as it stands there, and then
// a last page without bills.
func TestSeedExample(t *testing.T) {
	t.Parallel()
	const extra = `"extra": { "description": "success", "error_code": 0, "logid": "1000000000", "now": 1693481191, "sub_description": "", "sub_error_code": 0 }`
	s, lake := otherPlatform{
		t:     t,
		token: `{"data":{"access_token":"clt.other","description":"","error_code":0,"expires_in":7200},"message":"success"}`,
		pages: map[string]string{
			"0":          `{ "data": { "cursor": "1000000000", "has_more": true, "ledger_records": [ ` + fmt.Sprintf(seedRecord, `"1000000000"`, 1, "") + ` ] }, ` + extra + ` }`,
			"1000000000": `{ "data": { "cursor": "1000000000", "has_more": false, "ledger_records": [] }, ` + extra + ` }`,
		},
		ask: map[string]string{"account_id": "1000000000", "size": "50", "bill_date": "2023-08-15"},
	}.run(schema.Account{ID: "1000000000"})

	checkSums(t, s, map[string]int64{"rows": 1, "pay_fen": 990, "merchant_ticket_fen": 610, "original_fen": 1600, "ledger_total_fen": 990,
		"goods_fen": 955, "total_agent_merchant_fen": 10, "total_merchant_platform_service_fen": 25, "total_operation_agent_fen": 10})
	checkRows(t, lake, "account_id, ledger_id, code, group_name, logid, biz_type, fund_amount_fen",
		"1000000000|1000000000|1000000000|爆品任选券|1000000000|NULL|NULL\n")
}

// TestOtherPlatform: numbers where the documents have text, text where they have
// numbers, no data.error_code, biz_type beside the cursor, milliseconds in
// extra.now, a cursor after the last page, and fields of which nobody has heard.
func TestOtherPlatform(t *testing.T) {
	t.Parallel()
	const extra = `"extra": {"error_code": 0, "sub_error_code": 0, "description": "", "logid": "20230816%s", "now": 1692115093123}`
	page := func(cursor, more, logID, records string) string {
		return `{` + fmt.Sprintf(extra, logID) + `, "data": {"biz_type": 3, "has_more": ` + more + `, "ledger_records": [` + records + `], "cursor": ` + cursor + `}}`
	}
	s, lake := otherPlatform{
		t:     t,
		token: `{"message": "success", "data": {"expires_in": "7200", "access_token": "clt.other"}}`,
		pages: map[string]string{
			"0": page("7113893944009705516", "true", "1",
				fmt.Sprintf(seedRecord, "7113893944009705517", 1, `, "weather": {"rain": 1.50}`)+","+fmt.Sprintf(seedRecord, "7113893944009705518", 1, "")),
			"7113893944009705516": page("7113893944009705599", "false", "2",
				fmt.Sprintf(seedRecord, "7113893944009705519", 2, `, "fund_amount_type": 1, "fund_amount": 955`)),
		},
		ask: map[string]string{"root_account_id": "7047437174853240835", "size": "50", "bill_date": "2023-08-15"},
	}.run(schema.Account{ID: "7047437174853240835", Root: true})

	checkSums(t, s, map[string]int64{"rows": 3, "pay_fen": 990, "merchant_ticket_fen": 610, "original_fen": 1600, "ledger_total_fen": 990,
		"goods_fen": 955, "total_agent_merchant_fen": 10, "total_merchant_platform_service_fen": 25, "total_operation_agent_fen": 10, "fund_amount_fen": -955})
	checkRows(t, lake, "walk_account_id, ledger_id, biz_type, direction, goods_fen, logid, extra",
		"7047437174853240835|7113893944009705517|3|1|955|202308161|{\"weather\":{\"rain\":1.50}}\n"+
			"7047437174853240835|7113893944009705518|3|1|955|202308161|NULL\n"+
			"7047437174853240835|7113893944009705519|3|-1|-955|202308162|NULL\n")
}

// checkSums compares the rows and sums that were published, those of 0 left out.
func checkSums(t *testing.T, s pipeline.Summary, want map[string]int64) {
	t.Helper()
	got := make(map[string]int64)
	for _, o := range s.Partitions {
		if o.Table != schema.Bills.Name {
			continue
		}
		got["rows"] += o.Totals.Rows
		for column, sum := range o.Totals.Fen {
			if sum.Fen != 0 {
				got[column] += int64(sum.Fen)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("published (-want +got):\n%s", diff)
	}
	if len(s.Exceptions) > 0 {
		t.Errorf("exceptions: %v", s.Exceptions)
	}
}

// checkRows compares the bills as DuckDB reads them, where there is one.
func checkRows(t *testing.T, lake billwalktest.Place, columns, want string) {
	t.Helper()
	billwalktest.RequireDuckDB(t)
	got := billwalktest.DuckDBText(t, "-list", ".headers off\n.nullvalue NULL\nSELECT "+columns+" FROM '"+lake.SQL+"/bills/*/*.parquet' ORDER BY ledger_id;")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("DuckDB reads (-want +got):\n%s", diff)
	}
}

package normalise

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

// The examples of the API's documentation (查询分账).
const (
	seedSettlements = `{ "data": [ { "out_order_no": "out_order_example_1", "out_settle_no": "out_settle_example_1", "order_id": "ot7053735385750849836", "settle_id": "ot7053723547314981164", "settle_amount": 1000, "settle_status": "SUCCESS", "settle_detail": "商户号68882720803499563550-分成金额(分)840", "settle_time": 1639733782000, "rake": 60, "commission": 100, "cp_extra": "test" } ], "extra": { "sub_error_code": 0, "sub_description": "success", "logid": "2022092115392201020812109511046", "now": 1663745962686, "error_code": 0, "description": "success" } }`
	seedSettleError = `{ "extra": { "sub_error_code": 23002, "sub_description": "订单id,分账单id至少指定一个", "logid": "2022092115392201020812109511046", "now": 1663745962686, "error_code": 2190004, "description": "应用未获得该能力, 请去https://open.douyin.com/申请" } }`
)

// asking returns an answer to a query for one id, without a body.
func asking(parameter, value string) *schema.SettleAnswer {
	return &schema.SettleAnswer{
		Account: "7113893944009705516", Day: day("2021-12-17"), Parameter: parameter, Column: "shop_order_id", Value: value,
		FetchedAt: time.Unix(1663745962, 0).UTC(), LogID: "log2", Key: "archive/s",
	}
}

// settle normalises one record, given by its members, as of an answer to a query for an order.
func settle(t *testing.T, members string) SettleRow {
	t.Helper()
	records, err := DecodeSettlements([]byte(`{"data":[{` + members + `}],"extra":{"error_code":0}}`))
	if err != nil || len(records) != 1 {
		t.Fatalf("DecodeSettlements(%s): %d records, %v", members, len(records), err)
	}
	return Normaliser{}.Settlement(records[0], asking("order_id", "ot1"))
}

// exceptionText returns the rules of exceptions, each with its amounts.
func exceptionText(exceptions []schema.Exception) string {
	var words []string
	for _, e := range exceptions {
		words = append(words, string(e.Severity[:1])+":"+string(e.Rule))
		if e.Expected.Valid {
			words = append(words, fmt.Sprint(int64(e.Expected.V)), fmt.Sprint(int64(e.Actual.V)))
		}
	}
	return strings.Join(words, " ")
}

func TestSeedSettlements(t *testing.T) {
	t.Parallel()
	records, err := DecodeSettlements([]byte(seedSettlements))
	if err != nil || len(records) != 1 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	some := schema.Some[string]
	answer := asking("order_id", "ot7053735385750849836")
	want := SettleRow{
		Settlement: schema.Settlement{
			SettleID: "ot7053723547314981164", OrderID: some("ot7053735385750849836"),
			OutSettleNo: some("out_settle_example_1"), OutOrderNo: some("out_order_example_1"),
			Status: schema.StatusSuccess, Amount: schema.Some[schema.Fen](1000), Rake: schema.Some[schema.Fen](60),
			Commission: schema.Some[schema.Fen](100), SharesTotal: schema.Some[schema.Fen](840),
			Shares: schema.Some([]schema.Share{{MerchantNo: "68882720803499563550", Amount: 840}}),
			Detail: some("商户号68882720803499563550-分成金额(分)840"), SettleTime: schema.Some(time.UnixMilli(1639733782000).UTC()),
			CpExtra: some("test"), Source: schema.SourceQuery, AskedBy: some("order_id: shop_order_id"),
			LogID: some("log2"), FetchedAt: answer.FetchedAt,
		},
		Identity: Pass,
	}
	if diff := cmp.Diff(want, Normaliser{}.Settlement(records[0], answer)); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
	if records, err := DecodeSettlements([]byte(seedSettleError)); err == nil {
		t.Errorf("the documents' error is taken as %d records", len(records))
	}
}

// TestSettlementFields: amounts of real users, and the members of related APIs.
func TestSettlementFields(t *testing.T) {
	t.Parallel()
	row := settle(t, `"settle_id":7300000000000000016,"out_settle_no":"","order_id":"ot1","item_order_id":"ots72800000000000000001806","settle_status":"SUCCESS",
		"settle_amount":"19800","rake":692,"commission":"0","settle_detail":"商户号72700000000000000350-分成金额(分)19108","settle_at":"1639733782123","cp_extra":"",
		"wallet_settle_id":"w","platform_ticket":{"any":[1.5]},"settle_time":0`)
	s := row.Settlement
	want := schema.Settlement{
		SettleID: "7300000000000000016", OrderID: schema.Some("ot1"), ItemOrderID: schema.Some("ots72800000000000000001806"), Status: schema.StatusSuccess,
		Amount: schema.Some[schema.Fen](19800), Rake: schema.Some[schema.Fen](692), Commission: schema.Some[schema.Fen](0), SharesTotal: schema.Some[schema.Fen](19108),
		Shares: schema.Some([]schema.Share{{MerchantNo: "72700000000000000350", Amount: 19108}}),
		Detail: schema.Some("商户号72700000000000000350-分成金额(分)19108"), CpExtra: schema.Some(""),
		SettleTime: schema.Some(time.Date(2021, 12, 17, 9, 36, 22, 123e6, time.UTC)),
		Source:     schema.SourceQuery, AskedBy: schema.Some("order_id: shop_order_id"), LogID: schema.Some("log2"), FetchedAt: s.FetchedAt,
	}
	if diff := cmp.Diff(SettleRow{Settlement: want, Identity: Pass}, row); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
	least := settle(t, `"settle_id":"1","settle_status":"INIT","cp_extra":null`).Settlement
	want = schema.Settlement{
		SettleID: "1", OrderID: schema.Some("ot1"), Status: schema.StatusInit, Source: schema.SourceQuery,
		AskedBy: want.AskedBy, LogID: want.LogID, FetchedAt: want.FetchedAt,
	}
	if diff := cmp.Diff(want, least); diff != "" {
		t.Errorf("the least settlement (-want +got):\n%s", diff)
	}
}

// TestDecodeSettlements: which members an answer must have, and in which form.
func TestDecodeSettlements(t *testing.T) {
	t.Parallel()
	one := func(members string) string {
		return `{"data":[{"settle_id":"1","settle_status":"INIT"` + members + `}],"extra":{"error_code":0}}`
	}
	for _, test := range []struct {
		body    string
		records int
		want    string // of the error; empty if there is none
	}{
		{`{"data":[],"extra":{"error_code":0,"sub_error_code":0}}`, 0, ""},
		{`{"data":[],"extra":{"error_code":"0"}}`, 0, ""},
		{`{"data":null,"extra":{"error_code":0}}`, 0, ""},
		{`{"extra":{"error_code":2191002,"sub_error_code":20000}}`, 0, ""},
		{`{"extra":{"error_code":"20000"}}`, 0, ""},
		{`{"data":null,"extra":{"sub_error_code":20000}}`, 0, ""},
		{`{"data":[],"extra":{"sub_error_code":"20000"}}`, 0, ""},
		{one(``), 1, ""},
		{one(`},{"settle_id":"1","settle_status":"INIT"`), 2, ""},
		{one(`,"order_id":68882720803499563550,"rake":-1,"commission":null,"new":1e3`), 1, ""},

		{`{}`, 0, "no extra.error_code"},
		{`{"extra":{"error_code":0}}`, 0, "no data"},
		{`{"extra":{"error_code":2191009,"sub_error_code":20005}}`, 0, "extra.error_code is 2191009"},
		{`{"Data":[],"extra":{"error_code":0}}`, 0, "no data"},
		{`{"data":{},"extra":{"error_code":0}}`, 0, "not what the settle query documents"},
		{`{"data":"","extra":{"error_code":0}}`, 0, "not what the settle query documents"},
		{`[]`, 0, "not what the settle query documents"},
		{``, 0, "not what the settle query documents"},
		{`{"data":[]} x`, 0, "not what the settle query documents"},
		{`{"data":[],"data":[]}`, 0, "duplicate"},
		{`{"data":[{"settle_id":"1","settle_status":"INIT"}],"extra":{"sub_error_code":20000}}`, 0, "order is not found"},
		{`{"data":[null],"extra":{"error_code":0}}`, 0, "data[0]: settle_id is missing"},
		{`{"data":[1],"extra":{"error_code":0}}`, 0, "data[0]"},
		{one(`},{"settle_status":"INIT","order_id":"o7"`), 0, "data[1]: settle_id is missing (order_id o7)"},
		{`{"data":[{"settle_id":"","settle_status":"INIT"}],"extra":{"error_code":0}}`, 0, "settle_id is missing"},
		{`{"data":[{"settle_id":"s7"}],"extra":{"error_code":0}}`, 0, "settle_status is missing (settle_id s7)"},
		{`{"data":[{"settle_id":"s7","settle_status":""}],"extra":{"error_code":0}}`, 0, "settle_status is missing"},
		{`{"data":[{"settle_id":1.0,"settle_status":"INIT"}],"extra":{"error_code":0}}`, 0, "whole number"},
		{one(`,"order_id":7.1e18`), 0, "whole number"},
		{one(`,"settle_amount":1.0`), 0, "whole number"},
		{one(`,"settle_amount":1e3`), 0, "whole number"},
		{one(`,"settle_amount":"1.0"`), 0, "whole number"},
		{one(`,"settle_amount":""`), 0, "whole number"},
		{one(`,"rake":9223372036854775808`), 0, "whole number"},
		{one(`,"commission":true`), 0, "whole number"},
		{one(`,"settle_time":"2021-12-17"`), 0, "whole number"},
		{one(`,"settle_detail":[]`), 0, "want text"},
		{one(`,"rake":1,"rake":1`), 0, "duplicate"},
		{one(`,"new":{"a":1,"a":1}`), 0, "duplicate"},
		{one(`,"order_id":"` + "\xff" + `"`), 0, "order_id: is not valid text"},
		{one(`,"rake":"1\ud83c"`), 0, "rake: is not valid text"},
		{one(`,"cp_extra":"` + "\xff" + `"`), 1, ""},
	} {
		records, err := DecodeSettlements([]byte(test.body))
		switch {
		case test.want == "" && (err != nil || len(records) != test.records):
			t.Errorf("%s: got %d records, %v; want %d", test.body, len(records), err, test.records)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: got error %v, want one with %q", test.body, err, test.want)
		}
	}
}

func TestMatchQuery(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		parameter, value string
		members          string
		ids              []string // order_id, out_settle_no, out_order_no, item_order_id; "-" is NULL
		rules            string
	}{
		{"order_id", "o", ``, []string{"o", "-", "-", "-"}, ""},
		{"order_id", "o", `,"order_id":"","item_order_id":""`, []string{"o", "-", "-", "-"}, ""},
		{"order_id", "7", `,"order_id":7`, []string{"7", "-", "-", "-"}, ""},
		{"order_id", "o", `,"order_id":"O"`, []string{"O", "-", "-", "-"}, "e:settlement_foreign"},
		{"order_id", "o", `,"out_order_no":"other"`, []string{"o", "-", "other", "-"}, ""},
		{"out_order_no", "n", `,"order_id":"o","out_order_no":null`, []string{"o", "-", "n", "-"}, ""},
		{"out_order_no", "n", `,"order_id":"n","out_order_no":"o"`, []string{"n", "-", "o", "-"}, "e:settlement_foreign"},
		{"out_settle_no", "n", `,"item_order_id":"i"`, []string{"-", "n", "-", "i"}, ""},
		{"out_settle_no", "n", `,"out_settle_no":" n"`, []string{"-", " n", "-", "-"}, "e:settlement_foreign w:bad_id"},
		{"settle_id", "s", `,"order_id":"o"`, []string{"o", "-", "-", "-"}, ""},
		{"settle_id", "r", ``, []string{"-", "-", "-", "-"}, "e:settlement_foreign"},
		{"certificate_id", "c", ``, []string{"-", "-", "-", "-"}, "e:settlement_foreign"},
	} {
		records, err := DecodeSettlements([]byte(`{"data":[{"settle_id":"s","settle_status":"INIT"` + test.members + `}],"extra":{"error_code":0}}`))
		if err != nil {
			t.Fatal(err)
		}
		row := Normaliser{}.Settlement(records[0], asking(test.parameter, test.value))
		var ids []string
		for _, id := range []schema.Null[string]{row.Settlement.OrderID, row.Settlement.OutSettleNo, row.Settlement.OutOrderNo, row.Settlement.ItemOrderID} {
			if !id.Valid {
				id.V = "-"
			}
			ids = append(ids, id.V)
		}
		if diff := cmp.Diff(test.ids, ids); diff != "" || exceptionText(row.Exceptions) != test.rules || row.Foreign != (test.rules != "") || records[0].Foreign(asking(test.parameter, test.value)) != row.Foreign || row.Settlement.SettleID != "s" {
			t.Errorf("%s %s of%s: foreign %v, %q, want %q; ids (-want +got):\n%s",
				test.parameter, test.value, test.members, row.Foreign, exceptionText(row.Exceptions), test.rules, diff)
		}
	}
}

func TestSettlementTime(t *testing.T) {
	t.Parallel()
	for members, want := range map[string]string{
		`"settle_time":1639733782000`:                                "2021-12-17T09:36:22Z",
		`"settle_time":"1639733782001"`:                              "2021-12-17T09:36:22.001Z",
		`"settle_at":1639733782000`:                                  "2021-12-17T09:36:22Z",
		`"settle_time":null,"settle_at":1639733782000`:               "2021-12-17T09:36:22Z",
		`"settle_time":0,"settle_at":1639733782000`:                  "2021-12-17T09:36:22Z",
		`"settle_time":1639733782000,"settle_at":1`:                  "2021-12-17T09:36:22Z",
		`"settle_time":0`:                                            "",
		`"settle_time":0,"settle_at":0`:                              "",
		`"settle_time":1420041600000`:                                "2014-12-31T16:00:00Z", // 2015 in China
		`"settle_time":1420041599999`:                                "settle_time 1420041599999",
		`"settle_time":4102415999999`:                                "2099-12-31T15:59:59.999Z",
		`"settle_time":4102416000000`:                                "settle_time 4102416000000",
		`"settle_time":1639733782`:                                   "settle_time 1639733782", // seconds
		`"settle_time":-1`:                                           "settle_time -1",
		`"settle_at":1639733782000000`:                               "settle_at 1639733782000000", // microseconds
		`"settle_time":9223372036854775807`:                          "settle_time 9223372036854775807",
		`"settle_time":-9223372036854775807`:                         "settle_time -9223372036854775807",
		`"settle_time":1639733782,"settle_at":1639733782000`:         "settle_time 1639733782",
		`"settle_status":"INIT","settle_time":"1639733782000","x":1`: "2021-12-17T09:36:22Z",
	} {
		if !strings.Contains(members, "settle_status") {
			members += `,"settle_status":"INIT"`
		}
		row := settle(t, `"settle_id":"1",`+members)
		got := ""
		if at := row.Settlement.SettleTime; at.Valid {
			got = at.V.Format(time.RFC3339Nano)
		}
		for _, e := range row.Exceptions {
			got += e.Detail
			if e.Rule != schema.RuleSettleTime || e.Severity != schema.SeverityError {
				t.Errorf("%s: exception %+v", members, e)
			}
		}
		if got != want && (want == "" || !strings.HasPrefix(got, want+" ")) {
			t.Errorf("%s: got %q, want %q", members, got, want)
		}
	}
}

func TestSettleAmount(t *testing.T) {
	t.Parallel()
	const max = "9223372036854775807"
	share := func(amounts ...string) string {
		var detail []string
		for _, amount := range amounts {
			detail = append(detail, "商户号68882720803499563550-分成金额(分)"+amount)
		}
		return `,"settle_detail":"` + strings.Join(detail, ";") + `"`
	}
	for _, test := range []struct {
		status, members string
		shares          string // how many, and their sum
		identity        Outcome
		rules           string
	}{
		{"SUCCESS", `,"settle_amount":1000,"rake":60,"commission":100` + share("840"), "1 840", Pass, ""},
		{"SUCCESS", `,"settle_amount":1000,"rake":60,"commission":100` + share("800", "40"), "2 840", Pass, ""},
		{"SUCCESS", `,"settle_amount":1000,"rake":60,"commission":100` + share("841"), "1 841", Fail, "e:settle_amount_identity 1001 1000"},
		{"SUCCESS", `,"settle_amount":0,"rake":0,"commission":0` + share("0"), "1 0", Pass, ""},
		{"PROCESSING", `,"settle_amount":999,"rake":60,"commission":100` + share("840"), "1 840", Fail, "e:settle_amount_identity 1000 999"},
		{"SUCCESS", `,"settle_amount":1000,"rake":60` + share("840"), "1 840", NotEvaluable, ""}, // no commission is guessed
		{"SUCCESS", `,"rake":60,"commission":100` + share("840"), "1 840", NotEvaluable, ""},
		{"SUCCESS", `,"settle_amount":1000,"rake":60,"commission":100`, "", NotEvaluable, "e:settle_detail"},
		{"SUCCESS", `,"settle_amount":1000,"rake":60,"commission":100,"settle_detail":""`, "", NotEvaluable, "e:settle_detail"},
		{"SUCCESS", `,"settle_amount":1000,"rake":60,"commission":100` + share("-840"), "", NotEvaluable, "e:settle_detail"},
		{"SUCCESS", `,"settle_amount":1000,"rake":60,"commission":100` + share("840", "8.4"), "", NotEvaluable, "e:settle_detail"},
		{"FAIL", `,"settle_amount":2,"rake":0,"commission":0,"settle_detail":""`, "", NotEvaluable, ""}, // as the callback's page has it
		{"INIT", `,"settle_detail":"?"`, "", NotEvaluable, ""},
		{"REVERSED", share("1"), "1 1", NotEvaluable, "w:unknown_enum"},
		{"success", `,"settle_detail":"?"`, "", NotEvaluable, "w:unknown_enum"},
		{"SUCCESS", `,"settle_amount":5,"rake":0,"commission":0` + share(max, "1"), "2 NULL", NotEvaluable, "e:overflow"},
		{"SUCCESS", `,"settle_amount":5,"rake":1,"commission":0` + share(max), "1 NULL", NotEvaluable, "e:overflow"},
		{"SUCCESS", `,"settle_amount":1000000000000,"rake":0,"commission":0` + share("1000000000000"), "1 1000000000000", Pass, ""},
		{"SUCCESS", `,"settle_amount":1000000000001,"rake":0,"commission":0` + share("1000000000000"), "1 1000000000000", NotEvaluable, "e:overflow"},
		{"SUCCESS", `,"settle_amount":` + max + `,"rake":` + max + `,"commission":` + max + share("1"), "1 1", NotEvaluable, "e:overflow e:overflow e:overflow"},
		{"SUCCESS", `,"settle_amount":-` + max + `,"rake":0,"commission":0` + share("1"), "1 1", NotEvaluable, "e:overflow"},
	} {
		row := settle(t, `"settle_id":"1","settle_status":"`+test.status+`"`+test.members)
		s, shares := row.Settlement, ""
		if s.Shares.Valid {
			shares = fmt.Sprint(len(s.Shares.V), " NULL")
			if s.SharesTotal.Valid {
				shares = fmt.Sprint(len(s.Shares.V), " ", int64(s.SharesTotal.V))
			}
		}
		if shares != test.shares || row.Identity != test.identity || exceptionText(row.Exceptions) != test.rules || string(s.Status) != test.status {
			t.Errorf("%s%s: shares %q, identity %v, %q; want %q, %v, %q",
				test.status, test.members, shares, row.Identity, exceptionText(row.Exceptions), test.shares, test.identity, test.rules)
		}
		if raw := strings.Contains(test.members, "settle_detail"); s.Detail.Valid != raw {
			t.Errorf("%s: settle_detail is %v", test.members, s.Detail)
		}
	}
}

func TestSettlementExceptionsNameTheRecord(t *testing.T) {
	t.Parallel()
	const record = `{ "settle_id":"s1", "settle_status":"SUCCESS", "order_id":"other", "settle_time":1, "x":[1.50] }`
	records, err := DecodeSettlements([]byte(`{"data":[` + record + `],"extra":{"error_code":0}}`))
	if err != nil {
		t.Fatal(err)
	}
	exceptions := Normaliser{}.Settlement(records[0], asking("order_id", "ot1")).Exceptions
	if got, want := exceptionText(exceptions), "e:settlement_foreign e:settle_time e:settle_detail"; got != want {
		t.Fatalf("%q, want %q", got, want)
	}
	for _, e := range exceptions {
		want := schema.Exception{
			Rule: e.Rule, Severity: e.Severity, Detail: e.Detail,
			SettleID: schema.Some("s1"), Record: schema.Some(record), ArchiveKey: schema.Some("archive/s"),
		}
		if diff := cmp.Diff(want, e); diff != "" || e.Detail == "" {
			t.Errorf("exception (-want +got):\n%s", diff)
		}
	}
}

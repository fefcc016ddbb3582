package normalise

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

// seedPage is the example of the API's documentation (餐饮账单详情查询).
const seedPage = `{ "data": { "cursor": "1000000000", "has_more": true, "ledger_records": [ { "account_id": "1000000000", "amount": { "actual_insured": 0, "broker_commission": 0, "clerk_commission": 0, "goods": 955, "ledger_platform_ticket": 0, "ledger_total": 990, "merchant_ticket": 610, "original": 1600, "pay": 990, "platform_ticket": 0, "talent_commission": 0, "total_agent_merchant": 10, "total_merchant_platform_service": 25, "total_operation_agent": 10 }, "certificate_id": "1000000000", "item_order_id": "1000000000", "ledger_id": "1000000000", "poi_id": "1000000000", "settle_time": 1692115093, "settle_type": 1, "settle_type_desc": "正向账单", "shop_order_id": "1000000000", "verify_id": "1000000000", "verify_poi_account_id": "1000000000", "sku_id": "1000000000", "order_ext_id": "1000000000", "group_name": "爆品任选券", "code": "1000000000" } ] }, "extra": { "description": "success", "error_code": 0, "logid": "1000000000", "now": 1693481191, "sub_description": "", "sub_error_code": 0 } }`

var from = Provenance{Walk: "7113893944009705516", Root: true, Day: day("2023-08-15"), LogID: "log1", FetchedAt: time.Unix(1693481191, 0).UTC(), ArchiveKey: "archive/x"}

func day(s string) schema.Day {
	d, err := schema.ParseDay(s)
	if err != nil {
		panic(err)
	}
	return d
}

func decode(t *testing.T, raw string) Record {
	t.Helper()
	r, err := DecodeRecord([]byte(raw), schema.Null[int32]{})
	if err != nil {
		t.Fatalf("DecodeRecord(%s): %v", raw, err)
	}
	return r
}

func TestSeedPage(t *testing.T) {
	t.Parallel()
	page, err := DecodePage([]byte(seedPage))
	if err != nil {
		t.Fatal(err)
	}
	if page.Next != "1000000000" || !page.HasMore || len(page.Records) != 1 {
		t.Fatalf("page = %q %v, %d records", page.Next, page.HasMore, len(page.Records))
	}
	row := Normaliser{Code: KeepCode}.Row(page.Records[0], from)
	some := schema.Some[string]
	fen := func(v schema.Fen) schema.Null[schema.Fen] { return schema.Some(v) }
	want := schema.Bill{
		AccountID: "1000000000", LedgerID: "1000000000", WalkAccountID: from.Walk,
		ShopOrderID: some("1000000000"), ItemOrderID: some("1000000000"), OrderExtID: some("1000000000"),
		CertificateID: some("1000000000"), VerifyID: some("1000000000"), PoiID: some("1000000000"),
		VerifyPoiAccountID: some("1000000000"), SkuID: some("1000000000"), GroupName: some("爆品任选券"), Code: some("1000000000"),
		SettleType: 1, SettleTypeDesc: some("正向账单"), SettleTime: schema.Some(time.Unix(1692115093, 0).UTC()), Direction: schema.Some(int32(1)),
		Amounts: schema.Amounts{
			schema.Pay: fen(990), schema.MerchantTicket: fen(610), schema.PlatformTicket: fen(0), schema.LedgerPlatformTicket: fen(0),
			schema.Original: fen(1600), schema.LedgerTotal: fen(990), schema.ActualInsured: fen(0), schema.TotalAgentMerchant: fen(10),
			schema.TotalMerchantPlatformService: fen(25), schema.TotalOperationAgent: fen(10), schema.TalentCommission: fen(0),
			schema.BrokerCommission: fen(0), schema.ClerkCommission: fen(0), schema.Goods: fen(955),
		},
		LogID: some("log1"), FetchedAt: from.FetchedAt, ArchiveKey: "archive/x",
	}
	if diff := cmp.Diff(want, row.Bill); diff != "" {
		t.Errorf("bill (-want +got):\n%s", diff)
	}
	if len(row.Exceptions) != 0 {
		t.Errorf("exceptions: %+v", row.Exceptions)
	}
	// total_commission and mall_store_goods are absent: the commissions are those of the service provider, 10.
	if want := (Outcomes{Pass, Pass, Pass}); row.Outcomes != want {
		t.Errorf("outcomes: got %v, want %v", row.Outcomes, want)
	}
}

func TestDirection(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		record string // members after settle_type
		pay    string // signed, or NULL
		rules  string
	}{
		{`1`, "10", ""},
		{`2`, "-10", ""},
		{`3`, "NULL", "unknown_direction"},
		{`4,"fund_amount_type":1`, "-10", ""},
		{`5,"fund_amount_type":0`, "10", ""},
		{`1,"fund_amount_type":0`, "10", ""},
		{`1,"fund_amount_type":1`, "-10", "direction_conflict"},
		{`2,"fund_amount_type":"0"`, "10", "direction_conflict"},
		{`1,"fund_amount_type":7`, "NULL", "unknown_direction unknown_enum"},
		{`1,"fund_amount_type":null`, "10", ""},
		{`6`, "NULL", "unknown_direction unknown_enum"},
		{`1,"settle_sub_type":29`, "10", "unknown_enum"},
		{`1,"settle_sub_type":33,"biz_type":3`, "10", ""},
		{`1,"biz_type":2`, "10", "unknown_enum"},
	} {
		row := Normaliser{}.Row(decode(t, `{"account_id":"1","ledger_id":"2","amount":{"pay":10},"settle_type":`+test.record+`}`), from)
		pay, rules := "NULL", []string{}
		if p := row.Bill.Amounts[schema.Pay]; p.Valid {
			pay = fmt.Sprint(int64(p.V))
		}
		for _, e := range row.Exceptions {
			rules = append(rules, string(e.Rule))
		}
		if pay != test.pay || strings.Join(rules, " ") != test.rules {
			t.Errorf("settle_type %s: pay %s, exceptions %q; want %s, %q", test.record, pay, rules, test.pay, test.rules)
		}
	}
}

func TestIdentities(t *testing.T) {
	t.Parallel()
	const max = "9223372036854775807"
	for _, test := range []struct {
		amount   string
		outcomes Outcomes
		rules    string
	}{
		{`"pay":990,"merchant_ticket":610,"platform_ticket":0,"original":1600`, Outcomes{Pass, NotEvaluable, NotEvaluable}, ""},
		{`"pay":990,"merchant_ticket":610,"platform_ticket":1,"original":1600`, Outcomes{Fail, NotEvaluable, NotEvaluable}, "original_identity 1601 1600"},
		{`"pay":990,"ledger_platform_ticket":5,"ledger_total":990`, Outcomes{NotEvaluable, Fail, NotEvaluable}, "ledger_total_identity 995 990"},
		{`"pay":990,"ledger_platform_ticket":0,"ledger_total":990,"total_merchant_platform_service":25,"total_commission":10,"actual_insured":0,"goods":955`, Outcomes{NotEvaluable, Pass, Pass}, ""},
		{`"pay":990,"ledger_platform_ticket":0,"ledger_total":990,"total_merchant_platform_service":25,"total_commission":10,"actual_insured":1,"goods":955`, Outcomes{NotEvaluable, Pass, Fail}, "goods_identity 954 955"},
		{`"ledger_total":990,"ledger_platform_ticket":0,"total_merchant_platform_service":25,"talent_commission":1,"total_agent_merchant":2,"broker_commission":3,"clerk_commission":4,"mall_store_goods":5,"total_operation_agent":900,"actual_insured":0,"goods":950`, Outcomes{NotEvaluable, NotEvaluable, Pass}, ""},
		{`"ledger_total":990,"ledger_platform_ticket":0,"total_merchant_platform_service":25,"talent_commission":1,"actual_insured":0,"goods":964`, Outcomes{NotEvaluable, NotEvaluable, Pass}, ""},
		{`"ledger_total":990,"ledger_platform_ticket":0,"total_merchant_platform_service":25,"talent_commission":1,"mall_store_goods":5,"actual_insured":0,"goods":964`, Outcomes{NotEvaluable, NotEvaluable, Fail}, "goods_identity 959 964"},
		{`"ledger_total":990,"ledger_platform_ticket":0,"total_merchant_platform_service":25,"mall_store_goods":5,"total_operation_agent":10,"actual_insured":0,"goods":960`, Outcomes{}, ""},
		{`"ledger_total":990,"ledger_platform_ticket":0,"total_merchant_platform_service":25,"clerk_commission":` + max + `,"broker_commission":1,"actual_insured":0,"goods":960`, Outcomes{}, "overflow"},
		{`"pay":1000,"merchant_ticket":610,"original":1600`, Outcomes{}, "hidden_ticket_negative 1610 1600"},
		{`"pay":990,"ledger_total":989`, Outcomes{}, "hidden_ticket_negative 990 989"},
		{`"pay":990,"ledger_total":991`, Outcomes{}, ""},
		{`"pay":` + max + `,"merchant_ticket":2,"platform_ticket":0,"original":5`, Outcomes{}, "overflow"},
	} {
		for settleType, sign := range map[int]int{1: 1, 2: -1} {
			row := Normaliser{}.Row(decode(t, fmt.Sprintf(`{"account_id":"1","ledger_id":"2","settle_type":%d,"amount":{%s}}`, settleType, test.amount)), from)
			var rules []string
			for _, e := range row.Exceptions {
				rules = append(rules, string(e.Rule))
				if e.Expected.Valid {
					rules = append(rules, fmt.Sprint(int(e.Expected.V)*sign), fmt.Sprint(int(e.Actual.V)*sign))
				}
			}
			if row.Outcomes != test.outcomes || strings.Join(rules, " ") != test.rules {
				t.Errorf("%s (settle_type %d): got %v %q, want %v %q", test.amount, settleType, row.Outcomes, rules, test.outcomes, test.rules)
			}
		}
	}
}

func TestIdsOfAnyLengthAreKept(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"7113893944009705516", "68882720803499563550", "9007199254740993", "123456789012345678901234567890123456789012345678901234567890"} {
		for _, form := range []string{`"` + id + `"`, id} {
			r := decode(t, `{"account_id":`+form+`,"ledger_id":`+form+`,"shop_order_id":`+form+`,"settle_type":1,"flow_id":`+form+`}`)
			b := Normaliser{}.Row(r, from).Bill
			if b.AccountID != id || b.LedgerID != id || b.ShopOrderID.V != id {
				t.Errorf("%s became %s %s %s", form, b.AccountID, b.LedgerID, b.ShopOrderID.V)
			}
			if want := `{"flow_id":` + form + `}`; b.Extra.V != want {
				t.Errorf("extra: got %s, want %s", b.Extra.V, want)
			}
		}
	}
}

func TestExtra(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ members, want string }{
		{``, ""},
		{`,"amount":{}`, ""},
		{`,"amount":null`, ""},
		{`,"z":1.50,"a":{"y":[1e5,"x"],"b":null}`, `{"a":{"b":null,"y":[1e5,"x"]},"z":1.50}`},
		{`,"amount":{"pay":1,"crafts_man_commission":92233720368547758070}`, `{"amount":{"crafts_man_commission":92233720368547758070}}`},
		{`,"flow_id":"1","amount":{"new":"x","pay":1}`, `{"amount":{"new":"x"},"flow_id":"1"}`},
	} {
		b := Normaliser{}.Row(decode(t, `{"account_id":"1","ledger_id":"2","settle_type":1`+test.members+`}`), from).Bill
		if b.Extra.V != test.want || b.Extra.Valid != (test.want != "") {
			t.Errorf("extra of %s: got %v, want %s", test.members, b.Extra, test.want)
		}
	}
}

func TestCodePolicy(t *testing.T) {
	t.Parallel()
	const raw = `{"account_id":"1","ledger_id":"2","settle_type":9,"code":"314159265358","n":[ 1, 2 ]}`
	// The hash was made with openssl dgst -sha256 -hmac key.
	const hash = "f0888f774986dfa5381f124636f583368b6f841c792aa4edd41324737a443ba3"
	for name, test := range map[string]struct {
		policy CodePolicy
		column schema.Null[string]
	}{
		"keep": {KeepCode, schema.Some("314159265358")},
		"drop": {nil, schema.Null[string]{}},
		"hash": {HashCode(schema.NewSecret("key")), schema.Some(hash)},
	} {
		row := Normaliser{Code: test.policy}.Row(decode(t, raw), from)
		if row.Bill.Code != test.column {
			t.Errorf("%s: code = %v", name, row.Bill.Code)
		}
		if len(row.Exceptions) == 0 {
			t.Fatalf("%s: no exception to look at", name)
		}
		for _, e := range row.Exceptions {
			if strings.Contains(e.Record.V, "314159265358") != (name == "keep") {
				t.Errorf("%s: exception shows %s", name, e.Record.V)
			}
			if !strings.Contains(e.Record.V, `"ledger_id":"2"`) {
				t.Errorf("%s: exception lost the record: %s", name, e.Record.V)
			}
		}
	}
	key, other := HashCode(schema.NewSecret("key")), HashCode(schema.NewSecret("other"))
	if got := string(key([]byte("before "), []byte("314159265358"))); got != "before "+hash || string(other(nil, []byte("314159265358"))) == hash {
		t.Errorf("hash = %s", got)
	}
	if again := string(key(nil, []byte("314159265358"))); again != hash {
		t.Errorf("the second hash = %s", again)
	}
}

func TestRefusedPages(t *testing.T) {
	t.Parallel()
	record := func(members string) string {
		return `{"data":{"has_more":false,"ledger_records":[{` + members + `}]},"extra":{"error_code":0}}`
	}
	const key = `"account_id":"1","ledger_id":"2","settle_type":1`
	for _, test := range []struct{ body, want string }{
		{`{}`, "no extra.error_code"},
		{`{"extra":{"error_code":0}}`, "no data"},
		{`{"data":null,"extra":{"error_code":0}}`, "no data"},
		{`{"data":{"has_more":false},"extra":{"error_code":0}}`, "no ledger_records"},
		{`{"data":{"has_more":true,"cursor":"2","ledger_records":null},"extra":{"error_code":0}}`, "null for ledger_records"},
		{`{"data":{"ledger_records":null},"extra":{"error_code":0}}`, "no has_more"},
		{`{"data":{"ledger_records":[]},"extra":{"error_code":0}}`, "no has_more"},
		{`{"data":{"has_more":true,"ledger_records":[]},"extra":{"error_code":0}}`, "no cursor"},
		{`{"data":{"has_more":"false","ledger_records":[]}}`, "has_more"},
		{`{"data":{"has_more":false,"ledger_records":{}}}`, "ledger_records"},
		{`{"data":{"has_more":false,"has_more":true,"ledger_records":[]}}`, "duplicate"},
		{record(key + `,"ledger_id":"3"`), "duplicate"},
		{record(key + `,"amount":{"pay":1,"pay":2}`), "duplicate"},
		{record(key + `,"unknown":{"a":1,"a":2}`), "duplicate"},
		{record(key + `,"amount":{"pay":12.5}`), "whole number"},
		{record(key + `,"amount":{"pay":1e3}`), "whole number"},
		{record(key + `,"amount":{"pay":9223372036854775808}`), "whole number"},
		{record(key + `,"amount":{"pay":-9223372036854775808}`), "whole number"},
		{record(key + `,"amount":{"pay":""}`), "whole number"},
		{record(key + `,"amount":{"pay":true}`), "whole number"},
		{record(key + `,"amount":[]`), "amount"},
		{record(key + `,"biz_type":4294967297`), "int32"},
		{record(key + `,"shop_order_id":7.1e18`), "whole number"},
		{record(key + `,"poi_id":"` + "\xff" + `"`), "ledger_records[0]: poi_id: is not valid text"},
		{record(key + `,"amount":{"pay":"1\udf5c"}`), "amount: pay: is not valid text"},
		{record(key + `,"code":"\ud83c"`), "code: is not valid text"},
		{record(key + `,"settle_time":"\ud83c"`), "settle_time: is not valid text"},
		{record(key + `,"\ud83c":1,"\ud83d":2`), "duplicate"},
		{`{"data":{"has_more":true,"cursor":"\ud83c","ledger_records":[]}}`, "data.cursor: is not valid text"},
		{record(`"ledger_id":"2","settle_type":1`), "account_id is missing"},
		{record(`"account_id":"","ledger_id":"2","settle_type":1`), "account_id is missing"},
		{record(`"account_id":"1","settle_type":1`), "ledger_id is missing"},
		{record(`"account_id":"1","ledger_id":"2"`), "settle_type is missing"},
		{record(`"account_id":"1","ledger_id":"2","Settle_Type":1`), "settle_type is missing"},
		{`{"data":{"has_more":false,"ledger_records":[]}} x`, "invalid"},
	} {
		if _, err := DecodePage([]byte(test.body)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want one with %q", test.body, err, test.want)
		}
	}
	if page, err := DecodePage([]byte(`{"data":{"has_more":false,"ledger_records":[]},"extra":{"error_code":0}}`)); err != nil || len(page.Records) != 0 {
		t.Errorf("an empty day: %v, %v", page, err)
	}
}

func TestBizTypeBesideTheCursor(t *testing.T) {
	t.Parallel()
	page, err := DecodePage([]byte(`{"data":{"cursor":12,"has_more":true,"biz_type":3,"ledger_records":[
		{"account_id":"1","ledger_id":"2","settle_type":1},{"account_id":"1","ledger_id":"3","settle_type":1,"biz_type":5}]},"extra":{"error_code":0}}`))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int32{3, 5} {
		if got := (Normaliser{}).Row(page.Records[i], from).Bill.BizType; got != schema.Some(want) {
			t.Errorf("biz_type of record %d: got %v, want %d", i, got, want)
		}
	}
	if page.Next != "12" {
		t.Errorf("cursor = %q", page.Next)
	}
}

func TestSettleTime(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ seconds, rule string }{
		{`1692115093`, ""},               // 2023-08-15 23:58:13 in China
		{`1692115200`, "settle_day"},     // 2023-08-16 00:00:00 in China, still the 15th in UTC
		{`1692028800`, ""},               // 2023-08-15 00:00:00 in China, the 14th in UTC
		{`1692115093000`, "settle_time"}, // milliseconds
		{`0`, "settle_time"},
		{`"1692115093"`, ""},
		{`null`, ""},
	} {
		row := Normaliser{}.Row(decode(t, `{"account_id":"1","ledger_id":"2","settle_type":1,"settle_time":`+test.seconds+`}`), from)
		rule := ""
		for _, e := range row.Exceptions {
			rule += string(e.Rule)
		}
		if rule != test.rule {
			t.Errorf("settle_time %s: got %q, want %q", test.seconds, rule, test.rule)
		}
	}
}

func TestContent(t *testing.T) {
	t.Parallel()
	base := decode(t, `{"account_id":"1","ledger_id":"2","settle_type":1,"x":{"b":1,"a":"é"}}`)
	want, err := base.Content()
	if err != nil {
		t.Fatal(err)
	}
	for raw, same := range map[string]bool{
		`{ "x": {"a":"\u00e9", "b":1}, "settle_type":1,"ledger_id":"2","account_id":"1" }`: true,
		`{"account_id":"1","ledger_id":"2","settle_type":1,"x":{"b":2,"a":"é"}}`:           false,
		`{"account_id":"1","ledger_id":"2","settle_type":1}`:                               false,
	} {
		r := decode(t, raw)
		got, err := r.Content()
		if err != nil || (got == want) != same {
			t.Errorf("%s: same content %v, want %v (%v)", raw, got == want, same, err)
		}
	}
}

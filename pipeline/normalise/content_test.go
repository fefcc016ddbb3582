package normalise

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"billwalk/schema"
)

// rules returns the rules of exceptions, each with the first word of its detail.
func rules(exceptions []schema.Exception) string {
	var words []string
	for _, e := range exceptions {
		field, _, _ := strings.Cut(e.Detail, " ")
		words = append(words, string(e.Rule)+" "+field)
	}
	return strings.Join(words, ", ")
}

// TestNegativeAmounts: an amount with a minus is NULL and an exception, whatever the
// direction. Other amounts have the sign of the direction.
func TestNegativeAmounts(t *testing.T) {
	t.Parallel()
	const rest = `"account_id":"1","ledger_id":"2","settle_type":`
	for a := range schema.AmountCount {
		field := fmt.Sprintf(`"amount":{"%s":%%s}`, a.Field())
		name := "amount." + a.Field()
		if a.InRecord() {
			field, name = `"fund_amount":%s`, a.Field()
		}
		for settleType, sign := range map[int]schema.Fen{1: +1, 2: -1} {
			for value, want := range map[string]schema.Null[schema.Fen]{
				"5": schema.Some(5 * sign), "-0": schema.Some[schema.Fen](0), `"-0"`: schema.Some[schema.Fen](0), "-5": {}, `"-5"`: {}, "-9223372036854775807": {},
			} {
				row := Normaliser{}.Row(decode(t, fmt.Sprintf("{%s%d,"+field+"}", rest, settleType, value)), from)
				got, exception := row.Bill.Amounts[a], ""
				for _, e := range row.Exceptions {
					if e.Rule == schema.RuleNegativeAmount {
						exception += fmt.Sprintf("%s %d %s", e.Severity, e.Actual.V, strings.Fields(e.Detail)[0])
					}
				}
				wantException := ""
				if !want.Valid {
					wantException = fmt.Sprintf("error %s %s", strings.Trim(value, `"`), name)
				}
				if got != want || exception != wantException {
					t.Errorf("%s %s, settle_type %d: got %v, %q; want %v, %q", name, value, settleType, got, exception, want, wantException)
				}
			}
		}
	}
	row := Normaliser{}.Row(decode(t, `{`+rest+`3,"amount":{"pay":-5,"goods":-1,"new":-7}}`), from)
	if got := rules(row.Exceptions); got != "negative_amount amount.pay, negative_amount amount.goods, unknown_direction neither" || row.Bill.Extra.V != `{"amount":{"new":-7}}` {
		t.Errorf("without a direction: %s, extra %s", got, row.Bill.Extra.V)
	}
}

// TestNegativeInIdentities: an identity with a negative amount is not evaluable, and a ticket
// with a minus is not hidden.
func TestNegativeInIdentities(t *testing.T) {
	t.Parallel()
	const record = `{"account_id":"1","ledger_id":"2","settle_type":1,"amount":{"pay":990,"merchant_ticket":610,"platform_ticket":-1,"original":1599,
		"ledger_platform_ticket":0,"ledger_total":990,"total_merchant_platform_service":25,"total_commission":10,"actual_insured":-3,"goods":955}}`
	row := Normaliser{}.Row(decode(t, record), from)
	if row.Outcomes != (Outcomes{NotEvaluable, Pass, NotEvaluable}) || rules(row.Exceptions) != "negative_amount amount.platform_ticket, negative_amount amount.actual_insured" {
		t.Errorf("%v, %s", row.Outcomes, rules(row.Exceptions))
	}
	s := settle(t, `"settle_id":"s","settle_status":"SUCCESS","settle_amount":1000,"rake":-60,"commission":100,"settle_detail":"商户号1-分成金额(分)840"`)
	if s.Identity != NotEvaluable || s.Settlement.Rake.Valid || rules(s.Exceptions) != "negative_amount rake" {
		t.Errorf("%v %v, %s", s.Identity, s.Settlement.Rake, rules(s.Exceptions))
	}
	n := mustDecode(t, saying(`{"settle_id":"s","status":"SUCCESS","event_time":1643189272388,"settle_amount":-1,"rake":"-2","commission":-3,"settle_detail":"商户号1-分成金额(分)1"}`))
	if got := rules(n.Exceptions); got != "negative_amount settle_amount, negative_amount rake, negative_amount commission" || n.Settlement.Amount.Valid {
		t.Errorf("a callback: %s", got)
	}
}

// TestBadText: text for people is mended and reported once for each record. Columns, extra and
// the record of the exception are valid, and nothing else changes.
func TestBadText(t *testing.T) {
	t.Parallel()
	record := "{\"account_id\":\"1\",\"ledger_id\":\"2\",\"settle_type\":1,\"code\":\"77\",\"group_name\":\"双人套\xe9\xa4\",\"settle_type_desc\":\"a\\ud83cb\"," +
		"\"amount\":{\"pay\":5,\"n\xff\":\"\\udf5c\"},\"note\":[\"\xff\"],\"k\xe9\":1}"
	row := Normaliser{}.Row(decode(t, record), from)
	b := &row.Bill
	if b.GroupName.V != "双人套�" || b.SettleTypeDesc.V != "a�b" || b.Amounts[schema.Pay].V != 5 || b.Extra.V != `{"amount":{"n�":"�"},"k�":1,"note":["�"]}` {
		t.Errorf("%+v", b)
	}
	if len(row.Exceptions) != 1 {
		t.Fatalf("%+v", row.Exceptions)
	}
	e := row.Exceptions[0]
	for _, want := range []string{"group_name", "settle_type_desc", "amount.n�", "note.0", "k�"} {
		if !strings.Contains(e.Detail, want) {
			t.Errorf("%q does not name %s", e.Detail, want)
		}
	}
	if e.Rule != schema.RuleBadText || e.Severity != schema.SeverityWarning || !json.Valid([]byte(e.Record.V)) || strings.Contains(e.Record.V, "77") || !strings.Contains(e.Record.V, "双人套�") {
		t.Errorf("%+v", e)
	}
	for name, sound := range map[string]string{"the platform's own U+FFFD": `"双人套�"`, "escaped": `"\ufffd"`, "a whole pair": `"\ud83c\udf5c"`} {
		row := Normaliser{}.Row(decode(t, `{"account_id":"1","ledger_id":"2","settle_type":1,"group_name":`+sound+`}`), from)
		if len(row.Exceptions) != 0 {
			t.Errorf("%s: %+v", name, row.Exceptions)
		}
	}
	s := settle(t, `"settle_id":"s","settle_status":"FAIL","cp_extra":"\ud83c","settle_detail":"`+"\xff"+`"`)
	if s.Settlement.CpExtra.V != "�" || s.Settlement.Detail.V != "�" || rules(s.Exceptions) != "bad_text text" || !json.Valid([]byte(s.Exceptions[0].Record.V)) {
		t.Errorf("a settlement: %+v, %+v", s.Settlement, s.Exceptions)
	}
}

// TestBadTextInCallbacks: a callback may have cut characters, bytes that are not UTF-8, and a
// byte order mark, but no id that is not valid text.
func TestBadTextInCallbacks(t *testing.T) {
	t.Parallel()
	const head = `{"version":"2.0","type":"settle","msg":"{\"settle_id\":\"s\",\"status\":\"FAIL\",\"event_time\":1643189272388`
	for body, want := range map[string]string{
		head + `,\"message\":\"a\\ud83cb\"}"}`:           "a�b bad_text text",
		head + `,\"message\":\"a\ud83cb\"}"}`:            "a�b bad_text text",
		head + ",\\\"message\\\":\\\"a\xe9\xa4b\\\"}\"}": "a�b bad_text text",
		"\xef\xbb\xbf" + head + `,\"message\":\"ab\"}"}`: "ab ",
		head + `,\"message\":\"ab\"}","other":"\ud83c"}`: "ab ",
	} {
		n := mustDecode(t, posted(body))
		if got := n.Settlement.Message.V + " " + rules(n.Exceptions); got != want || n.Settlement.SettleID != "s" {
			t.Errorf("%q: got %q, want %q", body, got, want)
		}
		for _, e := range n.Exceptions {
			if !json.Valid([]byte(e.Record.V)) {
				t.Errorf("%q is the record of an exception", e.Record.V)
			}
		}
	}
	for _, body := range []string{
		head + `,\"order_id\":\"\ud83c\"}"}`, head + `,\"order_id\":\"\\ud83c\"}"}`, head + ",\\\"item_order_id\\\":\\\"\xff\\\"}\"}", head + `,\"rake\":\"1\\ud83c\"}"}`,
	} {
		if n, err := DecodeCallback(posted(body)); err == nil || !strings.Contains(err.Error(), "not valid text") {
			t.Errorf("%q is read as %+v, %v", body, n.Settlement, err)
		}
	}
}

// TestUnreadableRecord: the error of a page names the record, its id and the member, and has no
// coupon code.
func TestUnreadableRecord(t *testing.T) {
	t.Parallel()
	page := func(record string) string {
		return `{"data":{"has_more":false,"ledger_records":[{"account_id":"1","ledger_id":"7","settle_type":1},` + record + `]},"extra":{"error_code":0}}`
	}
	for record, want := range map[string]string{
		`{"account_id":"1","ledger_id":"8","settle_type":1,"shop_order_id":"\ud83c"}`:  `ledger_records[1]: shop_order_id: is not valid text, and cannot be mended: bytes that are not UTF-8, or half a character (ledger_id 8)`,
		`{"account_id":"1","ledger_id":"\ud83c","settle_type":1}`:                      `ledger_records[1]: ledger_id: is not valid text, and cannot be mended: bytes that are not UTF-8, or half a character`,
		`{"account_id":"1","ledger_id":"8","settle_type":1,"code":778899.5}`:           `ledger_records[1]: code: want text or a whole number, got a number with a point or an exponent (ledger_id 8)`,
		`{"account_id":"1","ledger_id":"8","settle_type":1,"amount":{"pay":true}}`:     `ledger_records[1]: amount: pay: want a whole number, got true (ledger_id 8)`,
		`{"account_id":"1","ledger_id":"8","settle_type":99999999999,"code":"778899"}`: `ledger_records[1]: settle_type: 99999999999 is beyond int32 (ledger_id 8)`,
	} {
		if _, err := DecodePage([]byte(page(record))); err == nil || err.Error() != want {
			t.Errorf("%s\n%v\nwant %s", record, err, want)
		}
	}
}

// TestOddIDs: ids that cannot be right are reported and stay in their columns.
func TestOddIDs(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("9", schema.MaxQueryID)
	for members, want := range map[string]string{
		`"shop_order_id":"` + long + `"`:                   "",
		`"shop_order_id":"` + long + `9"`:                  "bad_id shop_order_id",
		`"order_ext_id":"` + strings.Repeat("单", 22) + `"`: "bad_id order_ext_id",
		`"order_ext_id":"单——1"`:                            "",
		`"item_order_id":"1 2","poi_id":"a\u0000"`:         "bad_id item_order_id, bad_id poi_id",
		`"sku_id":"1\u200b"`:                               "bad_id sku_id",
		`"poi_id":"","shop_order_id":null`:                 "",
	} {
		row := Normaliser{}.Row(decode(t, `{"account_id":"1","ledger_id":"2","settle_type":1,`+members+`}`), from)
		if got := rules(row.Exceptions); got != want {
			t.Errorf("%s: got %q, want %q", members, got, want)
		}
	}
	if got := rules(settle(t, `"settle_id":"s","settle_status":"INIT","out_settle_no":"`+long+`9"`).Exceptions); got != "bad_id out_settle_no" {
		t.Errorf("a settlement: %q", got)
	}
}

// TestAccountForeign: a bill of another account in the walk of one account is reported.
func TestAccountForeign(t *testing.T) {
	t.Parallel()
	alone := from
	alone.Root = false
	for account, want := range map[string]string{string(from.Walk): "", "1": "account_foreign only"} {
		row := Normaliser{}.Row(decode(t, `{"account_id":"`+account+`","ledger_id":"2","settle_type":1}`), alone)
		if got := rules(row.Exceptions); got != want {
			t.Errorf("account %s: got %q, want %q", account, got, want)
		}
	}
}

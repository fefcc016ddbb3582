package audit

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// FuzzTwoReadings: a page that the build accepts is accepted by the audit, and both decode
// the same key, orders, signed amounts and content hash from every record. They share no
// code, so that an error in one of them shows here.
func FuzzTwoReadings(f *testing.F) {
	f.Add([]byte(`{"data":{"cursor":"","has_more":false,"ledger_records":[]},"extra":{"error_code":0}}`))
	f.Add([]byte(`{"data":{"has_more":true,"cursor":7,"biz_type":1,"ledger_records":[
		{"account_id":1,"ledger_id":68882720803499563550,"settle_type":2,"amount":{"pay":"12","new":1.5,"goods":0,"original":null}},
		{"ledger_id":"a\u0062","account_id":"1","settle_type":"1","settle_sub_type":21,"fund_amount_type":1,"fund_amount":5,"biz_type":3,"amount":{"total_commission":9223372036854775807}}]},"extra":{"error_code":"0"}}`))
	f.Add([]byte(`{"data":{"has_more":false,"biz_type":null,"ledger_records":[{"account_id":"1","ledger_id":"2","settle_type":3,"shop_order_id":"","item_order_id":null,"order_ext_id":5,"amount":null},
		{"account_id":"1","ledger_id":"2","settle_type":4,"fund_amount_type":"0","amount":{"pay":-3,"ledger_total":1}}]},"extra":{"error_code":0},"err_no":null,"code":"0"}`))
	f.Add([]byte("{\"data\":{\"has_more\":false,\"ledger_records\":[{\"account_id\":\"1\",\"ledger_id\":\"2\",\"settle_type\":2,\"group_name\":\"双\xe9\xa4\",\"settle_type_desc\":\"\\ud83c\",\"\xff\":[\"\\udf5c\"],\"fund_amount\":-0,\"amount\":{\"pay\":-990,\"goods\":\"-955\",\"original\":\"-0\",\"n\xff\":-1}}]},\"extra\":{\"error_code\":0,\"description\":\"\xff\"}}"))
	f.Add([]byte(`{"data":{"has_more":false,"ledger_records":[{"account_id":"1 ","ledger_id":"2","settle_type":3,"shop_order_id":"99999999999999999999999999999999999999999999999999999999999999999","order_ext_id":"\u0007","sku_id":"\u3000","poi_id":"\u200b","fund_amount":-5}]},"extra":{"error_code":0}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		built, err := normalise.DecodePage(body)
		if err != nil {
			return
		}
		audited, err := readPage(body)
		if err != nil {
			t.Fatalf("%s is not read: %v", body, err)
		}
		if audited.more != built.HasMore || built.HasMore && audited.cursor != built.Next || len(audited.records) != len(built.Records) {
			t.Fatalf("%s: more %t at %q, %d records; built from %+v", body, audited.more, audited.cursor, len(audited.records), built)
		}
		scan := new(scan)
		scanned, scanErr := scan.page(body)
		if scanErr == nil && !samePage(&scanned, &audited) {
			t.Errorf("%s: scanned %+v, decoded %+v", body, scanned, audited)
		}
		for i, raw := range audited.records {
			r := &built.Records[i]
			row := normalise.Normaliser{}.Row(*r, normalise.Provenance{})
			want := row.Bill
			if built := count(row.Exceptions, schema.RuleBadID); built != oddIDs(&want) {
				t.Errorf("%s: %d odd ids, built from %d", raw, oddIDs(&want), built)
			}
			want = schema.Bill{
				AccountID: want.AccountID, LedgerID: want.LedgerID, SettleType: want.SettleType, SettleSubType: want.SettleSubType,
				ShopOrderID: want.ShopOrderID, ItemOrderID: want.ItemOrderID, OrderExtID: want.OrderExtID,
				Direction: want.Direction, Amounts: want.Amounts,
			}
			read, err := readRecord(raw)
			got := read.Bill
			if int64(read.negatives) != count(row.Exceptions, schema.RuleNegativeAmount) || read.badText != (count(row.Exceptions, schema.RuleBadText) == 1) {
				t.Errorf("%s: %d amounts with a minus, bad text %t; built with %+v", raw, read.negatives, read.badText, row.Exceptions)
			}
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%s, %v (-built +audited):\n%s", raw, err, diff)
			}
			if rowOf(&got) != rowOf(&want) || keyOf(&got) != keyOf(&want) || cmp.Diff(unpack(pack(nil, &got.Amounts)), got.Amounts) != "" {
				t.Errorf("%s: the same bill has two names", raw)
			}
			wantContent, err := r.Content()
			if err != nil {
				t.Fatal(err)
			}
			if gotContent, err := content(raw, audited.bizType); gotContent != wantContent || err != nil {
				t.Errorf("%s: its content has two hashes, %v", raw, err)
			}
			if scanErr != nil {
				continue
			}
			if scanned, sum, ok := scan.record(scanned.objects[i], audited.bizType); ok && (sum != wantContent || cmp.Diff(read, scanned, cmp.AllowUnexported(reading{})) != "") {
				t.Errorf("%s: scanned %+v, decoded %+v", raw, scanned, read)
			}
		}
	})
}

// count returns the number of exceptions of a rule.
func count(exceptions []schema.Exception, rule schema.Rule) (n int64) {
	for _, e := range exceptions {
		if e.Rule == rule {
			n++
		}
	}
	return n
}

// TestDirection checks the sign rule, case by case.
func TestDirection(t *testing.T) {
	t.Parallel()
	none := schema.Null[int64]{}
	for _, test := range []struct {
		settleType int64
		fund       schema.Null[int64]
		want       int32
	}{
		{1, none, +1}, {2, none, -1}, {3, none, 0}, {0, none, 0},
		{1, schema.Some[int64](0), +1}, {1, schema.Some[int64](1), -1}, {2, schema.Some[int64](0), +1},
		{5, schema.Some[int64](1), -1}, {1, schema.Some[int64](2), 0},
	} {
		if got := directionOf(test.settleType, test.fund); got != test.want {
			t.Errorf("settle_type %d, fund_amount_type %v: %d, want %d", test.settleType, test.fund, got, test.want)
		}
	}
}

// TestReadPage: the audit refuses answers that are not pages.
func TestReadPage(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		``, `[]`, `{}`, `{"data":{}}`, `{"data":{"has_more":false},"extra":{"error_code":0}}`, `{"data":{"ledger_records":[]},"extra":{"error_code":0}}`,
		`{"data":{"has_more":true,"cursor":"2","ledger_records":null},"extra":{"error_code":0}}`,
		`{"data":{"has_more":false,"has_more":false,"ledger_records":[]},"extra":{"error_code":0}}`, `{"data":{"has_more":false,"ledger_records":[]},"extra":{"error_code":"x"}}`,
	} {
		if p, err := readPage([]byte(body)); err == nil {
			t.Errorf("%s is a page: %+v", body, p)
		}
	}
	_, err := readPage([]byte(`{"data":{"error_code":6000001},"extra":{}}`))
	if no, ok := errors.AsType[*refusal](err); !ok || !no.withdrawn() {
		t.Errorf("bills withdrawn by hand: %v", err)
	}
	for _, record := range []string{`{"amount":{"pay":1.0}}`, `{"amount":{"pay":1e3}}`, `{"amount":{"pay":"-9223372036854775808"}}`, `{"amount":{"pay":1,"pay":1}}`, `{"account_id":true}`} {
		if b, err := readRecord([]byte(record)); err == nil {
			t.Errorf("%s is a record: %+v", record, b)
		}
	}
}

package audit

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// FuzzTwoReadingsOfWithdrawals: a page of withdrawals that the build accepts is accepted by
// the audit, and both make the same row and count the same exceptions of every record.
func FuzzTwoReadingsOfWithdrawals(f *testing.F) {
	for _, records := range []string{
		``,
		`{"withdraw_id":7,"amount":"12","status":2,"launch_time":"1795140000","withdraw_time":0,"settle_account":6222020200112233445,"account_name":"某某餐饮","withdraw_mode":"1"},{"withdraw_id":"7","status":"","withdraw_msg":null}`,
		`{"withdraw_id":"a b","amount":-5,"status":"9","launch_time":1795140000000,"settle_account":"四五六七","withdraw_msg":"双\ud83c"}`,
		`{"withdraw_id":"8","amount":-1000000000001,"settle_account":"8四五六七","launch_time":1420041600,"withdraw_time":1420041599,"account_name":"\ufffd\udf5c\udf5c"}`,
		`{"withdraw_id":"9","amount":1000000000001,"launch_time":4102415999,"withdraw_time":4102416000}`,
	} {
		f.Add([]byte(`{"data":{"has_more":false,"bill_withdraw_records":[` + records + `]},"extra":{"error_code":0}}`))
	}
	f.Add([]byte("{\"data\":{\"has_more\":true,\"cursor\":3,\"bill_withdraw_records\":[{\"withdraw_id\":\"1\",\"withdraw_msg\":\"双\xe9\xa4\",\"\xff\":1}]},\"extra\":{\"error_code\":\"0\"}}"))
	from := normalise.Provenance{Walk: "7", Day: schema.DayOf(time.Unix(1795140000, 0)), LogID: "L", FetchedAt: time.Unix(1795000000, 0).UTC(), ArchiveKey: "archive/k"}
	f.Fuzz(func(t *testing.T, body []byte) {
		built, err := normalise.ReadWithdrawals(body)
		if err != nil {
			return
		}
		audited, err := readWithdrawalsPage(body)
		if err != nil {
			t.Fatalf("%s is not read: %v", body, err)
		}
		contents, err := normalise.ReadWithdrawalsContent(body)
		if err != nil {
			t.Fatal(err)
		}
		if audited.more != built.HasMore || built.HasMore && audited.cursor != built.Next || len(audited.records) != len(built.Records) {
			t.Fatalf("%s: more %t at %q, %d records; built from %+v", body, audited.more, audited.cursor, len(audited.records), built)
		}
		for i, raw := range audited.records {
			row := built.Records[i].Row(&normalise.WithdrawalStatuses{}, from)
			faults := int64(len(row.Exceptions)) - count(row.Exceptions, schema.RuleWithdrawalStatus)
			l := &withdrawalList{listed: newListed(schema.Unit{Account: schema.Account{ID: from.Walk}, Day: from.Day}, 0), byID: make(map[string]*withdrawalReading), statuses: make(map[string]int64)}
			sum, err := l.record(i, &audited, &schema.Answer{LogID: from.LogID, FetchedAt: from.FetchedAt, Key: from.ArchiveKey}, true)
			if err != nil || sum != contents.Records[i] {
				t.Fatalf("%s: content %x, built from %x; %v", raw, sum, contents.Records[i], err)
			}
			got := l.byID[row.Withdrawal.WithdrawID].Withdrawal
			for _, text := range []*schema.Null[string]{&row.Withdrawal.Message, &row.Withdrawal.AccountName} {
				text.V = foldReplacements(text.V)
			}
			if diff := cmp.Diff(row.Withdrawal, got) + cmp.Diff(faults, l.faults); diff != "" {
				t.Errorf("%s (-built +audited):\n%s", raw, diff)
			}
		}
	})
}

// TestTwoTies: the audit ties a withdrawal as the build does, for every stage and listing, and
// for bills with and without fund_amount, goods and direction.
func TestTwoTies(t *testing.T) {
	t.Parallel()
	statuses := Statuses{InFlight: []string{"1"}, Paid: []string{"2"}, Failed: []string{"3"}}
	stages := map[string]schema.WithdrawStage{"1": schema.WithdrawUnderWay, "2": schema.WithdrawPaid, "3": schema.WithdrawNotPaid, "9": schema.WithdrawUnderWay, "": schema.WithdrawUnderWay}
	some, null := schema.Some[schema.Fen], schema.Null[schema.Fen]{}
	lists := [][]withdrawnReading{
		nil, {{fund: some(1000), goods: some(1)}}, {{fund: some(1200)}, {goods: some(-200)}}, {{fund: some(1000)}, {}}, {{}, {}}, {{fund: some(0)}}, {{fund: some(999), goods: null}},
	}
	states := map[string]reconcile.Listing{"": reconcile.NotListed, "complete": reconcile.Listed, "unavailable": reconcile.ByHand}
	for status, stage := range stages {
		for state, listing := range states {
			for i, list := range lists {
				for _, amount := range []schema.Null[schema.Fen]{null, some(0), some(1000)} {
					built := schema.Withdrawal{WithdrawID: "1", Status: present(schema.Some(status)), Amount: amount}
					audited := withdrawalReading{Withdrawal: built}
					var bills []schema.WithdrawnBill
					for _, b := range list {
						bills = append(bills, schema.WithdrawnBill{FundAmount: b.fund, Goods: b.goods})
					}
					var read *withdrawnList
					if state != "" {
						read = &withdrawnList{listed: listed{copied: &schema.Certificate{State: schema.State(state)}}, bills: list}
					}
					if err := reconcile.TieOut(&built, stage, listing, bills); err != nil {
						t.Fatal(err)
					}
					if err := audited.tie(&statuses, read); err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(built, audited.Withdrawal); diff != "" {
						t.Errorf("%s (-built +audited):\n%s", fmt.Sprintf("status %q, %q, list %d, amount %v", status, state, i, amount), diff)
					}
				}
			}
		}
	}
}

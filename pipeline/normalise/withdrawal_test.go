package normalise

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

func withdrawalsBody(data string) []byte {
	return []byte(`{"data":` + data + `,"extra":{"error_code":0,"logid":"L1"}}`)
}

var withdrawalsAsked = Provenance{Walk: "7047437174853240835", Day: mustDay("2026-11-20"), LogID: "L1", FetchedAt: time.Unix(1795000000, 0).UTC(), ArchiveKey: "archive/k"}

func mustDay(text string) schema.Day {
	day, err := schema.ParseDay(text)
	if err != nil {
		panic(err)
	}
	return day
}

// TestReadWithdrawals: ids and times as text or as numbers are the same withdrawal.
func TestReadWithdrawals(t *testing.T) {
	t.Parallel()
	launched := time.Date(2026, 11, 20, 9, 30, 0, 0, schema.China).UTC()
	paid := launched.Add(2 * time.Hour)
	want := WithdrawalRow{
		Withdrawal: schema.Withdrawal{
			AccountID: "7047437174853240835", WithdrawID: "6930000000000000001", Amount: schema.Some[schema.Fen](123456), Status: schema.Some("2"), Mode: schema.Some("1"),
			LaunchTime: schema.Some(launched), WithdrawTime: schema.Some(paid), SettleAccount: schema.Some("****3445"), AccountName: schema.Some("某某餐饮"),
			LogID: schema.Some("L1"), FetchedAt: withdrawalsAsked.FetchedAt, ArchiveKey: "archive/k",
		},
		Stage: schema.WithdrawPaid,
	}
	for _, record := range []string{
		fmt.Sprintf(`{"withdraw_id":"6930000000000000001","amount":"123456","status":"2","withdraw_mode":"1","launch_time":"%d","withdraw_time":"%d","withdraw_msg":"","settle_account":"6222020200112233445","account_name":"某某餐饮"}`, launched.Unix(), paid.Unix()),
		fmt.Sprintf(`{"withdraw_id":6930000000000000001,"amount":123456,"status":2,"withdraw_mode":1,"launch_time":%d,"withdraw_time":%d,"settle_account":6222020200112233445,"account_name":"某某餐饮","new":{}}`, launched.Unix(), paid.Unix()),
	} {
		page, err := ReadWithdrawals(withdrawalsBody(`{"error_code":0,"has_more":true,"cursor":7,"bill_withdraw_records":[` + record + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		if page.Next != "7" || !page.HasMore || page.LogID != "L1" || len(page.Records) != 1 {
			t.Errorf("page %+v", page)
		}
		got := page.Records[0].Row(&WithdrawalStatuses{Paid: []string{"2"}}, withdrawalsAsked)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", record, diff)
		}
	}
}

// TestNoWithdrawals: what is no page of withdrawals is an error, never an empty page.
func TestNoWithdrawals(t *testing.T) {
	t.Parallel()
	for body, why := range map[string]string{
		`{"data":{"has_more":false,"bill_withdraw_records":[]}}`:                                                                          "does not say that it succeeded",
		`{"data":{"error_code":6000001,"has_more":false,"bill_withdraw_records":[]},"extra":{"error_code":0}}`:                            "6000001",
		`{"err_no":28001003,"err_msg":"x","data":{"has_more":false,"bill_withdraw_records":[]},"extra":{"error_code":0}}`:                 "28001003",
		`{"data":null,"extra":{"error_code":0}}`:                                                                                          "no data",
		`{"data":{"has_more":false},"extra":{"error_code":0}}`:                                                                            "no bill_withdraw_records",
		`{"data":{"has_more":false,"ledger_records":[]},"extra":{"error_code":0}}`:                                                        "no bill_withdraw_records",
		`{"data":{"bill_withdraw_records":[]},"extra":{"error_code":0}}`:                                                                  "no has_more",
		`{"data":{"has_more":true,"bill_withdraw_records":[]},"extra":{"error_code":0}}`:                                                  "no cursor",
		`{"data":{"has_more":true,"cursor":"1","bill_withdraw_records":null},"extra":{"error_code":0}}`:                                   "null for bill_withdraw_records",
		`{"data":{"has_more":false,"bill_withdraw_records":[{"amount":1}]},"extra":{"error_code":0}}`:                                     "withdraw_id is missing",
		`{"data":{"has_more":false,"bill_withdraw_records":[{"withdraw_id":"1","amount":1.0}]},"extra":{"error_code":0}}`:                 "amount",
		`{"data":{"has_more":false,"bill_withdraw_records":[{"withdraw_id":"1","amount":1,"amount":2}]},"extra":{"error_code":0}}`:        "duplicate",
		`{"data":{"has_more":false,"bill_withdraw_records":[{"withdraw_id":"1","launch_time":"today"}]},"extra":{"error_code":0}}`:        "launch_time",
		`{"data":{"has_more":false,"bill_withdraw_records":[{"withdraw_id":9223372036854775807.5}]},"extra":{"error_code":0}}`:            "withdraw_id",
		`{"data":{"has_more":false,"bill_withdraw_records":[{"withdraw_id":"1","amount":9223372036854775808}]},"extra":{"error_code":0}}`: "int64",
		`<html>`: "not what the withdrawal API documents",
	} {
		if page, err := ReadWithdrawals([]byte(body)); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: got %+v, %v; want an error with %q", body, page, err, why)
		}
	}
	if _, err := ReadWithdrawals([]byte(`{"data":{"has_more":false,"bill_withdraw_records":[]}}`)); !errors.Is(err, ErrNoEvidence) {
		t.Errorf("an answer without evidence: %v", err)
	}
	for _, empty := range []string{`[]`, `null`} {
		if page, err := ReadWithdrawals(withdrawalsBody(`{"has_more":false,"bill_withdraw_records":` + empty + `}`)); err != nil || len(page.Records) != 0 {
			t.Errorf("%s: got %+v, %v; want an empty page", empty, page, err)
		}
	}
}

// TestWithdrawalExceptions: what a record may not have is an exception that names the
// withdrawal, and never shows the number of the bank account.
func TestWithdrawalExceptions(t *testing.T) {
	t.Parallel()
	statuses := &WithdrawalStatuses{InFlight: []string{"1"}, Paid: []string{"2"}, Failed: []string{"3"}}
	for record, want := range map[string]struct {
		stage schema.WithdrawStage
		rules []schema.Rule
	}{
		`"status":"1","amount":5`:                             {schema.WithdrawUnderWay, nil},
		`"status":"3","amount":5`:                             {schema.WithdrawNotPaid, nil},
		`"status":"9","amount":5`:                             {schema.WithdrawUnderWay, []schema.Rule{schema.RuleWithdrawalStatus}},
		`"amount":5`:                                          {schema.WithdrawUnderWay, []schema.Rule{schema.RuleWithdrawalStatus}},
		`"status":"2","amount":-5`:                            {schema.WithdrawPaid, []schema.Rule{schema.RuleWithdrawalRecord}},
		`"status":"2","amount":1000000000001`:                 {schema.WithdrawPaid, []schema.Rule{schema.RuleWithdrawalRecord}},
		`"status":"2","amount":5,"launch_time":1795140000000`: {schema.WithdrawPaid, []schema.Rule{schema.RuleWithdrawalRecord}},
		`"status":"2","amount":5,"launch_time":1795000000`:    {schema.WithdrawPaid, []schema.Rule{schema.RuleWithdrawalRecord}},
		`"status":"2","amount":5,"account_name":"\ud800"`:     {schema.WithdrawPaid, []schema.Rule{schema.RuleWithdrawalRecord}},
	} {
		page, err := ReadWithdrawals(withdrawalsBody(`{"has_more":false,"bill_withdraw_records":[{"withdraw_id":"77","settle_account":"6222020200112233445",` + record + `}]}`))
		if err != nil {
			t.Fatalf("%s: %v", record, err)
		}
		row := page.Records[0].Row(statuses, withdrawalsAsked)
		var rules []schema.Rule
		for _, e := range row.Exceptions {
			rules = append(rules, e.Rule)
			if shown := fmt.Sprintf("%+v", e); !strings.Contains(e.Detail, "withdrawal 77") || strings.Contains(shown, "11223344") {
				t.Errorf("%s: exception %s", record, shown)
			}
		}
		if diff := cmp.Diff(want.rules, rules); row.Stage != want.stage || diff != "" {
			t.Errorf("%s: stage %d, want %d; rules (-want +got):\n%s", record, row.Stage, want.stage, diff)
		}
	}
}

// FuzzWithdrawals: what is accepted says that it succeeded, leads on if there is more, and
// names every withdrawal; its rows never show the number of the bank account.
func FuzzWithdrawals(f *testing.F) {
	f.Add([]byte(`{"data":{"has_more":false,"bill_withdraw_records":[{"withdraw_id":"7","amount":1,"settle_account":"6222020200112233445"}]},"extra":{"error_code":0}}`))
	f.Add([]byte(`{"data":{"has_more":true,"cursor":"2","bill_withdraw_records":[{"withdraw_id":7,"launch_time":"1795140000"}]},"extra":{"error_code":0}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		page, err := ReadWithdrawals(body)
		if err != nil {
			return
		}
		if err := Succeeded(body); err != nil {
			t.Fatalf("accepted, though: %v", err)
		}
		if page.HasMore != (page.Next != "") {
			t.Fatalf("has_more is %v, and the next cursor %q", page.HasMore, page.Next)
		}
		for i := range page.Records {
			w := page.Records[i].Row(&WithdrawalStatuses{}, withdrawalsAsked).Withdrawal
			if w.WithdrawID == "" || len([]rune(w.SettleAccount.V)) > 8 || w.Amount.V < 0 {
				t.Fatalf("withdrawal %+v", w)
			}
		}
	})
}

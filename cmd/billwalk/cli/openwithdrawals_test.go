package cli

import (
	"bytes"
	"strings"
	"testing"

	"billwalk/pipeline"
	"billwalk/schema"
)

// TestWithdrawalLines: a message names the withdrawals for which somebody has something to
// do, with what it is, and those that are mismatched are trouble.
func TestWithdrawalLines(t *testing.T) {
	t.Parallel()
	sums := map[schema.WithdrawVerdict]*openWithdrawals{
		schema.Tied:               {Count: 9, Fen: 900},
		schema.WithdrawMismatched: {Count: 2, Fen: 10001, Diff: -1},
		schema.WithdrawManual:     {Count: 1, Fen: 2000, payees: map[string]bool{"71": true}},
		schema.WithdrawFailed:     {Count: 5, Fen: 500, payees: map[string]bool{"72": true, "73": true, "74": true, "75": true}},
	}
	want := []string{
		"提现差异 2 笔：100.01 元，差额 -0.01 元 → 到来客核对这笔提现，凭提现单号与 logid 报平台",
		"提现失败 5 笔（72、73、74 等 4 户）：5.00 元 → 到来客核对收款账户，原因见 withdraw_msg",
		"提现（手动） 1 笔（东门店 71）：20.00 元 → 请到来客 财务首页 > 交易账户详情 核对",
	}
	if got := withdrawalLines(sums, (&notice{run: new(pipeline.Run), payees: accountNames{"71": "东门店"}}).name); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestWithdrawalStory: its amount, the sum of its bills and the difference, each bill with
// whether it is known, and what to do.
func TestWithdrawalStory(t *testing.T) {
	t.Parallel()
	amount, sum, diff, own, other, rows, settleType := schema.Fen(10001), schema.Fen(10000), schema.Fen(1), schema.Fen(9500), schema.Fen(500), int64(2), int32(1)
	s := &withdrawalStory{
		WithdrawID: "6001", Job: "nightly", Account: "71", Verdict: schema.WithdrawMismatched, Status: "2", Amount: &amount, BillRows: &rows, BillsTotal: &sum, Diff: &diff, LogID: "L", Bank: "****1234",
		Bills:      []storyWithdrawnBill{{"9001", &settleType, "2026-11-20", &own, true}, {"9000", nil, "", &other, false}},
		Exceptions: []storyException{{Rule: schema.RuleUnknownEnum, Detail: "9000 is not there"}},
		names:      accountNames{"71": "某店"},
	}
	for _, language := range []string{"en", "zh"} {
		var out bytes.Buffer
		if err := s.print(&out, language); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"6001", "71 (某店)", "****1234", "100.01", "100.00", "0.01", "9001", "2026-11-20", "95.00", in(language, noSuchBill), "9000 is not there", in(language, s.Verdict.Advice())} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: no %q in\n%s", language, want, out.String())
			}
		}
	}
}

// TestStatusOfWithdrawals: a line for each age and verdict, with the yuan.
func TestStatusOfWithdrawals(t *testing.T) {
	t.Parallel()
	s := &status{payees: accountNames{"71": "东门店"}, OpenWithdrawals: []openWithdrawals{
		{Age: "8-30", Verdict: schema.WithdrawMismatched, Count: 2, Fen: 10001, Diff: 1, payees: map[string]bool{"71": true, "72": true, "73": true, "74": true}}, {Age: "0-1", Verdict: schema.WithdrawInFlight, Count: 1, Fen: 300},
	}}
	var out bytes.Buffer
	s.printWithdrawals(&out)
	const want = "withdrawn   8-30 days       2 mismatched      100.01 yuan, difference 0.01, since 1970-01-01: 71 (东门店), 72, 73 and 1 more\n" +
		"             0-1 days       1 in_flight       3.00 yuan, since 1970-01-01\n"
	if out.String() != want {
		t.Errorf("got\n%s, want\n%s", out.String(), want)
	}
}

package cli

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/schema"
)

// What ended all calls of an app is printed once, with what it hit, and what all days of an
// account have is printed once; what is of one unit is printed by itself.
func TestPrintFailures(t *testing.T) {
	t.Parallel()
	day := billwalktest.MustDay("2026-11-20")
	denied := schema.Failure{Code: 2119013, Reason: "IP不在白名单", LogID: "L1", Hint: "add this machine", Reach: schema.ReachApp}
	at := func(f schema.Failure, account schema.AccountID, d schema.Day) schema.Failure {
		f.Account, f.Day = account, d
		return f
	}
	unsure := denied
	unsure.Reach, unsure.LogID = schema.ReachUnit, "L0"
	lost := schema.Failure{Code: 2119005, Reason: "商服关系未授权", LogID: "L2", Hint: "authorise", Reach: schema.ReachAccount}
	quota := func(n string) schema.Failure {
		return schema.Failure{Code: 2190001, Reason: "settle query: " + n + " of 9 orders have no answer: quota", LogID: "L3", Reach: schema.ReachToday}
	}
	unasked := schema.Failure{Code: 2119005, Reason: "settle query: 2 of 9 orders have no answer: 商服关系未授权", LogID: "L4", Reach: schema.ReachAccount}
	byHand := schema.Failure{Code: 6000001, Reason: "非自动提现", LogID: "L5", Reach: schema.ReachUnavailable}
	late := schema.Failure{Reason: "the deadline has come", Error: schema.CodeDeadline, Reach: schema.ReachToday}
	shrunk := schema.Failure{Reason: "the day shrank", Reach: schema.ReachUnit}
	var out bytes.Buffer
	printFailures(&out, "failed", []schema.Failure{
		at(unsure, "1", day), at(lost, "2", day), at(denied, "3", day), at(denied, "3", day+1), at(denied, "4", day), at(lost, "2", day+1),
		at(quota("5"), "1", day), at(quota("4"), "2", day), at(late, "5", day), at(shrunk, "6", day), at(late, "7", day),
		at(unasked, "8", day), at(unasked, "8", day+1), at(byHand, "9", day), at(byHand, "9", day+2),
	}, accountNames{"6": "成都小吃\x1b[2J"})
	want := `  failed      3 accounts, 4 units: IP不在白名单 (code 2119013) logid L0
                → add this machine
  failed      account 2 on 2026-11-20 and 1 other day: 商服关系未授权 (code 2119005) logid L2
                → authorise
  failed      2 accounts, 2 units: settle query: 9 orders without an answer: quota (code 2190001) logid L3
  failed      2 accounts, 2 units: the deadline has come (code BW-DEADLINE)
  failed      account 6 (成都小吃 [2J) on 2026-11-20: the day shrank (code BW-FAILED)
  failed      account 8 on 2026-11-20: settle query: 2 of 9 orders have no answer: 商服关系未授权 (code 2119005) logid L4
  failed      account 8 on 2026-11-21: settle query: 2 of 9 orders have no answer: 商服关系未授权 (code 2119005) logid L4
  failed      account 9 on 2026-11-20 and 1 other day: 非自动提现 (code 6000001) logid L5
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

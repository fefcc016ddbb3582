package truth

import (
	"context"
	"testing"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
	"billwalk/sinks/report"
)

// namedLake is a lake whose manifests name payees.
type namedLake struct {
	*truthLake
	manifest schema.Manifest
}

func (l *namedLake) Base(context.Context, schema.Day, int) (schema.Base, error) {
	return schema.Base{Manifest: &l.manifest}, nil
}

// TestReportHasPayeesWithoutBills: the withdrawals of a store whose account has no bills, as the
// platform withholds them, are the job's as well; those of another job's are not.
func TestReportHasPayeesWithoutBills(t *testing.T) {
	t.Parallel()
	day := billwalktest.FirstDay
	const root, foreign schema.AccountID = "7113893944009705516", "7113893944009705517"
	var withdrawals []sandbox.Withdrawal
	var entry schema.WithdrawalsEntry
	for id, walk := range map[schema.AccountID]schema.AccountID{"7001": root, "7002": foreign} {
		withdrawals = append(withdrawals, sandbox.Withdrawal{Day: day, Account: id, ID: "1" + string(id), Amount: 500, Verdict: "manual", LaunchTime: day.Start()})
		entry.Payees = append(entry.Payees, schema.PayeeEntry{Account: schema.Account{ID: id}, WalkAccount: walk})
	}
	lake := &namedLake{&truthLake{balanceTruth: &balanceTruth{withdrawals: withdrawals}, days: []schema.Day{day}, root: root}, schema.Manifest{Day: day, Withdrawals: &entry}}
	r, err := report.Load(t.Context(), lake, report.Options{Job: "nightly", Accounts: []schema.Account{{ID: root, Root: true}}, From: day, To: day, Buckets: 1, Withdrawals: true})
	if err != nil {
		t.Fatal(err)
	}
	if list := r.Withdrawals.List; len(list) != 1 || list[0].Account != "7001" || len(r.Withdrawals.Verdicts) != 1 || r.Withdrawals.Verdicts[0].Amount != 500 {
		t.Errorf("withdrawals %+v, sums %+v", list, r.Withdrawals.Verdicts)
	}
}

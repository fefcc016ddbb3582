package jobs

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"billwalk/schema"
)

// Conflict returns [Faults] if another job of the file would overwrite the job's
// verdicts with different ones: both publish the same files, and reconcile by different
// rules. Otherwise it returns nil.
func (f *File) Conflict(name string) error {
	job := f.Jobs[name]
	var faults Faults
	for _, other := range f.Names() {
		if other == name || f.faultsOf([]string{"jobs." + other}) != nil { // incomplete: it cannot be compared
			continue
		}
		differ := differences(job, f.Jobs[other])
		bucket, shared := f.sharedBucket(job, f.Jobs[other])
		if len(differ) == 0 || !shared {
			continue
		}
		at := f.lines[name]
		faults = append(faults, Fault{Path: at.path, Line: at.line, Column: at.column, Text: fmt.Sprintf(
			"jobs %s and %s publish the same files of the lake (bucket %d), and differ in %s: each would overwrite the other's verdicts: "+
				"两个任务会互相覆盖结论,请使用相同设置或各自的 lake; give both the same, or each a lake.url of its own",
			name, other, bucket, strings.Join(differ, ", "))})
	}
	if len(faults) == 0 {
		return nil
	}
	return faults
}

// differences returns the keys by which two jobs would reconcile the same bills
// differently.
func differences(a, b Job) (keys []string) {
	if v, w := a.Withdrawals, b.Withdrawals; v != nil && w != nil && !reflect.DeepEqual(v, w) {
		keys = append(keys, "withdrawals")
	}
	s, t := a.Settlements, b.Settlements
	switch {
	case s == nil && t == nil:
		return keys // nothing is reconciled
	case s == nil || t == nil:
		return append(keys, "settlements (only one has the section)")
	}
	if s.App != t.App {
		keys = append(keys, "settlements.app")
	}
	if !slices.Equal(s.Match, t.Match) {
		keys = append(keys, "settlements.match")
	}
	if s.ToleranceFen != t.ToleranceFen {
		keys = append(keys, "settlements.tolerance_fen")
	}
	if a.Lookback != b.Lookback {
		keys = append(keys, "lookback")
	}
	return keys
}

// sharedBucket returns the first bucket that both jobs publish.
func (f *File) sharedBucket(a, b Job) (bucket int, ok bool) {
	inA, inB := f.buckets(a.Accounts), f.buckets(b.Accounts)
	for bucket := range f.Lake.Buckets {
		if inA[bucket] && inB[bucket] || f.publishesUnmatched(a, bucket) && inB[bucket] || f.publishesUnmatched(b, bucket) && inA[bucket] {
			return bucket, true
		}
	}
	return 0, false
}

func (f *File) buckets(accounts []schema.Account) map[int]bool {
	used := make(map[int]bool)
	for _, a := range accounts {
		used[a.ID.Bucket(f.Lake.Buckets)] = true
	}
	return used
}

// publishesUnmatched reports whether the job publishes callbacks without bills in the
// bucket: they are in one bucket, regardless of the job's accounts.
func (f *File) publishesUnmatched(job Job, bucket int) bool {
	if job.Settlements == nil || bucket != schema.AccountID("").Bucket(f.Lake.Buckets) {
		return false
	}
	for _, app := range f.Apps {
		if app.Callbacks != nil {
			return true
		}
	}
	return false
}

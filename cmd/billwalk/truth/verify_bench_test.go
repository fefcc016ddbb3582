package truth

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/cli"
	"billwalk/pipeline/jobs"
	"billwalk/schema"
)

// BenchmarkVerify verifies a month of a hundred accounts, or of as many as
// BILLWALK_VERIFY_ACCOUNTS says: units of 30 bills and 21 orders each, walked twice,
// their settlements asked for. It prints what one verification takes; that of a
// thousand accounts, 31,000 units, has to take less than a minute on two cores.
//
// The lake is made once, in a folder below TMPDIR: of a thousand accounts about
// 160,000 objects, which a disk that syncs each of them takes long for, and a folder
// in memory does not.
func BenchmarkVerify(b *testing.B) {
	const bills, days = 30, 31
	accounts := 100
	if n, err := strconv.Atoi(os.Getenv("BILLWALK_VERIFY_ACCOUNTS")); err == nil {
		accounts = n
	}
	first := billwalktest.MustDay("2026-10-01")
	j := billwalktest.Job{Lake: billwalktest.FolderLake(b), Platform: "http://127.0.0.1:1", QPS: 1, Passes: 2, Trade: 1, Buckets: 4}
	for n := range accounts {
		j.Accounts = append(j.Accounts, schema.Account{ID: schema.AccountID(fmt.Sprint(7_000_000_000_000_000_000 + n))})
	}
	config := j.Write(b)
	file, err := jobs.Load(config, func(string) (string, bool) { return "", false })
	if err != nil {
		b.Fatal(err)
	}
	w, err := cli.Setup{Now: time.Now}.Wire(b.Context(), file, "nightly", true)
	if err != nil {
		b.Fatal(err)
	}
	w.Run.Walk.Source, w.Run.Settle.Trade, w.Run.InFlight, w.Run.Settle.InFlight = flood{bills}, flood{bills}, 16, 16
	w.Run.From, w.Run.To, w.Run.Lookback = first, first+days-1, 0
	s, err := w.Run.Do(b.Context())
	w.Close()
	if err != nil || s.Rows["bills"] != int64(accounts*bills*days) {
		b.Fatalf("%d bills, %v", s.Rows["bills"], err)
	}
	for b.Loop() {
		began, used := time.Now(), processorSeconds()
		v, code := verifying(b, config, nil, first, first+days-1)
		took := time.Since(began).Seconds()
		if code != 0 || v.ProvenDays != days || v.Bills != int64(accounts*bills*days) {
			b.Fatalf("exit %d, %d days proven:\n%s", code, v.ProvenDays, billwalktest.FindingLines(v.Findings))
		}
		b.ReportMetric(float64(v.Units)/took, "units/s")
		b.ReportMetric(float64(v.Objects)/took, "objects/s")
		b.ReportMetric(took, "seconds")
		b.ReportMetric(processorSeconds()-used, "processor-seconds")
	}
}

// processorSeconds is what the process has computed so far, on all cores: where
// others compute, too, it tells more than the clock.
func processorSeconds() float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}

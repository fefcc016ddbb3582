package truth

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/cli"
	"billwalk/pipeline"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
)

// Faults after which a run is to be begun again later.
var quotaFaults = []string{"2190001", "28003017", "settle-quota"}

// wrongCredentials are the faults by which an app's key and secret are refused: the
// config is wrong, and no run begins.
var wrongCredentials = map[string]bool{"10002": true, "10003": true, "10013": true}

// runLine runs a command line in this process.
func runLine(t *testing.T, args ...string) (code int, out, log string) {
	var stdout, stderr bytes.Buffer
	code = cli.Setup{Now: billwalktest.Now, Out: &stdout, Err: &stderr}.Main(t.Context(), args...)
	return code, stdout.String(), stderr.String()
}

func checkRefusedByToken(t *testing.T, code, config string) {
	t.Helper()
	exit, out, log := runLine(t, "run", "nightly", "--config", config, "--from", billwalktest.FirstDay.String(), "--to", billwalktest.LastDay.String())
	if exit != billwalktest.ExitUsage || out != "" || !strings.Contains(log, "error "+code) {
		t.Errorf("exit %d, want it refused by code %s\n%s%s", exit, code, out, log)
	}
}

// TestFaults switches the platform's faults on, one after the other and all
// together. Whatever they are, what is published is the truth, and what could not
// be had is named.
func TestFaults(t *testing.T) {
	t.Parallel()
	billwalktest.RequireDuckDB(t)
	names, docs := []string{"all"}, make(map[string]string)
	for _, fault := range sandbox.FaultList() {
		if fault.API != "" { // which this job does not call
			continue
		}
		names = append(names, fault.Name)
		docs[fault.Name] = fault.Doc
	}
	for i, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			billwalktest.Sample(t, i, 4)
			faults, err := sandbox.ParseFaults(name)
			if err != nil {
				t.Fatal(err)
			}
			world := billwalktest.World(uint64(i), 30)
			world.Healthy, world.Faults, world.Stall = name != "all", faults, 8*time.Second
			platform := billwalktest.Serve(t, world)
			lake, passes := billwalktest.FolderLake(t), 1
			if name == "all" || name == "day-changing" {
				passes = 2
			}
			heard := billwalktest.PlantCanaries(t, platform)
			j := billwalktest.Job{Lake: lake, Platform: heard.URL, Accounts: platform.Accounts(), QPS: 200, Trade: 2000, Lookback: billwalktest.Lookback, Passes: passes}
			if strings.Contains(docs[name], "for one account") { // the settle query knows no account
				j.Trade = 0
			}
			if wrongCredentials[name] {
				checkRefusedByToken(t, name, j.Write(t))
				return
			}
			s, log := billwalktest.Run(t, j.Write(t), "run", "nightly", "--verbose", "--from", billwalktest.FirstDay.String(), "--to", billwalktest.LastDay.String())

			s, unanswered := withoutSettlements(s)
			checkPublished(t, lake, platform, s)
			checkNamed(t, platform, s, name)
			if lasts := strings.HasPrefix(name, "settle-"); lasts != (len(unanswered) > 0) && name != "token-stolen" {
				t.Errorf("orders without an answer: %+v", unanswered)
			}
			ended := func(f schema.Failure) bool { return !isLost(platform, f) } // by what ends the run, of which the truth knows nothing
			if j.Trade > 0 && len(unanswered) == 0 && !slices.ContainsFunc(s.Failures, ended) {
				billwalktest.CheckVerdicts(t, lake, platform, billwalktest.FirstDay, billwalktest.LastDay, billwalktest.Now())
				billwalktest.CheckInvariants(t, lake, true)
			}
			want := pipeline.ExitDone
			switch {
			case slices.Contains(quotaFaults, name):
				want = pipeline.ExitStopped
			case s.Units.Failed > 0 || len(unanswered) > 0:
				want = pipeline.ExitIncomplete
			}
			if s.ExitCode != want {
				t.Errorf("exit %d, want %d", s.ExitCode, want)
			}
			if struck := platform.Stats().Faults[name]; struck == 0 && name != "all" && !dressing[name] {
				t.Error("the fault never struck: nothing was tested")
			}
			secrets := heard.Secrets()
			billwalktest.CheckSilent(t, "the log", log, secrets)
			billwalktest.CheckStored(t, lake.SQL, secrets)
		})
	}
}

// withoutSettlements parts a summary's failures into those of units, and those of
// orders that were not answered.
func withoutSettlements(s pipeline.Summary) (pipeline.Summary, []schema.Failure) {
	var units, orders []schema.Failure
	for _, f := range s.Failures {
		if strings.HasPrefix(f.Reason, "settle query: ") {
			orders = append(orders, f)
		} else {
			units = append(units, f)
		}
	}
	s.Failures = units
	return s, orders
}

// isLost says that the failure is one of a unit that the platform withholds for
// good, as its truth knows.
func isLost(platform *billwalktest.Served, f schema.Failure) bool {
	for _, a := range platform.Accounts() {
		if a.ID == f.Account {
			_, lost := platform.Lost(schema.Unit{Account: a, Day: f.Day})
			return lost || platform.Unauthorised(a)
		}
	}
	return false
}

// dressing are the faults that change how answers look, and are not counted.
var dressing = map[string]bool{
	"bom": true, "cut-text": true, "half-escape": true, "minus": true,
	"numeric-ids": true, "biz-beside": true, "string-amounts": true, "day-changing": true, "null-records": true,
}

// checkPublished compares the lake with the truth of the units that the run calls
// complete, and with nothing else.
func checkPublished(t *testing.T, lake billwalktest.Place, platform *billwalktest.Served, s pipeline.Summary) {
	t.Helper()
	gone := make(map[string]bool)
	for _, f := range slices.Concat(s.Failures, s.Unavailable) {
		gone[fmt.Sprint(f.Day, f.Account)] = true
	}
	var whole []schema.Unit
	for day := billwalktest.FirstDay; day <= billwalktest.LastDay; day++ {
		for _, a := range platform.Accounts() {
			if !gone[fmt.Sprint(day, a.ID)] {
				whole = append(whole, schema.Unit{Account: a, Day: day})
			}
		}
	}
	want := make(map[string]billwalktest.Totals)
	for _, row := range platform.TruthOf(whole) {
		key := row.Day.String() + " " + string(row.Account)
		if want[key] == nil {
			want[key] = billwalktest.Totals{"day": row.Day.String(), "account": string(row.Account)}
		}
		want[key].Count("rows", 1)
		for name, fen := range row.Amounts {
			want[key].Add(name, fen)
		}
		if row.Counted {
			want[key].Add("counted", row.Amounts["ledger_total_fen"])
		}
	}
	if s.Units.Complete != len(whole) {
		t.Errorf("%d units complete, %d were not called failed or unavailable", s.Units.Complete, len(whole))
	}
	got := map[string]billwalktest.Totals{}
	if len(s.Partitions) > 0 {
		got = billwalktest.LakeTotals(t, lake)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the lake is not what the platform served of the complete units (-served +lake):\n%.2000s", diff)
	}
}

// checkNamed checks that every failure says what the platform said.
func checkNamed(t *testing.T, platform *billwalktest.Served, s pipeline.Summary, fault string) {
	t.Helper()
	accounts := make(map[schema.AccountID]schema.Account)
	for _, a := range platform.Accounts() {
		accounts[a.ID] = a
	}
	for _, f := range s.Failures {
		if f.Reason == "" {
			t.Errorf("a failure without a reason: %+v", f)
		}
		code, lost := platform.Lost(schema.Unit{Account: accounts[f.Account], Day: f.Day})
		if !lost {
			// A fault that ends the run: its code is its name. Of a token that is
			// stolen again and again the last answer says.
			code, _ = strconv.ParseInt(fault, 10, 64)
			if fault == "token-stolen" || fault == "all" {
				code = 2190002
			}
		}
		if f.Code != code || (code != 0 && f.LogID == "" && !strings.HasPrefix(fault, "100")) {
			t.Errorf("failure %+v, want code %d and a logid", f, code)
		}
	}
	for day := billwalktest.FirstDay; day <= billwalktest.LastDay; day++ {
		for _, a := range platform.Accounts() {
			if _, lost := platform.Lost(schema.Unit{Account: a, Day: day}); !lost {
				continue
			}
			if !slices.ContainsFunc(s.Failures, func(f schema.Failure) bool { return f.Account == a.ID && f.Day == day }) {
				t.Errorf("account %s on %s could not be had and is not named", a.ID, day)
			}
		}
	}
}

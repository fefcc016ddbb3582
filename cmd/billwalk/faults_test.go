package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
)

// Faults after which a run is to be begun again later.
var quotaFaults = []string{"2190001", "28003017"}

// TestFaults switches the platform's faults on, one after the other and all
// together. Whatever they are, what is published is the truth, and what could not
// be had is named.
func TestFaults(t *testing.T) {
	t.Parallel()
	requireDuckDB(t)
	names := []string{"all"}
	for _, fault := range sandbox.FaultList() {
		names = append(names, fault.Name)
	}
	for i, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			faults, err := sandbox.ParseFaults(name)
			if err != nil {
				t.Fatal(err)
			}
			platform := serve(t, sandbox.Config{Seed: uint64(i), Accounts: 12, Bills: 90, Healthy: name != "all", Faults: faults, Stall: 8 * time.Second})
			lake, passes := folderLake(t), 1
			if name == "all" || name == "day-changing" {
				passes = 2
			}
			j := job{lake: lake, platform: platform.url, accounts: platform.Accounts(), qps: 200, passes: passes}
			s, log := billwalk(t, j.write(t), "run", "nightly", "--from", firstDay.String(), "--to", lastDay.String())

			checkPublished(t, lake, platform, s)
			checkNamed(t, platform, s, name)
			want := pipeline.ExitDone
			switch {
			case slices.Contains(quotaFaults, name):
				want = pipeline.ExitStopped
			case s.Units.Failed > 0:
				want = pipeline.ExitIncomplete
			}
			if s.ExitCode != want {
				t.Errorf("exit %d, want %d", s.ExitCode, want)
			}
			if struck := platform.Stats().Faults[name]; struck == 0 && name != "all" && !dressing[name] {
				t.Error("the fault never struck: nothing was tested")
			}
			if strings.Contains(log, "canary-secret") {
				t.Error("the log shows the client secret")
			}
		})
	}
}

// dressing are the faults that change how answers look, and are not counted.
var dressing = map[string]bool{"numeric-ids": true, "biz-beside": true, "string-amounts": true, "day-changing": true}

// checkPublished compares the lake with the truth of the units that the run calls
// complete, and with nothing else.
func checkPublished(t *testing.T, lake lakePlace, platform *running, s pipeline.Summary) {
	t.Helper()
	gone := make(map[string]bool)
	for _, f := range slices.Concat(s.Failures, s.Unavailable) {
		gone[fmt.Sprint(f.Day, f.Account)] = true
	}
	var whole []schema.Unit
	for day := firstDay; day <= lastDay; day++ {
		for _, a := range platform.Accounts() {
			if !gone[fmt.Sprint(day, a.ID)] {
				whole = append(whole, schema.Unit{Account: a, Day: day})
			}
		}
	}
	want := make(map[string]totals)
	for _, row := range platform.TruthOf(whole) {
		key := row.Day.String() + " " + string(row.Account)
		if want[key] == nil {
			want[key] = totals{"day": row.Day.String(), "account": string(row.Account)}
		}
		want[key].count("rows", 1)
		for name, fen := range row.Amounts {
			want[key].add(name, fen)
		}
	}
	if s.Units.Complete != len(whole) {
		t.Errorf("%d units complete, %d were not called failed or unavailable", s.Units.Complete, len(whole))
	}
	got := map[string]totals{}
	if len(s.Partitions) > 0 {
		got = lakeTotals(t, lake)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the lake is not what the platform served of the complete units (-served +lake):\n%.2000s", diff)
	}
}

func (row totals) count(name string, n int) {
	was, _ := strconv.Atoi(row[name])
	row[name] = strconv.Itoa(was + n)
}

func (row totals) add(name string, fen *int64) {
	var sum, nulls int64
	_, _ = fmt.Sscan(row[name], &sum, &nulls) // empty at first
	if fen == nil {
		nulls++
	} else {
		sum += *fen
	}
	row[name] = fmt.Sprintf("%d %d", sum, nulls)
}

// checkNamed checks that every failure says what the platform said.
func checkNamed(t *testing.T, platform *running, s pipeline.Summary, fault string) {
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
			// stolen again and again the last answer tells.
			code, _ = strconv.ParseInt(fault, 10, 64)
			if fault == "token-stolen" || fault == "all" {
				code = 2190002
			}
		}
		if f.Code != code || (code != 0 && f.LogID == "" && !strings.HasPrefix(fault, "100")) {
			t.Errorf("failure %+v, want code %d and a logid", f, code)
		}
	}
	for day := firstDay; day <= lastDay; day++ {
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

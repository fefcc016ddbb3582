package truth

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/cli"
	"billwalk/pipeline"
	"billwalk/pipeline/jobs"
	"billwalk/schema"
)

// publishedRows returns the rows of each table as text, without what tells when
// and by which walk they were had.
func publishedRows(t *testing.T, lake billwalktest.Place) map[string]string {
	t.Helper()
	rows := make(map[string]string)
	for _, table := range []string{"bills", "settlements", "reconciliation", "exceptions"} {
		rows[table] = billwalktest.DuckDBText(t, "-csv", billwalktest.TablesOf(lake)+
			fmt.Sprintf("SELECT bill_date, COLUMNS(lambda c: c NOT IN ('bill_date', 'fetched_at', 'archive_key', 'logid')) FROM %s ORDER BY ALL", table))
		if len(rows[table]) < 200 {
			t.Errorf("%s is nearly empty: nothing is compared", table)
		}
	}
	return rows
}

// TestZones runs the same days in processes of several time zones, over a night
// on which New York's clocks are put back. What is published is the same, and
// yesterday is China's.
func TestZones(t *testing.T) {
	t.Parallel()
	billwalktest.RequireDuckDB(t)
	world := billwalktest.World(41, 20)
	at := (billwalktest.LastDay + 5).Start()
	world.Now = func() time.Time { return at }
	platform := billwalktest.Serve(t, world)
	offset := regexp.MustCompile(`"time":"[^"]*(Z|[+-]\d\d:\d\d)"`)
	var want map[string]string
	for zone, offsets := range map[string][]string{
		"UTC": {"Z"}, "America/New_York": {"-04:00", "-05:00"}, "Australia/Lord_Howe": {"+10:30", "+11:00"},
	} {
		lake := billwalktest.FolderLake(t)
		config := billwalktest.Job{Lake: lake, Platform: platform.URL, Accounts: platform.Accounts(), QPS: 5000, Trade: 5000, Lookback: 1,
			Extra: "    dates: {from: -1d, to: -1d}\n"}.Write(t)
		env := []string{"TZ=" + zone}
		for moment, yesterday := range map[string]string{
			"2026-11-26T15:59:00Z": "2026-11-25", "2026-11-26T16:00:00Z": "2026-11-26", "2026-11-26T23:59:00Z": "2026-11-26", "2026-11-27T00:00:00Z": "2026-11-26",
		} {
			_, text := billwalktest.Command(t, append(slices.Clip(env), billwalktest.ClockVariable+"="+moment), "billwalk", "plan", "nightly", "--config", config, "--output", "json")
			var plan struct{ From, To schema.Day }
			if err := json.Unmarshal([]byte(text), &plan); err != nil || plan.From.String() != yesterday || plan.To != plan.From {
				t.Errorf("%s at %s: yesterday is %s…%s, want %s: %v", zone, moment, plan.From, plan.To, yesterday, err)
			}
		}
		code, said := billwalktest.Command(t, env, "billwalk", "run", "nightly", "--config", config, "--from", billwalktest.FirstDay.String(), "--to", billwalktest.LastDay.String())
		found := offset.FindStringSubmatch(said)
		if code != pipeline.ExitIncomplete && code != pipeline.ExitDone || found == nil || !slices.Contains(offsets, found[1]) {
			t.Fatalf("exit %d; %q is not the time in %s: is there a time zone database?\n%.500s", code, found, zone, said)
		}
		got := publishedRows(t, lake)
		if want == nil {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-another zone +this one):\n%.2000s", zone, diff)
		}
	}
}

// TestSkewedClock runs a night with a clock that is right, with one that is twenty
// minutes behind, and with one that is ahead, after which the one behind looks
// again at what that has stored. What is published is the same.
func TestSkewedClock(t *testing.T) {
	t.Parallel()
	billwalktest.RequireDuckDB(t)
	at := (billwalktest.LastDay + 1).Start().Add(6 * time.Hour)
	world := billwalktest.World(42, 20)
	world.Now = func() time.Time { return at }
	platform := billwalktest.Serve(t, world)
	var want map[string]string
	for name, skews := range map[string][]time.Duration{
		"right": {0}, "behind": {-20 * time.Minute}, "ahead, then behind": {20 * time.Minute, -20 * time.Minute},
	} {
		lake := billwalktest.FolderLake(t)
		config := billwalktest.Job{Lake: lake, Platform: platform.URL, Accounts: platform.Accounts(), QPS: 5000, Trade: 5000, Lookback: 1}.Write(t)
		for _, skew := range skews {
			runAt(t, config, at.Add(skew))
		}
		got := publishedRows(t, lake)
		if want == nil {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-another clock +this one):\n%.2000s", name, diff)
		}
	}
}

// runAt makes a night's run whose clock stands at a time.
func runAt(t *testing.T, config string, at time.Time) *pipeline.Summary {
	t.Helper()
	file, err := jobs.Load(config, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return at }
	w, err := cli.Setup{Now: now}.Open(t.Context(), file, "nightly", cli.Days{}, true)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	w.Run.Walk.Source, w.Run.Settle.Trade = stoppedClock{w.Run.Walk.Source, at}, datedTrade{w.Run.Settle.Trade, now}
	s, err := w.Do(t.Context())
	if err != nil || s.Units.Complete == 0 {
		t.Fatalf("%s: exit %d, %+v, %v", at, s.ExitCode, s.Units, err)
	}
	return s
}

package truth

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/cli"
	"billwalk/pipeline"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/pipeline/jobs"
	"billwalk/pipeline/walk"
	"billwalk/schema"
)

// rowBytes returns the hash of every published file's bytes before its footer.
func rowBytes(s pipeline.Summary) map[string]string {
	hashes := make(map[string]string)
	for _, o := range s.Partitions {
		hashes[o.Key] = o.RowsSHA256
	}
	return hashes
}

// TestSameBytes: a run, the same run again, and a replay have the same rows byte
// by byte, so that what is published stays as it is.
func TestSameBytes(t *testing.T) {
	t.Parallel()
	platform := billwalktest.Serve(t, sandbox.Config{Seed: 3, Accounts: 12, Bills: 90})
	lake := billwalktest.FolderLake(t)
	config := billwalktest.Job{Lake: lake, Platform: platform.URL, Accounts: platform.Accounts(), QPS: 2000, Trade: 2000, Lookback: billwalktest.Lookback, Passes: 2, Buckets: 3}.Write(t)
	days := []string{"nightly", "--from", billwalktest.FirstDay.String(), "--to", billwalktest.LastDay.String()}

	first, _ := billwalktest.Run(t, config, append([]string{"run"}, days...)...)
	if len(first.Partitions) != 5*3*3 || first.Rows["bills"] == 0 {
		t.Fatalf("published %d files with %d bills", len(first.Partitions), first.Rows["bills"])
	}
	again, _ := billwalktest.Run(t, config, append([]string{"run"}, days...)...)
	platform.Stop()
	replayed, _ := billwalktest.Run(t, config, append([]string{"replay"}, days...)...)
	if replayed.Calls != (pipeline.Calls{}) {
		t.Errorf("the replay made calls: %+v", replayed.Calls)
	}
	for name, s := range map[string]pipeline.Summary{"again": again, "replayed": replayed} {
		if diff := cmp.Diff(rowBytes(first), rowBytes(s)); diff != "" {
			t.Errorf("%s (-first +%s):\n%s", name, name, diff)
		}
		for i, o := range s.Partitions {
			if !o.Unchanged || o.SHA256 != first.Partitions[i].SHA256 {
				t.Errorf("%s: %s was published again", name, o.Key)
			}
		}
	}
	// What the archive says is enough: the tables may be lost.
	for _, lost := range append(schema.PublishOrder(), "_manifests") {
		if err := os.RemoveAll(filepath.Join(lake.SQL, lost)); err != nil {
			t.Fatal(err)
		}
	}
	rebuilt, _ := billwalktest.Run(t, config, append([]string{"replay"}, days...)...)
	if diff := cmp.Diff(rowBytes(first), rowBytes(rebuilt)); diff != "" {
		t.Errorf("rebuilt from the archive alone (-first +rebuilt):\n%s", diff)
	}
	if first.Partitions[0].SHA256 == rebuilt.Partitions[0].SHA256 {
		t.Error("the whole file is the same: its generation and write id are missing")
	}
}

// TestConcurrencyDoesNotShow: on two lakes, at the same time of a stopped clock,
// units walked and orders asked for one by one and side by side give the same row
// bytes.
func TestConcurrencyDoesNotShow(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 2, 14, 0, 0, 0, schema.China)
	var hashes []map[string]string
	for _, inFlight := range []int{1, 64} {
		platform := billwalktest.Serve(t, sandbox.Config{Seed: 5, Accounts: 12, Bills: 90, Now: func() time.Time { return at }})
		file := jobs.Demo(platform.URL, platform.Accounts())
		file.Lake.URL = billwalktest.FolderLake(t).URL
		w, err := cli.Setup{Now: func() time.Time { return at }}.Wire(t.Context(), file, jobs.DemoName, true)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		w.Run.ID, w.Run.InFlight, w.Run.Settle.InFlight = "the-same-run", inFlight, inFlight
		w.Run.Walk.Source = stoppedClock{w.Run.Walk.Source, at}
		w.Run.Settle.Trade = datedTrade{w.Run.Settle.Trade, func() time.Time { return at }}
		w.Run.From, w.Run.To, w.Run.Lookback = billwalktest.FirstDay, billwalktest.LastDay, 0
		s, err := w.Run.Do(t.Context())
		if err != nil || s.Rows["bills"] == 0 {
			t.Fatalf("%d bills, %v", s.Rows["bills"], err)
		}
		hashes = append(hashes, rowBytes(*s))
	}
	if diff := cmp.Diff(hashes[0], hashes[1]); diff != "" {
		t.Errorf("one by one and side by side (-one +side):\n%s", diff)
	}
}

// TestInterruptedRunGoesOn stops a run in the middle, as SIGTERM does, and runs
// it again: the second run fetches what the first had not, and the days are whole.
func TestInterruptedRunGoesOn(t *testing.T) {
	t.Parallel()
	billwalktest.RequireDuckDB(t)
	platform := billwalktest.Serve(t, sandbox.Config{Seed: 8, Accounts: 6, Bills: 400, Healthy: true})
	file := jobs.Demo(platform.URL, platform.Accounts())
	for name, app := range file.Apps {
		app.QPS = 2000
		file.Apps[name] = app
	}
	wire := func(source func(walk.Source) walk.Source) *cli.Job {
		w, err := cli.Setup{Now: billwalktest.Now}.Wire(t.Context(), file, jobs.DemoName, true)
		if err != nil {
			t.Fatal(err)
		}
		w.Run.Walk.Source = source(w.Run.Walk.Source)
		w.Run.From, w.Run.To, w.Run.Lookback = billwalktest.FirstDay, billwalktest.LastDay, 0
		w.Run.Walk.Passes, w.Run.InFlight = 1, 3
		w.Run.Settle.Trade = nil // bills alone
		return w
	}
	whole := 0
	for _, n := range billwalktest.PagesOf(platform) {
		whole += n
	}
	for _, calls := range []int{1, 7, whole / 2, whole - 1} {
		t.Run(fmt.Sprint(calls), func(t *testing.T) {
			file.Lake.URL = billwalktest.FolderLake(t).URL
			ctx, cancel := cancelled(t)
			first := wire(func(s walk.Source) walk.Source { return &countdown{Source: s, left: calls, then: cancel} })
			defer first.Close()
			s, _ := first.Run.Do(ctx)
			if s.ExitCode != 143 {
				t.Errorf("exit %d, want 143", s.ExitCode)
			}
			second := wire(func(s walk.Source) walk.Source { return s })
			defer second.Close()
			s2, err := second.Run.Do(t.Context())
			if err != nil || s2.ExitCode != 0 {
				t.Fatalf("exit %d, %v", s2.ExitCode, err)
			}
			fetched := first.Stats().Bills + second.Stats().Bills
			if fetched != int64(whole) {
				t.Errorf("%d calls in two runs, want %d: nothing is asked twice", fetched, whole)
			}
			billwalktest.CheckLake(t, billwalktest.Place{SQL: file.Lake.URL[len("file:"):]}, platform, billwalktest.FirstDay, billwalktest.LastDay)
		})
	}
}

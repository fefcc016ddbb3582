package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"billwalk/pipeline"
	"billwalk/pipeline/withdraw"
	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// TestWholeNights: what a run wrote is of a whole night if the run has ended and did all its days,
// with all shards of its night, or if a later run that did has left it as it is.
func TestWholeNights(t *testing.T) {
	t.Parallel()
	const key, day = "bills/bill_date=2025-11-20/bucket-000.parquet", schema.Day(20412)
	run := func(id string, exit int) pipeline.Summary {
		return pipeline.Summary{Job: "nightly", RunID: id, ExitCode: exit, From: day, To: day}
	}
	published := func(s pipeline.Summary, etag string, superseded bool) pipeline.Summary {
		s.Partitions = []schema.Object{{Key: key, ETag: etag, Superseded: superseded}}
		return s
	}
	followed := func(s pipeline.Summary, from, to schema.Day) pipeline.Summary {
		s.Withdrawals = &withdraw.Found{From: from, To: to}
		return s
	}
	shard := func(s pipeline.Summary, shard string) pipeline.Summary {
		s.Shard = shard
		return s
	}
	const folder = "_control/shards/nightly-of-2/"
	state := func(shard int, run string) [2]string {
		return [2]string{fmt.Sprintf("%sshard-%d.json", folder, shard), fmt.Sprintf(`{"shard":"%d/2","run_id":%q}`, shard, run)}
	}
	over := [2]string{folder + "night.json", `{"shards":{"0":{"exit_code":0,"run_id":"02"},"1":{"exit_code":3,"run_id":"03"}},"by":"03"}`}
	for name, c := range map[string]struct {
		withdrawals string // the run that published them; "" if the manifest has none
		runs        []pipeline.Summary
		control     [][2]string
		why         string // "" for a whole night
	}{
		"ended":                       {runs: []pipeline.Summary{run("02", pipeline.ExitDone)}},
		"differences":                 {runs: []pipeline.Summary{run("02", pipeline.ExitDifferences)}},
		"accounts failed":             {runs: []pipeline.Summary{run("02", pipeline.ExitIncomplete)}},
		"at work":                     {runs: []pipeline.Summary{run("01", pipeline.ExitDone)}, why: "run 02 is at work, or was killed"},
		"stopped":                     {runs: []pipeline.Summary{run("02", pipeline.ExitStopped)}, why: "run 02 ended with exit code 5"},
		"interrupted":                 {runs: []pipeline.Summary{run("02", 143)}, why: "exit code 143"},
		"left by a later one":         {runs: []pipeline.Summary{published(run("03", pipeline.ExitDone), "etag", false)}},
		"left by one that stopped":    {runs: []pipeline.Summary{published(run("03", pipeline.ExitStopped), "etag", false)}, why: "run 02"},
		"a later one of other days":   {runs: []pipeline.Summary{run("03", pipeline.ExitDone)}, why: "run 02"},
		"a later one saw other files": {runs: []pipeline.Summary{published(run("03", pipeline.ExitDone), "other", false)}, why: "run 02"},
		"it lost to this one":         {runs: []pipeline.Summary{published(run("03", pipeline.ExitDone), "etag", true)}, why: "run 02"},
		"withdrawals":                 {withdrawals: "03", runs: []pipeline.Summary{run("02", 0), run("03", 0)}},
		"withdrawals at work":         {withdrawals: "03", runs: []pipeline.Summary{run("02", 0)}, why: "run 03 is at work, or was killed"},
		"withdrawals seen later":      {withdrawals: "03", runs: []pipeline.Summary{run("02", 0), followed(run("04", 0), day-9, day)}},
		"withdrawals of other days":   {withdrawals: "03", runs: []pipeline.Summary{run("02", 0), followed(run("04", 0), day+1, day+9)}, why: "run 03"},
		"the other shard at work": {
			runs: []pipeline.Summary{shard(run("02", 0), "0/2")}, control: [][2]string{state(0, "02"), state(1, "03")}, why: "run 02 is shard 0/2 of a night",
		},
		"both shards":           {runs: []pipeline.Summary{shard(run("02", 0), "0/2"), shard(run("03", 3), "1/2")}, control: [][2]string{state(0, "02"), state(1, "03"), over}},
		"an earlier night":      {runs: []pipeline.Summary{shard(run("02", 0), "0/2")}, control: [][2]string{state(0, "05"), state(1, "06"), over}},
		"the night before only": {runs: []pipeline.Summary{shard(run("02", 0), "0/2")}, control: [][2]string{state(0, "02"), {folder + "night.json", `{"shards":{"0":{"run_id":"00"},"1":{"run_id":"01"}}}`}}, why: "shard 0/2"},
		"the other shard ended meanwhile": { // after the runs were listed
			runs: []pipeline.Summary{shard(run("02", 0), "0/2")}, control: [][2]string{state(0, "02"), state(1, "03"), over}, why: "shard 0/2",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := objecttest.NewMem()
			put := func(key string, data []byte) {
				if _, err := store.Put(t.Context(), key, bytes.NewReader(data), object.Always(), nil); err != nil {
					t.Fatal(err)
				}
			}
			for _, s := range c.runs {
				data, err := json.Marshal(s)
				if err != nil {
					t.Fatal(err)
				}
				put("runs/"+s.RunID+".json", data)
			}
			for _, o := range c.control {
				put(o[0], []byte(o[1]))
			}
			m := &schema.Manifest{Day: day, Job: "nightly", RunID: "02", Objects: []schema.Object{{Key: key, ETag: "etag"}}}
			if c.withdrawals != "" {
				m.Withdrawals = &schema.WithdrawalsEntry{RunID: c.withdrawals}
			}
			known, err := listEnded(t.Context(), store)
			if err != nil {
				t.Fatal(err)
			}
			days, err := known.unfinished(t.Context(), []*schema.Manifest{m})
			if err != nil {
				t.Fatal(err)
			}
			why := strings.Join(days.reasons(), "; ")
			if (why == "") != (c.why == "") || !strings.Contains(why, c.why) {
				t.Errorf("%q, want %q", why, c.why)
			}
		})
	}
}

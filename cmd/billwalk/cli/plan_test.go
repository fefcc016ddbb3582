package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline"
)

// TestMonthUnderWay: a month that has not ended means its days up to yesterday, by
// any verb, and the first of it none.
func TestMonthUnderWay(t *testing.T) {
	t.Parallel()
	platform := billwalktest.Serve(t, billwalktest.World(7, 5))
	config := billwalktest.Job{Lake: billwalktest.FolderLake(t), Platform: platform.URL, Accounts: platform.Accounts()[:1], QPS: 1000}.Write(t)
	for _, c := range []struct {
		now   string
		flags string
		want  string // the days, or the error
		exit  int
	}{
		{"2026-11-21 09:00", "--from 2026-11", "2026-11-01…2026-11-20 Asia/Shanghai, 20 days", pipeline.ExitDone},
		{"2026-11-21 09:00", "--from 2026-11 --allow-open-day", "2026-11-01…2026-11-21 Asia/Shanghai, 21 days", pipeline.ExitDone},
		{"2026-11-21 09:00", "--from 2026-10 --to 2026-11", "2026-10-01…2026-11-20 Asia/Shanghai, 51 days", pipeline.ExitDone},
		{"2026-11-01 00:10", "--from 2026-11", "of 2026-11 no day from 2026-11-01 on is over", exitUsage},
		{"2026-11-02 00:10", "--from 2026-11", "2026-11-01…2026-11-01 Asia/Shanghai, 1 day", pipeline.ExitDone},
		{"2026-11-21 09:00", "--from 2026-12", "2026-12-31 has not begun", exitUsage},
	} {
		code, out, log := commandAt(t, clockAt(c.now), append([]string{"plan", "nightly", "--config", config}, strings.Fields(c.flags)...)...)
		if code != c.exit || !strings.Contains(out+log, c.want) {
			t.Errorf("%s, %s: exit %d, want %q\n%s%s", c.now, c.flags, code, c.want, out, log)
		}
	}
	now := clockAt("2026-11-03 09:00")
	config = billwalktest.Job{Lake: billwalktest.FolderLake(t), Platform: aheadOfPlatform(t, platform, now, 0), Accounts: platform.Accounts()[:1], QPS: 1000}.Write(t)
	code, out, log := commandAt(t, now, "run", "nightly", "--config", config, "--from", "2026-11", "--output", "json")
	var s pipeline.Summary
	if err := json.Unmarshal([]byte(out), &s); err != nil || code != pipeline.ExitDone || s.From.String() != "2026-11-01" || s.To.String() != "2026-11-02" {
		t.Errorf("exit %d, %s to %s, %v\n%s", code, s.From, s.To, err, log)
	}
}

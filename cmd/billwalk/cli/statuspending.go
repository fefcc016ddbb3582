package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"billwalk/pipeline"
	"billwalk/pipeline/claims"
	"billwalk/schema"
	"billwalk/sinks/object"
)

// runAtWork is a run that has claimed days and not ended.
type runAtWork struct {
	RunID   string     `json:"run_id"`
	From    schema.Day `json:"from"`
	To      schema.Day `json:"to"`
	Process string     `json:"process,omitempty"`
	Alive   bool       `json:"alive"` // it has renewed its claim of late; else it was killed
}

const (
	aliveWithin = time.Minute // of a renewal, which comes every five seconds; clocks differ
	pastRuns    = 20          // of the job are looked at for days that they left
	maxRanges   = 3           // of days in the next command
)

// readAtWork reads which runs of the job are at work, or were killed at it.
func (s *status) readAtWork(ctx context.Context, w *wired, now time.Time) error {
	data, info, err := object.ReadAll(ctx, w.store, claimsKey)
	if errors.Is(err, object.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, c := range claims.Decode(data) {
		if c.Job != s.Job {
			continue
		}
		alive := (info.Modified.IsZero() || now.Sub(info.Modified) < aliveWithin) && (c.Process == "" || !processGone(c.Process))
		s.AtWork = append(s.AtWork, runAtWork{c.RunID, c.From, c.To, c.Process, alive})
	}
	return nil
}

// dayRange is a range of days, both included.
type dayRange struct{ from, to schema.Day }

func (r dayRange) has(day schema.Day) bool { return r.from <= day && day <= r.to }

// unendedRanges returns the days of runs that were killed, or that ended before their work did.
func (s *status) unendedRanges() (ranges []dayRange) {
	for _, r := range s.AtWork {
		if !r.Alive {
			ranges = append(ranges, dayRange{r.From, r.To})
		}
	}
	return append(ranges, s.cut...)
}

// addRun takes a run of the job into account, the newest first.
func (s *status) addRun(id string, run *pipeline.Summary) {
	if s.LastRun == nil {
		s.LastRun = &lastRun{id, run.Shard, run.StartedAt, run.ElapsedSeconds, run.From, run.To, run.ExitCode, run.Units, run.Failures, verdictOf(run)}
	}
	if run.ExitCode == pipeline.ExitStopped || run.ExitCode == pipeline.ExitIncomplete || run.ExitCode == pipeline.ExitFailed || run.ExitCode >= pipeline.ExitInterrupted {
		s.cut = append(s.cut, dayRange{run.From, run.To})
	}
}

// readUnended adds the days of unended runs that lie outside of the days that are shown.
func (s *status) readUnended(ctx context.Context, w *wired) error {
	var more []schema.Day
	for _, r := range s.unendedRanges() {
		for day := r.from; day <= r.to; day++ {
			if (day < s.From || day > s.To) && !slices.Contains(more, day) {
				more = append(more, day)
			}
		}
	}
	slices.Sort(more)
	var err error
	s.further, err = readDays(ctx, w, more)
	return err
}

// next returns the command that completes what a run can complete: exactly the days that
// are not whole. Days before the first published one count only if a run was to fetch them.
func (s *status) next() string {
	unended := s.unendedRanges()
	days := slices.Concat(s.further, s.Days)
	slices.SortFunc(days, func(a, b dayStatus) int { return int(a.Day - b.Day) })
	shownFrom := s.Days[0].Day
	begun := slices.ContainsFunc(days, func(d dayStatus) bool { return d.State != dayNotPublished })
	var ranges []dayRange
	after, exact := false, false // after a published day of those that are shown; a run was to fetch a day that is left
	for _, d := range days {
		shown := shownFrom <= d.Day && d.Day <= s.Days[len(s.Days)-1].Day
		after = after || shown && d.State != dayNotPublished
		begunHere := slices.ContainsFunc(unended, func(r dayRange) bool { return r.has(d.Day) })
		if !(begunHere || after && shown) || d.needsNoRun() {
			continue
		}
		exact = exact || begunHere
		if last := len(ranges) - 1; last >= 0 && ranges[last].to == d.Day-1 {
			ranges[last].to = d.Day
		} else {
			ranges = append(ranges, dayRange{d.Day, d.Day})
		}
	}
	switch {
	case len(ranges) == 0 && !begun:
		return "billwalk run " + s.Job
	case len(ranges) == 0:
		return ""
	case !exact || len(ranges) > maxRanges:
		ranges = []dayRange{{ranges[0].from, ranges[len(ranges)-1].to}}
	}
	var commands []string
	for _, r := range ranges {
		commands = append(commands, fmt.Sprintf("billwalk run %s --from %s --to %s", s.Job, r.from, r.to))
	}
	return strings.Join(commands, " && ")
}

// needsNoRun reports whether a run would find nothing to complete: all is whole, or only
// merchants that may still authorise the app are missing.
func (d *dayStatus) needsNoRun() bool {
	switch d.State {
	case dayComplete, dayUnavailable:
		return true
	case dayIncomplete, dayStale:
		return d.expected > 0 && d.expected == d.Units.Failed+d.Units.Missing+d.Units.Stale
	}
	return false
}

// readRuns reads the summaries of the job's latest runs.
func (s *status) readRuns(ctx context.Context, w *wired) error {
	ids, err := w.lake.Runs(ctx)
	if err != nil {
		return err
	}
	found := 0
	for _, id := range slices.Backward(ids) {
		data, err := w.lake.Summary(ctx, id)
		if err != nil {
			return err
		}
		var run pipeline.Summary
		if err := json.Unmarshal(data, &run); err != nil {
			return fmt.Errorf("the summary of run %s is damaged: %w", id, err)
		}
		if run.Job != s.Job {
			continue
		}
		s.addRun(id, &run)
		if found++; found >= pastRuns {
			break
		}
	}
	latest := ""
	for _, d := range s.Days {
		latest = max(latest, d.RunID)
	}
	if _, finished := slices.BinarySearch(ids, latest); !finished {
		s.Unfinished = latest
	}
	return nil
}

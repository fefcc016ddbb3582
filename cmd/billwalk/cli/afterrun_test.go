package cli

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline"
	"billwalk/pipeline/walk"
	"billwalk/schema"
	"billwalk/sinks/lake"
	"billwalk/sinks/object"
)

// keptDay is the day that the old lake has.
var keptDay = schema.DayOf(time.Date(2026, 10, 30, 12, 0, 0, 0, schema.China))

// keptStore opens the store of a copy of the old lake.
func keptStore(t *testing.T) object.Store {
	t.Helper()
	place, _ := billwalktest.OldLake(t, "http://127.0.0.1:1")
	store, err := object.Open(t.Context(), place.URL, object.S3Options{})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// The report after a run has the lookback, unless there are too many bills; with too many of
// its own days it is not written.
func TestReportedRun(t *testing.T) {
	t.Parallel()
	run := &pipeline.Run{From: 100, To: 101, Lookback: 7}
	bills := func(day schema.Day, rows int64) schema.Object {
		return schema.Object{Table: schema.Bills.Name, Day: day, Rows: rows}
	}
	for name, c := range map[string]struct {
		partitions []schema.Object
		from       schema.Day // 0: no report
	}{
		"few":                    {[]schema.Object{bills(93, 5), bills(100, 5)}, 93},
		"as many as may be":      {[]schema.Object{bills(93, 1_000_000), bills(101, 1_000_000)}, 93},
		"too many with lookback": {[]schema.Object{bills(99, 1), bills(100, maxReportBills)}, 100},
		"too many":               {[]schema.Object{bills(100, maxReportBills), bills(101, 1)}, 0},
		"of other tables":        {[]schema.Object{{Table: schema.Settlements.Name, Day: 100, Rows: 3 * maxReportBills}}, 93},
	} {
		reported, err := reportedRun(run, &pipeline.Summary{Partitions: c.partitions})
		switch {
		case c.from == 0 && (err == nil || !strings.Contains(err.Error(), "2000001 bills, more than 2000000")):
			t.Errorf("%s: %v, want both numbers", name, err)
		case c.from != 0 && (err != nil || reported.From != c.from || reported.To != run.To || reported.Lookback != 0):
			t.Errorf("%s: %+v, %v; want from %s", name, reported, err, c.from)
		}
	}
}

// onReport calls a function before each write of a report.
type onReport struct {
	object.Store
	put func(key string) error
}

func (s onReport) Put(ctx context.Context, key string, body io.ReadSeeker, cond object.Condition, meta map[string]string) (object.Info, error) {
	if strings.HasPrefix(key, "reports/") {
		if err := s.put(key); err != nil {
			return object.Info{}, err
		}
	}
	return s.Store.Put(ctx, key, body, cond, meta)
}

// noBills is a source that a report has no need of.
type noBills struct{ walk.Source }

// A report that a deadline, a signal or the store cuts off is a warning with the command that
// writes it, in the stored summary too. No half report stays.
func TestReportRunCut(t *testing.T) {
	t.Parallel()
	signalled := errors.New("SIGTERM")
	for name, c := range map[string]struct {
		deadline time.Duration
		at       string // the key at whose write the store fails, or the signal comes
		signal   bool
		want     string
	}{
		"deadline":               {deadline: time.Minute, want: "--deadline has passed"},
		"signal at the workbook": {at: "report.xlsx", signal: true, want: "SIGTERM"},
		"signal at the page":     {at: "report.html", signal: true, want: "SIGTERM"},
		"store":                  {at: "report.html", want: "disk full"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			store := keptStore(t)
			published, err := lake.Open(t.Context(), onReport{store, func(key string) error {
				switch {
				case !strings.HasSuffix(key, c.at):
					return nil
				case c.signal:
					cancel(signalled)
					return context.Canceled
				}
				return errors.New("disk full")
			}}, 1, "test")
			if err != nil {
				t.Fatal(err)
			}
			now := billwalktest.Now()
			p := quiet(func() time.Time { return now })
			w := &wired{report: true, lake: published, lakeURL: "file:lake", run: &pipeline.Run{
				ID: "run", Job: "nightly", From: keptDay, To: keptDay + 1, Buckets: 1, Deadline: c.deadline, Walk: walk.Config{Source: noBills{}},
			}}
			s := &pipeline.Summary{Job: "nightly", From: keptDay, To: keptDay + 1, StartedAt: now.Add(-time.Hour), Partitions: []schema.Object{{Table: schema.Bills.Name, Day: keptDay}}}
			p.noting(ctx, w, s, s, func() { p.reportRun(ctx, w, s) })
			if s.Report != "" || s.ExitCode != 0 || len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], c.want) || !strings.Contains(s.Warnings[0], "`billwalk report nightly --from 2026-10-30 --to 2026-10-31 --out DIR` writes it") {
				t.Errorf("report %q, exit code %d, warnings %q; want one of %q with the command", s.Report, s.ExitCode, s.Warnings, c.want)
			}
			for info, err := range store.List(t.Context(), "reports/") {
				if err != nil {
					t.Fatal(err)
				}
				if strings.HasSuffix(info.Key, ".html") {
					t.Errorf("there is the page %s of a report that was cut off", info.Key)
				}
			}
			stored := new(pipeline.Summary)
			if data, err := published.Summary(t.Context(), "run"); err != nil || json.Unmarshal(data, stored) != nil || len(stored.Warnings) != 1 {
				t.Errorf("the stored summary is %s, %v; want the warning in it", data, err)
			}
		})
	}
}

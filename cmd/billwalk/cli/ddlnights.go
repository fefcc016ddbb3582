package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"billwalk/pipeline"
	"billwalk/pipeline/shards"
	"billwalk/pipeline/swap"
	"billwalk/schema"
	"billwalk/sinks/lake"
	"billwalk/sinks/object"
)

// A publication replaces files in place, so that of each day there is one state, the latest. It
// is of a whole night if the run that wrote it has ended, or if a later one has that looked at
// the day and left it as it was: a run that was killed is healed so.

// endedRuns are the runs that had ended when the lake was looked at.
type endedRuns struct {
	store object.Store
	lake  *lake.Lake
	ids   []string  // ascending
	until time.Time // of before; zero: no run is forgotten
	read  map[string]*endedRun
}

// endedRun is what is known of one, by its summary.
type endedRun struct {
	pipeline.Summary
	why   string            // it is not whole; "" if it is
	etags map[string]string // of the files that it published or left as they were, by key
}

// listEnded returns the runs that have left a summary, which is the last that a run writes.
func listEnded(ctx context.Context, store object.Store) (*endedRuns, error) {
	e := &endedRuns{store: store, lake: lake.ReadOnly(store), read: make(map[string]*endedRun)}
	ids, err := e.lake.Runs(ctx)
	e.ids = ids
	return e, err
}

// unfinished returns the days of which a manifest is not of a whole night.
func (e *endedRuns) unfinished(ctx context.Context, manifests []*schema.Manifest) (unfinishedDays, error) {
	days := make(unfinishedDays)
	for _, m := range manifests {
		torn, err := e.lake.Torn(ctx, m)
		if err != nil {
			return nil, err
		}
		if torn {
			days.add(m, "files were replaced, and the manifest was not: a run is publishing them, or was killed")
			continue
		}
		whys, err := e.unfinishedWriters(ctx, m)
		if err != nil {
			return nil, err
		}
		for _, why := range whys {
			days.add(m, why)
		}
	}
	return days, nil
}

// unfinishedWriters returns the runs that wrote a manifest, and of which it is not whole: why it
// is not, by run.
func (e *endedRuns) unfinishedWriters(ctx context.Context, m *schema.Manifest) (whys map[string]string, err error) {
	for _, id := range writersOf(m) {
		why, err := e.notWhole(ctx, id)
		if err != nil {
			return nil, err
		}
		if why == "" {
			continue
		}
		confirmed, err := e.confirmed(ctx, m, id)
		if err != nil {
			return nil, err
		}
		if !confirmed {
			if whys == nil {
				whys = make(map[string]string)
			}
			whys[id] = why
		}
	}
	return whys, nil
}

// writersOf returns the runs that wrote a manifest: the second its withdrawals alone.
func writersOf(m *schema.Manifest) []string {
	if w := m.Withdrawals; w != nil && w.RunID != m.RunID {
		return []string{m.RunID, w.RunID}
	}
	return []string{m.RunID}
}

const manifestsPrefix = "_manifests/bill_date="

// pinnedComment says in a comment of which runs the manifests are.
func pinnedComment(manifests []*schema.Manifest) string {
	newest := manifests[0]
	runs := make(map[string]bool)
	for _, m := range manifests {
		runs[m.RunID] = true
		if m.RunID > newest.RunID {
			newest = m
		}
	}
	return fmt.Sprintf("-- Pinned: %d manifests of %d runs, all of which have ended; the newest is %s of %s.\n",
		len(manifests), len(runs), newest.RunID, newest.PublishedAt.In(schema.China).Format(pinnedTime))
}

const pinnedTime = "2006-01-02 15:04:05 +08:00"

// notWhole says why what a run has published is not that of a whole night, or "".
func (e *endedRuns) notWhole(ctx context.Context, id string) (why string, err error) {
	if _, ended := slices.BinarySearch(e.ids, id); !ended {
		return fmt.Sprintf("run %s is at work, or was killed", id), nil
	}
	r, err := e.run(ctx, id)
	if err != nil {
		return "", err
	}
	if r.why == "" && e.overlaps(r) {
		return fmt.Sprintf("run %s was at work beside one that has not ended", id), nil
	}
	return r.why, nil
}

// before forgets the runs that began with a run, or after it. Others that were at work when it began
// do not count as ended.
func (e *endedRuns) before(limit string) error {
	id, err := ulid.ParseStrict(limit)
	if err != nil {
		return fmt.Errorf("run %s: %w", limit, err)
	}
	i, _ := slices.BinarySearch(e.ids, limit)
	e.ids, e.until = e.ids[:i], id.Timestamp()
	return nil
}

// overlaps reports whether a run was still at work when the first of those that are forgotten began.
func (e *endedRuns) overlaps(r *endedRun) bool {
	id, err := ulid.ParseStrict(r.RunID)
	return err == nil && !e.until.IsZero() && id.Timestamp().Add(time.Duration(r.ElapsedSeconds*float64(time.Second))).After(e.until)
}

// confirmed reports whether a later run, which is whole, has left as it is what a run wrote that is
// not.
func (e *endedRuns) confirmed(ctx context.Context, m *schema.Manifest, writer string) (bool, error) {
	for _, id := range slices.Backward(e.ids) {
		if id <= writer {
			break
		}
		later, err := e.run(ctx, id)
		if err != nil {
			return false, err
		}
		if later.why != "" {
			continue
		}
		if !slices.ContainsFunc(m.Objects, func(o schema.Object) bool { return later.etags[o.Key] != o.ETag }) {
			return true, nil
		}
		w := later.Withdrawals // which it looks at on more days than it builds
		if writer != m.RunID && w != nil && later.Job == m.Job && w.From <= m.Day && m.Day <= w.To {
			return true, nil
		}
	}
	return false, nil
}

// run reads a run's summary.
func (e *endedRuns) run(ctx context.Context, id string) (*endedRun, error) {
	if r := e.read[id]; r != nil {
		return r, nil
	}
	data, err := e.lake.Summary(ctx, id)
	if err != nil {
		return nil, err
	}
	r := &endedRun{etags: make(map[string]string)}
	if err := json.Unmarshal(data, &r.Summary); err != nil {
		return nil, fmt.Errorf("the summary of run %s is damaged: %w", id, err)
	}
	for _, o := range r.Partitions {
		if !o.Superseded { // which are another run's
			r.etags[o.Key] = o.ETag
		}
	}
	r.Partitions, r.Failures = nil, nil
	e.read[id] = r
	switch r.ExitCode {
	case pipeline.ExitDone, pipeline.ExitDifferences, pipeline.ExitIncomplete:
		over, err := e.nightOver(ctx, r)
		if err != nil {
			return nil, err
		}
		if !over {
			r.why = fmt.Sprintf("run %s is shard %s of a night of which other shards have not ended", id, r.Shard)
		}
	default:
		r.why = fmt.Sprintf("run %s ended with exit code %d before it had published all its days", id, r.ExitCode)
	}
	return r, nil
}

// nightOver reports whether the other shards of a run's night have ended, too. Of nights before
// the latest it is not asked.
func (e *endedRuns) nightOver(ctx context.Context, r *endedRun) (bool, error) {
	if r.Shard == "" {
		return true, nil
	}
	shard, err := shards.Parse(r.Shard)
	if err != nil {
		return false, fmt.Errorf("the summary of run %s: shard: %w", r.RunID, err)
	}
	folders, err := e.nightsOf(ctx, r.Job, shard.Count)
	if err != nil {
		return false, err
	}
	for _, folder := range folders {
		open := func(name string) swap.Object { return register{e.store, folder + "/" + name} }
		all, latest, err := shards.Latest(ctx, open, shard, r.RunID)
		if err != nil {
			return false, err
		}
		if latest {
			for other := range maps.Values(all) {
				if _, ended := slices.BinarySearch(e.ids, other.RunID); !ended {
					return false, nil
				}
			}
			return all != nil, nil
		}
	}
	return true, nil
}

// nightsOf returns the folders in which shards of a job, so many of them, note how far they are:
// see shareNight.
func (e *endedRuns) nightsOf(ctx context.Context, job string, count int) (folders []string, err error) {
	for info, err := range e.store.List(ctx, fmt.Sprintf("_control/shards/%s-of-%d", job, count)) {
		if err != nil {
			return nil, err
		}
		if folder := path.Dir(info.Key); !slices.Contains(folders, folder) {
			folders = append(folders, folder)
		}
	}
	return folders, nil
}

// unfinishedDays are days in the middle of a night, by why they are.
type unfinishedDays map[string][]*schema.Manifest

func (u unfinishedDays) add(m *schema.Manifest, why string) { u[why] = append(u[why], m) }

func (u unfinishedDays) has(day schema.Day) bool { return slices.Contains(u.days(), day) }

// days returns the days, ascending.
func (u unfinishedDays) days() (days []schema.Day) {
	for _, manifests := range u {
		for _, m := range manifests {
			days = append(days, m.Day)
		}
	}
	slices.Sort(days)
	return slices.Compact(days)
}

// reasons returns the days and buckets, with why they are in the middle of a night.
func (u unfinishedDays) reasons() (lines []string) {
	for _, why := range slices.Sorted(maps.Keys(u)) {
		var parts []string
		for _, m := range u[why] {
			parts = append(parts, fmt.Sprintf("%s bucket %d", m.Day, m.Bucket))
		}
		lines = append(lines, fmt.Sprintf("%s (%s)", strings.Join(parts, ", "), why))
	}
	return lines
}

// comments says in SQL what became of the days.
func (u unfinishedDays) comments(became string) string {
	text := ""
	for _, line := range u.reasons() {
		text += "-- " + became + ": " + line + ".\n"
	}
	return text
}

// err says which days are in the middle of a night, and what to do.
func (u unfinishedDays) err(lake string, others bool) error {
	days := u.days()
	var job string
	for _, manifests := range u {
		job = manifests[0].Job
	}
	text := fmt.Sprintf("%s is in the middle of a night, and the files before it are gone, for they are replaced in place: %s. "+
		"Print again when the run at work has ended (billwalk status %s); if none is, run the job again, or `billwalk replay %[3]s --from %s --to %s` for days that it no longer looks at",
		lake, strings.Join(u.reasons(), "; "), job, days[0], days[len(days)-1])
	if others {
		text += ". --whole-days prints the other days alone"
	}
	if strings.HasPrefix(lake, "s3://") {
		text += ". In a bucket with versions, --versions 12h prints the night before"
	}
	return fmt.Errorf("%s", text)
}

package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"billwalk/pipeline/jobs"
	"billwalk/schema"
	"billwalk/sinks/object"
)

// pinnedViews returns the views of DuckDB over exactly what is published now.
func (p *program) pinnedViews(ctx context.Context, of jobs.Lake, credentials string) (string, error) {
	store, err := p.openStore(ctx, of)
	if err != nil {
		return "", failed(err)
	}
	ended, err := endedRuns(ctx, store) // first: a run that ends while manifests are read may have published more
	if err != nil {
		return "", failed(err)
	}
	manifests, err := pinnedManifests(ctx, store, of)
	if err != nil {
		return "", err
	}
	return p.pinnedRuns(manifests, ended) + duckdbSecret(of, credentials) + schema.PinnedDuckDB(strings.TrimPrefix(of.URL, "file:"), manifests), nil
}

// endedRuns returns the runs that have left a summary, which is the last that a run writes.
func endedRuns(ctx context.Context, store object.Store) (map[string]bool, error) {
	ended := make(map[string]bool)
	for info, err := range store.List(ctx, "runs/") {
		if err != nil {
			return nil, err
		}
		ended[strings.TrimSuffix(strings.TrimPrefix(info.Key, "runs/"), ".json")] = true
	}
	return ended, nil
}

// pinnedRuns says in comments of which runs the manifests are. All were there at one moment; but
// a run that is at work then has published some of its days, and not others: that is said, and logged.
func (p *program) pinnedRuns(manifests []*schema.Manifest, ended map[string]bool) string {
	published := make(map[string]int)
	for _, m := range manifests {
		published[m.RunID]++
	}
	runs := slices.Sorted(maps.Keys(published))
	newest := runs[len(runs)-1]
	text := fmt.Sprintf("-- Pinned: %d manifests of %d runs, as they were at one moment; the newest run is %s.\n", len(manifests), len(runs), newest)
	for _, run := range runs {
		if !ended[run] {
			text += fmt.Sprintf("-- Run %s has no summary: it is at work, or was killed. %d of the manifests are its; what it has not published yet is of a run before.\n"+
				"-- Print again when it, or the next run of its days, has ended.\n", run, published[run])
			p.log.Warn("a run has no summary: it is at work, or was killed, and the days that it has not published yet are of a run before; print again when it, or the next, has ended", "run_id", run, "manifests", published[run])
		}
	}
	return text + "\n"
}

// pinnedManifests returns the manifests of the lake as they were together at one moment.
func pinnedManifests(ctx context.Context, store object.Store, of jobs.Lake) ([]*schema.Manifest, error) {
	found, err := readManifests(ctx, store)
	if err != nil {
		return nil, failed(err)
	}
	again, err := readManifests(ctx, store)
	if err != nil {
		return nil, failed(err)
	}
	same := func(a, b *schema.Manifest) bool {
		return a.Day == b.Day && a.Bucket == b.Bucket && a.WriteID == b.WriteID
	}
	switch {
	case len(found) == 0:
		return nil, failed(fmt.Errorf("%s has no manifest yet: there is nothing to pin before a day is published", of.URL))
	case !slices.EqualFunc(found, again, same):
		return nil, failed(fmt.Errorf("%s is being published right now: print the pinned views when the run has ended (billwalk status)", of.URL))
	}
	return found, nil
}

// readManifests reads all manifests, by day and bucket.
func readManifests(ctx context.Context, store object.Store) (all []*schema.Manifest, err error) {
	for info, err := range store.List(ctx, "_manifests/bill_date=") {
		if err != nil {
			return nil, err
		}
		data, _, err := object.ReadAll(ctx, store, info.Key)
		if err != nil {
			return nil, err
		}
		m, err := schema.DecodeManifest(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", info.Key, err)
		}
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b *schema.Manifest) int {
		if a.Day != b.Day {
			return strings.Compare(a.Day.String(), b.Day.String())
		}
		return a.Bucket - b.Bucket
	})
	return all, nil
}

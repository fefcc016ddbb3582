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

// pinnedViews returns the views of DuckDB over exactly the files of the last whole night.
func (p *program) pinnedViews(ctx context.Context, of jobs.Lake, flags ddlFlags) (string, error) {
	if err := readableByDuckDB(of.URL); err != nil {
		return "", err
	}
	store, err := p.openStore(ctx, of)
	if err != nil {
		return "", failed(err)
	}
	known, err := listEnded(ctx, store) // first: what a run has published that had ended by now is among the manifests
	if err != nil {
		return "", failed(err)
	}
	if flags.versions > 0 {
		return p.versionedViews(ctx, store, known, flags.versions, flags.wholeDays)
	}
	manifests, err := pinnedManifests(ctx, store, of)
	if err != nil {
		return "", err
	}
	unfinished, err := known.unfinished(ctx, manifests)
	if err != nil {
		return "", failed(err)
	}
	text := ""
	if len(unfinished) > 0 {
		all := len(manifests)
		manifests = slices.DeleteFunc(manifests, func(m *schema.Manifest) bool { return unfinished.has(m.Day) })
		if !flags.wholeDays || len(manifests) == 0 {
			return "", failed(unfinished.err(of.URL, len(manifests) > 0))
		}
		text = unfinished.comments("Left out")
		p.log.Warn("days are left out: a run has replaced files of them, and has not ended", "days", unfinished.days(), "manifests", all-len(manifests))
	}
	return pinnedComment(manifests) + text + "\n" + duckdbSecret(of, flags.credentials) + schema.PinnedDuckDB(strings.TrimPrefix(of.URL, "file:"), manifests), nil
}

// pinnedManifests returns the manifests of the lake, by day and bucket, as they were together at one moment: when all
// were read, none of them was replaced, and there was no other.
func pinnedManifests(ctx context.Context, store object.Store, of jobs.Lake) (all []*schema.Manifest, err error) {
	read := make(map[string]string) // ETags
	for info, err := range store.List(ctx, manifestsPrefix) {
		if err != nil {
			return nil, failed(err)
		}
		data, info, err := object.ReadAll(ctx, store, info.Key)
		if err != nil {
			return nil, failed(err)
		}
		m, err := schema.DecodeManifest(data)
		if err != nil {
			return nil, failed(fmt.Errorf("%s: %w", info.Key, err))
		}
		all, read[info.Key] = append(all, m), info.ETag
	}
	now, err := manifestETags(ctx, store)
	switch {
	case err != nil:
		return nil, failed(err)
	case len(all) == 0:
		return nil, failed(fmt.Errorf("%s has no manifest yet: there is nothing to pin before a day is published", of.URL))
	case !maps.Equal(read, now):
		return nil, failed(fmt.Errorf("%s is being published right now: print the pinned views when the run has ended (billwalk status)", of.URL))
	}
	return all, nil
}

// manifestETags returns the ETags of all manifests, by key. A folder does not list them.
func manifestETags(ctx context.Context, store object.Store) (map[string]string, error) {
	etags := make(map[string]string)
	for info, err := range store.List(ctx, manifestsPrefix) {
		if err == nil && info.ETag == "" {
			info, err = store.Head(ctx, info.Key)
		}
		if err != nil {
			return nil, err
		}
		etags[info.Key] = info.ETag
	}
	return etags, nil
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"billwalk/schema"
	"billwalk/sinks/object"
)

// versionedViews returns the views of DuckDB over versions of the files of the last whole night, at
// signed addresses. While a run publishes, these are of the night before, but with wholeDays: then
// the days that are not whole are left out.
func (p *program) versionedViews(ctx context.Context, store object.Store, ended *endedRuns, valid time.Duration, wholeDays bool) (string, error) {
	versions, err := object.OpenVersions(ctx, store)
	if errors.Is(err, object.ErrNoVersions) {
		return "", usage("--versions: %w: switch versioning on for the bucket, or print --pinned without it, again after each run", err)
	}
	if err != nil {
		return "", failed(err)
	}
	h, err := readHistory(ctx, versions, ended)
	if err != nil {
		return "", failed(err)
	}
	manifests, unfinished, err := h.lastWhole(ctx, wholeDays)
	if err != nil {
		return "", failed(err)
	}
	became := "Left out"
	if !wholeDays {
		became = "As the night before left them"
	}
	if len(unfinished) > 0 {
		p.log.Warn("runs have published days, and have not ended", "days", unfinished.days(), "why", unfinished.reasons(), "here", became)
	}
	signer, err := versions.Signer(ctx, valid)
	if err != nil {
		return "", failed(err)
	}
	if time.Until(signer.Until) < valid-time.Minute {
		p.log.Warn("the addresses end with the credentials that signed them", "asked", valid, "until", signer.Until)
	}
	addresses, err := h.sign(ctx, signer, manifests)
	if err != nil {
		return "", failed(err)
	}
	heading := fmt.Sprintf("-- By version, at signed addresses: whoever has this text can read these files without a key until %s. After that DuckDB reports an HTTP error: print again.\n", signer.Until.In(schema.China).Format(pinnedTime))
	return pinnedComment(manifests) + heading + unfinished.comments(became) + "\n" + schema.VersionedDuckDB(manifests, addresses), nil
}

// history is the manifests of a lake in all their versions.
type history struct {
	versions *object.Versions
	ended    *endedRuns
	left     map[string][]object.Version // by key, the newest first: those that no choice has passed
	read     map[string]*schema.Manifest // of the first of them
}

func readHistory(ctx context.Context, versions *object.Versions, ended *endedRuns) (*history, error) {
	h := &history{versions, ended, make(map[string][]object.Version), make(map[string]*schema.Manifest)}
	for v, err := range versions.List(ctx, manifestsPrefix) {
		if err != nil {
			return nil, err
		}
		if v.Latest || len(h.left[v.Key]) > 0 { // else it was removed
			h.left[v.Key] = append(h.left[v.Key], v)
		}
	}
	return h, nil
}

// lastWhole returns the manifests as they were when no run was at work that has not ended yet, and
// what such runs have published since; with wholeDays those of now, without the days that such runs
// have published.
func (h *history) lastWhole(ctx context.Context, wholeDays bool) (manifests []*schema.Manifest, since unfinishedDays, err error) {
	since = make(unfinishedDays)
	for limit := ""; ; {
		if manifests, err = h.before(ctx, limit); err != nil {
			return nil, nil, err
		}
		if limit, err = h.addUnfinished(ctx, manifests, since); err != nil {
			return nil, nil, err
		}
		if wholeDays {
			manifests = slices.DeleteFunc(manifests, func(m *schema.Manifest) bool { return since.has(m.Day) })
		}
		switch {
		case limit != "" && !wholeDays:
			err = h.ended.before(limit)
		case len(manifests) == 0:
			err = errors.New("no whole night is published yet: there is nothing to pin before a run has ended (billwalk status)")
		default:
			return manifests, since, nil
		}
		if err != nil {
			return nil, nil, err
		}
	}
}

// addUnfinished adds the manifests that are not of a whole night to since, and returns the first run that
// wrote one of them, or "".
func (h *history) addUnfinished(ctx context.Context, manifests []*schema.Manifest, since unfinishedDays) (first string, err error) {
	for _, m := range manifests {
		whys, err := h.ended.unfinishedWriters(ctx, m)
		if err != nil {
			return "", err
		}
		for id, why := range whys {
			since.add(m, why)
			if first == "" || id < first {
				first = id
			}
		}
	}
	return first, nil
}

// before returns the manifests by day and bucket as they were without the runs that began with
// limit, or after it; "" is for no limit.
func (h *history) before(ctx context.Context, limit string) (manifests []*schema.Manifest, err error) {
	for _, key := range slices.Sorted(maps.Keys(h.left)) {
		m, err := h.newest(ctx, key, limit)
		if err != nil {
			return nil, err
		}
		if m != nil {
			manifests = append(manifests, m)
		}
	}
	return manifests, nil
}

// newest returns a manifest's newest version before limit, or nil if it was not there then.
func (h *history) newest(ctx context.Context, key, limit string) (*schema.Manifest, error) {
	for len(h.left[key]) > 0 {
		m := h.read[key]
		if m == nil {
			data, err := h.versions.Read(ctx, h.left[key][0])
			if err != nil {
				return nil, err
			}
			if m, err = schema.DecodeManifest(data); err != nil {
				return nil, fmt.Errorf("%s, version %s: %w", key, h.left[key][0].ID, err)
			}
			h.read[key] = m
		}
		if limit == "" || slices.Max(writersOf(m)) < limit {
			return m, nil
		}
		h.read[key], h.left[key] = nil, h.left[key][1:]
		if len(h.left[key]) == 0 && m.Generation > 1 {
			return nil, gone(key)
		}
	}
	return nil, nil
}

// gone is the error of a file of which the version that is needed is not there.
func gone(key string) error {
	return fmt.Errorf("no version of %s is as the last whole night left it: it was removed, or the lake was copied. Print again when the run at work has ended (billwalk status), "+
		"or print --pinned without --versions; have the bucket keep versions for some days", key)
}

// sign returns the addresses of the files that the manifests name, of the manifests, and of people's
// notes as they are now, by key.
func (h *history) sign(ctx context.Context, signer *object.Signer, manifests []*schema.Manifest) (addresses map[string]string, err error) {
	addresses = make(map[string]string)
	etags := make(map[string]string)
	folders := schema.NoteFolders()
	for _, m := range manifests {
		key := m.Key()
		if addresses[key], err = signer.Sign(ctx, h.left[key][0]); err != nil {
			return nil, err
		}
		for _, o := range m.Objects {
			etags[o.Key] = o.ETag
			if !slices.Contains(folders, o.Table+"/") {
				folders = append(folders, o.Table+"/")
			}
		}
	}
	for _, folder := range folders {
		note := slices.Contains(schema.NoteFolders(), folder)
		for v, err := range h.versions.List(ctx, folder) {
			if err != nil {
				return nil, err
			}
			etag, named := etags[v.Key]
			if addresses[v.Key] != "" || !(named && v.ETag == etag || note && v.Latest) {
				continue
			}
			if addresses[v.Key], err = signer.Sign(ctx, v); err != nil {
				return nil, err
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(etags)) {
		if addresses[key] == "" {
			return nil, gone(key)
		}
	}
	return addresses, nil
}

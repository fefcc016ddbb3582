package lake

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"billwalk/schema"
	"billwalk/sinks/object"
)

// Base returns what is published of a (day, bucket), and who took the latest turn.
func (l *Lake) Base(ctx context.Context, day schema.Day, bucket int) (schema.Base, error) {
	base := schema.Base{Day: day, Bucket: bucket, ETags: make(map[string]string)}
	info, err := l.readJSON(ctx, turnKey(day, bucket), &base.Turn)
	if err != nil && !errors.Is(err, object.ErrNotFound) {
		return base, err
	}
	base.TurnETag = info.ETag
	if base.Manifest, base.ManifestETag, err = l.manifest(ctx, day, bucket); err != nil {
		return base, err
	}
	for _, table := range tables {
		info, err := object.Head(ctx, l.store, dataKey(table, day, bucket))
		if err != nil && !errors.Is(err, object.ErrNotFound) {
			return base, err
		}
		if t, _ := schema.TableByName(table); err == nil || !t.Describe().Optional {
			base.ETags[table] = info.ETag // empty if there is none
		}
	}
	return base, nil
}

// Torn reports whether a publication has replaced files of a manifest, and not the manifest: it was
// cut, or is running.
func (l *Lake) Torn(ctx context.Context, m *schema.Manifest) (bool, error) {
	now := schema.Base{Manifest: m}
	if _, err := l.readJSON(ctx, turnKey(m.Day, m.Bucket), &now.Turn); err != nil && !errors.Is(err, object.ErrNotFound) {
		return false, err
	}
	if len(now.Unfinished()) == 0 {
		return false, nil
	}
	base, err := l.Base(ctx, m.Day, m.Bucket)
	return base.Manifest == nil || base.Manifest.WriteID != m.WriteID || base.Torn(), err
}

// Manifest returns the manifest of a (day, bucket), or nil if nothing is published.
func (l *Lake) Manifest(ctx context.Context, day schema.Day, bucket int) (*schema.Manifest, error) {
	m, _, err := l.manifest(ctx, day, bucket)
	return m, err
}

func (l *Lake) manifest(ctx context.Context, day schema.Day, bucket int) (*schema.Manifest, string, error) {
	key := schema.ManifestKey(day, bucket)
	data, info, err := object.ReadAll(ctx, l.store, key)
	if errors.Is(err, object.ErrNotFound) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	m, err := schema.DecodeManifest(data)
	if err != nil {
		return nil, "", fmt.Errorf("%s cannot be the base of a run: %w (where it is damaged: put an earlier version of the object back, or remove it and run again)", key, err)
	}
	return m, info.ETag, nil
}

func (l *Lake) readJSON(ctx context.Context, key string, into any) (object.Info, error) {
	data, info, err := object.ReadAll(ctx, l.store, key)
	if err != nil {
		return object.Info{}, err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return object.Info{}, fmt.Errorf("%s is damaged: %w", key, err)
	}
	return info, nil
}

// PublishedDays returns the days that have a manifest, ascending.
func (l *Lake) PublishedDays(ctx context.Context) (days []schema.Day, err error) {
	for info, err := range l.store.List(ctx, manifestsFolder+"/bill_date=") {
		if err != nil {
			return nil, err
		}
		day, ok := parseManifestDay(info.Key)
		if ok && (len(days) == 0 || days[len(days)-1] != day) { // otherwise it is a foreign file, or another bucket's
			days = append(days, day)
		}
	}
	return days, nil
}

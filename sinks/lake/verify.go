package lake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"

	"billwalk/schema"
	"billwalk/sinks/object"
)

// Verification trusts nothing that is published, the lake's own settings included.

// What to do about a finding.
const (
	fixManifest = "put an earlier version of the object back, or remove it and replay the day"
	fixData     = "replay the day: it is built again from the archive"
	fixHalf     = "a publication was cut here: run the job again, or replay the day, which heals it"
	fixStray    = "nothing else may lie below a table: move it away, readers take it for data"
	fixVersion  = "use the billwalk that wrote the file, or a newer one"
	fixSettings = "put the object back as it was, or correct lake.buckets: the number is fixed for the lake's life"
)

// ToVerify returns the lake for verification only, by a version of billwalk. Unlike Open
// it does not check the lake's settings: ProveSettings does.
func ToVerify(store object.Store, buckets int, version string) *Lake {
	return &Lake{store: store, buckets: buckets, version: version}
}

// ProveSettings compares the stored settings of the lake with the expected ones.
func (l *Lake) ProveSettings(ctx context.Context) []schema.Finding {
	want, err := json.Marshal(settings{Version: settingsVersion, Buckets: l.buckets})
	if err != nil {
		panic("lake: settings are not JSON: " + err.Error())
	}
	data, _, err := object.ReadAll(ctx, l.store, settingsKey)
	got := string(data)
	if err != nil {
		got = err.Error()
	}
	if err == nil && bytes.Equal(data, want) || errors.Is(err, object.ErrNotFound) && l.empty(ctx) {
		return nil
	}
	return []schema.Finding{{Key: settingsKey, Want: string(want), Got: got, Fix: fixSettings}}
}

// empty reports whether nothing was ever published.
func (l *Lake) empty(ctx context.Context) bool {
	for range l.store.List(ctx, manifestsFolder+"/") {
		return false
	}
	return true
}

// survey lists and checks the objects of one day.
type survey struct {
	lake      *Lake
	day       schema.Day
	manifests []*schema.Manifest
	bucketOf  map[string]int // bucket of each key that an object of the day may have
	published map[int]bool   // buckets that have a manifest, readable or not
	findings  []schema.Finding
}

// Published returns the day's manifests by bucket, and as findings what is wrong with them
// and which objects do not belong where they are.
func (l *Lake) Published(ctx context.Context, day schema.Day) ([]*schema.Manifest, []schema.Finding, error) {
	s := &survey{lake: l, day: day, bucketOf: make(map[string]int), published: make(map[int]bool)}
	for bucket := range l.buckets {
		for _, table := range tables {
			s.bucketOf[dataKey(table, day, bucket)] = bucket
		}
		s.bucketOf[schema.ManifestKey(day, bucket)] = bucket
	}
	for _, folder := range slices.Concat([]string{manifestsFolder}, tables) {
		for info, err := range l.store.List(ctx, dayIn(folder, day)) {
			if err != nil {
				return nil, nil, err
			}
			s.check(ctx, info.Key)
		}
	}
	return s.manifests, s.findings, ctx.Err()
}

// check checks one object. Manifests come before the data.
func (s *survey) check(ctx context.Context, key string) {
	bucket, known := s.bucketOf[key]
	switch {
	case !known:
		s.find(0, key, "", "", "it is no object of the lake", fixStray)
	case key == schema.ManifestKey(s.day, bucket):
		s.published[bucket] = true
		s.checkManifest(ctx, bucket)
	case !s.published[bucket], s.unnamed(bucket, key):
		s.find(bucket, key, "", "", "no manifest names it", fixHalf)
	}
}

// unnamed reports whether the bucket's manifest does not name a data object, as that of an
// optional table may not.
func (s *survey) unnamed(bucket int, key string) bool {
	i := slices.IndexFunc(s.manifests, func(m *schema.Manifest) bool { return m.Bucket == bucket })
	return i >= 0 && !slices.ContainsFunc(s.manifests[i].Objects, func(o schema.Object) bool { return o.Key == key })
}

func (s *survey) find(bucket int, key, place, want, got, fix string) {
	s.findings = append(s.findings, schema.Finding{Day: s.day, Bucket: bucket, Key: key, Place: place, Want: want, Got: got, Fix: fix})
}

// checkManifest checks a manifest by itself: that it is sealed, in its place, and names
// one object of every table, but for optional ones.
func (s *survey) checkManifest(ctx context.Context, bucket int) {
	key := schema.ManifestKey(s.day, bucket)
	wrong := func(place, want, got string) { s.find(bucket, key, place, want, got, fixManifest) }
	data, info, err := object.ReadAll(ctx, s.lake.store, key)
	var m *schema.Manifest
	if err == nil {
		m, err = schema.DecodeManifest(data)
	}
	if err != nil {
		wrong("", "", err.Error())
		return
	}
	if m.Seal == "" {
		s.find(bucket, key, "seal", "", "it is not sealed: an older billwalk wrote it", "run the job again, or replay the day: it is published with a seal")
	}
	if m.Day != s.day || m.Bucket != bucket {
		wrong("bill_date, bucket", fmt.Sprint(s.day, ", ", bucket), fmt.Sprint(m.Day, ", ", m.Bucket))
		return // it is the manifest of another bucket
	}
	if want, got := stampOf(m.Generation, m.WriteID), metaStamp(info); got != want {
		wrong("metadata", want, got)
	}
	misplaced := slices.ContainsFunc(m.Objects, func(o schema.Object) bool {
		return o.Day != m.Day || o.Bucket != m.Bucket || o.Key != dataKey(o.Table, m.Day, m.Bucket)
	})
	if misplaced || !schema.HasTables(m.Objects) {
		var keys []string
		for _, o := range m.Objects {
			keys = append(keys, o.Key)
		}
		wrong("objects", fmt.Sprint("one for each of ", tables), fmt.Sprint(keys))
		return
	}
	s.manifests = append(s.manifests, m)
}

func stampOf(generation int64, writeID string) string {
	return fmt.Sprintf("generation %d, write id %s", generation, writeID)
}

// metaStamp returns the generation and write id in an object's metadata, as text.
func metaStamp(info object.Info) string {
	generation, err := strconv.ParseInt(info.Meta[generationMeta], 10, 64)
	if err != nil {
		return "no generation in the metadata"
	}
	return stampOf(generation, info.Meta[writeIDMeta])
}

// ManifestKey returns the key of the manifest of a (day, bucket).
func (*Lake) ManifestKey(day schema.Day, bucket int) string { return schema.ManifestKey(day, bucket) }

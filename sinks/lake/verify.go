package lake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/go-json-experiment/json"

	"billwalk/schema"
	"billwalk/sinks/object"
)

// What follows reads what is published to prove it, and takes nothing of it for
// granted, the lake's own settings included.

// What to do about a finding.
const (
	fixManifest = "put an earlier version of the object back, or remove it and replay the day"
	fixData     = "replay the day: it is built again from the archive"
	fixHalf     = "a publication was cut here: run the job again, or replay the day, which heals it"
	fixStray    = "nothing else may lie below a table: move it away, readers take it for data"
	fixVersion  = "use the billwalk that wrote the file, or a newer one"
	fixSettings = "put the object back as it was, or correct lake.buckets: the number is fixed for the lake's life"
)

// ToVerify returns the lake for verification alone, by that version of billwalk.
// What its settings say is one of the things to be proven, and not asked before.
func ToVerify(store object.Store, buckets int, version string) *Lake {
	return &Lake{store: store, buckets: buckets, version: version, mem: memory.DefaultAllocator}
}

// ProveSettings holds what is fixed for the lake's life against what is asked of it.
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

// empty says that nothing was ever published.
func (l *Lake) empty(ctx context.Context) bool {
	for range l.store.List(ctx, "_manifests/") {
		return false
	}
	return true
}

// survey is a look at what lies in the lake of one day.
type survey struct {
	*Lake
	day       schema.Day
	manifests []*schema.Manifest
	known     map[string]int // keys that something may lie under, and their buckets
	told      map[int]bool   // buckets that have a manifest, readable or not
	findings  []schema.Finding
}

// Published returns the day's manifests, by bucket, and what is wrong with them
// or lies where nothing should.
func (l *Lake) Published(ctx context.Context, day schema.Day) ([]*schema.Manifest, []schema.Finding, error) {
	s := &survey{Lake: l, day: day, known: make(map[string]int), told: make(map[int]bool)}
	for bucket := range l.buckets {
		for _, table := range tables {
			s.known[dataKey(table, day, bucket)] = bucket
		}
		s.known[manifestKey(day, bucket)] = bucket
	}
	for _, folder := range slices.Concat([]string{"_manifests"}, tables) {
		for info, err := range l.store.List(ctx, fmt.Sprintf("%s/bill_date=%s/", folder, day)) {
			if err != nil {
				return nil, nil, err
			}
			s.look(ctx, info.Key)
		}
	}
	return s.manifests, s.findings, ctx.Err()
}

// look takes one object that was found, manifests first.
func (s *survey) look(ctx context.Context, key string) {
	bucket, known := s.known[key]
	switch {
	case !known:
		s.find(0, key, "", "", "it is no object of the lake", fixStray)
	case key == manifestKey(s.day, bucket):
		s.told[bucket] = true
		s.manifest(ctx, bucket)
	case !s.told[bucket]:
		s.find(bucket, key, "", "", "no manifest tells of it", fixHalf)
	}
}

func (s *survey) find(bucket int, key, place, want, got, fix string) {
	s.findings = append(s.findings, schema.Finding{Day: s.day, Bucket: bucket, Key: key, Place: place, Want: want, Got: got, Fix: fix})
}

// manifest proves a manifest by itself: that it is sealed, in its place, and
// tells of every table once.
func (s *survey) manifest(ctx context.Context, bucket int) {
	key := manifestKey(s.day, bucket)
	wrong := func(place, want, got string) { s.find(bucket, key, place, want, got, fixManifest) }
	data, info, err := object.ReadAll(ctx, s.store, key)
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
		return // it is another one's
	}
	if want, got := stampOf(m.Generation, m.WriteID), metaStamp(info); got != want {
		wrong("metadata", want, got)
	}
	for i, o := range m.Objects {
		if len(m.Objects) != len(tables) || o.Table != tables[i] || o.Day != m.Day || o.Bucket != m.Bucket || o.Key != dataKey(o.Table, m.Day, m.Bucket) {
			wrong("objects", fmt.Sprint("one for each of ", tables), fmt.Sprintf("%d, of which %s is number %d", len(m.Objects), o.Key, i+1))
			return
		}
	}
	if len(m.Objects) == 0 {
		wrong("objects", fmt.Sprint("one for each of ", tables), "none")
		return
	}
	s.manifests = append(s.manifests, m)
}

func stampOf(generation int64, writeID string) string {
	return fmt.Sprintf("generation %d, write id %s", generation, writeID)
}

// metaStamp is what an object's metadata says of its publication.
func metaStamp(info object.Info) string {
	generation, err := strconv.ParseInt(info.Meta[generationMeta], 10, 64)
	if err != nil {
		return "no generation in the metadata"
	}
	return stampOf(generation, info.Meta[writeIDMeta])
}

// ManifestKey returns where the manifest of a (day, bucket) lies.
func (*Lake) ManifestKey(day schema.Day, bucket int) string { return manifestKey(day, bucket) }

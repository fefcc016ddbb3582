package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
	"github.com/oklog/ulid/v2"

	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// TestLastWholeNight: of each day the newest version counts that no run wrote which has not ended, nor one that began after it or
// was at work beside it. A version that is not kept is an error, and a day that was not there then is left out.
func TestLastWholeNight(t *testing.T) {
	server := objecttest.StartVersionedS3(t)
	settings, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client := s3.NewFromConfig(settings, func(o *s3.Options) { o.BaseEndpoint, o.UsePathStyle = &server.Endpoint, true })
	id := func(minute int) string { // of the run that began then
		var u ulid.ULID
		if err := u.SetTime(ulid.Timestamp(time.Date(2026, 10, 1, 2, minute, 0, 0, time.UTC))); err != nil {
			t.Fatal(err)
		}
		return u.String()
	}
	type write struct{ day, began, withdrawals int } // by the runs that began then; 0: none
	type expired struct{ day, writes int }           // the first of its writes are not kept any more
	for name, row := range map[string]struct {
		runs      map[int]int // minutes until the end, by the minute of the beginning
		writes    []write
		expired   expired
		removed   int // a day
		wholeDays bool
		want      []write
		fault     string
	}{
		"all ended":                {runs: map[int]int{1: 5, 10: 5}, writes: []write{{1, 1, 0}, {2, 1, 0}, {1, 10, 0}}, want: []write{{1, 10, 0}, {2, 1, 0}}},
		"one at work":              {runs: map[int]int{1: 5}, writes: []write{{1, 1, 0}, {2, 1, 0}, {1, 10, 0}}, want: []write{{1, 1, 0}, {2, 1, 0}}},
		"its withdrawals":          {runs: map[int]int{1: 5}, writes: []write{{1, 1, 0}, {2, 1, 0}, {1, 1, 10}}, want: []write{{1, 1, 0}, {2, 1, 0}}},
		"its new day":              {runs: map[int]int{1: 5}, writes: []write{{1, 1, 0}, {2, 10, 0}}, want: []write{{1, 1, 0}}},
		"twice":                    {runs: map[int]int{1: 5}, writes: []write{{1, 1, 0}, {1, 10, 0}, {1, 10, 10}}, want: []write{{1, 1, 0}}},
		"a later one on top":       {runs: map[int]int{1: 5, 20: 5}, writes: []write{{1, 1, 0}, {2, 1, 0}, {2, 10, 0}, {1, 20, 0}}, want: []write{{1, 1, 0}, {2, 1, 0}}},
		"one beside it":            {runs: map[int]int{1: 5, 8: 5}, writes: []write{{1, 1, 0}, {2, 1, 0}, {2, 8, 0}, {1, 10, 0}}, want: []write{{1, 1, 0}, {2, 1, 0}}},
		"the other days":           {runs: map[int]int{1: 5}, writes: []write{{1, 1, 0}, {2, 1, 0}, {1, 10, 0}}, wholeDays: true, want: []write{{2, 1, 0}}},
		"the night before expired": {runs: map[int]int{1: 5}, writes: []write{{1, 1, 0}, {1, 10, 0}}, expired: expired{1, 1}, fault: "is as the last whole night left it"},
		"a removed day":            {runs: map[int]int{1: 5}, writes: []write{{1, 1, 0}, {2, 1, 0}}, removed: 2, want: []write{{1, 1, 0}}},
		"nothing has ended":        {writes: []write{{1, 10, 0}}, fault: "no whole night is published yet"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			prefix := "prod/" + strings.ReplaceAll(name, " ", "-")
			store, err := object.Open(t.Context(), "s3://billwalk/"+prefix, server.Options)
			if err != nil {
				t.Fatal(err)
			}
			put := func(key string, value any) {
				data, err := json.Marshal(value)
				if m, ok := value.(*schema.Manifest); ok {
					data, err = m.Encode()
				}
				if err != nil {
					t.Fatal(err)
				}
				if _, err := store.Put(t.Context(), key, bytes.NewReader(data), object.Always(), nil); err != nil {
					t.Fatal(err)
				}
			}
			for began, minutes := range row.runs {
				put("runs/"+id(began)+".json", pipeline.Summary{Job: "nightly", RunID: id(began), ElapsedSeconds: float64(minutes * 60)})
			}
			generations := make(map[int]int64)
			for _, w := range row.writes {
				generations[w.day]++
				m := manifestOf(w.day, generations[w.day], id(w.began))
				if w.withdrawals > 0 {
					m.Withdrawals = &schema.WithdrawalsEntry{RunID: id(w.withdrawals)}
				}
				put(m.Key(), m)
			}
			remove := func(day int, version *string) {
				key := prefix + "/" + manifestOf(day, 0, "").Key()
				if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("billwalk"), Key: &key, VersionId: version}); err != nil {
					t.Fatal(err)
				}
			}
			versions, err := object.OpenVersions(t.Context(), store)
			if err != nil {
				t.Fatal(err)
			}
			if row.removed > 0 {
				remove(row.removed, nil)
			}
			if n := row.expired.writes; n > 0 {
				var ids []string
				for v, err := range versions.List(t.Context(), manifestOf(row.expired.day, 0, "").Key()) {
					if err != nil {
						t.Fatal(err)
					}
					ids = append(ids, v.ID)
				}
				for _, version := range ids[len(ids)-n:] {
					remove(row.expired.day, &version)
				}
			}
			ended, err := listEnded(t.Context(), store)
			if err != nil {
				t.Fatal(err)
			}
			h, err := readHistory(t.Context(), versions, ended)
			if err != nil {
				t.Fatal(err)
			}
			manifests, _, err := h.lastWhole(t.Context(), row.wholeDays)
			if row.fault != "" {
				if err == nil || !strings.Contains(err.Error(), row.fault) {
					t.Errorf("error %v, want %s", err, row.fault)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range manifests {
				got = append(got, fmt.Sprint(m.Day, writersOf(m)))
			}
			var want []string
			for _, w := range row.want {
				want = append(want, fmt.Sprint(manifestOf(w.day, 0, "").Day, []string{id(w.began)}))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("manifests (-want +got):\n%s", diff)
			}
		})
	}
}

func manifestOf(day int, generation int64, run string) *schema.Manifest {
	return &schema.Manifest{
		Version: schema.ManifestVersion, Day: schema.Day(20412 + day), Generation: generation, Job: "nightly", RunID: run,
		Objects: []schema.Object{{Key: "bills", ETag: fmt.Sprint(run, generation)}}, // which no run has left as it was
	}
}

// TestVersionsFlag: the flag is for pinned views of a bucket with versions, and takes as long as S3 lets an address hold.
func TestVersionsFlag(t *testing.T) {
	t.Parallel()
	for flags, fault := range map[string]string{
		"--versions 12h":             "it is for --pinned",
		"--pinned --versions 169h":   "from 1m to 168h",
		"--pinned --versions 1s":     "from 1m to 168h",
		"--pinned --versions -1h":    "from 1m to 168h",
		"--pinned --versions seven":  "invalid argument",
		"--pinned --versions 12h":    "keeps no versions",
		"--pinned --versions 168h0s": "keeps no versions",
	} {
		for _, verb := range []string{"ddl duckdb", "sql bridge"} {
			var log bytes.Buffer
			setup := Setup{Out: io.Discard, Err: &log}
			code := setup.Main(t.Context(), append(strings.Fields(verb+" "+flags), "--lake", t.TempDir())...)
			if code != exitUsage || !strings.Contains(log.String(), fault) {
				t.Errorf("%s %s: exit %d, %s, want %s", verb, flags, code, &log, fault)
			}
		}
	}
}

package lake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"billwalk/schema"
	"billwalk/sinks/object"
)

// Metadata of every published object, so that a writer recognises its own.
const (
	writeIDMeta    = "write-id"
	generationMeta = "generation"
)

var errUnfinished = errors.New("the manifest is not one that the stage has finished")

// Publish replaces the base by what was staged: the data first, whose ETags it
// enters in the manifest, and then the manifest, which is the one that Finish
// completed.
func (s *Stage) Publish(ctx context.Context, m *schema.Manifest) error {
	if m.WriteID != s.stamp.WriteID || len(m.Objects) != len(tables) {
		return errUnfinished
	}
	if err := s.lake.settle(ctx); err != nil {
		return err
	}
	writers := s.writers()
	for i := range m.Objects {
		o := &m.Objects[i]
		f, err := writers[o.Table].Finish(s.stamp)
		if err != nil {
			return err
		}
		info, err := s.put(ctx, o.Key, f.Body(), s.base.ETags[o.Table])
		if err != nil {
			return err
		}
		o.ETag = info.ETag
	}
	data, err := json.Marshal(m, jsontext.WithIndent("  "), json.Deterministic(true))
	if err != nil {
		return err
	}
	_, err = s.put(ctx, manifestKey(m.Day, m.Bucket), bytes.NewReader(data), s.base.ManifestETag)
	return err
}

// put replaces the object that has the ETag (empty: there is none yet). A
// conflict is believed only after the object's write id was read back: it may be
// the trace of our own PUT whose answer was lost. An unknown outcome is resolved
// by sending the same bytes again.
func (s *Stage) put(ctx context.Context, key string, body io.ReadSeeker, etag string) (object.Info, error) {
	condition := object.IfAbsent()
	if etag != "" {
		condition = object.IfMatch(etag)
	}
	meta := map[string]string{writeIDMeta: s.stamp.WriteID, generationMeta: strconv.FormatInt(s.stamp.Generation, 10)}
	info, err := object.PutKnown(ctx, s.lake.store, key, body, condition, meta)
	switch {
	case err == nil:
		return info, nil
	case errors.Is(err, object.ErrConflict):
		return s.mine(ctx, key, err)
	default:
		return object.Info{}, fmt.Errorf("publishing %s: %w", key, err)
	}
}

func (s *Stage) mine(ctx context.Context, key string, conflict error) (object.Info, error) {
	info, err := s.lake.store.Head(ctx, key)
	switch {
	case err != nil && !errors.Is(err, object.ErrNotFound):
		return object.Info{}, fmt.Errorf("publishing %s: %w", key, errors.Join(conflict, err))
	case err == nil && info.Meta[writeIDMeta] == s.stamp.WriteID:
		return info, nil
	default:
		return object.Info{}, fmt.Errorf("%s: %w", key, schema.ErrSuperseded)
	}
}

package lake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json"

	"billwalk/schema"
	"billwalk/sinks/object"
)

// Metadata of every published object, so that a writer recognises its own.
const (
	writeIDMeta    = "write-id"
	generationMeta = "generation"
)

func turnKey(day schema.Day, bucket int) string {
	return fmt.Sprintf("_control/turns/bill_date=%s/bucket-%03d.json", day, bucket)
}

var errUnfinished = errors.New("the manifest is not one that the stage has finished")

// Publish takes the turn and replaces the base by what was staged: the data
// first, whose ETags it enters in the manifest, and then the manifest, which is
// the one that Finish completed.
func (s *Stage) Publish(ctx context.Context, m *schema.Manifest) error {
	if m.WriteID != s.stamp.WriteID || len(m.Objects) != len(tables) {
		return errUnfinished
	}
	if err := s.checkManifest(m); err != nil {
		return err
	}
	if err := s.lake.settle(ctx); err != nil {
		return err
	}
	if err := s.take(ctx, schema.Turn{WriteID: s.stamp.WriteID, Begun: s.base.Unfinished(), Generation: s.stamp.Generation}); err != nil {
		return err
	}
	for i := range m.Objects {
		o := &m.Objects[i]
		f, err := s.writers[o.Table].Finish(s.stamp)
		if err != nil {
			return err
		}
		info, err := s.replace(ctx, o.Key, f.Body(), s.base.ETags[o.Table])
		if err != nil {
			return err
		}
		o.ETag = info.ETag
	}
	return s.tell(ctx, m)
}

// checkManifest refuses a manifest that could not be read, before the data is there.
func (s *Stage) checkManifest(m *schema.Manifest) error {
	data, err := m.Encode()
	if err != nil {
		return err
	}
	const etags = 1 << 10 // still to come
	return object.CheckSize(manifestKey(m.Day, m.Bucket), int64(len(data))+etags)
}

// tell publishes the manifest.
func (s *Stage) tell(ctx context.Context, m *schema.Manifest) error {
	data, err := m.Encode()
	if err != nil {
		return err
	}
	_, err = s.replace(ctx, manifestKey(m.Day, m.Bucket), bytes.NewReader(data), s.base.ManifestETag)
	return err
}

// Keep leaves the base as it is, and takes the turn all the same: a run that read
// its base before this one, and is slow, must not replace it by what it saw then.
func (s *Stage) Keep(ctx context.Context) error {
	return s.take(ctx, schema.Turn{WriteID: s.base.Manifest.WriteID, Generation: s.base.Manifest.Generation})
}

// take takes the turn, unless another run has taken it since the base was read.
func (s *Stage) take(ctx context.Context, turn schema.Turn) error {
	turn.TakenBy = s.stamp.WriteID
	data, err := json.Marshal(turn)
	if err != nil {
		return err
	}
	_, err = s.put(ctx, turnKey(s.base.Day, s.base.Bucket), bytes.NewReader(data), s.base.TurnETag)
	return err
}

// replace puts the object over the one that the base has, or over one of a
// publication that had begun before the base was read.
func (s *Stage) replace(ctx context.Context, key string, body io.ReadSeeker, etag string) (object.Info, error) {
	for {
		info, err := s.put(ctx, key, body, etag)
		var lost *lostTo
		if !errors.As(err, &lost) || !s.base.Older(lost.to.Meta[writeIDMeta]) || lost.to.ETag == etag {
			return info, err
		}
		etag = lost.to.ETag
	}
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
		return object.Info{}, &lostTo{key, info}
	}
}

// lostTo is a write that found another object than the base's.
type lostTo struct {
	key string
	to  object.Info // without an ETag where there is none
}

func (l *lostTo) Error() string { return fmt.Sprintf("%s: %v", l.key, schema.ErrSuperseded) }
func (l *lostTo) Unwrap() error { return schema.ErrSuperseded }

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

// Metadata of every published object, by which a writer recognises its own.
const (
	writeIDMeta    = "write-id"
	generationMeta = "generation"
)

var errUnfinished = errors.New("the manifest is not one that the stage has finished")

// Publish takes the turn and replaces the base by what was staged: first the data, whose
// ETags it enters in the manifest, then the manifest, which Finish has completed. If
// another run came first it changes nothing and returns schema.ErrSuperseded.
func (s *Stage) Publish(ctx context.Context, m *schema.Manifest) error {
	if m.WriteID != s.stamp.WriteID || !schema.HasTables(m.Objects) {
		return errUnfinished
	}
	if err := s.checkManifest(m); err != nil {
		return err
	}
	if err := s.lake.ensureSettings(ctx); err != nil {
		return err
	}
	if err := s.takeTurn(ctx, schema.Turn{WriteID: s.stamp.WriteID, Begun: s.base.Unfinished(), Generation: s.stamp.Generation, Amends: s.amends}); err != nil {
		return err
	}
	for i := range m.Objects {
		o := &m.Objects[i]
		if s.writers[o.Table] == nil {
			continue // it stays
		}
		f, err := s.writers[o.Table].Finish(s.stamp)
		if err != nil {
			return err
		}
		info, err := s.replace(ctx, o.Key, object.Body{SectionReader: f.Body(), File: f.File(), SHA256: f.SHA256}, s.base.ETags[o.Table])
		if err != nil {
			return err
		}
		o.ETag = info.ETag
	}
	return s.putManifest(ctx, m)
}

// checkManifest refuses a manifest that is too large to be read again, before the data
// is published.
func (s *Stage) checkManifest(m *schema.Manifest) error {
	data, err := m.Encode()
	if err != nil {
		return err
	}
	const etags = 1 << 10 // bytes, not in the manifest yet
	return object.CheckSize(schema.ManifestKey(m.Day, m.Bucket), int64(len(data))+etags)
}

// putManifest publishes the manifest.
func (s *Stage) putManifest(ctx context.Context, m *schema.Manifest) error {
	data, err := m.Encode()
	if err != nil {
		return err
	}
	_, err = s.replace(ctx, schema.ManifestKey(m.Day, m.Bucket), bytes.NewReader(data), s.base.ManifestETag)
	return err
}

// Keep leaves the base as it is and takes the turn all the same: a slow run that read the
// same base must not replace it by what it saw then.
func (s *Stage) Keep(ctx context.Context) error {
	return s.takeTurn(ctx, schema.Turn{WriteID: s.base.Manifest.WriteID, Generation: s.base.Manifest.Generation})
}

// takeTurn takes the turn, unless another run has taken it since the base was read.
func (s *Stage) takeTurn(ctx context.Context, turn schema.Turn) error {
	turn.TakenBy = s.stamp.WriteID
	data, err := json.Marshal(turn)
	if err != nil {
		return err
	}
	_, err = s.put(ctx, turnKey(s.base.Day, s.base.Bucket), bytes.NewReader(data), s.base.TurnETag)
	return err
}

// replace replaces the object of the base, or one of a publication that had begun before
// the base was read.
func (s *Stage) replace(ctx context.Context, key string, body io.ReadSeeker, etag string) (object.Info, error) {
	for {
		info, err := s.put(ctx, key, body, etag)
		var lost *conflictError
		if !errors.As(err, &lost) || !s.base.BegunBefore(lost.found.Meta[writeIDMeta]) || lost.found.ETag == etag {
			return info, err
		}
		etag = lost.found.ETag
	}
}

// put replaces the object that has the ETag; an empty one means that there is no object.
// A conflict counts only after the object's write id was read back: it may come from an
// earlier attempt of ours whose answer was lost.
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
		return s.resolveConflict(ctx, key, err)
	default:
		return object.Info{}, fmt.Errorf("publishing %s: %w", key, err)
	}
}

// resolveConflict returns the object if this stage wrote it, else a conflictError.
func (s *Stage) resolveConflict(ctx context.Context, key string, conflict error) (object.Info, error) {
	info, err := s.lake.store.Head(ctx, key)
	switch {
	case err != nil && !errors.Is(err, object.ErrNotFound):
		return object.Info{}, fmt.Errorf("publishing %s: %w", key, errors.Join(conflict, err))
	case err == nil && info.Meta[writeIDMeta] == s.stamp.WriteID:
		return info, nil
	default:
		return object.Info{}, &conflictError{key, info}
	}
}

// conflictError reports that a write found another object than the base's.
type conflictError struct {
	key   string
	found object.Info // without an ETag if there is no object
}

func (l *conflictError) Error() string { return fmt.Sprintf("%s: %v", l.key, schema.ErrSuperseded) }
func (l *conflictError) Unwrap() error { return schema.ErrSuperseded }

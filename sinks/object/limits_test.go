package object_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// An object of exactly its limit is read.
func TestAsLargeAsAllowed(t *testing.T) {
	t.Parallel()
	s, key := objecttest.NewMem(), "_control/claims.json"
	for _, extra := range []int64{0, 1} {
		data := make([]byte, schema.LimitOf(key).Bytes+extra)
		if _, err := s.Put(t.Context(), key, bytes.NewReader(data), object.Always(), nil); err != nil {
			t.Fatal(err)
		}
		got, _, err := object.ReadAll(t.Context(), s, key)
		if extra == 0 && (err != nil || !bytes.Equal(got, data)) || extra == 1 && !errors.Is(err, object.ErrTooLarge) {
			t.Errorf("%d bytes more than allowed: read %d, %v", extra, len(got), err)
		}
		content, contentErr := object.ReadContent(t.Context(), s, key)
		if !bytes.Equal(content, got) || errors.Is(contentErr, object.ErrTooLarge) != errors.Is(err, object.ErrTooLarge) {
			t.Errorf("%d bytes more than allowed: read %d of the content, %v", extra, len(content), contentErr)
		}
	}
}

// An object that could not be read again is not written.
func TestTooLargeToWrite(t *testing.T) {
	t.Parallel()
	s, key := objecttest.NewMem(), "_control/claims.json"
	body := bytes.NewReader(make([]byte, schema.LimitOf(key).Bytes+1))
	_, err := object.PutKnown(t.Context(), s, key, body, object.Always(), nil)
	if _, headErr := s.Head(t.Context(), key); !errors.Is(err, object.ErrTooLarge) || !strings.Contains(err.Error(), "not written") || !errors.Is(headErr, object.ErrNotFound) {
		t.Errorf("%v; then %v", err, headErr)
	}
}

package object_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"billwalk/sinks/object"
)

// TestHiding: an error has another text, and is the same error.
func TestHiding(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := object.Hiding(open(t, "file:"+folder, object.S3Options{}), func(text string) string { return strings.ReplaceAll(text, folder, "${LAKE}") })
	_, _, getErr := s.Get(t.Context(), "nothing")
	_, contentErr := object.Content(t.Context(), s, "nothing")
	for _, err := range []error{getErr, contentErr} {
		if !errors.Is(err, object.ErrNotFound) || strings.Contains(err.Error(), folder) || !strings.Contains(err.Error(), "${LAKE}") {
			t.Errorf("got %v", err)
		}
	}
}

// TestHidingKnowsSizes: an object that is too large is refused before it is read, which
// would take a day.
func TestHidingKnowsSizes(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := object.Hiding(open(t, "file:"+folder, object.S3Options{}), strings.ToUpper)
	if err := os.WriteFile(filepath.Join(folder, "huge"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(folder, "huge"), 1<<40); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, _, err := object.Read(ctx, s, "huge"); !errors.Is(err, object.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
	if _, err := object.Content(ctx, s, "huge"); !errors.Is(err, object.ErrTooLarge) {
		t.Errorf("its content: got %v", err)
	}
}

package archive

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// bombOf returns a batch that decompresses to a number of lines of 1 MiB each.
func bombOf(t *testing.T, lines int) []byte {
	t.Helper()
	var packed bytes.Buffer
	enc, err := zstd.NewWriter(&packed, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		t.Fatal(err)
	}
	line := []byte(strings.Repeat(" ", 1<<20-1) + "\n")
	for range lines {
		if _, err := enc.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := enc.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// TestUnpackedIsBounded: a small batch that decompresses to a great many lines of normal
// size ends in an error, or when the reader is stopped.
func TestUnpackedIsBounded(t *testing.T) {
	t.Parallel()
	const mib = schema.MaxUnpackedBatch >> 20
	bomb := bombOf(t, mib+20)
	if len(bomb) > 1<<20 {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	n, err := 0, error(nil)
	for _, err = range new(Archive).lines(t.Context(), bytes.NewReader(bomb)) {
		n++
	}
	if err == nil || !strings.Contains(err.Error(), "decompresses to more than") || n < mib-1 || n > mib+1 {
		t.Errorf("after %d lines: %v, want the limit", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n = 0
	for _, err = range new(Archive).lines(ctx, bytes.NewReader(bomb)) {
		if n++; n == 3 {
			cancel()
		}
	}
	if !errors.Is(err, context.Canceled) || n > 10 {
		t.Errorf("after %d lines: %v, want the context's error", n, err)
	}
}

// huge is a store whose every object claims to have 1.5 GB.
type huge struct{ object.Store }

func (huge) Get(_ context.Context, key string) (io.ReadCloser, object.Info, error) {
	return io.NopCloser(strings.NewReader("{}")), object.Info{Key: key, Size: 1536 << 20}, nil
}

// TestHugeObjects: a huge certificate or batch of callbacks is damage like any other. A
// batch of answers is an error.
func TestHugeObjects(t *testing.T) {
	t.Parallel()
	small := objecttest.NewMem()
	const walk = "01J0000000000000000000000A"
	received := unit.Day
	for _, key := range []string{New(nil).CertificateKey(unit, walk), callbacksBatchKey(received, walk), passKey(unit, walk), settlementsBatchKey(unit, walk, 1)} {
		if _, err := small.Put(t.Context(), key, strings.NewReader("{}"), object.Always(), nil); err != nil {
			t.Fatal(err)
		}
	}
	a := New(huge{small})
	if c, _, err := a.Unit(t.Context(), unit); !errors.Is(err, schema.ErrDamaged) || !errors.Is(err, object.ErrTooLarge) || c == nil || c.Walk != walk {
		t.Errorf("certificate: %+v, %v", c, err)
	}
	if err := a.Callbacks(t.Context(), received, nil); !errors.Is(err, schema.ErrDamaged) || !errors.Is(err, object.ErrTooLarge) {
		t.Errorf("callbacks: %v", err)
	}
	if err := a.Settlements(t.Context(), unit.Day, nil, nil, nil); err == nil || strings.Count(err.Error(), "too large") != 2 {
		t.Errorf("settlements: %v", err)
	}
	for _, err := range a.Answers(t.Context(), unit, walk) {
		if !errors.Is(err, object.ErrTooLarge) {
			t.Errorf("answers: %v", err)
		}
	}
	if _, err := a.ProveCertificate(t.Context(), New(nil).CertificateKey(unit, walk)); !errors.Is(err, object.ErrTooLarge) {
		t.Errorf("proof: %v", err)
	}
}

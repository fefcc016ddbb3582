// Package archive keeps the platform's raw answers and callbacks in an object store: the
// log from which every table is built. It knows keys, batches and certificates, and does
// not decode an answer's body. keys.go lists where everything is stored.
//
// A batch of a walk holds one JSON line for each answer, the cursor together with the page,
// so that no stored cursor is ahead of the stored pages. A certificate says that a walk
// is complete.
package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"

	"billwalk/schema"
	"billwalk/sinks/object"
)

const certificateVersion = 1

// Archive holds the platform's answers and callbacks. It is safe for concurrent use.
type Archive struct {
	Walks // of the units' bills

	store     object.Store
	unpackers sync.Pool // of *unpacker
}

// New returns the archive in the store.
func New(store object.Store) *Archive {
	a := &Archive{store: store}
	a.Walks = Walks{archive: a, folder: "archive/bills/"}
	return a
}

// hashMeta names the metadata that every object of the archive has: the SHA-256 of its
// bytes, in hex.
const hashMeta = "sha256"

// create stores an object that must not exist. After a conflict it reads the object: one
// with exactly this content is ours, from an attempt whose answer was lost.
func (a *Archive) create(ctx context.Context, key string, data []byte) error {
	_, err := object.PutKnown(ctx, a.store, key, bytes.NewReader(data), object.IfAbsent(), map[string]string{hashMeta: schema.HashOf(data)})
	if !errors.Is(err, object.ErrConflict) {
		return err
	}
	stored, readErr := object.ReadContent(ctx, a.store, key)
	if readErr != nil {
		return fmt.Errorf("%s exists, and cannot be read to see who wrote it: %w", key, readErr)
	}
	if bytes.Equal(stored, data) {
		return nil
	}
	return fmt.Errorf("%s: %w: %w", key, schema.ErrTaken, err)
}

func (a *Archive) certificate(ctx context.Context, key string) (*schema.Certificate, error) {
	data, err := object.ReadContent(ctx, a.store, key)
	if errors.Is(err, object.ErrTooLarge) {
		err = fmt.Errorf("%w: %w", schema.ErrDamaged, err)
	}
	if err != nil {
		return nil, err
	}
	if err := schema.CheckLists(data); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", key, schema.ErrDamaged, err)
	}
	if err := schema.CheckVersion(data, certificateVersion); err != nil {
		return nil, fmt.Errorf("certificate %s: %w", key, err)
	}
	c := new(schema.Certificate)
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", key, schema.ErrDamaged, err)
	}
	return c, nil
}

// answers yields the answers in batches from the first, whose keys are given.
func (a *Archive) answers(ctx context.Context, batchKey func(n int) string) iter.Seq2[schema.Answer, error] {
	return func(yield func(schema.Answer, error) bool) {
		for n := 1; ; n++ {
			key := batchKey(n)
			body, err := object.Content(ctx, a.store, key)
			if errors.Is(err, object.ErrNotFound) && n > 1 {
				return
			}
			if err != nil {
				yield(schema.Answer{}, err)
				return
			}
			if !a.decodeBatch(ctx, body, key, yield) {
				return
			}
		}
	}
}

// decodeBatch yields the answers of one batch. It reports whether to continue.
func (a *Archive) decodeBatch(ctx context.Context, body io.ReadCloser, key string, yield func(schema.Answer, error) bool) bool {
	defer body.Close()
	for line, err := range a.lines(ctx, body) {
		var answer schema.Answer
		if err == nil {
			answer, err = parseAnswer(line)
			answer.Body = bytes.Clone(answer.Body)
		}
		if err != nil {
			yield(schema.Answer{}, fmt.Errorf("archive object %s is damaged: %w", key, err))
			return false
		}
		answer.Key = key
		if !yield(answer, nil) {
			return false
		}
	}
	return true
}

// parseAnswer reads a line of a batch, of which the body may be a part. It does not read the body of a line that Encode
// wrote, which is many times the rest: who uses the body decodes it, or knows its hash.
func parseAnswer(line []byte) (schema.Answer, error) {
	var a schema.Answer
	head, body, found := bytes.Cut(line, []byte(bodyMember))
	if body, end := bytes.CutSuffix(body, []byte("}")); found && end && len(bytes.TrimSpace(body)) == len(body) && len(body) > 0 {
		if err := readLine(slices.Concat(head, []byte("}")), &a); err == nil && a.Body == nil {
			a.Body = body
			return a, nil
		}
		a = schema.Answer{}
	}
	err := readLine(line, &a)
	if err == nil && strings.TrimSpace(string(a.Body)) == "" {
		err = errors.New("an answer has no body")
	}
	return a, err
}

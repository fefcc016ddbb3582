package objecttest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"billwalk/sinks/object"
)

// Mem is a store in memory, for tests. Every write has an ETag of its own, even one of the
// same bytes.
type Mem struct {
	// Fault, if set, is called before every operation: its error is the result of the
	// operation. If it returns apply, a Put takes effect all the same, as when its answer is
	// lost. Set it before the store is shared; it may be called concurrently.
	Fault func(op Op, key string) (apply bool, err error)

	// Late, if set, is called with every Put that Fault has failed, and a function that
	// applies it under its condition at the time of the call: as a request that arrives
	// after its caller gave up, or twice, or never.
	Late func(key string, apply func() error)

	mu      sync.Mutex
	objects map[string]memObject
	keys    []string // of the objects, ascending
	writes  int
}

// Op is an operation of a store, for Fault.
type Op string

const (
	OpGet  Op = "get"
	OpHead Op = "head"
	OpPut  Op = "put"
	OpList Op = "list" // the key is the prefix
)

type memObject struct {
	info object.Info
	body []byte // never changed once stored
}

// NewMem returns an empty store.
func NewMem() *Mem { return &Mem{objects: map[string]memObject{}} }

func (m *Mem) fault(op Op, key string) (apply bool, err error) {
	if m.Fault == nil {
		return true, nil
	}
	apply, err = m.Fault(op, key)
	return apply || err == nil, err
}

// Get implements [object.Store].
func (m *Mem) Get(ctx context.Context, key string) (io.ReadCloser, object.Info, error) {
	stored, err := m.read(ctx, OpGet, key)
	if err != nil {
		return nil, object.Info{}, err
	}
	return io.NopCloser(bytes.NewReader(stored.body)), clone(stored.info), nil
}

// Head implements [object.Store].
func (m *Mem) Head(ctx context.Context, key string) (object.Info, error) {
	stored, err := m.read(ctx, OpHead, key)
	return clone(stored.info), err
}

func (m *Mem) read(ctx context.Context, op Op, key string) (memObject, error) {
	if err := object.CheckRead(ctx, key); err != nil {
		return memObject{}, err
	}
	if _, err := m.fault(op, key); err != nil {
		return memObject{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	stored, ok := m.objects[key]
	if !ok {
		return memObject{}, fmt.Errorf("%s %s: %w", op, key, object.ErrNotFound)
	}
	return stored, nil
}

// Put implements [object.Store].
func (m *Mem) Put(ctx context.Context, key string, body io.ReadSeeker, cond object.Condition, meta map[string]string) (object.Info, error) {
	if err := object.CheckPut(ctx, key, cond, meta); err != nil {
		return object.Info{}, err
	}
	if _, err := body.Seek(0, io.SeekStart); err != nil {
		return object.Info{}, fmt.Errorf("put %s: rewind the body: %w", key, err)
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return object.Info{}, fmt.Errorf("put %s: read the body: %w", key, err)
	}
	if err := ctx.Err(); err != nil { // it may have ended with the reading
		return object.Info{}, err
	}
	apply, fault := m.fault(OpPut, key)
	if fault == nil {
		return m.store(key, content, cond, meta)
	}
	arrive := func() error { _, err := m.store(key, content, cond, meta); return err }
	if apply {
		_ = arrive() // its answer is what was lost
	}
	if m.Late != nil {
		m.Late(key, arrive)
	}
	return object.Info{}, fault
}

func (m *Mem) store(key string, content []byte, cond object.Condition, meta map[string]string) (object.Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	old, exists := m.objects[key]
	if !cond.Holds(exists, old.info.ETag) {
		return object.Info{}, fmt.Errorf("put %s: %w", key, object.ErrConflict)
	}
	m.writes++
	info := object.Info{Key: key, ETag: fmt.Sprintf("mem-%d", m.writes), Size: int64(len(content)), Meta: maps.Clone(meta)}
	if !exists {
		at, _ := slices.BinarySearch(m.keys, key)
		m.keys = slices.Insert(m.keys, at, key)
	}
	m.objects[key] = memObject{info: info, body: content}
	return clone(info), nil
}

// List implements [object.Store].
func (m *Mem) List(ctx context.Context, prefix string) iter.Seq2[object.Info, error] {
	return func(yield func(object.Info, error) bool) {
		if err := object.CheckPrefix(prefix); err != nil {
			yield(object.Info{}, err)
			return
		}
		if _, err := m.fault(OpList, prefix); err != nil {
			yield(object.Info{}, err)
			return
		}
		for _, info := range m.snapshot(prefix) {
			if err := ctx.Err(); err != nil {
				yield(object.Info{}, err)
				return
			}
			if !yield(info, nil) {
				return
			}
		}
	}
}

// snapshot returns all objects at once, so that the caller may use the store while it lists.
func (m *Mem) snapshot(prefix string) []object.Info {
	m.mu.Lock()
	defer m.mu.Unlock()
	var infos []object.Info
	from, _ := slices.BinarySearch(m.keys, prefix)
	for _, key := range m.keys[from:] {
		if !strings.HasPrefix(key, prefix) {
			break
		}
		infos = append(infos, clone(m.objects[key].info))
	}
	return infos
}

// clone copies the info, so that the caller's changes of Meta do not reach the stored one.
func clone(info object.Info) object.Info {
	info.Meta = maps.Clone(info.Meta)
	return info
}

package object

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"billwalk/schema"
)

// endless is a store whose objects have no end, whatever size their Info has.
type endless struct {
	Store
	size int64
	read *int64
}

func (e endless) Get(_ context.Context, key string) (io.ReadCloser, Info, error) {
	return io.NopCloser(endlessBody{e.read}), Info{Key: key, Size: e.size}, nil
}

type endlessBody struct{ read *int64 }

func (b endlessBody) Read(p []byte) (int, error) {
	clear(p)
	*b.read += int64(len(p))
	return len(p), nil
}

// everyKind has a key of every kind, and one of none.
var everyKind = []string{
	"_manifests/lake.json", "_manifests/bill_date=2026-11-20/bucket-000.json", "archive/bills/bill_date=2026-11-20/account=1/W.json",
	"archive/callbacks/received=2026-11-20/B.jsonl.zst", "runs/R.json", "_control/claims.json", "tokens-1",
}

// An object that is too large is refused before it is read if its size is known, and
// otherwise while it is read. The error says what a person needs.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	for _, key := range everyKind {
		limit := schema.LimitOf(key)
		for _, size := range []int64{1536 << 20, limit.Bytes + 1, 100, 0, -1} {
			var read int64
			_, _, err := ReadAll(t.Context(), endless{size: size, read: &read}, key)
			helpful := err != nil && strings.Contains(err.Error(), key) && strings.Contains(err.Error(), limit.Kind) && strings.Contains(err.Error(), "move it away")
			if !errors.Is(err, ErrTooLarge) || !helpful {
				t.Errorf("%s of %d bytes: %v", key, size, err)
			}
			if most := 2 * limit.Bytes; read > most || size > limit.Bytes && read > 0 {
				t.Errorf("%s of %d bytes: %d were read", key, size, read)
			}
		}
	}
}

// A reader whose context ends stops.
func TestReadEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var read int64
	body, _, err := Read(ctx, endless{read: &read}, "bills/bill_date=2026-11-20/bucket-000.parquet")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := io.Copy(io.Discard, body); !errors.Is(err, context.Canceled) {
		t.Errorf("after %d bytes: %v, want the context's error", read, err)
	}
}

// A sparse file takes no space on disk, and has a size of 64 TB: hashing it for an ETag
// would take a day.
func TestDirSparse(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	for _, key := range everyKind {
		d.mustPut(t, key, "content", nil)
		if err := os.Truncate(d.name(key), 1<<46); err != nil {
			t.Skipf("no sparse files here: %v", err)
		}
		if _, _, err := ReadAll(t.Context(), d, key); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", key, err)
		}
		if _, err := Head(t.Context(), d, key); !errors.Is(err, ErrTooLarge) {
			t.Errorf("Head(%s): %v", key, err)
		}
	}
	listed := 0
	for info, err := range d.List(t.Context(), "") {
		if err != nil || info.Size != 1<<46 {
			t.Errorf("List has %+v, %v", info, err)
		}
		listed++
	}
	if listed != len(everyKind) {
		t.Errorf("%d objects are listed", listed)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := d.Head(ctx, everyKind[0]); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Head: %v, want it to end with its context", err)
	}
}

// notFiles creates something in the place of a file, by what errors call it.
var notFiles = map[string]func(t *testing.T, name string){
	"a folder": func(t *testing.T, name string) { must(t, os.Mkdir(name, 0o755)) },
	"a FIFO":   func(t *testing.T, name string) { must(t, syscall.Mkfifo(name, 0o644)) },
	"a socket": func(t *testing.T, name string) {
		listener, err := net.Listen("unix", name)
		must(t, err)
		t.Cleanup(func() { _ = listener.Close() })
	},
	"a device": func(t *testing.T, name string) {
		if err := syscall.Mknod(name, syscall.S_IFCHR|0o644, 1<<8|5); err != nil { // as /dev/zero
			t.Skipf("no devices here: %v", err)
		}
	},
}

// Every operation refuses what is not a file, without waiting for it.
func TestDirNotFiles(t *testing.T) {
	t.Parallel()
	for kind, make := range notFiles {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			folder, err := os.MkdirTemp("", "") // the path of a socket has 100 bytes at most
			must(t, err)
			t.Cleanup(func() { _ = os.RemoveAll(folder) })
			d, err := openDir(folder)
			must(t, err)
			d.mustPut(t, "runs/b", "content", nil)
			make(t, filepath.Join(folder, "runs/a"))
			check := func(op string, err error) {
				if !errors.Is(err, ErrNotFile) || !strings.Contains(err.Error(), kind) || !strings.Contains(err.Error(), "runs/a") {
					t.Errorf("%s: %v, want it refused as %s", op, err, kind)
				}
			}
			ended := within(t, func() {
				_, _, err := d.Get(t.Context(), "runs/a")
				check("Get", err)
				_, _, err = ReadAll(t.Context(), d, "runs/a")
				check("ReadAll", err)
				_, err = d.Head(t.Context(), "runs/a")
				check("Head", err)
				_, err = d.Put(t.Context(), "runs/a", bytes.NewReader(nil), Always(), nil)
				check("Put", err)
				for _, err = range d.List(t.Context(), "runs/") {
					if err != nil {
						break
					}
				}
				if kind != "a folder" {
					check("List", err)
				} else if err != nil {
					t.Errorf("List: %v", err)
				}
			})
			if !ended {
				t.Fatal("it waits for it")
			}
		})
	}
}

// The store's own files cannot be FIFOs either.
func TestDirFIFOsOfItsOwn(t *testing.T) {
	t.Parallel()
	for _, name := range []string{lockFile, linesOf("k"), sidecarOf("k")} {
		d := newDir(t)
		d.mustPut(t, "k", "replaced", map[string]string{"n": "1"})
		d.mustPut(t, "k", "content", map[string]string{"n": "1"})
		must(t, os.Remove(d.name(name)))
		must(t, syscall.Mkfifo(d.name(name), 0o644))
		if !within(t, func() {
			if data, _, err := ReadAll(t.Context(), d, "k"); err != nil || string(data) != "content" {
				t.Errorf("%s: read %q, %v", name, data, err)
			}
			_, _ = d.Put(t.Context(), "k", bytes.NewReader(nil), Always(), nil)
		}) {
			t.Errorf("a FIFO as %s is waited for", name)
		}
	}
}

// within reports whether a function ends within ten seconds.
func within(t *testing.T, run func()) bool {
	t.Helper()
	ended := make(chan struct{})
	go func() { defer close(ended); run() }()
	select {
	case <-ended:
		return true
	case <-time.After(10 * time.Second):
		return false
	}
}

// The store does not wait for a FIFO that replaces a file after the check.
func TestDirFIFOInBetween(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	file, fifo := filepath.Join(d.path, "file"), filepath.Join(d.path, "fifo")
	must(t, os.WriteFile(file, []byte("content"), 0o600))
	must(t, syscall.Mkfifo(fifo, 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	swapping := make(chan struct{})
	go func() {
		defer close(swapping)
		for n := 0; ctx.Err() == nil; n++ {
			_ = os.Remove(d.name("k"))
			_ = os.Link([]string{file, fifo}[n%2], d.name("k"))
		}
	}()
	if !within(t, func() {
		for ctx.Err() == nil {
			if f, err := d.openFile("k"); err == nil {
				_ = f.Close()
			} else if !errors.Is(err, ErrNotFile) && !errors.Is(err, ErrNotFound) {
				t.Error(err)
			}
		}
	}) {
		t.Fatal("it waits for a FIFO")
	}
	<-swapping
}

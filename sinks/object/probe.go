package object

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"
)

// probeFolder is where probes write. It is not below the prefix of a table.
const probeFolder = "_control/probe/"

// ProbeError reports that a store works, but cannot hold a lake.
type ProbeError struct {
	Reason string // what is wrong, and what it would do to a lake
	Fix    string // what to do, Chinese and English
}

func (e *ProbeError) Error() string {
	return "this store cannot hold a lake: " + e.Reason + ". " + e.Fix
}

// Trial is the progress of a probe.
type Trial struct {
	Races, AllRaces     int  // races with a result so far, and in the end
	Writers, AllWriters int  // the most writers that raced at once, and that should
	Written             bool // an object was created and read back
}

// Slow reports whether the store was too slow for all writers at once. Nothing is wrong with
// it, as far as fewer writers can show.
func (t Trial) Slow() bool { return t.Writers > 0 && t.Writers < t.AllWriters }

func (t Trial) String() string {
	if t.Slow() {
		return fmt.Sprintf("slow: %d of %d writers tried", t.Writers, t.AllWriters)
	}
	return fmt.Sprintf("%d of %d races, of up to %d writers", t.Races, t.AllRaces, t.Writers)
}

// probe tests a store under keys that no other program uses.
type probe struct {
	store  Store
	folder string // ends in "/"
	effort effort
	report func(Trial)

	began    time.Time
	cost     time.Duration // of one writer in the latest race; 0 before the first
	trial    Trial
	requests int // of all races
	objects  int // that races created
	unclear  int // races without a result
}

// Limits of a probe. On a store that serves concurrent writes to one object one after
// another, fewer writers race, so that the probe ends in time.
const (
	maxProbeTime     = 40 * time.Second
	maxProbeRequests = 1000 // of all races
	firstWriters     = 4    // in the first race, which shows how fast the store is
	minWriters       = 2
)

// effort is how much a probe does.
type effort struct {
	writers int // in a race
	creates int // races to create an object
	swaps   int // races to replace the same object
}

var (
	// A few of these races are enough to detect a store that compares first and writes
	// later.
	overNetwork = effort{writers: 32, creates: 5, swaps: 15}
	// The writers of a folder use its lock, so that only the file system can be wrong, and
	// not the timing. Every write is synced to the disk.
	inFolder = effort{writers: 4, creates: 1, swaps: 2}
)

// Probe tests whether the store does what a lake relies on: a write can be read at once; a
// write whose condition does not hold is refused; of many concurrent writers exactly one
// wins. It leaves a few tiny objects below _control/probe/.
//
// If the store does not, the error is a *ProbeError. Any other error means that the test was
// not possible: the store cannot be reached, or does not allow this program to read, list
// and write. A slow store is tested with fewer writers, see Trial. Probe calls report, if it
// is not nil, after each step.
func Probe(ctx context.Context, s Store, report func(Trial)) (Trial, error) {
	p := &probe{store: s, folder: probeFolder + rand.Text() + "/", effort: overNetwork, report: report, began: time.Now()}
	if isFolder(s) {
		p.effort = inFolder
	}
	p.trial.AllRaces, p.trial.AllWriters = p.effort.creates+p.effort.swaps, p.effort.writers
	for _, step := range []func(context.Context) error{p.create, p.swap, p.swapMissing, p.raceCreates, p.raceSwaps} {
		if err := step(ctx); err != nil {
			return p.trial, err
		}
		p.trial.Written = true
		p.showProgress()
	}
	return p.trial, nil
}

func (p *probe) showProgress() {
	if p.report != nil {
		p.report(p.trial)
	}
}

func isFolder(s Store) bool {
	if h, ok := s.(hiding); ok {
		s = h.Store
	}
	if p, ok := s.(prefixed); ok {
		s = p.store
	}
	_, ok := s.(*dir)
	return ok
}

// subject is the object of all steps but the races to create one.
const subject = "subject"

// create creates the subject, and tries to create it again.
func (p *probe) create(ctx context.Context) error {
	made, err := p.put(ctx, subject, "created", IfAbsent())
	if errors.Is(err, ErrConflict) {
		return &ProbeError{"it refused to create an object that is not there (If-None-Match), so no day could be published", fixCreate}
	}
	if err != nil {
		return fmt.Errorf("write to the lake's store: %w", err)
	}
	if err := p.expect(ctx, subject, "created", made); err != nil {
		return err
	}
	_, err = p.put(ctx, subject, "created again", IfAbsent())
	if err := checkRefused(err, &ProbeError{"it let an object be created over another (If-None-Match is ignored), so a second run would overwrite the first", fixCreate}); err != nil {
		return err
	}
	return p.expect(ctx, subject, "created", made)
}

// swap replaces the subject, and tries to replace it by its old ETag.
func (p *probe) swap(ctx context.Context) error {
	old, err := p.store.Head(ctx, p.folder+subject)
	if err != nil {
		return fmt.Errorf("read from the lake's store: %w", err)
	}
	swapped, err := p.put(ctx, subject, "swapped", IfMatch(old.ETag))
	if errors.Is(err, ErrConflict) {
		return &ProbeError{"it refused to replace an object by its own ETag (If-Match), so no day could be published again", fixSwap}
	}
	if err != nil {
		return err
	}
	if swapped.ETag == old.ETag {
		return &ProbeError{"two contents of an object had the same ETag, so a stale write could not be distinguished from a fresh one", fixSwap}
	}
	if err := p.expect(ctx, subject, "swapped", swapped); err != nil {
		return err
	}
	_, err = p.put(ctx, subject, "swapped by a stale ETag", IfMatch(old.ETag))
	if err := checkRefused(err, &ProbeError{"it let an object be replaced by a stale ETag (If-Match is ignored), so an old run could overwrite a newer one", fixSwap}); err != nil {
		return err
	}
	return p.expect(ctx, subject, "swapped", swapped)
}

func (p *probe) swapMissing(ctx context.Context) error {
	old, err := p.store.Head(ctx, p.folder+subject)
	if err != nil {
		return fmt.Errorf("read from the lake's store: %w", err)
	}
	_, err = p.put(ctx, "missing", "swapped", IfMatch(old.ETag))
	return checkRefused(err, &ProbeError{"it let an object be replaced that is not there (If-Match is ignored for it), so an old run could bring back what was removed", fixMissing})
}

// checkRefused returns nil if a write was refused, broken if it was not, or the error that
// left it open.
func checkRefused(err error, broken *ProbeError) error {
	switch {
	case err == nil:
		return broken
	case errors.Is(err, ErrConflict):
		return nil
	default:
		return err
	}
}

// put writes the text until the outcome is known. A conflict with an earlier attempt of its
// own is a success.
func (p *probe) put(ctx context.Context, name, text string, cond Condition) (Info, error) {
	info, err := PutKnown(ctx, p.store, p.folder+name, strings.NewReader(text), cond, map[string]string{"probe": text})
	if errors.Is(err, ErrConflict) {
		if data, found, readErr := ReadAll(ctx, p.store, p.folder+name); readErr == nil && string(data) == text {
			return found, nil
		}
	}
	return info, err
}

// expect reads the object by each method of the store, and compares it with what was
// written.
func (p *probe) expect(ctx context.Context, name, text string, written Info) error {
	data, got, err := ReadAll(ctx, p.store, p.folder+name)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("read from the lake's store: %w", err)
	}
	head, headErr := p.store.Head(ctx, p.folder+name)
	if headErr != nil && !errors.Is(headErr, ErrNotFound) {
		return fmt.Errorf("read from the lake's store: %w", headErr)
	}
	var listed Info
	for info, err := range p.store.List(ctx, p.folder+name) {
		if err != nil {
			return fmt.Errorf("list the lake's store: %w", err)
		}
		listed = info
	}
	stale := func(what, found string) error {
		return &ProbeError{fmt.Sprintf("%s gave %q right after %q was written, so a run would build on old data", what, found, text), fixStale}
	}
	switch {
	case string(data) != text || got.ETag != written.ETag:
		return stale("GET", string(data))
	case head.ETag != written.ETag || head.Meta["probe"] != text || got.Meta["probe"] != text:
		return stale("HEAD", head.Meta["probe"])
	case listed.Key != p.folder+name || listed.ETag != "" && listed.ETag != written.ETag:
		return stale("a listing", listed.Key)
	}
	return nil
}

// What to do about each fault. The versions named are known to have had it.
const (
	fixStore   = "换用支持条件写入的存储(如 AWS S3)或升级它,再运行 billwalk check; keep the lake on a store with conditional writes, such as AWS S3, or update this one, and run `billwalk check`"
	fixCreate  = fixStore + ". Known for it: Ceph RGW's posix driver before 2026-07, Aliyun OSS, Tencent COS and IBM COS (headers of their own)"
	fixSwap    = fixStore + ". Known for it: MinIO before 2025-08, Aliyun OSS, Tencent COS, IBM COS, and GCS by its XML API (generations instead of ETags)"
	fixMissing = fixStore + ". Known for it: MinIO before 2025-08"
	fixRace    = fixStore + ". Known for it: SeaweedFS before 2026-03, RustFS before 2026-01, versitygw before 2026-08"
	fixStale   = "把存储桶设为强一致; make the bucket strongly consistent (NetApp StorageGRID: strong-global), switch off caches before it, and run `billwalk check`"
)

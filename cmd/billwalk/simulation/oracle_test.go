package simulation

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/parquet/file"

	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/parquet"
)

// oracle judges what a simulation publishes.
type oracle struct {
	*simulation

	mu         sync.Mutex
	complaints []string
	hashes     map[string]string // of the contents, by key and ETag
	batches    map[string][]archived
	billsIn    map[string][]schema.BillKey      // of each file of bills
	paidIn     map[string]map[string]schema.Fen // what succeeded, of each file of settlements
	published  []publication                    // the manifests, as they were put in place
	taken      []publication                    // and the turns
}

// publication is a manifest, or a turn, that was put in place.
type publication struct {
	by       *simProcess
	at       time.Time
	key      string
	manifest *schema.Manifest
	keeps    bool // of a turn: the manifest that is there stays
}

func (o *oracle) complain(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.complaints) < 10 {
		o.complaints = append(o.complaints, fmt.Sprintf(format, args...))
	}
}

// keys are those that a lake may have.
var keys = regexp.MustCompile(`^(` +
	`(bills|settlements|reconciliation|exceptions|restatements|withdrawals|withdrawn_bills)/bill_date=\d{4}-\d\d-\d\d/bucket-\d{3}\.parquet|` +
	`_manifests/(lake|bill_date=\d{4}-\d\d-\d\d/bucket-\d{3})\.json|` +
	`_control/(token-[0-9a-f]{16}|(claims|turns/bill_date=\d{4}-\d\d-\d\d/bucket-\d{3})\.json)|` +
	`archive/(bills|settlements|withdrawals|withdrawn_bills)/bill_date=\d{4}-\d\d-\d\d/account=\d+/(withdrawal=\d+/)?[0-9A-Z]{26}(\.json|-\d{5}\.jsonl\.zst)|` +
	`archive/unreadable/bill_date=\d{4}-\d\d-\d\d/account=\d+/[0-9A-Z]{26}-(bills|settlements|withdrawals)\.jsonl\.zst|` +
	`runs/[0-9A-Z]{26}\.json)$`)

// put judges a write at the moment at which readers see it.
func (o *oracle) put(p *simProcess, key string, content []byte, info object.Info) {
	if !keys.MatchString(key) {
		o.complain("%s is no key of a lake", key)
	}
	sum := sha256.Sum256(content)
	o.mu.Lock()
	if o.hashes == nil {
		o.hashes = make(map[string]string)
	}
	o.hashes[key+" "+info.ETag] = hex.EncodeToString(sum[:])
	o.mu.Unlock()
	switch {
	case strings.HasSuffix(key, ".parquet"):
		o.data(key, content, info)
		switch {
		case strings.HasPrefix(key, "settlements/"):
			o.paid(key+" "+info.ETag, content)
		case strings.HasPrefix(key, "bills/"):
			o.billed(key+" "+info.ETag, content)
		}
	case strings.HasPrefix(key, "_control/turns/"):
		o.turn(p, key, content)
	case strings.HasPrefix(key, "_manifests/bill_date="):
		o.manifest(p, key, content)
	}
}

// turn notes that a process took a turn, and whether it then keeps what is there.
func (o *oracle) turn(p *simProcess, key string, content []byte) {
	var turn schema.Turn
	if err := json.Unmarshal(content, &turn); err != nil {
		o.complain("%s: %v", key, err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.taken = append(o.taken, publication{by: p, at: time.Now(), key: key, keeps: turn.WriteID != turn.TakenBy})
}

// data judges a file: it is whole, and of the one publication that its metadata
// tell of.
func (o *oracle) data(key string, content []byte, info object.Info) {
	reader, err := file.NewParquetReader(bytes.NewReader(content))
	if err != nil {
		o.complain("%s is no Parquet file: %v", key, err)
		return
	}
	footer := reader.MetaData().KeyValueMetadata()
	for name, want := range map[string]string{parquet.WriteIDKey: info.Meta["write-id"], parquet.GenerationKey: info.Meta["generation"]} {
		if got := footer.FindValue(name); got == nil || *got != want {
			o.complain("%s: the footer's %s is not the metadata's %q", key, name, want)
		}
	}
}

// manifest judges a manifest: it names files that were put, and no unit of it
// rests on an older walk than that of the manifest before. Walks are as old as
// their beginning, by which they are named: all that changed before it they saw.
func (o *oracle) manifest(p *simProcess, key string, content []byte) {
	m := new(schema.Manifest)
	if err := json.Unmarshal(content, m); err != nil {
		o.complain("%s: %v", key, err)
		return
	}
	o.mu.Lock()
	var before *schema.Manifest
	for _, other := range o.published {
		if other.key == key {
			before = other.manifest
		}
	}
	o.published = append(o.published, publication{by: p, at: time.Now(), key: key, manifest: m})
	o.mu.Unlock()
	for _, object := range m.Objects {
		if got := o.hashOf(object.Key, object.ETag); got != object.SHA256 {
			o.complain("%s tells of %s with hash %.8s; what has that ETag has %.8s", key, object.Key, object.SHA256, got)
		}
	}
	if before == nil {
		return
	}
	if m.Generation <= before.Generation {
		o.complain("%s: generation %d follows %d", key, m.Generation, before.Generation)
	}
	o.kept(before, m, key)
	for _, was := range before.Units {
		if was.Certificate == nil {
			continue
		}
		is := m.Entry(was.Account.ID)
		if is == nil || is.Certificate == nil {
			o.complain("%s: account %s was published, and is not any more", key, was.Account.ID)
		} else if is.Certificate.Latest().Walk < was.Certificate.Latest().Walk {
			o.complain("%s: account %s goes back from the walk %s to %s", key, was.Account.ID, was.Certificate.Latest().Walk, is.Certificate.Latest().Walk)
		}
	}
}

// kept judges a manifest against the runs that found the one before to be right
// still: what they have walked is not replaced by what was walked before. An amendment has the
// units as they are published.
func (o *oracle) kept(before, m *schema.Manifest, key string) {
	o.mu.Lock()
	runs := make(map[string]bool)
	for _, t := range o.taken {
		if t.keeps && t.by.job != nil && strings.HasSuffix(key, strings.TrimPrefix(t.key, "_control/turns/")) {
			runs[t.by.job.Run.ID] = true
		}
	}
	o.mu.Unlock()
	for _, e := range m.Units {
		if was := before.Entry(e.Account.ID); was != nil && was.Certificate != nil && e.Certificate != nil && was.Certificate.Latest() == e.Certificate.Latest() {
			continue
		}
		for _, c := range o.certificates(schema.Unit{Account: e.Account, Day: m.Day}) {
			if runs[c.Latest().RunID] && e.Certificate != nil && e.Certificate.Latest().Walk < c.Latest().Walk {
				o.complain("%s: account %s goes back to the walk %s from %s, which found what was published to be right", key, e.Account.ID, e.Certificate.Latest().Walk, c.Latest().Walk)
			}
		}
	}
}

func (o *oracle) hashOf(key, etag string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.hashes[key+" "+etag]
}

// manifestOf returns the manifest in place.
func (o *oracle) manifestOf(day schema.Day, bucket int) *schema.Manifest {
	data, _, err := object.ReadAll(context.Background(), o.store, fmt.Sprintf("_manifests/bill_date=%s/bucket-%03d.json", day, bucket))
	if err != nil {
		return nil
	}
	m := new(schema.Manifest)
	if err := json.Unmarshal(data, m); err != nil {
		return nil // complained about when it was put
	}
	return m
}

// atTheEnd judges the whole lake and the whole archive, after the undisturbed run.
func (o *oracle) atTheEnd(last *simProcess) {
	want := pipeline.ExitDone
	if len(o.lostUnits(last)) > 0 {
		want = pipeline.ExitIncomplete
	}
	if last.code != want {
		o.complain("the last run, undisturbed, ended with exit %d, want %d: %v", last.code, want, last.err)
		if last.summary != nil {
			o.complain("its failures are %+v", last.summary.Failures)
		}
	}
	for day := o.story.last.from; day <= o.story.last.to; day++ {
		o.day(day)
		o.verdicts(day)
	}
	o.withdrawals(last)
	o.money()
	o.told()
	o.archive(last)
}

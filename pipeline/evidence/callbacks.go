package evidence

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/spill"
	"billwalk/schema"
)

// callbacks are the settle callbacks of some days, one state for each settlement and
// item. They lie on local disk; a state costs some 250 bytes of memory. Once loaded
// they do not change.
type callbacks struct {
	records *spill.Records
	log     *slog.Logger
	apps    schema.AppIDs // whose callbacks count

	mu         sync.Mutex       // while they are loaded
	keys       map[stateKey]int // then: the place of each state
	states     []callbackState  // later by day of the event, settlement and item
	byID       []stateWithID    // by id
	linked     []atomic.Bool    // by state: it belongs to an order of a day that this run builds
	unreadable int64
	foreign    int64   // of other mini-programs: an earlier version took them
	foreignKey string  // the first archive object that has some
	damaged    []error // archive objects
}

// stateWithID is one of the ids that link a state.
type stateWithID struct {
	id    idHash
	state int32
}

// CallbackCounts counts the settlements that callbacks name, on the run's days and in
// their windows.
type CallbackCounts struct {
	States     int64 `json:"states"`     // settlements, each item by itself
	Unreadable int64 `json:"unreadable"` // callbacks that this version cannot read
	Foreign    int64 `json:"foreign"`    // callbacks of other mini-programs, which do not count
	Late       int64 `json:"late"`       // of bills of days that this run does not build, and came after those were built last
}

func newCallbacks(log *slog.Logger, apps schema.AppIDs) (*callbacks, error) {
	records, err := spill.NewRecords("callbacks")
	return &callbacks{records: records, log: log, apps: apps, keys: make(map[stateKey]int)}, err
}

// loadAll loads what was received on the days from and to, of events on the days first
// to last.
func (c *callbacks) loadAll(ctx context.Context, archive Archive, from, to, first, last schema.Day) error {
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(readsAtATime)
	for received := from; received <= to; received++ {
		reads.Go(func() error { return c.load(ctx, archive, received, first, last) })
	}
	if err := reads.Wait(); err != nil {
		return err
	}
	if c.foreign > 0 {
		c.log.Warn("callbacks of other mini-programs are in the archive, and do not count: if one is yours, put its app_id into app_ids in jobs.yaml",
			"callbacks", c.foreign, "archive_key", c.foreignKey)
	}
	c.sort()
	return nil
}

// load loads what was received on a day. In which order makes no difference.
func (c *callbacks) load(ctx context.Context, archive Archive, received, first, last schema.Day) error {
	var decoding errgroup.Group
	decoding.SetLimit(runtime.GOMAXPROCS(0))
	var chunk []schema.Callback
	flush := func() {
		some := chunk
		decoding.Go(func() error { return c.addAll(some, first, last) })
		chunk = nil
	}
	err := archive.Callbacks(ctx, received, func(one schema.Callback) {
		if chunk = append(chunk, one); len(chunk) == 256 {
			flush()
		}
	})
	flush()
	if fault := decoding.Wait(); fault != nil {
		return fault
	}
	if errors.Is(err, schema.ErrDamaged) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.damaged = append(c.damaged, err)
		return nil
	}
	return err
}

func (c *callbacks) addAll(some []schema.Callback, first, last schema.Day) error {
	for i := range some {
		if err := c.add(&some[i], first, last); err != nil {
			return err
		}
	}
	return nil
}

// add adds a callback. One that this version cannot read, or of another mini-program,
// is counted and does not change any state.
func (c *callbacks) add(one *schema.Callback, first, last schema.Day) error {
	decoded, err := normalise.DecodeCallback(one)
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.unreadable++
		c.log.Warn("a callback in the archive cannot be read", "archive_key", one.Key, "logid", one.LogID, "error", err)
		return nil
	}
	if decoded.Day < first || decoded.Day > last {
		return nil
	}
	if c.apps.Check(decoded.Settlement.AppID.V) != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.foreign++; c.foreignKey == "" || one.Key < c.foreignKey {
			c.foreignKey = one.Key
		}
		return nil
	}
	entry, err := encodeCallback(one)
	if err != nil {
		return err
	}
	return c.update(linkIDsOf(&decoded.Settlement), markOf(&decoded), decoded.Day, entry)
}

// update gives a state its callback, if that counts rather than those before it.
func (c *callbacks) update(ids linkIDs, m mark, day schema.Day, entry []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := stateKey{ids.settle, ids.item}
	at, known := c.keys[key]
	if known {
		s := &c.states[at]
		before := s.mark
		s.mark = before.merge(m)
		if s.mark.sameDelivery(before) {
			return nil
		}
		m = s.mark
	} else {
		at = len(c.states)
		c.keys[key], c.states = at, append(c.states, callbackState{})
	}
	place, err := c.records.Add(entry)
	if err != nil {
		return err
	}
	c.states[at] = callbackState{mark: m, place: place, day: day, ids: ids}
	return nil
}

// sort puts the states in an order of their own, and indexes them by their ids.
func (c *callbacks) sort() {
	c.keys = nil
	slices.SortFunc(c.states, func(a, b callbackState) int { return cmp.Or(cmp.Compare(a.day, b.day), a.compare(&b)) })
	c.linked = make([]atomic.Bool, len(c.states))
	for i := range c.states {
		s := &c.states[i]
		s.index = int32(i)
		for _, id := range s.ids.all() {
			if id != (idHash{}) {
				c.byID = append(c.byID, stateWithID{id, s.index})
			}
		}
	}
	slices.SortFunc(c.byID, func(a, b stateWithID) int {
		return cmp.Or(bytes.Compare(a.id[:], b.id[:]), cmp.Compare(a.state, b.state))
	})
}

// with yields the states that have an id.
func (c *callbacks) with(id idHash) iter.Seq[*callbackState] {
	return func(yield func(*callbackState) bool) {
		first, _ := slices.BinarySearchFunc(c.byID, id, func(one stateWithID, id idHash) int { return bytes.Compare(one.id[:], id[:]) })
		for _, one := range c.byID[first:] {
			if one.id != id || !yield(&c.states[one.state]) {
				return
			}
		}
	}
}

// on returns the states of events of a day, by settlement and item.
func (c *callbacks) on(day schema.Day) []callbackState {
	firstOf := func(day schema.Day) int {
		i, _ := slices.BinarySearchFunc(c.states, day, func(s callbackState, day schema.Day) int { return cmp.Compare(s.day, day) })
		return i
	}
	return c.states[firstOf(day):firstOf(day+1)]
}

func (c *callbacks) close() {
	if c.records != nil {
		c.records.Close()
	}
}

func (c *callbacks) none() bool { return len(c.states) == 0 }

// read returns a state in full.
func (c *callbacks) read(s *callbackState) (callback, error) {
	entry, err := c.records.Read(s.place)
	if err != nil {
		return callback{}, err
	}
	received, err := decodeCallback(entry)
	if err != nil {
		return callback{}, fmt.Errorf("reading the local file of callbacks: %w", err)
	}
	decoded, err := normalise.DecodeCallback(&received)
	return callback{Callback: decoded, Contested: s.mark.contested, Record: normalise.ValidText(received.Body), ArchiveKey: received.Key}, err
}

// readAll returns states in full, by settle_id and item.
func (c *callbacks) readAll(states []*callbackState) ([]callback, error) {
	all := make([]callback, len(states))
	for i, s := range states {
		var err error
		if all[i], err = c.read(s); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(all, func(a, b callback) int { return a.Settlement.Key().Compare(b.Settlement.Key()) })
	return all, nil
}

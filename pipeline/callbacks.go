package pipeline

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/notified"
	"billwalk/pipeline/spill"
	"billwalk/schema"
)

// callbacks knows what the settle callbacks of some days come to: one state for
// each settlement and item. The callbacks themselves lie on local disk; a state
// costs some 250 bytes of memory, without pointers. Once loaded it does not change.
type callbacks struct {
	file *spill.File
	log  *slog.Logger
	apps schema.AppIDs // whose callbacks count

	mu         sync.Mutex // while it is loaded
	size       int64
	keys       map[notifiedKey]int // then: the place of each state
	states     []notifiedState     // later by day of the event, settlement and item
	index      []indexed           // by id
	linkedOnce []atomic.Bool       // by state: it is in the tables that this run builds
	unreadable int64
	foreign    int64   // of other mini-programs: an earlier version took them
	foreignKey string  // the first archive object that has some
	damaged    []error // archive objects
}

// notifiedKey is the settlement and the item of a state.
type notifiedKey struct{ settle, item fingerprint }

// notifiedState is one state, and where the callback lies that counts for it.
type notifiedState struct {
	mark   notified.Mark
	offset int64
	length int32
	place  int32      // among the states
	day    schema.Day // of the event
	ids    linkIDs
}

// indexed is one of the ids that link a state.
type indexed struct {
	id    fingerprint
	state int32
}

// linkIDs are the ids of a settlement by which it is linked; an id that is absent
// is the zero fingerprint.
type linkIDs struct{ settle, order, item, outSettle fingerprint }

func linkIDsOf(s *schema.Settlement) linkIDs {
	id := func(parameter string, v schema.Null[string]) fingerprint {
		if !v.Valid {
			return fingerprint{}
		}
		return fingerprintOf(schema.Question{Match: schema.Match{Parameter: parameter}, Value: v.V})
	}
	return linkIDs{
		id("settle_id", schema.Some(s.SettleID)), id("order_id", s.OrderID), id(itemMatch.Parameter, s.ItemOrderID), id("out_settle_no", s.OutSettleNo),
	}
}

func (l *linkIDs) all() []fingerprint { return []fingerprint{l.settle, l.order, l.item, l.outSettle} }

// loadCallbacks reads the callbacks that were received on the days from and to, and
// keeps those of events on the days first to last.
func loadCallbacks(ctx context.Context, archive Archive, log *slog.Logger, apps schema.AppIDs, from, to, first, last schema.Day) (*callbacks, error) {
	file, err := spill.New("billwalk-*.callbacks")
	if err != nil {
		return nil, err
	}
	c := &callbacks{file: file, log: log, apps: apps, keys: make(map[notifiedKey]int)}
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(readsAtATime)
	for received := from; received <= to; received++ {
		reads.Go(func() error { return c.load(ctx, archive, received, first, last) })
	}
	if err := reads.Wait(); err != nil {
		c.close()
		return nil, err
	}
	if c.foreign > 0 {
		log.Warn("callbacks of other mini-programs are in the archive, and do not count: if one is yours, put its app_id into app_ids in jobs.yaml",
			"callbacks", c.foreign, "archive_key", c.foreignKey)
	}
	c.sort()
	return c, nil
}

// load reads what was received on a day: it does not count in which order.
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

// add notes a callback. One that this version cannot read, or of another mini-program,
// is told, and does not count.
func (c *callbacks) add(one *schema.Callback, first, last schema.Day) error {
	notice, err := normalise.DecodeCallback(one)
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.unreadable++
		c.log.Warn("a callback in the archive cannot be read", "archive_key", one.Key, "logid", one.LogID, "error", err)
		return nil
	}
	if notice.Day < first || notice.Day > last {
		return nil
	}
	if c.apps.Check(notice.Settlement.AppID.V) != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.foreign++; c.foreignKey == "" || one.Key < c.foreignKey {
			c.foreignKey = one.Key
		}
		return nil
	}
	ids, mark := linkIDsOf(&notice.Settlement), notified.MarkOf(&notice)
	entry, err := json.Marshal(keptCallback{*one, one.Key})
	if err != nil {
		return err
	}
	entry = append(append(entry, '\n'), one.Body...)

	c.mu.Lock()
	defer c.mu.Unlock()
	key := notifiedKey{ids.settle, ids.item}
	place, known := c.keys[key]
	if known {
		state := &c.states[place]
		before := state.mark
		state.mark = before.With(mark)
		if state.mark.Same(before) {
			return nil
		}
		mark = state.mark
	} else {
		place = len(c.states)
		c.keys[key], c.states = place, append(c.states, notifiedState{})
	}
	if _, err := c.file.WriteAt(entry, c.size); err != nil {
		return fmt.Errorf("writing the local file of callbacks: %w", err)
	}
	c.states[place] = notifiedState{mark: mark, offset: c.size, length: int32(len(entry)), day: notice.Day, ids: ids}
	c.size += int64(len(entry))
	return nil
}

// keptCallback is a callback but for its body, as the local file has it.
type keptCallback struct {
	schema.Callback
	Key string
}

// sort puts the states in an order of their own, and finds them by their ids.
func (c *callbacks) sort() {
	c.keys = nil
	slices.SortFunc(c.states, func(a, b notifiedState) int { return cmp.Or(cmp.Compare(a.day, b.day), a.compare(&b)) })
	c.linkedOnce = make([]atomic.Bool, len(c.states))
	for i := range c.states {
		s := &c.states[i]
		s.place = int32(i)
		for _, id := range s.ids.all() {
			if id != (fingerprint{}) {
				c.index = append(c.index, indexed{id, s.place})
			}
		}
	}
	slices.SortFunc(c.index, func(a, b indexed) int {
		return cmp.Or(bytes.Compare(a.id[:], b.id[:]), cmp.Compare(a.state, b.state))
	})
}

// with yields the states that have an id.
func (c *callbacks) with(id fingerprint) iter.Seq[*notifiedState] {
	return func(yield func(*notifiedState) bool) {
		first, _ := slices.BinarySearchFunc(c.index, id, func(one indexed, id fingerprint) int { return bytes.Compare(one.id[:], id[:]) })
		for _, one := range c.index[first:] {
			if one.id != id || !yield(&c.states[one.state]) {
				return
			}
		}
	}
}

// on returns the states of events of a day, by settlement and item.
func (c *callbacks) on(day schema.Day) []notifiedState {
	at := func(day schema.Day) int {
		i, _ := slices.BinarySearchFunc(c.states, day, func(s notifiedState, day schema.Day) int { return cmp.Compare(s.day, day) })
		return i
	}
	return c.states[at(day):at(day+1)]
}

func (c *callbacks) close() {
	if c.file != nil {
		c.file.Close()
	}
}

// none says that there are none, and nothing need be looked for.
func (c *callbacks) none() bool { return len(c.states) == 0 }

// read returns a state in full.
func (c *callbacks) read(s *notifiedState) (notified.State, error) {
	entry := make([]byte, s.length)
	if _, err := c.file.ReadAt(entry, s.offset); err != nil {
		return notified.State{}, fmt.Errorf("reading the local file of callbacks: %w", err)
	}
	var kept keptCallback
	head, body, _ := bytes.Cut(entry, []byte{'\n'})
	if err := json.Unmarshal(head, &kept); err != nil {
		return notified.State{}, err
	}
	kept.Callback.Body, kept.Callback.Key = body, kept.Key
	notice, err := normalise.DecodeCallback(&kept.Callback)
	return notified.State{Notice: notice, Contested: s.mark.Contested, Record: normalise.ValidText(body), ArchiveKey: kept.Key}, err
}

// readAll returns states in full, by settle_id and item.
func (c *callbacks) readAll(states []*notifiedState) ([]notified.State, error) {
	all := make([]notified.State, len(states))
	for i, s := range states {
		var err error
		if all[i], err = c.read(s); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(all, func(a, b notified.State) int {
		return compareSettlements(&a.Settlement, &b.Settlement)
	})
	return all, nil
}

// compareSettlements orders settlements by id and item.
func compareSettlements(a, b *schema.Settlement) int {
	if a.SettleID != b.SettleID {
		return strings.Compare(a.SettleID, b.SettleID)
	}
	return strings.Compare(a.ItemOrderID.V, b.ItemOrderID.V)
}

package pipeline

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/notified"
	"billwalk/schema"
)

// callbacks knows what the settle callbacks of some days come to: one state for
// each settlement and item. The callbacks themselves lie on local disk; a state
// costs some 300 bytes of memory. Once loaded it does not change.
type callbacks struct {
	file *os.File
	log  interface{ Warn(string, ...any) }

	mu         sync.Mutex // while it is loaded
	size       int64
	states     map[notifiedKey]*notifiedState
	byID       map[fingerprint][]*notifiedState // by what links it: settle_id, order_id, item_order_id, out_settle_no
	byDay      map[schema.Day][]*notifiedState
	unreadable int64
	damaged    []error // archive objects
}

// notifiedKey is the settlement and the item of a state.
type notifiedKey struct{ settle, item fingerprint }

// notifiedState is one state, and where the callback lies that counts for it.
type notifiedState struct {
	mark   notified.Mark
	offset int64
	length int32
	day    schema.Day // of the event
	ids    linkIDs
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
func loadCallbacks(ctx context.Context, archive Archive, log interface{ Warn(string, ...any) }, from, to, first, last schema.Day) (*callbacks, error) {
	file, err := newLocalFile("billwalk-*.callbacks")
	if err != nil {
		return nil, err
	}
	c := &callbacks{
		file: file, log: log, states: make(map[notifiedKey]*notifiedState),
		byID: make(map[fingerprint][]*notifiedState), byDay: make(map[schema.Day][]*notifiedState),
	}
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(readsAtATime)
	for received := from; received <= to; received++ {
		reads.Go(func() error {
			var fault error
			err := archive.Callbacks(ctx, received, func(one schema.Callback) {
				if err := c.add(&one, first, last); err != nil && fault == nil {
					fault = err
				}
			})
			if errors.Is(err, schema.ErrDamaged) {
				c.mu.Lock()
				defer c.mu.Unlock()
				c.damaged = append(c.damaged, err)
				err = nil
			}
			return cmp.Or(err, fault)
		})
	}
	if err := reads.Wait(); err != nil {
		c.close()
		return nil, err
	}
	c.index()
	return c, nil
}

// add notes a callback. One that this version cannot read is told, and does not
// count.
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
	ids, mark := linkIDsOf(&notice.Settlement), notified.MarkOf(&notice)
	key := notifiedKey{ids.settle, ids.item}

	c.mu.Lock()
	defer c.mu.Unlock()
	state := c.states[key]
	if state == nil {
		state = &notifiedState{}
		c.states[key] = state
	} else {
		before := state.mark
		state.mark = before.With(mark)
		if state.mark.Same(before) {
			return nil
		}
		mark = state.mark
	}
	entry, err := json.Marshal(keptCallback{*one, one.Body, one.Key})
	if err != nil {
		return err
	}
	if _, err := c.file.WriteAt(entry, c.size); err != nil {
		return fmt.Errorf("writing the local file of callbacks: %w", err)
	}
	*state = notifiedState{mark: mark, offset: c.size, length: int32(len(entry)), day: notice.Day, ids: ids}
	c.size += int64(len(entry))
	return nil
}

// keptCallback is a callback with all its fields, as the local file has it.
type keptCallback struct {
	schema.Callback
	Body []byte
	Key  string
}

// index finds the states by their ids and days, in an order of their own: it does
// not count in which the callbacks came.
func (c *callbacks) index() {
	for _, s := range c.states {
		c.byDay[s.day] = append(c.byDay[s.day], s)
		for _, id := range s.ids.all() {
			if id != (fingerprint{}) {
				c.byID[id] = append(c.byID[id], s)
			}
		}
	}
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
	if err := json.Unmarshal(entry, &kept); err != nil {
		return notified.State{}, err
	}
	kept.Callback.Body, kept.Callback.Key = kept.Body, kept.Key
	notice, err := normalise.DecodeCallback(&kept.Callback)
	return notified.State{Notice: notice, Contested: s.mark.Contested, Record: string(kept.Body), ArchiveKey: kept.Key}, err
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

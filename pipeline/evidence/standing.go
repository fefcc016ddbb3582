package evidence

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"billwalk/schema"
)

// standings know the day on which each settlement of the lake is published. It counts on
// that day alone, also where a query for another day returns it again.
type standings struct {
	window    schema.Day
	days      map[schema.Day]bool       // that this run builds: only on them does a settlement count that is not published yet
	published *standingList             // nil before they are loaded
	replaced  map[schema.Partition]bool // by this run: what it published there is in placed
	placed    map[idHash]placed         // by this run
}

// standing is a settlement where it is published.
type standing struct {
	id        idHash
	day       schema.Day
	bucket    int16
	succeeded bool
	early     bool // its settle_time is later than the publication: days in between were not known then
}

func newStandings(window schema.Day, days []schema.Day) *standings {
	s := &standings{window: window, days: make(map[schema.Day]bool), replaced: make(map[schema.Partition]bool), placed: make(map[idHash]placed)}
	for _, day := range days {
		s.days[day] = true
	}
	return s
}

func (s standing) at() schema.Partition { return schema.Partition{Day: s.day, Bucket: int(s.bucket)} }

// load reads where the settlements of the published days stand: three columns of all of
// them. built is when the partitions of this run's days were published.
func (s *standings) load(ctx context.Context, lake Lake, buckets int, published []schema.Day, built map[schema.Partition]time.Time) error {
	var mu sync.Mutex
	sorter := newStandingSorter()
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(readsAtATime)
	for i := range len(published) * buckets {
		reads.Go(func() error {
			at := schema.Partition{Day: published[i/buckets], Bucket: i % buckets}
			for one, err := range readStandings(ctx, lake, at, built[at]) {
				if err != nil {
					return err
				}
				mu.Lock()
				err = sorter.add(one)
				mu.Unlock()
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := reads.Wait()
	var listErr error
	s.published, listErr = sorter.list()
	if err = cmp.Or(err, listErr); err != nil {
		return fmt.Errorf("reading where settlements stand: %w", err)
	}
	return nil
}

// readStandings yields the settlements of a partition, of which it is known when it was published if it
// is one of the run's.
func readStandings(ctx context.Context, lake Lake, at schema.Partition, built time.Time) iter.Seq2[standing, error] {
	return func(yield func(standing, error) bool) {
		var last standing
		for s, err := range lake.Settlements(ctx, at.Day, at.Bucket, "settle_id", "settle_status", "settle_time") {
			if err != nil {
				yield(standing{}, err)
				return
			}
			early := !built.IsZero() && s.SettleTime.Valid && s.SettleTime.V.After(built)
			one := standing{hashID("settle_id", s.SettleID), at.Day, int16(at.Bucket), s.Status == schema.StatusSuccess, early}
			switch {
			case last.id == one.id: // a row for another of its items
				last.succeeded = last.succeeded || one.succeeded
				continue
			case last.id != (idHash{}) && !yield(last, nil):
				return
			}
			last = one
		}
		if last.id != (idHash{}) {
			yield(last, nil)
		}
	}
}

// ahead returns the days of this run that are beyond a day's window and within that of one of
// its days, ascending.
func (s *standings) ahead(day schema.Day) (days []schema.Day) {
	for other := day + s.window + 1; other <= day+2*s.window; other++ {
		if s.days[other] {
			days = append(days, other)
		}
	}
	return days
}

// none reports whether no settlement is known to stand anywhere.
func (s *standings) none() bool { return s.published.none() && len(s.placed) == 0 }

// find returns where a settlement stands. Where it stands on several days, as earlier
// versions published it, the first one counts.
func (s *standings) find(settleID string) (first standing, known bool, err error) {
	if s.none() {
		return standing{}, false, nil
	}
	id := hashID("settle_id", settleID)
	if one, ok := s.placed[id]; ok {
		first, known = standing{id: id, day: schema.Day(one.day), bucket: one.bucket, succeeded: one.succeeded}, true
	}
	published, err := s.published.of(id)
	if err != nil {
		return standing{}, false, err
	}
	for _, one := range published {
		if !s.replaced[one.at()] && (!known || one.day < first.day) {
			first, known = one, true
		}
	}
	return first, known, nil
}

// place notes the settlements of a partition that this run has published.
func (s *standings) place(at schema.Partition, settlements *Placements) {
	s.replaced[at] = true
	for _, one := range settlements.list() {
		if before, known := s.placed[one.id]; !known || at.Day < schema.Day(before.day) {
			s.placed[one.id] = placed{int32(at.Day), int16(at.Bucket), one.succeeded}
		}
	}
}

// placed is where a settlement stands that this run has published.
type placed struct {
	day       int32
	bucket    int16
	succeeded bool
}

// Placements are the settlements that count in a partition. A million take 17 MB of memory.
type Placements struct {
	all    []placement // by settle_id, if sorted
	sorted bool
}

type placement struct {
	id        idHash
	succeeded bool
}

// Add adds a settlement, or an item of one, of which another may have succeeded.
func (p *Placements) Add(s *schema.Settlement) {
	p.all = append(p.all, placement{hashID("settle_id", s.SettleID), s.Status == schema.StatusSuccess})
	p.sorted = false
}

// AddAll adds the settlements of others.
func (p *Placements) AddAll(others *Placements) {
	p.all, p.sorted = append(p.all, others.all...), false
}

// Reset removes the settlements, and keeps the memory.
func (p *Placements) Reset() { p.all, p.sorted = p.all[:0], false }

// Has reports whether a settlement counts in the partition.
func (p *Placements) Has(settleID string) bool {
	id := hashID("settle_id", settleID)
	_, has := slices.BinarySearchFunc(p.list(), id, func(one placement, id idHash) int { return bytes.Compare(one.id[:], id[:]) })
	return has
}

// list returns the settlements by settle_id, each once.
func (p *Placements) list() []placement {
	if p.sorted {
		return p.all
	}
	slices.SortFunc(p.all, func(a, b placement) int { return bytes.Compare(a.id[:], b.id[:]) })
	each := p.all[:0]
	for _, one := range p.all {
		if n := len(each); n > 0 && each[n-1].id == one.id {
			each[n-1].succeeded = each[n-1].succeeded || one.succeeded
		} else {
			each = append(each, one)
		}
	}
	p.all, p.sorted = each, true
	return each
}

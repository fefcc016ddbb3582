package audit

import (
	"cmp"
	"context"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strings"
	"sync"

	"billwalk/schema"
)

// No settle_id may count on two days of the lake. The ids of the verified days are compared
// with those of all published days, first as hashes of eight bytes, then the few hashes in
// two files by the ids themselves.

// maxRepeated is the maximum number of settle_ids that are compared themselves. A sound lake
// has few in two files: those of items in several buckets.
const maxRepeated = 100_000

// repeats finds settle_ids of the verified days that are in other files, too.
type repeats struct {
	*Audit
	verified, others []settlementsFile

	mu         sync.Mutex
	ids        []uint64        // hashes of the verified days' settle_ids, each once a file; sorted
	inTwo      map[uint64]bool // the ids in two files
	with       map[settlementsFile]bool
	rows       map[string][]settlementRow // by settle_id
	unreadable map[settlementsFile][]schema.Finding
}

// settlementRow is a row of a settlement in two files.
type settlementRow struct {
	settlementsFile
	row    int64
	item   schema.Null[string]
	amount schema.Null[schema.Fen]
}

// findRepeated reads the settle_ids of all published days. Findings on files of days that are
// not verified go to Elsewhere.
func (a *Audit) findRepeated(ctx context.Context) (*repeats, error) {
	r := &repeats{
		Audit: a, inTwo: make(map[uint64]bool), with: make(map[settlementsFile]bool),
		rows: make(map[string][]settlementRow), unreadable: make(map[settlementsFile][]schema.Finding),
	}
	days, err := a.Lake.PublishedDays(ctx)
	if err != nil {
		return nil, err
	}
	for _, day := range days {
		for bucket := range a.Buckets {
			if f := (settlementsFile{day, bucket}); a.From <= day && day <= a.To && a.owns(bucket) {
				r.verified = append(r.verified, f)
			} else {
				r.others = append(r.others, f)
			}
		}
	}
	if err := eachFile(ctx, r.verified, r.collect); err != nil {
		return nil, err
	}
	r.sort()
	if len(r.ids) > 0 {
		if err := eachFile(ctx, r.others, r.search); err != nil {
			return nil, err
		}
	}
	if len(r.inTwo) > 0 {
		files := slices.AppendSeq(slices.Clone(r.verified), maps.Keys(r.with))
		if err := eachFile(ctx, files, r.compare); err != nil {
			return nil, err
		}
	}
	for _, f := range r.others {
		if !a.owns(f.bucket) {
			continue
		}
		a.Elsewhere = append(a.Elsewhere, r.unreadable[f]...)
	}
	return r, nil
}

// read passes the rows of a file to take, and keeps the findings on a file.
func (r *repeats) read(ctx context.Context, f settlementsFile, columns []string, take func(s *schema.Settlement)) {
	rows := 0
	findings := r.Lake.ProveSettlements(ctx, f.day, f.bucket, columns, func(s *schema.Settlement) bool {
		take(s)
		rows++
		return rows%4096 != 0 || ctx.Err() == nil
	})
	if len(findings) > 0 {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.unreadable[f] = findings
	}
}

func hashOf(settleID string) uint64 { return maphash.String(seed, settleID) }

// collect adds the settle_ids of a verified file.
func (r *repeats) collect(ctx context.Context, f settlementsFile) {
	var ids []uint64
	r.read(ctx, f, []string{"settle_id"}, func(s *schema.Settlement) { ids = append(ids, hashOf(s.SettleID)) })
	slices.Sort(ids)
	ids = slices.Compact(ids) // one settlement of several items
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids = append(r.ids, ids...)
}

// sort sorts the ids, and finds those in two verified files.
func (r *repeats) sort() {
	slices.Sort(r.ids)
	for i := 1; i < len(r.ids) && len(r.inTwo) <= maxRepeated; i++ {
		if r.ids[i] == r.ids[i-1] {
			r.inTwo[r.ids[i]] = true
		}
	}
}

// search finds the ids of the verified files in another file.
func (r *repeats) search(ctx context.Context, f settlementsFile) {
	found := make(map[uint64]bool)
	r.read(ctx, f, []string{"settle_id"}, func(s *schema.Settlement) {
		id := hashOf(s.SettleID)
		if _, known := slices.BinarySearch(r.ids, id); known && len(found) <= maxRepeated {
			found[id] = true
		}
	})
	if len(found) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.with[f] = true
	for id := range found {
		if len(r.inTwo) > maxRepeated {
			break
		}
		r.inTwo[id] = true
	}
}

// compare collects the rows of a file with ids in two files.
func (r *repeats) compare(ctx context.Context, f settlementsFile) {
	row := int64(0)
	r.read(ctx, f, []string{"settle_id", "item_order_id", "settle_amount_fen"}, func(s *schema.Settlement) {
		if row++; r.inTwo[hashOf(s.SettleID)] {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.rows[s.SettleID] = append(r.rows[s.SettleID], settlementRow{f, row, s.ItemOrderID, s.Amount})
		}
	})
}

// findings returns the findings of a verified day. key returns the key of a bucket's
// settlements, and known reports whether an object has a finding already.
func (r *repeats) findings(day schema.Day, key func(bucket int) string, known func(key string) bool) (all []schema.Finding) {
	for _, f := range r.verified {
		for _, finding := range r.unreadable[f] {
			if f.day == day && !known(finding.Key) {
				all = append(all, finding)
			}
		}
	}
	find := func(bucket int, place, got string) {
		all = append(all, schema.Finding{
			Day: day, Bucket: bucket, Key: key(bucket), Place: place, Want: "each settle_id on one day of the lake, once, or once for each item", Got: got, Fix: fixTwice,
		})
	}
	repeated := 0
	for _, id := range slices.Sorted(maps.Keys(r.rows)) {
		rows := r.rows[id]
		slices.SortFunc(rows, settlementRow.compare)
		i := slices.IndexFunc(rows, func(row settlementRow) bool { return row.day == day && r.owns(row.bucket) })
		if i < 0 || !countsTwice(rows) {
			continue
		}
		if repeated++; repeated > maxRows {
			continue
		}
		find(rows[i].bucket, fmt.Sprintf("row %d, settle_id %s", rows[i].row, id), placesOf(rows))
	}
	if more := repeated - maxRows; more > 0 {
		find(r.first(), "rows", fmt.Sprintf("%d more settle_ids count twice", more))
	}
	if len(r.inTwo) > maxRepeated {
		find(r.first(), "rows", fmt.Sprintf("more than %d settle_ids of the verified days are in two files, and not all of them were compared", maxRepeated))
	}
	return all
}

// first returns the first bucket that is proven.
func (a *Audit) first() (bucket int) {
	for bucket < a.Buckets-1 && !a.owns(bucket) {
		bucket++
	}
	return bucket
}

// settlementsKey returns the key of a bucket's settlements.
func (d *dayAudit) settlementsKey(bucket int) string {
	for _, m := range d.manifests {
		if m.Bucket == bucket {
			return tableKey(m, schema.Settlements.Name, d.Lake)
		}
	}
	return d.Lake.ManifestKey(d.day.Day, bucket)
}

// knowsDamaged reports whether the object has a finding already.
func (d *dayAudit) knowsDamaged(key string) bool {
	return slices.ContainsFunc(d.day.Findings, func(f schema.Finding) bool { return f.Key == key })
}

// countsTwice reports whether the sorted rows of a settlement are on two days, or in two
// buckets of a day for the same item.
func countsTwice(rows []settlementRow) bool {
	items := make(map[string]int)
	for _, r := range rows {
		if r.day != rows[0].day {
			return true
		}
		if bucket, again := items[r.item.V]; again && bucket != r.bucket {
			return true
		}
		items[r.item.V] = r.bucket
	}
	_, whole := items[""]
	return whole && rows[0].bucket != rows[len(rows)-1].bucket
}

// placesOf describes the rows of a settlement, at most six.
func placesOf(rows []settlementRow) string {
	const maxPlaces = 6
	var places []string
	for _, r := range rows[:min(len(rows), maxPlaces)] {
		places = append(places, fmt.Sprintf("%s (bucket %d, row %d) with %s fen", r.day, r.bucket, r.row, fenText(r.amount)))
	}
	text := "it is on " + strings.Join(places, ", and on ")
	if n := len(rows) - maxPlaces; n > 0 {
		text += fmt.Sprintf(", and in %d more rows", n)
	}
	return text
}

func (r settlementRow) compare(other settlementRow) int {
	return cmp.Or(cmp.Compare(r.day, other.day), cmp.Compare(r.bucket, other.bucket), cmp.Compare(r.row, other.row))
}

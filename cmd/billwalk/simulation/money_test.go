package simulation

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"billwalk/schema"
	"billwalk/sinks/parquet"
)

// What the oracle says of many runs: money that was once published is there for ever,
// and counts once; and what was told of bills goes with what is there.

// paid notes the settlements that succeeded of a file, by its key and ETag.
func (o *oracle) paid(name string, content []byte) {
	amounts := make(map[string]schema.Fen)
	for s, err := range parquet.Read(schema.Settlements, bytes.NewReader(content), "settle_id", "settle_status", "settle_amount_fen") {
		if err != nil {
			o.complain("%s: %v", name, err)
			return
		}
		if s.Status == schema.StatusSuccess {
			amounts[s.SettleID] = s.Amount.V
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.paidIn == nil {
		o.paidIn = make(map[string]map[string]schema.Fen)
	}
	o.paidIn[name] = amounts
}

// billed notes the bills of a file, by its key and ETag.
func (o *oracle) billed(name string, content []byte) {
	var keys []schema.BillKey
	for b, err := range parquet.Read(schema.Bills, bytes.NewReader(content), keyColumns...) {
		if err != nil {
			o.complain("%s: %v", name, err)
			return
		}
		keys = append(keys, b.Key())
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.billsIn == nil {
		o.billsIn = make(map[string][]schema.BillKey)
	}
	o.billsIn[name] = keys
}

// keyColumns are those of a bill's key.
var keyColumns = []string{"account_id", "ledger_id", "settle_type", "settle_sub_type"}

// money judges the settlements of the whole lake: none counts twice, and all that
// succeeded and were published at any time are there still.
func (o *oracle) money() {
	where, amounts := make(map[string]string), make(map[string]schema.Fen)
	o.everywhere(func(m *schema.Manifest) {
		for _, s := range read(o, m, schema.Settlements, "settle_id", "settle_status", "settle_amount_fen") {
			here := fmt.Sprintf("%s, bucket %d", m.Day, m.Bucket)
			if other, twice := where[s.SettleID]; twice {
				o.complain("the settlement %s counts on %s and on %s", s.SettleID, other, here)
			}
			where[s.SettleID] = here
			if s.Status == schema.StatusSuccess {
				amounts[s.SettleID] = s.Amount.V
			}
		}
	})
	for _, p := range o.published {
		for _, object := range p.manifest.Objects {
			was := o.paidIn[object.Key+" "+object.ETag]
			for _, id := range slices.Sorted(maps.Keys(was)) {
				if is, ok := amounts[id]; !ok || is != was[id] {
					o.complain("the settlement %s was published on %s with %d fen; at the end it is there: %v, with %d fen", id, p.manifest.Day, was[id], ok, is)
				}
			}
		}
	}
}

// told judges the restatements: a bill of which the last one says that it was removed
// is not there, and any other is; and of a bill that was published and is not there
// one tells.
func (o *oracle) told() {
	there, last := make(map[schema.BillKey]bool), make(map[schema.BillKey]schema.Restatement)
	o.everywhere(func(m *schema.Manifest) {
		for _, b := range read(o, m, schema.Bills, keyColumns...) {
			there[b.Key()] = true
		}
		for _, r := range read(o, m, schema.Restatements) {
			if before, ok := last[r.BillKey]; !ok || !r.RestatedAt.Before(before.RestatedAt) {
				last[r.BillKey] = r
			}
		}
	})
	for key, r := range last {
		if there[key] == (r.Change == schema.Removed) {
			o.complain("the bill %s was last %s, and is there: %v", key.LedgerID, r.Change, there[key])
		}
	}
	for _, p := range o.published {
		for _, object := range p.manifest.Objects {
			for _, key := range o.billsIn[object.Key+" "+object.ETag] {
				if _, known := last[key]; !known && !there[key] {
					o.complain("the bill %s was published on %s; it is not there, and nothing tells of it", key.LedgerID, p.manifest.Day)
				}
			}
		}
	}
}

// everywhere visits the manifests in place.
func (o *oracle) everywhere(visit func(*schema.Manifest)) {
	for day := o.story.last.from; day <= o.story.last.to; day++ {
		for bucket := range o.story.job.buckets {
			if m := o.manifestOf(day, bucket); m != nil {
				visit(m)
			}
		}
	}
}

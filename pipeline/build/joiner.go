package build

import (
	"sync"

	"billwalk/pipeline/evidence"
	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// joiner gives the bills of one partition their verdicts.
type joiner struct {
	evidence *evidence.Evidence
	rules    *reconcile.Rules
	at       schema.Partition
	buckets  int
	first    bool // nothing is published of the partition
	stage    Stage
	manifest *schema.Manifest
	entries  map[schema.AccountID]*schema.Entry // of the manifest

	elsewhere     map[string][]reconcile.Bill // by order: bills of it in other partitions
	neverAnswered map[schema.AccountID]bool   // accounts for whose orders no match rule has ever found a settlement
	certificates  map[schema.AccountID]*schema.Certificate
	claims        *claims
	written       evidence.Placements // the settlements of this partition
	sums          conservation
	items         itemBills
	left          map[schema.Day]int64 // as Partition.Left
	used          sync.Pool            // of *joinedRows
}

// newRows returns empty rows.
func (j *joiner) newRows() *joinedRows {
	if rows, ok := j.used.Get().(*joinedRows); ok {
		rows.reset()
		return rows
	}
	known := j.evidence.NewOrderReader()
	known.Ahead = true
	return &joinedRows{
		joiner: j, groups: schema.NewBatch(schema.Reconciliations.Columns()), settlements: schema.NewBatch(schema.Settlements.Columns()),
		verdicts: make(map[schema.Verdict]int64), differences: make(map[schema.AccountID]differenceCounts), left: make(map[schema.Day]int64),
		known: known,
	}
}

// add adds rows to the partition. They are not used any more.
func (j *joiner) add(rows *joinedRows) error {
	for i := range rows.exceptions {
		e := &rows.exceptions[i]
		j.manifest.Exceptions[e.Rule]++
		if err := j.stage.Append(e); err != nil {
			return err
		}
	}
	for verdict, n := range rows.verdicts {
		j.manifest.Verdicts[verdict] += n
	}
	for account, n := range rows.differences {
		if e := j.entries[account]; e != nil {
			e.Open, e.Mismatched, e.NeverAnswered = e.Open+n.open, e.Mismatched+n.mismatched, e.NeverAnswered+n.neverAnswered
		}
	}
	j.written.AddAll(&rows.placed)
	if err := j.sums.add(&rows.sums); err != nil {
		return err
	}
	for day, n := range rows.left {
		j.left[day] += n
	}
	for _, i := range rows.items {
		j.items.add(i.group, i.bills)
	}
	if err := j.addBatch(&schema.Settlements, rows.settlements); err != nil {
		return err
	}
	if err := j.addBatch(&schema.Reconciliations, rows.groups); err != nil {
		return err
	}
	j.used.Put(rows)
	return nil
}

func (j *joiner) addBatch(table schema.AnyTable, rows *schema.Batch) error {
	if rows.Rows == 0 {
		return nil
	}
	return j.stage.AppendBatch(table, rows)
}

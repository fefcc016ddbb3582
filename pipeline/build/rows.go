package build

import (
	"cmp"
	"context"
	"slices"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// countedColumn is set when a row is added to the table: until then it is NULL.
var countedColumn = schema.Bills.ColumnIndex("counted")

// batchRows is how many rows the tables take at a time: a row group of a file.
const batchRows = 64 << 10

// billWriter adds the bills of a partition to its tables, unit by unit, and counts in the
// manifest what became of the records.
type billWriter struct {
	partition *Partition
	stage     Stage
	tally     tally
	size      int           // rows that a batch has at most
	batch     *schema.Batch // the next rows
	uncounted []int         // rows of the batch that do not count
	spare     *schema.Batch // the rows before, which are added meanwhile
	adding    chan error    // the end of that; nil while nothing is added
}

// addBills adds the bills of the units, in the order of the table, and their exceptions.
func (p *Partition) addBills(ctx context.Context, stage Stage) error {
	columns := schema.Bills.Columns()
	w := &billWriter{partition: p, stage: stage, tally: newTally(p.manifest), batch: schema.NewBatch(columns), spare: schema.NewBatch(columns)}
	for _, u := range p.units {
		w.size = min(batchRows, w.size+int(u.certificate.Rows))
	}
	defer w.wait() // its error was returned, or does not matter
	slices.SortFunc(p.units, func(a, b *unit) int {
		return cmp.Compare(a.certificate.Account.ID, b.certificate.Account.ID)
	})
	m := newMerger(p.file)
	for _, u := range p.units {
		for b, err := range m.merged(u.runs) {
			if err == nil {
				err = ctx.Err()
			}
			if err == nil {
				err = w.add(u, b)
			}
			if err != nil {
				return err
			}
		}
	}
	if err := cmp.Or(w.flush(), w.wait()); err != nil {
		return err
	}
	return w.tally.close()
}

// add adds rows of a unit.
func (w *billWriter) add(u *unit, b *block) error {
	rows, uncounted, err := w.kept(u, b)
	if err != nil {
		return err
	}
	w.tally.count(b.Outcomes, rows)
	for len(rows) > 0 {
		if w.batch.Rows == 0 {
			w.batch.Reserve(w.size, b.Bills)
		}
		from, counts := w.batch.Rows, true
		n := min(len(rows), batchRows-from)
		if len(uncounted) > 0 { // such a row is added by itself
			before, _ := slices.BinarySearch(rows, uncounted[0])
			if n = min(n, before); before == 0 {
				n, counts, uncounted = 1, false, uncounted[1:]
			}
		}
		if n == b.Bills.Rows { // all of them, in their order
			w.batch.Append(b.Bills)
		} else {
			w.batch.Gather(b.Bills, rows[:n])
		}
		if err := w.tallyRows(&u.entry.Totals, from, n, counts); err != nil {
			return err
		}
		if rows = rows[n:]; w.batch.Rows == batchRows {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// tallyRows adds n rows of the batch to the totals of their unit. Of one that does not count,
// these have no amounts.
func (w *billWriter) tallyRows(totals *schema.Totals, from, n int, counts bool) error {
	if counts {
		return schema.Bills.TallyBatch(totals, w.batch, from, from+n)
	}
	w.uncounted = append(w.uncounted, from)
	totals.Rows++
	return nil
}

// kept returns the rows of a block that are bills of the table, and which of them do not
// count. It adds the exceptions.
func (w *billWriter) kept(u *unit, b *block) (rows, uncounted []int32, err error) {
	rows = make([]int32, 0, b.Bills.Rows)
	for i := range b.Bills.Rows {
		r, several := u.resolved[b.ordinals[i]]
		if several {
			if err := w.addResolved(u, b, i, r); err != nil {
				return nil, nil, err
			}
		}
		if r.dropped {
			continue
		}
		rows = append(rows, int32(i))
		if r.says == conflict {
			uncounted = append(uncounted, int32(i))
		}
		for _, e := range b.exceptionsOf(i) {
			if err := w.addException(&e.Exception); err != nil {
				return nil, nil, err
			}
		}
	}
	return rows, uncounted, nil
}

// addResolved counts a record that is not the only one of its bill, and adds its exception.
func (w *billWriter) addResolved(u *unit, b *block, i int, r resolved) error {
	switch {
	case r.dropped && r.elsewhere:
		u.entry.Elsewhere++
	case r.dropped:
		u.entry.Repeated++
	}
	if r.says == same {
		return nil
	}
	raw, err := w.partition.file.Read(r.record)
	if err != nil {
		return err
	}
	record, err := normalise.DecodeRecord(raw, schema.Null[int32]{})
	if err != nil {
		return err
	}
	var bill schema.Bill
	schema.Bills.LoadFrom(b.Bills, i, &bill)
	c, rows := u.certificate, w.partition.builder.Rows
	from := normalise.Provenance{Walk: c.Account.ID, Root: c.Account.Root, Day: c.Day, LogID: bill.LogID.V, FetchedAt: bill.FetchedAt, ArchiveKey: bill.ArchiveKey}
	e := rows.Conflict
	if r.says == otherVersion {
		e = rows.OtherVersion
	}
	exception := e(record, from)
	return w.addException(&exception)
}

func (w *billWriter) addException(e *schema.Exception) error {
	w.partition.manifest.Exceptions[e.Rule]++
	return w.stage.Append(e)
}

// flush adds the batch to the table, side by side with what comes next.
func (w *billWriter) flush() error {
	if err := w.wait(); err != nil || w.batch.Rows == 0 {
		return err
	}
	w.setCounted()
	full := w.batch
	w.batch, w.spare = w.spare, full
	w.batch.Reset()
	w.adding = make(chan error, 1)
	go func(end chan error) { end <- w.stage.AppendBatch(&schema.Bills, full) }(w.adding)
	return nil
}

// setCounted sets the columns of the batch that say which rows count, and in which group.
func (w *billWriter) setCounted() {
	counted := &w.batch.Columns[countedColumn]
	counted.Reset()
	for range w.batch.Rows {
		counted.AppendInt32(1)
	}
	for _, row := range w.uncounted {
		counted.Int32s[row] = 0
	}
	setGroupKeys(w.batch, w.uncounted)
	w.uncounted = w.uncounted[:0]
}

// wait waits until the rows before have been added.
func (w *billWriter) wait() error {
	if w.adding == nil {
		return nil
	}
	err := <-w.adding
	w.adding = nil
	return err
}

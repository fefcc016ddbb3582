package normalise

import (
	"billwalk/schema"
)

// The columns of the table bills that members and amounts are in.
var (
	memberColumns = func() (columns [memberCount]int) {
		for m, name := range memberNames {
			columns[m] = schema.Bills.ColumnIndex(name)
		}
		return columns
	}()
	amountColumns = func() (columns [schema.AmountCount]int) {
		for a := range schema.AmountCount {
			columns[a] = schema.Bills.ColumnIndex(a.Column())
		}
		return columns
	}()
	walkColumn, directionColumn, extraColumn     = billColumn("walk_account_id"), billColumn("direction"), billColumn("extra")
	countedColumn, groupKeyColumn                = billColumn("counted"), billColumn("group_key") // set when the row is written
	logIDColumn, fetchedColumn, archiveKeyColumn = billColumn("logid"), billColumn("fetched_at"), billColumn("archive_key")
)

func billColumn(name string) int { return schema.Bills.ColumnIndex(name) }

// inherit gives the record the biz_type of the page, if it has none.
func (r *scanned) inherit(ofPage schema.Null[int32]) {
	if ofPage.Valid && !r.given.has(bizType) {
		r.given |= 1 << bizType
		r.whole[bizType] = int64(ofPage.V)
	}
}

// addColumns adds at most schema.MaxRun clean records, column by column.
func (n Normaliser) addColumns(to *Rows, s *scanner, records []scanned, from *Provenance) {
	columns, rows := to.Bills.Columns, len(records)
	for m := range textMembers {
		if m != couponCode {
			s.addTexts(&columns[memberColumns[m]], records, m)
		}
	}
	n.addCodes(&columns[memberColumns[couponCode]], s, records)
	for _, m := range [...]member{bizType, settleType, settleSubType, fundAmountType} {
		addNumbers(&columns[memberColumns[m]], records, m)
	}
	addTimes(&columns[memberColumns[settleTime]], records)
	for a := range schema.AmountCount {
		addAmounts(&columns[amountColumns[a]], records, a)
	}
	addDirections(&columns[directionColumn], records)
	s.addExtra(&columns[extraColumn], records)
	columns[walkColumn].RepeatText([]byte(from.Walk), rows)
	columns[countedColumn].RepeatNull(rows)
	columns[groupKeyColumn].RepeatNull(rows)
	if from.LogID != "" {
		columns[logIDColumn].RepeatText([]byte(from.LogID), rows)
	} else {
		columns[logIDColumn].RepeatNull(rows)
	}
	columns[fetchedColumn].RepeatInt64(from.FetchedAt.UnixMicro(), rows)
	columns[archiveKeyColumn].RepeatText([]byte(from.ArchiveKey), rows)
	for i := range records {
		to.Outcomes = append(to.Outcomes, records[i].outcomes)
	}
	to.Bills.Rows += rows
}

func (s *scanner) addTexts(to *schema.Vector, records []scanned, m member) {
	var texts [schema.MaxRun][]byte
	var given uint64
	for i := range records {
		if r := &records[i]; r.given.has(m) {
			texts[i] = s.text(r.texts[m])
			given |= 1 << i
		}
	}
	to.AppendTexts(texts[:len(records)], given)
}

// addCodes adds coupon codes as by the policy.
func (n Normaliser) addCodes(to *schema.Vector, s *scanner, records []scanned) {
	if n.Code == nil {
		to.RepeatNull(len(records))
		return
	}
	var texts [schema.MaxRun][]byte
	var given uint64
	shown := s.shown[:0]
	for i := range records {
		if r := &records[i]; r.given.has(couponCode) {
			from := len(shown)
			shown = n.Code(shown, s.text(r.texts[couponCode]))
			texts[i] = shown[from:]
			given |= 1 << i
		}
	}
	s.shown = shown
	to.AppendTexts(texts[:len(records)], given)
}

func addNumbers(to *schema.Vector, records []scanned, m member) {
	var codes [schema.MaxRun]int32
	var given uint64
	for i := range records {
		if r := &records[i]; r.given.has(m) {
			codes[i] = int32(r.whole[m])
			given |= 1 << i
		}
	}
	to.AppendInt32s(codes[:len(records)], given)
}

func addTimes(to *schema.Vector, records []scanned) {
	var times [schema.MaxRun]int64
	var given uint64
	for i := range records {
		if r := &records[i]; r.given.has(settleTime) {
			times[i] = r.whole[settleTime] * 1e6
			given |= 1 << i
		}
	}
	to.AppendInt64s(times[:len(records)], given)
}

func addAmounts(to *schema.Vector, records []scanned, a schema.Amount) {
	var amounts [schema.MaxRun]int64
	var given uint64
	for i := range records {
		r := &records[i]
		amounts[i] = r.money.fen[a] * r.direction
		given |= uint64(r.money.given>>a&1) << i
	}
	to.AppendInt64s(amounts[:len(records)], given)
}

func addDirections(to *schema.Vector, records []scanned) {
	var directions [schema.MaxRun]int32
	for i := range records {
		directions[i] = int32(records[i].direction)
	}
	to.AppendInt32s(directions[:len(records)], 1<<len(records)-1)
}

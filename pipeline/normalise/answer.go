package normalise

import (
	"slices"

	"billwalk/schema"
)

// PageAnswer is an answer of the bill API with the content of its page.
type PageAnswer struct {
	schema.Answer
	Decoded PageContent
}

// DecodeAnswer decodes an answer that was read from the archive.
func DecodeAnswer(a schema.Answer) (PageAnswer, error) {
	page, err := ReadContent(a.Body)
	return PageAnswer{a, page}, err
}

// SettlementsAnswer is an answer of the settle query, and what its body was decoded into.
type SettlementsAnswer struct {
	schema.SettleAnswer
	Decoded Settlements
}

// DecodeSettleAnswer decodes an answer that was read from the archive.
func DecodeSettleAnswer(a schema.SettleAnswer) (SettlementsAnswer, error) {
	s, err := ReadSettlements(a.Body)
	return SettlementsAnswer{a, s}, err
}

// SettleDecoder decodes answers one after the other into the same memory: what is returned of
// one is good until the next. The zero value is ready for use.
type SettleDecoder struct {
	records []SettleRecord
	rows    []SettleRow
	shares  []schema.Share          // of the rows
	rules   map[schema.Match]string // as jobs.yaml has them
}

// Decode is DecodeSettleAnswer. text is the body, once more: what is returned has parts of it.
func (d *SettleDecoder) Decode(a schema.SettleAnswer, text string) (SettlementsAnswer, error) {
	s, err := readSettlements(a.Body, text, d.records)
	if err == nil {
		d.records = s.Records
	}
	return SettlementsAnswer{a, s}, err
}

// maxRules is more than a job has.
const maxRules = 100

// Rows returns the rows of an answer's records.
func (d *SettleDecoder) Rows(a *SettlementsAnswer) []SettleRow {
	match, records := a.Query().Match, a.Decoded.Records
	rule, known := d.rules[match]
	if !known {
		if len(d.rules) == 0 || len(d.rules) > maxRules {
			d.rules = make(map[schema.Match]string)
		}
		rule = match.String()
		d.rules[match] = rule
	}
	d.rows, d.shares = slices.Grow(d.rows[:0], len(records))[:len(records)], d.shares[:0]
	for i := range records {
		d.rows[i] = SettleRow{}
		d.shares = d.rows[i].set(&records[i], &a.SettleAnswer, rule, d.shares)
	}
	return d.rows
}

// DecodeWithdrawalsAnswer decodes an answer of the withdrawal API that was read from the
// archive.
func DecodeWithdrawalsAnswer(a schema.Answer) (PageAnswer, error) {
	page, err := ReadWithdrawalsContent(a.Body)
	return PageAnswer{a, page}, err
}

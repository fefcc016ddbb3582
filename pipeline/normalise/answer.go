package normalise

import "billwalk/schema"

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

// SettleDecoder decodes answers one after the other into the same memory: the records of one
// are good until the next. The zero value is ready for use.
type SettleDecoder struct{ records []SettleRecord }

// Decode is DecodeSettleAnswer.
func (d *SettleDecoder) Decode(a schema.SettleAnswer) (SettlementsAnswer, error) {
	s, err := readSettlements(a.Body, d.records)
	if err == nil {
		d.records = s.Records
	}
	return SettlementsAnswer{a, s}, err
}

// DecodeWithdrawalsAnswer decodes an answer of the withdrawal API that was read from the
// archive.
func DecodeWithdrawalsAnswer(a schema.Answer) (PageAnswer, error) {
	page, err := ReadWithdrawalsContent(a.Body)
	return PageAnswer{a, page}, err
}

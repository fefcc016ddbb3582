package evidence

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// storedAnswer is an answer as the local file has it: its settlements, if there is nothing
// to say of them, else the answer as it was received.
type storedAnswer struct {
	query    schema.Query
	rows     []normalise.SettleRow
	received *schema.SettleAnswer // nil where the rows say all
}

// The first byte of a record says what it is.
const (
	receivedAnswer byte = iota
	decodedAnswer
)

// appendRows appends the record of an answer, of which these are the rows, unless it has to
// be kept as it was received.
func appendRows(to []byte, a *schema.SettleAnswer, rows []normalise.SettleRow) (record []byte, ok bool) {
	if a.FetchedAt.Location() != time.UTC || strings.Contains(a.Parameter, ruleMark) {
		return to, false
	}
	for i := range rows {
		if !fitsRecord(&rows[i]) {
			return to, false
		}
	}
	to = append(to, decodedAnswer)
	to = binary.AppendUvarint(to, uint64(len(a.Parameter)+len(ruleMark)+len(a.Column)))
	to = append(append(append(to, a.Parameter...), ruleMark...), a.Column...)
	to = appendText(appendText(to, a.Value), a.LogID)
	to = binary.AppendVarint(to, a.FetchedAt.Unix())
	to = binary.AppendUvarint(to, uint64(a.FetchedAt.Nanosecond()))
	to = binary.AppendUvarint(to, uint64(len(rows)))
	for i := range rows {
		to = appendRow(to, &rows[i], a.Value)
	}
	return to, true
}

// ruleMark stands between the parameter and the column of a match rule, as jobs.yaml has it.
const ruleMark = ": "

// encodeReceived returns the record of an answer as it was received.
func encodeReceived(a *schema.SettleAnswer) ([]byte, error) {
	entry, err := encodeAnswer(*a)
	return append([]byte{receivedAnswer}, entry...), err
}

// decodeAnswerRecord returns the answer of a record, its rows in the memory as far as that
// goes.
func decodeAnswerRecord(record string, memory []normalise.SettleRow) (a storedAnswer, err error) {
	if record[0] == receivedAnswer {
		received, err := decodeAnswer([]byte(record[1:]))
		if err != nil {
			return a, err
		}
		records, err := normalise.DecodeSettlements(received.Body)
		if err != nil {
			return a, fmt.Errorf("archive object %s: %w", received.Key, err)
		}
		return storedAnswer{received.Query(), rowsOfRecords(memory, records, &received), &received}, nil
	}
	in := recordReader{rest: record[1:]}
	rule := in.text()
	a.query.Parameter, a.query.Column, _ = strings.Cut(rule, ruleMark)
	a.query.Value = in.text()
	common := schema.Settlement{Source: schema.SourceQuery, AskedBy: schema.Some(rule), LogID: nullText(in.text())}
	common.FetchedAt = time.Unix(in.varint(), int64(in.uvarint())).UTC()
	n := int(in.uvarint())
	a.rows = slices.Grow(memory[:0], n)[:n]
	for i := range a.rows {
		a.rows[i] = normalise.SettleRow{Settlement: common}
		in.row(&a.rows[i], a.query.Value)
	}
	return a, nil
}

func nullText(text string) schema.Null[string] {
	return schema.Null[string]{V: text, Valid: text != ""}
}

// The flags of a row say which of its columns have values.
const (
	hasOrderID = 1 << iota
	hasOutSettleNo
	hasOutOrderNo
	hasItemOrderID
	hasDetail
	hasCpExtra
	hasShares
	hasSettleTime
)

// statuses are the documented ones, by code. Others are texts, with the code behind them.
var statuses = [...]schema.Status{schema.StatusSuccess, schema.StatusInit, schema.StatusProcessing, schema.StatusFail}

// fitsRecord reports whether a record has all that the row has.
func fitsRecord(r *normalise.SettleRow) bool {
	s := &r.Settlement
	return !r.Foreign && len(r.Exceptions) == 0 && slices.Contains(statuses[:], s.Status) && s.Source == schema.SourceQuery &&
		!s.IsAutoSettle.Valid && !s.Message.Valid && !s.AppID.Valid && (!s.SettleTime.Valid || s.SettleTime.V.Nanosecond()%1000 == 0)
}

func rowTexts(s *schema.Settlement) [6]*schema.Null[string] {
	return [6]*schema.Null[string]{&s.OrderID, &s.OutSettleNo, &s.OutOrderNo, &s.ItemOrderID, &s.Detail, &s.CpExtra}
}

func rowAmounts(s *schema.Settlement) [4]*schema.Null[schema.Fen] {
	return [4]*schema.Null[schema.Fen]{&s.Amount, &s.Rake, &s.Commission, &s.SharesTotal}
}

// appendRow appends a row of an answer to a query of the value. An id that is the value is
// written as an empty text, which no id is.
func appendRow(to []byte, r *normalise.SettleRow, value string) []byte {
	s := &r.Settlement
	flags, amounts, at := byte(0), byte(0), len(to)
	to = append(to, 0, 0, byte(slices.Index(statuses[:], s.Status)), byte(r.Identity))
	to = appendText(to, s.SettleID)
	for i, text := range rowTexts(s) {
		if !text.Valid {
			continue
		}
		flags |= 1 << i
		if 1<<i < hasDetail && text.V == value {
			to = append(to, 0)
		} else {
			to = appendText(to, text.V)
		}
	}
	for i, amount := range rowAmounts(s) {
		if amount.Valid {
			amounts |= 1 << i
			to = binary.AppendVarint(to, int64(amount.V))
		}
	}
	if s.Shares.Valid {
		flags |= hasShares
		to = binary.AppendUvarint(to, uint64(len(s.Shares.V)))
		for _, share := range s.Shares.V {
			to = binary.AppendVarint(appendText(to, share.MerchantNo), int64(share.Amount))
		}
	}
	if s.SettleTime.Valid {
		flags |= hasSettleTime
		to = binary.AppendVarint(to, s.SettleTime.V.UnixMicro())
	}
	to[at], to[at+1] = flags, amounts
	return to
}

// row sets the columns that a row of an answer to a query of the value has of its own.
func (in *recordReader) row(r *normalise.SettleRow, value string) {
	s := &r.Settlement
	flags, amounts := in.byte(), in.byte()
	s.Status, r.Identity = statuses[in.byte()], normalise.Outcome(in.byte())
	s.SettleID = in.text()
	for i, text := range rowTexts(s) {
		if flags&(1<<i) == 0 {
			continue
		}
		*text = schema.Some(in.text())
		if 1<<i < hasDetail && text.V == "" {
			text.V = value
		}
	}
	for i, amount := range rowAmounts(s) {
		if amounts&(1<<i) != 0 {
			*amount = schema.Some(schema.Fen(in.varint()))
		}
	}
	if flags&hasShares != 0 {
		shares := make([]schema.Share, in.uvarint())
		for i := range shares {
			shares[i] = schema.Share{MerchantNo: in.text(), Amount: schema.Fen(in.varint())}
		}
		s.Shares = schema.Some(shares)
	}
	if flags&hasSettleTime != 0 {
		s.SettleTime = schema.Some(time.UnixMicro(in.varint()).UTC())
	}
}

package normalise

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"billwalk/schema"
)

// SettleRecord is one settlement of an answer of the settle query, fully decoded and
// checked.
type SettleRecord struct {
	Raw     jsontext.Value // as received
	wire    settlement
	badText bool // it has text that is not valid
}

// Settlements is an answer of the settle query.
type Settlements struct {
	Records  []SettleRecord
	LogID    string // of the answer, or ""
	NotFound bool   // the platform does not know the order
}

// DecodeSettlements returns the settlements of an answer. See [ReadSettlements].
func DecodeSettlements(body []byte) ([]SettleRecord, error) {
	s, err := ReadSettlements(body)
	return s.Records, err
}

// ReadSettlements decodes the body of an answer of the settle query that says that the call
// succeeded or that the order is not found. An empty list or null means that the order has
// no settlement. It is an error if there is no list and no reason, a record has no
// settle_id or settle_status, an amount is not a whole number of fen, a key is repeated, or
// an id is not valid text.
func ReadSettlements(body []byte) (Settlements, error) {
	return readSettlements(body, string(body), []SettleRecord{})
}

// readSettlements is ReadSettlements of a body, which is the text, with memory for the records.
func readSettlements(body []byte, text string, memory []SettleRecord) (Settlements, error) {
	if s, ok := scanSettlements(body, text, memory); ok {
		return s, nil
	}
	return decodeSettlements(body)
}

// decodeSettlements reads any answer.
func decodeSettlements(body []byte) (Settlements, error) {
	var answer struct {
		Claims
		Data  jsontext.Value `json:"data"`
		Extra Part           `json:"extra"`
	}
	if _, err := decodeJSON(body, &answer); err != nil {
		return Settlements{}, fmt.Errorf("answer is not what the settle query documents: %w", err)
	}
	says := Envelope{Claims: answer.Claims, Extra: answer.Extra}
	var list []jsontext.Value
	var unlisted error
	if data := answer.Data; data != nil {
		_, unlisted = decodeJSON(data, &list)
		if _, err := decodeJSON(data, &says.Data); err != nil {
			return Settlements{}, fmt.Errorf("answer is not what the settle query documents: %w", err)
		}
	}
	nobody := says.OrderNotFound()
	if err := says.Success(); err != nil && !nobody {
		return Settlements{}, err
	}
	switch {
	case unlisted != nil:
		return Settlements{}, fmt.Errorf("answer is not what the settle query documents: %w", unlisted)
	case answer.Data == nil && !nobody:
		return Settlements{}, errors.New("answer has no data: nothing found is an empty list")
	case len(list) > 0 && nobody:
		return Settlements{}, errors.New("answer has settlements, and says that the order is not found")
	}
	records := make([]SettleRecord, len(list))
	for i, raw := range list {
		r, err := decodeSettlement(raw)
		if err != nil {
			return Settlements{}, fmt.Errorf("data[%d]: %w", i, err)
		}
		records[i] = r
	}
	return Settlements{Records: records, LogID: says.RequestID(), NotFound: nobody}, nil
}

func decodeSettlement(raw jsontext.Value) (SettleRecord, error) {
	r := SettleRecord{Raw: raw}
	var err error
	if r.badText, err = decodeRecord(raw, "settle_id", &r.wire, r.wire.check); err != nil {
		return SettleRecord{}, err
	}
	return r, nil
}

// settlement is a settlement of the API (查询分账), with members of related APIs:
// item_order_id, and settle_at for settle_time. Other members stay in the archive.
type settlement struct {
	SettleID     text    `json:"settle_id"`
	OrderID      text    `json:"order_id"`
	OutSettleNo  text    `json:"out_settle_no"`
	OutOrderNo   text    `json:"out_order_no"`
	ItemOrderID  text    `json:"item_order_id"`
	SettleStatus text    `json:"settle_status"`
	SettleAmount integer `json:"settle_amount"`
	Rake         integer `json:"rake"`
	Commission   integer `json:"commission"`
	SettleDetail display `json:"settle_detail"`
	SettleTime   integer `json:"settle_time"`
	SettleAt     integer `json:"settle_at"`
	CpExtra      display `json:"cp_extra"`
}

// check checks the required members.
func (w *settlement) check() error {
	switch {
	case w.SettleID.V == "":
		return fmt.Errorf("settle_id is missing (order_id %s)", w.OrderID.V)
	case w.SettleStatus.V == "":
		return errors.New("settle_status is missing")
	}
	return nil
}

// fill sets the columns of an empty settlement that are members.
func (w *settlement) fill(s *schema.Settlement) {
	s.SettleID, s.Status = w.SettleID.V, schema.Status(w.SettleStatus.V)
	s.OrderID, s.OutSettleNo = nonEmpty(w.OrderID.Null), nonEmpty(w.OutSettleNo.Null)
	s.OutOrderNo, s.ItemOrderID = nonEmpty(w.OutOrderNo.Null), nonEmpty(w.ItemOrderID.Null)
	s.Amount, s.Rake, s.Commission = w.SettleAmount.fen(), w.Rake.fen(), w.Commission.fen()
	s.Detail, s.CpExtra = w.SettleDetail.Null, w.CpExtra.Null
}

// time returns settle_time, or settle_at if there is no settle_time.
func (w *settlement) time() instant {
	if w.SettleTime.V == 0 && w.SettleAt.V != 0 {
		return instant{"settle_at", w.SettleAt.V, time.Millisecond}
	}
	return instant{"settle_time", w.SettleTime.V, time.Millisecond}
}

// Status returns the record's settle_status.
func (r *SettleRecord) Status() schema.Status { return schema.Status(r.wire.SettleStatus.V) }

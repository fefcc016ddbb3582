// Package normalise turns pages of the bill API, answers of the settle query and
// settle callbacks into rows: it reads their JSON strictly, gives a bill's amounts
// their signs, and checks the money rules. It is pure: no clock, no network, no state;
// the same record gives the same row twice.
package normalise

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"billwalk/pipeline/mend"
	"billwalk/schema"
)

// Page is what one answer of catering_query holds beside its errors.
type Page struct {
	Next    string // cursor of the next page; empty on the last one
	HasMore bool
	Records []Record
	LogID   string // of the answer; empty where it has none
}

// Record is one ledger record of a page, checked to be readable in full.
type Record struct {
	Raw     jsontext.Value     // as received
	BizType schema.Null[int32] // of the page, for records without their own
	wire    record
	badText bool // some of its text is not valid, and is mended
}

// text returns the record as valid text: as received, but for what is mended.
func (r *Record) text() jsontext.Value {
	if !r.badText {
		return r.Raw
	}
	return mend.Text(r.Raw)
}

// DecodePage reads the body of an answer that says of itself that it succeeded. It
// takes a page only whole: a missing has_more or ledger_records, a next page without
// a cursor, a record without its key, an amount that is no whole number of fen, a
// repeated key, or an id that is not valid text is an error. Texts for people that are
// not valid are no reason to refuse a page. An empty list is an empty page, and so is
// null on the last page: a server written in Go writes an empty list so.
func DecodePage(body []byte) (Page, error) {
	var answer struct {
		Claims
		Data *struct {
			Claims
			Cursor  text    `json:"cursor"`
			HasMore *bool   `json:"has_more"`
			BizType integer `json:"biz_type"`
			Records list    `json:"ledger_records"`
		} `json:"data"`
		Extra Part `json:"extra"`
	}
	if _, err := decodeJSON(body, &answer); err != nil {
		return Page{}, fmt.Errorf("page is not what the bill API documents: %w", err)
	}
	data, says := answer.Data, Envelope{Claims: answer.Claims, Extra: answer.Extra}
	if data != nil {
		says.Data = Part{jsontext.KindBeginObject, data.Claims}
	}
	if err := says.Success(); err != nil {
		return Page{}, err
	}
	switch {
	case data == nil:
		return Page{}, errors.New("page has no data")
	case data.Records.kind == 0:
		return Page{}, errors.New("page has no ledger_records: an empty day has an empty list")
	case data.HasMore == nil:
		return Page{}, errors.New("page has no has_more: whether it is the last one is unknown")
	case *data.HasMore && data.Records.kind == jsontext.KindNull:
		return Page{}, errors.New("page has has_more, and null for ledger_records")
	case *data.HasMore && data.Cursor.V == "":
		return Page{}, errors.New("page has has_more but no cursor")
	}
	bizType, err := data.BizType.int32()
	if err != nil {
		return Page{}, fmt.Errorf("biz_type: %w", err)
	}
	page := Page{HasMore: *data.HasMore, Records: make([]Record, len(data.Records.all)), LogID: says.RequestID()}
	if page.HasMore {
		page.Next = data.Cursor.V
	}
	for i, raw := range data.Records.all {
		if page.Records[i], err = DecodeRecord(raw, bizType); err != nil {
			return Page{}, fmt.Errorf("ledger_records[%d]: %w", i, err)
		}
	}
	return page, nil
}

// list is a list of raw values that distinguishes null from absent.
type list struct {
	kind jsontext.Kind // 0 where it is absent
	all  []jsontext.Value
}

// UnmarshalJSONFrom reads a list or null.
func (l *list) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	l.kind = dec.PeekKind()
	return json.UnmarshalDecode(dec, &l.all)
}

// DecodeRecord reads one raw ledger record; bizType is the page's, if it had one.
func DecodeRecord(raw []byte, bizType schema.Null[int32]) (Record, error) {
	r := Record{Raw: raw, BizType: bizType}
	var err error
	if r.badText, err = decodeRecord(raw, "ledger_id", &r.wire, r.wire.check); err != nil {
		return Record{}, err
	}
	return r, nil
}

// Key returns what makes the record the same bill in another page or walk.
func (r *Record) Key() schema.BillKey {
	// check has made sure of the types' range.
	settleType, _ := r.wire.SettleType.int32()
	subType, _ := r.wire.SettleSubType.int32()
	return schema.BillKey{
		AccountID: r.wire.AccountID.V, LedgerID: r.wire.LedgerID.V,
		SettleType: settleType.V, SettleSubType: subType,
	}
}

// Content returns a hash that two records share only if they say the same: the
// order of members, white space and the escaping of strings do not count, nor what
// stands where text is not valid.
func (r *Record) Content() ([sha256.Size]byte, error) {
	canonical := r.Raw.Clone()
	if err := canonical.Format(canonically...); err != nil {
		return [sha256.Size]byte{}, err
	}
	if r.BizType.Valid && !r.wire.BizType.Valid {
		canonical = binary.LittleEndian.AppendUint32(canonical, uint32(r.BizType.V))
	}
	return sha256.Sum256(canonical), nil
}

// canonically orders members and leaves every digit of a number alone.
var canonically = []jsontext.Options{
	jsontext.AllowInvalidUTF8(true),
	jsontext.ReorderRawObjects(true),
	jsontext.PreserveRawStrings(false),
	jsontext.CanonicalizeRawInts(false),
	jsontext.CanonicalizeRawFloats(false),
	jsontext.Multiline(false),
	jsontext.SpaceAfterColon(false),
	jsontext.SpaceAfterComma(false),
}

// Amounts returns the record's amounts as received, without signs.
func (r *Record) Amounts() schema.Amounts {
	amounts := r.wire.Amount.known
	amounts[schema.FundAmount] = r.wire.FundAmount.fen()
	return amounts
}

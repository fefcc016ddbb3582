// Package normalise turns pages of the bill API, answers of the settle query and settle
// callbacks into rows. It decodes their JSON strictly, gives the amounts of bills their
// signs, and checks the rules that amounts must follow. It is pure: without clock, network
// or state, the same record always gives the same row.
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

// Page is one decoded answer of the bill API (catering_query).
type Page struct {
	Next    string // cursor of the next page; empty on the last one
	HasMore bool
	Records []Record
	LogID   string // of the answer, or ""
}

// Record is one ledger record of a page, fully decoded and checked.
type Record struct {
	Raw     jsontext.Value     // as received
	BizType schema.Null[int32] // of the page, for records without their own
	wire    record
	badText bool // it has text that is not valid
}

// text returns the record as received, with invalid text mended.
func (r *Record) text() jsontext.Value {
	if !r.badText {
		return r.Raw
	}
	return mend.Text(r.Raw)
}

// DecodePage decodes the body of an answer that says that the call succeeded. It is an error
// if has_more or ledger_records is missing, a next page has no cursor, a record has no key,
// an amount is not a whole number of fen, a key is repeated, or an id is not valid text;
// invalid text for people is accepted. An empty list is an empty page. So is null on the
// last page, as servers written in Go encode an empty list as null.
func DecodePage(body []byte) (Page, error) {
	head, err := decodeHead(body)
	if err != nil {
		return Page{}, err
	}
	page := Page{Next: head.next, HasMore: head.hasMore, Records: make([]Record, len(head.records)), LogID: head.logID}
	for i, raw := range head.records {
		if page.Records[i], err = DecodeRecord(raw, head.bizType); err != nil {
			return Page{}, fmt.Errorf("ledger_records[%d]: %w", i, err)
		}
	}
	return page, nil
}

// pageHead is an answer of the bill API whose records are not decoded.
type pageHead struct {
	next    string // as in Page
	hasMore bool
	logID   string
	bizType schema.Null[int32]
	records []jsontext.Value
}

func decodeHead(body []byte) (pageHead, error) {
	type form struct {
		Claims
		Cursor  text    `json:"cursor"`
		HasMore *bool   `json:"has_more"`
		BizType integer `json:"biz_type"`
		Records list    `json:"ledger_records"`
	}
	data, logID, err := decodeData[form]("bill", body)
	if err != nil {
		return pageHead{}, err
	}
	if err := checkPage("ledger_records", data.Records, data.HasMore, data.Cursor); err != nil {
		return pageHead{}, err
	}
	bizType, err := data.BizType.int32()
	if err != nil {
		return pageHead{}, fmt.Errorf("biz_type: %w", err)
	}
	head := pageHead{hasMore: *data.HasMore, logID: logID, bizType: bizType, records: data.Records.all}
	if head.hasMore {
		head.next = data.Cursor.V
	}
	return head, nil
}

// checkPage checks that a page of records says whether it is the last one, and where the
// next one begins.
func checkPage(name string, records list, hasMore *bool, cursor text) error {
	switch {
	case records.kind == 0:
		return fmt.Errorf("page has no %s: an empty page has an empty list", name)
	case hasMore == nil:
		return errors.New("page has no has_more: whether it is the last one is unknown")
	case *hasMore && records.kind == jsontext.KindNull:
		return fmt.Errorf("page has has_more, and null for %s", name)
	case *hasMore && cursor.V == "":
		return errors.New("page has has_more but no cursor")
	}
	return nil
}

// list is a list of raw values for which null differs from absent.
type list struct {
	kind jsontext.Kind // 0 if it is absent
	all  []jsontext.Value
}

// UnmarshalJSONFrom reads a list or null.
func (l *list) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	l.kind = dec.PeekKind()
	return json.UnmarshalDecode(dec, &l.all)
}

// DecodeRecord decodes one raw ledger record. bizType is that of the page, if it has one.
func DecodeRecord(raw []byte, bizType schema.Null[int32]) (Record, error) {
	r := Record{Raw: raw, BizType: bizType}
	var err error
	if r.badText, err = decodeRecord(raw, "ledger_id", &r.wire, r.wire.check); err != nil {
		return Record{}, err
	}
	return r, nil
}

// Key returns the key of the bill, which is the same in every page and walk.
func (r *Record) Key() schema.BillKey {
	// record.check has checked the range of both types.
	settleType, _ := r.wire.SettleType.int32()
	subType, _ := r.wire.SettleSubType.int32()
	return schema.BillKey{
		AccountID: r.wire.AccountID.V, LedgerID: r.wire.LedgerID.V,
		SettleType: settleType.V, SettleSubType: subType,
	}
}

// Content returns a hash of the record's content. It does not depend on the order of
// members, on white space, on how strings are escaped, or on the invalid parts of text.
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

// canonically orders members and leaves numbers as they are.
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

package audit

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"billwalk/schema"
)

// anyText accepts text that is not valid, as where a character was cut. The function text
// refuses it in ids.
var anyText = jsontext.AllowInvalidUTF8(true)

// page is one answer of the bill API (餐饮账单详情查询).
type page struct {
	cursor  string
	more    bool
	bizType jsontext.Value
	records []jsontext.Value
	objects []*object // of the records, if the page was scanned
}

// readPage decodes an answer's body. The error is a *refusal if the answer does not prove
// that the call succeeded.
func readPage(body []byte) (page, error) {
	var answer struct {
		errorFields
		Data struct {
			pageHead
			BizType jsontext.Value `json:"biz_type"`
			Records records        `json:"ledger_records"`
		} `json:"data"`
		Extra jsontext.Value `json:"extra"`
	}
	if err := json.Unmarshal(body, &answer, anyText); err != nil {
		return page{}, err
	}
	d := &answer.Data
	p, err := d.page(answer.errorFields, answer.Extra, d.Records, "ledger_records")
	if err != nil {
		return page{}, err
	}
	p.bizType = d.BizType
	return p, nil
}

// pageHead has the members of an answer's data that every list of pages has.
type pageHead struct {
	errorFields
	Cursor jsontext.Value `json:"cursor"`
	More   *bool          `json:"has_more"`
}

// page returns the page of an answer, whose data has the named list.
func (h *pageHead) page(outside errorFields, extra jsontext.Value, list records, name string) (page, error) {
	if no := readProof(outside, h.errorFields, extra); no != nil {
		return page{}, no
	}
	if h.More == nil || !list.there || list.null && *h.More {
		return page{}, fmt.Errorf("has_more or %s is missing", name)
	}
	cursor, err := text(h.Cursor)
	if err != nil {
		return page{}, err
	}
	return page{cursor: cursor.V, more: *h.More, records: list.all}, nil
}

// records is a list of raw records; null is an empty list.
type records struct {
	there, null bool
	all         []jsontext.Value
}

// UnmarshalJSONFrom reads the list.
func (r *records) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	r.there, r.null = true, dec.PeekKind() == jsontext.KindNull
	return json.UnmarshalDecode(dec, &r.all)
}

// reading is the audited part of one ledger record.
type reading struct {
	schema.Bill       // key, orders and amounts, with their signs
	negatives   uint8 // number of amounts with a minus, which are NULL
	badText     bool  // it has text that is not valid
}

// rawRecord has the audited members of a record.
type rawRecord struct {
	AccountID     jsontext.Value            `json:"account_id"`
	LedgerID      jsontext.Value            `json:"ledger_id"`
	ShopOrderID   jsontext.Value            `json:"shop_order_id"`
	ItemOrderID   jsontext.Value            `json:"item_order_id"`
	OrderExtID    jsontext.Value            `json:"order_ext_id"`
	SettleType    jsontext.Value            `json:"settle_type"`
	SettleSubType jsontext.Value            `json:"settle_sub_type"`
	FundType      jsontext.Value            `json:"fund_amount_type"`
	Fund          jsontext.Value            `json:"fund_amount"`
	Amount        map[string]jsontext.Value `json:"amount"`
}

// readRecord decodes one ledger record.
func readRecord(raw jsontext.Value) (reading, error) {
	var r rawRecord
	bad := false
	if json.Unmarshal(raw, &r) != nil {
		bad, r.Amount = true, nil
		if err := json.Unmarshal(raw, &r, anyText); err != nil {
			return reading{}, err
		}
	}
	var amounts [schema.AmountCount]schema.Null[int64]
	var fault error
	for name, value := range r.Amount {
		if a, known := schema.AmountByField(name); known {
			var err error
			if amounts[a], err = whole(value); err != nil && fault == nil {
				fault = fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	b, err := r.reading(&amounts)
	b.badText = bad
	return b, cmp.Or(err, fault)
}

// reading decodes the audited members. It sets the fund amount of the amounts.
func (r *rawRecord) reading(amounts *[schema.AmountCount]schema.Null[int64]) (b reading, err error) {
	one := func(raw jsontext.Value, name string) (v schema.Null[string]) {
		v, fault := text(raw)
		if fault != nil && err == nil {
			err = fmt.Errorf("%s: %w", name, fault)
		}
		return v
	}
	number := func(raw jsontext.Value, name string) (n schema.Null[int64]) {
		n, fault := whole(raw)
		if fault != nil && err == nil {
			err = fmt.Errorf("%s: %w", name, fault)
		}
		return n
	}
	b.AccountID, b.LedgerID = one(r.AccountID, "account_id").V, one(r.LedgerID, "ledger_id").V
	b.ShopOrderID, b.ItemOrderID, b.OrderExtID = one(r.ShopOrderID, "shop_order_id"), one(r.ItemOrderID, "item_order_id"), one(r.OrderExtID, "order_ext_id")
	kind, sub, fund := number(r.SettleType, "settle_type"), number(r.SettleSubType, "settle_sub_type"), number(r.FundType, "fund_amount_type")
	b.SettleType, b.SettleSubType = int32(kind.V), schema.Null[int32]{V: int32(sub.V), Valid: sub.Valid}
	amounts[schema.FundAmount] = number(r.Fund, "fund_amount")
	b.sign(directionOf(kind.V, fund), amounts)
	return b, err
}

// sign sets the amounts with the sign of a direction, NULL for the direction 0. Received
// amounts have no sign (均为绝对值), so one with a minus is NULL.
func (b *reading) sign(direction int32, amounts *[schema.AmountCount]schema.Null[int64]) {
	if direction != 0 {
		b.Direction = schema.Some(direction)
	}
	for a, v := range amounts {
		switch {
		case v.V < 0:
			b.negatives++
		case direction != 0:
			b.Amounts[a] = schema.Null[schema.Fen]{V: schema.Fen(v.V * int64(direction)), Valid: v.Valid}
		}
	}
}

// signTable is the version of the rule of directionOf.
const signTable = 1

// directionOf returns +1 for money to the merchant, -1 for money from it and 0 if that is
// unknown: by fund_amount_type (款项类型: 0 入账, 1 出账) if there is one, else by
// settle_type (1 正向, 2 退款).
func directionOf(settleType int64, fund schema.Null[int64]) int32 {
	in, out := settleType == 1, settleType == 2
	if fund.Valid {
		in, out = fund.V == 0, fund.V == 1
	}
	switch {
	case in:
		return +1
	case out:
		return -1
	}
	return 0
}

// text decodes an id, which may be a JSON string or number.
func text(raw jsontext.Value) (schema.Null[string], error) {
	switch raw.Kind() {
	case jsontext.KindInvalid, jsontext.KindNull: // absent
		return schema.Null[string]{}, nil
	case jsontext.KindNumber:
		return schema.Some(string(raw)), nil
	}
	if raw.Kind() == jsontext.KindString && bytes.IndexByte(raw, '\\') < 0 && utf8.Valid(raw) {
		return schema.Some(string(raw[1 : len(raw)-1])), nil
	}
	s, err := jsontext.AppendUnquote(nil, raw)
	return schema.Some(string(s)), err
}

// whole decodes a whole number, bare or quoted.
func whole(raw jsontext.Value) (schema.Null[int64], error) {
	if n, ok := digits(raw); ok {
		return schema.Some(n), nil
	}
	digits, err := text(raw)
	if err != nil || !digits.Valid {
		return schema.Null[int64]{}, err
	}
	n, err := strconv.ParseInt(digits.V, 10, 64)
	if err == nil && n == math.MinInt64 {
		err = errors.New("it has no opposite")
	}
	return schema.Some(n), err
}

// digits returns a value that has nothing but digits, so few that they fit.
func digits(raw []byte) (n int64, ok bool) {
	for _, c := range raw {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, 0 < len(raw) && len(raw) <= 18
}

// content returns the hash of a record's content, as certificates have it: of the record with
// sorted members and no white space, and of the page's biz_type if the record has none.
func content(raw, bizType jsontext.Value) ([sha256.Size]byte, error) {
	canonical := raw.Clone()
	err := canonical.Format(anyText,
		jsontext.ReorderRawObjects(true), jsontext.PreserveRawStrings(false),
		jsontext.CanonicalizeRawInts(false), jsontext.CanonicalizeRawFloats(false),
		jsontext.Multiline(false), jsontext.SpaceAfterColon(false), jsontext.SpaceAfterComma(false))
	if err != nil {
		return [sha256.Size]byte{}, err
	}
	if common, err := whole(bizType); err != nil {
		return [sha256.Size]byte{}, err
	} else if common.Valid {
		var own struct {
			BizType jsontext.Value `json:"biz_type"`
		}
		if err := json.Unmarshal(raw, &own, anyText); err != nil {
			return [sha256.Size]byte{}, err
		}
		if n, err := whole(own.BizType); err == nil && !n.Valid {
			canonical = binary.LittleEndian.AppendUint32(canonical, uint32(common.V))
		}
	}
	return sha256.Sum256(canonical), nil
}

package normalise

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"billwalk/schema"
)

// record is a ledger record as the API writes it (餐饮账单详情查询, and the
// fields that later versions of the page add). What it does not name is kept in
// Unknown.
type record struct {
	LedgerID           text           `json:"ledger_id"`
	AccountID          text           `json:"account_id"`
	BizType            integer        `json:"biz_type"`
	ShopOrderID        text           `json:"shop_order_id"`
	ItemOrderID        text           `json:"item_order_id"`
	OrderExtID         text           `json:"order_ext_id"`
	CertificateID      text           `json:"certificate_id"`
	VerifyID           text           `json:"verify_id"`
	PoiID              text           `json:"poi_id"`
	VerifyPoiAccountID text           `json:"verify_poi_account_id"`
	SkuID              text           `json:"sku_id"`
	GroupName          display        `json:"group_name"`
	Code               text           `json:"code"`
	SettleType         integer        `json:"settle_type"`
	SettleTypeDesc     display        `json:"settle_type_desc"`
	SettleSubType      integer        `json:"settle_sub_type"`
	SettleTime         integer        `json:"settle_time"`
	Amount             amounts        `json:"amount"`
	FundAmountType     integer        `json:"fund_amount_type"`
	FundAmount         integer        `json:"fund_amount"`
	Unknown            jsontext.Value `json:",embed"`
}

// check makes sure of what every record must have: its key, and numbers that
// fit their columns.
func (r *record) check() error {
	for _, id := range []struct {
		name  string
		value text
	}{{"account_id", r.AccountID}, {"ledger_id", r.LedgerID}} {
		if id.value.V == "" {
			return fmt.Errorf("%s is missing", id.name)
		}
	}
	if !r.SettleType.Valid {
		return errors.New("settle_type is missing")
	}
	for _, enum := range []struct {
		name  string
		value integer
	}{{"settle_type", r.SettleType}, {"settle_sub_type", r.SettleSubType}, {"biz_type", r.BizType}, {"fund_amount_type", r.FundAmountType}} {
		if _, err := enum.value.int32(); err != nil {
			return fmt.Errorf("%s: %w", enum.name, err)
		}
	}
	return nil
}

// text is a string that may also come as a whole number: ids do, and longer
// than any integer type. The digits are taken as they stand. null is absent.
type text struct{ schema.Null[string] }

// UnmarshalJSONFrom reads a string, a whole number or null.
func (t *text) UnmarshalJSONFrom(dec *jsontext.Decoder) error { return t.read(dec, unquote) }

func (t *text) read(dec *jsontext.Decoder, unquote func(jsontext.Value) (string, error)) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	switch kind := raw.Kind(); kind {
	case jsontext.KindNull:
		*t = text{}
	case jsontext.KindString:
		plain, err := unquote(raw)
		if err != nil {
			return err
		}
		t.Null = schema.Some(plain)
	case jsontext.KindNumber:
		if bytes.ContainsAny(raw, ".eE") {
			return errors.New("want text or a whole number, got a number with a point or an exponent") // not the digits: they may be a coupon code's
		}
		t.Null = schema.Some(string(raw))
	default:
		return fmt.Errorf("want text, got %s", kind)
	}
	return nil
}

// integer is a whole number that may also come quoted. 1.0, 1e3 and numbers
// beyond ±(2^63-1) are errors: an amount is never rounded. null is absent.
type integer struct{ schema.Null[int64] }

// UnmarshalJSONFrom reads a whole number, bare or quoted, or null.
func (n *integer) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	digits := []byte(raw)
	switch kind := raw.Kind(); kind {
	case jsontext.KindNull:
		*n = integer{}
		return nil
	case jsontext.KindNumber:
	case jsontext.KindString:
		plain, err := unquote(raw)
		if err != nil {
			return err
		}
		digits = []byte(plain)
	default:
		return fmt.Errorf("want a whole number, got %s", kind)
	}
	v, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil || v == math.MinInt64 { // -MinInt64 has no int64
		return fmt.Errorf("%.40q is not a whole number within int64", digits)
	}
	n.Null = schema.Some(v)
	return nil
}

func (n integer) int32() (schema.Null[int32], error) {
	if !n.Valid {
		return schema.Null[int32]{}, nil
	}
	if n.V != int64(int32(n.V)) {
		return schema.Null[int32]{}, fmt.Errorf("%d is beyond int32", n.V)
	}
	return schema.Some(int32(n.V)), nil
}

func (n integer) fen() schema.Null[schema.Fen] {
	return schema.Null[schema.Fen]{V: schema.Fen(n.V), Valid: n.Valid}
}

// amounts is the object "amount": a map from names to fen, in which new names
// appear without notice.
type amounts struct {
	known   schema.Amounts
	unknown jsontext.Value // an object of the names that are not known, or nil
}

// UnmarshalJSONFrom reads the object, or null.
func (a *amounts) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	start, err := dec.ReadToken()
	if err != nil || start.Kind() == jsontext.KindNull {
		return err
	}
	if start.Kind() != jsontext.KindBeginObject {
		return fmt.Errorf("amount: want an object, got %s", start.Kind())
	}
	var buffer [64]byte
	for dec.PeekKind() != jsontext.KindEndObject {
		raw, err := dec.ReadValue()
		if err != nil {
			return err
		}
		name, _ := jsontext.AppendUnquote(buffer[:0], raw) // one that is not valid text is not known
		amount, known := schema.AmountByField(string(name))
		if !known {
			if err := a.keep(raw, dec); err != nil {
				return err
			}
			continue
		}
		var n integer
		if err := n.UnmarshalJSONFrom(dec); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		a.known[amount] = n.fen()
	}
	_, err = dec.ReadToken()
	return err
}

// keep adds a member that is not known, its quoted name just read, as it stands.
func (a *amounts) keep(name jsontext.Value, dec *jsontext.Decoder) error {
	if a.unknown == nil {
		a.unknown = jsontext.Value("{}")
	}
	open := a.unknown[:len(a.unknown)-1]
	if len(open) > 1 {
		open = append(open, ',')
	}
	open = append(append(open, name...), ':') // before the next read takes the name away
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	a.unknown = append(append(open, value...), '}')
	return nil
}

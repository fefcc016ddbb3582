package normalise

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"billwalk/schema"
)

// record is a ledger record of the API (餐饮账单详情查询, and the members that later
// versions of the page add). All other members are in Unknown.
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

// check checks that the record has its key and that its numbers fit their columns.
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

// amounts is the object "amount", a map from names to fen. The platform adds names without
// notice.
type amounts struct {
	known   schema.Amounts
	unknown jsontext.Value // object of the unknown names, or nil
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
		name, _ := jsontext.AppendUnquote(buffer[:0], raw) // invalid text is not a known name
		amount, known := schema.AmountByField(string(name))
		if !known {
			if err := a.keepUnknown(raw, dec); err != nil {
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

// keepUnknown reads the value of an unknown member, whose quoted name was just read, and
// keeps both as they are.
func (a *amounts) keepUnknown(name jsontext.Value, dec *jsontext.Decoder) error {
	if a.unknown == nil {
		a.unknown = jsontext.Value("{}")
	}
	open := a.unknown[:len(a.unknown)-1]
	if len(open) > 1 {
		open = append(open, ',')
	}
	open = append(append(open, name...), ':') // before the next read overwrites the name
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	a.unknown = append(append(open, value...), '}')
	return nil
}

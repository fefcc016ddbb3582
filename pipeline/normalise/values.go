package normalise

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"billwalk/pipeline/mend"
	"billwalk/schema"
)

// text is a string or a whole number of any length, as the platform writes ids. The
// digits of a number are kept as they are. null is absent.
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

// integer is a whole number, bare or quoted. 1.0, 1e3 and numbers beyond ±(2^63-1) are
// errors, as an amount is never rounded. null is absent.
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

// errBadText is the error of an id, amount, enum or time that is not valid text. Mended,
// it could become another id.
var errBadText = errors.New("is not valid text, and cannot be mended: bytes that are not UTF-8, or half a character")

// unquote returns the text of a JSON string, which must be valid.
func unquote(quoted jsontext.Value) (string, error) {
	plain, err := jsontext.AppendUnquote(nil, quoted)
	if err != nil {
		return "", errBadText
	}
	return string(plain), nil
}

// display is a text that is only shown: if it is not valid, it is mended. Like text, it
// may be a whole number.
type display struct{ schema.Null[string] }

// UnmarshalJSONFrom reads a string, a whole number or null.
func (d *display) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var t text
	err := t.read(dec, func(quoted jsontext.Value) (string, error) { return unquote(mend.Text(quoted)) })
	d.Null = t.Null
	return err
}

// ValidText returns received JSON as valid UTF-8 for a column: invalid text is mended, and
// a byte order mark is removed.
func ValidText(received []byte) string {
	return strings.ToValidUTF8(string(mend.Text(trimBOM(received))), "\uFFFD")
}

// trimBOM removes a byte order mark.
func trimBOM(json []byte) []byte { return bytes.TrimPrefix(json, mend.BOM) }

// firstOf returns the first of the ids that is not empty.
func firstOf(ids ...text) text {
	for _, id := range ids {
		if id.V != "" {
			return id
		}
	}
	return text{}
}

// nonEmpty returns the id, or NULL if it is empty.
func nonEmpty(id schema.Null[string]) schema.Null[string] {
	if id.V == "" {
		return schema.Null[string]{}
	}
	return id
}

// instant is a unix time in the platform's units. 0 is absent.
type instant struct {
	name  string // of the member
	value int64
	unit  time.Duration // a millisecond or a second
}

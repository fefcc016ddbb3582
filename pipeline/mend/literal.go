package mend

import (
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Literal is the text of a JSON string or number: the platform writes some values as
// either. null is "".
type Literal string

// UnmarshalJSONFrom reads a string, a number or null.
func (l *Literal) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	text, _, err := readLiteral(dec, "text")
	*l = Literal(text)
	return err
}

// Integer is a whole number within int64, bare or quoted. null is 0.
type Integer int64

// UnmarshalJSONFrom reads a whole number, bare or quoted, or null.
func (n *Integer) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	text, null, err := readLiteral(dec, "a whole number")
	if err != nil || null {
		*n = 0
		return err
	}
	v, err := strconv.ParseInt(text, 10, 64)
	*n = Integer(v)
	return err
}

// readLiteral reads a string, a number or null.
func readLiteral(dec *jsontext.Decoder, want string) (text string, null bool, err error) {
	token, err := dec.ReadToken()
	if err != nil {
		return "", false, err
	}
	switch kind := token.Kind(); kind {
	case jsontext.KindNull:
		return "", true, nil
	case jsontext.KindString, jsontext.KindNumber:
		return token.String(), false, nil
	default:
		return "", false, fmt.Errorf("want %s, got %s", want, kind)
	}
}

package report

import (
	"bytes"
	"encoding/json"
	"strconv"

	"billwalk/schema"
)

// Amount is an amount that may not be known. In JSON it is a decimal string of fen, or null.
type Amount schema.Null[schema.Fen]

// MarshalJSON implements json.Marshaler.
func (a Amount) MarshalJSON() ([]byte, error) {
	if !a.Valid {
		return []byte("null"), nil
	}
	return strconv.AppendQuote(nil, strconv.FormatInt(int64(a.V), 10)), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *Amount) UnmarshalJSON(data []byte) error {
	*a = Amount{}
	if bytes.Equal(data, []byte("null")) {
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	fen, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return err
	}
	*a = Amount(schema.Some(schema.Fen(fen)))
	return nil
}

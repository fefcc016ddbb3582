package normalise

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"billwalk/pipeline/mend"
	"billwalk/schema"
)

// decodeJSON reads a JSON value strictly. Where all that is wrong with it is text that is
// not valid, badText is true and the value is read all the same: fields of the types
// text and integer refuse such text, fields of the type display mend it.
func decodeJSON[T any](value []byte, into *T) (badText bool, err error) {
	if err = json.Unmarshal(value, into); err == nil {
		return false, nil
	}
	*into = *new(T)
	if err = json.Unmarshal(value, into, jsontext.AllowInvalidUTF8(true)); err != nil {
		return false, named(err)
	}
	if !jsontext.Value(mend.Text(value)).IsValid() {
		return false, errors.New("two keys are the same but for text that is not valid: " + mend.Places(value))
	}
	return true, nil
}

// decodeRecord reads one record of an answer, as decodeJSON does, and checks it. Its
// error names the record by an id.
func decodeRecord[T any](raw []byte, id string, into *T, check func() error) (badText bool, err error) {
	if badText, err = decodeJSON(raw, into); err == nil {
		err = check()
	}
	if err != nil {
		return false, ofRecord(raw, id, err)
	}
	return badText, nil
}

// named returns the error of a field with the field's name before it.
func named(err error) error {
	fault, ok := errors.AsType[*json.SemanticError](err)
	if !ok || fault.Err == nil || fault.JSONPointer == "" {
		return err
	}
	path := strings.ReplaceAll(strings.TrimPrefix(string(fault.JSONPointer), "/"), "/", ".")
	return fmt.Errorf("%.100s: %w", path, fault.Err)
}

// ofRecord names the record that an error is about, by an id that can be read.
func ofRecord(raw []byte, name string, err error) error {
	var record map[string]jsontext.Value
	if json.Unmarshal(raw, &record, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)) != nil {
		return err
	}
	var id text
	if json.Unmarshal(record[name], &id) != nil || id.V == "" {
		return err
	}
	return fmt.Errorf("%w (%s %.64s)", err, name, id.V)
}

// errBadText is the error of an id, amount, enum or time that is not valid text. It
// cannot be mended: another id might come out.
var errBadText = errors.New("is not valid text, and cannot be mended: bytes that are not UTF-8, or half a character")

// unquote returns the text of a JSON string that may not be mended.
func unquote(quoted jsontext.Value) (string, error) {
	plain, err := jsontext.AppendUnquote(nil, quoted)
	if err != nil {
		return "", errBadText
	}
	return string(plain), nil
}

// display is a text for people, or one that is kept and never looked up: where it is
// not valid, it is mended. It may also come as a whole number, as ids do.
type display struct{ schema.Null[string] }

// UnmarshalJSONFrom reads a string, a whole number or null.
func (d *display) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var t text
	err := t.read(dec, func(quoted jsontext.Value) (string, error) { return unquote(mend.Text(quoted)) })
	d.Null = t.Null
	return err
}

// ValidText returns what the platform sent as valid UTF-8, for a column: its text is
// mended where it is not, and a byte order mark before it is left out.
func ValidText(received []byte) string {
	return strings.ToValidUTF8(string(mend.Text(trimmed(received))), "\uFFFD")
}

package normalise

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"billwalk/pipeline/mend"
)

// decodeJSON decodes a JSON value strictly. Only text that is not valid is accepted, with
// badText as true: fields of type text and integer refuse it, fields of type display mend
// it.
func decodeJSON[T any](value []byte, into *T) (badText bool, err error) {
	if err = json.Unmarshal(value, into); err == nil {
		return false, nil
	}
	*into = *new(T)
	if err = json.Unmarshal(value, into, jsontext.AllowInvalidUTF8(true)); err != nil {
		return false, nameField(err)
	}
	if !jsontext.Value(mend.Text(value)).IsValid() {
		return false, errors.New("two keys are the same but for text that is not valid: " + mend.Places(value))
	}
	return true, nil
}

// decodeRecord decodes one record of an answer as decodeJSON does, and checks it. Its error
// names the record by the value of the member id.
func decodeRecord[T any](raw []byte, id string, into *T, check func() error) (badText bool, err error) {
	if badText, err = decodeJSON(raw, into); err == nil {
		err = check()
	}
	if err != nil {
		return false, nameRecord(raw, id, err)
	}
	return badText, nil
}

// nameField prefixes the error of a field with its path.
func nameField(err error) error {
	fault, ok := errors.AsType[*json.SemanticError](err)
	if !ok || fault.Err == nil || fault.JSONPointer == "" {
		return err
	}
	path := strings.ReplaceAll(strings.TrimPrefix(string(fault.JSONPointer), "/"), "/", ".")
	return fmt.Errorf("%.100s: %w", path, fault.Err)
}

// nameRecord adds the id of the record to an error, if it can be read.
func nameRecord(raw []byte, name string, err error) error {
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

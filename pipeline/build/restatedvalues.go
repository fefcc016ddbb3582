package build

import (
	"encoding/json"
	"strings"

	"billwalk/schema"
)

// valuesOf returns a bill's columns as a JSON object of texts.
func valuesOf(b *schema.Bill, columns []string) schema.Null[string] {
	if b == nil {
		return schema.Null[string]{}
	}
	var object strings.Builder
	separator := "{"
	for _, c := range columns {
		v := schema.Bills.Column(c).Text(b)
		if !v.Valid {
			continue
		}
		text, err := json.Marshal(v.V)
		if err != nil {
			panic("pipeline: a text is not JSON: " + err.Error()) // it never fails
		}
		object.WriteString(separator + `"` + c + `":` + string(text))
		separator = ","
	}
	if separator == "{" {
		return schema.Some("{}")
	}
	return schema.Some(object.String() + "}")
}

// change returns how much an amount changed; a bill that is not there, or does not count,
// counts as 0.
func change(before, after *schema.Bill, a schema.Amount) (schema.Null[schema.Fen], error) {
	zero := schema.Some(schema.Fen(0))
	old, new := zero, zero
	if before != nil && before.Counts() {
		old = before.Amounts[a]
	}
	if after != nil && after.Counts() {
		new = after.Amounts[a]
	}
	if !old.Valid || !new.Valid {
		return schema.Null[schema.Fen]{}, nil
	}
	v, err := new.V.Sub(old.V)
	return schema.Some(v), err
}

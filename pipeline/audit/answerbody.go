package audit

import (
	"errors"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"billwalk/schema"
)

// readSettlements returns the statements of an answer. The error is a *refusal if the answer
// neither proves that the call succeeded nor says that the order is unknown.
func readSettlements(a *schema.SettleAnswer) (statements []statement, err error) {
	var answer struct {
		errorFields
		Data  jsontext.Value `json:"data"`
		Extra jsontext.Value `json:"extra"`
	}
	if err := json.Unmarshal(a.Body, &answer, anyText); err != nil {
		return nil, err
	}
	var data errorFields
	if answer.Data.Kind() == jsontext.KindBeginObject {
		if err := json.Unmarshal(answer.Data, &data, anyText); err != nil {
			return nil, err
		}
	}
	if no := readProof(answer.errorFields, data, answer.Extra); no != nil {
		if no.unknownOrder() {
			return nil, nil
		}
		return nil, no
	}
	var list []struct {
		settlementFields
		Status jsontext.Value `json:"settle_status"`
	}
	if err := json.Unmarshal(answer.Data, &list, anyText); err != nil {
		return nil, err
	}
	for _, d := range list {
		t, fault := d.statement(d.Status, a.FetchedAt)
		if fault != nil {
			err = fault
		}
		statements = append(statements, t)
	}
	return statements, err
}

// settlementFields are the members with the same names in settle answers and callbacks.
type settlementFields struct {
	SettleID   jsontext.Value `json:"settle_id"`
	Amount     jsontext.Value `json:"settle_amount"`
	Rake       jsontext.Value `json:"rake"`
	Commission jsontext.Value `json:"commission"`
	Detail     jsontext.Value `json:"settle_detail"`
}

// maxSettled is the largest absolute amount of a settlement, in fen. Beyond it the amount is
// NULL, as sums over a day could overflow.
const maxSettled = 1_000_000_000_000

// statement returns the statement of the members, with NULL for what cannot be read, and an
// error.
func (d *settlementFields) statement(rawStatus jsontext.Value, receivedAt time.Time) (statement, error) {
	s := schema.Settlement{FetchedAt: receivedAt}
	var faults []error
	var negatives uint8
	for _, field := range []struct {
		raw jsontext.Value
		to  *schema.Null[schema.Fen]
	}{{d.Amount, &s.Amount}, {d.Rake, &s.Rake}, {d.Commission, &s.Commission}} {
		n, fault := whole(field.raw)
		switch {
		case max(n.V, -n.V) > maxSettled:
			n = schema.Null[int64]{}
		case n.V < 0:
			n, negatives = schema.Null[int64]{}, negatives+1
		}
		*field.to, faults = schema.Null[schema.Fen]{V: schema.Fen(n.V), Valid: n.Valid}, append(faults, fault)
	}
	id, idErr := text(d.SettleID)
	status, statusErr := text(rawStatus)
	detail := displayText(d.Detail)
	s.SettleID, s.Status = id.V, schema.Status(status.V)
	if detail == nil {
		faults = append(faults, errors.New("settle_detail is no text"))
	} else {
		s.Detail = *detail
	}
	t := statementOf(&s)
	t.negatives = negatives
	return t, errors.Join(append(faults, idErr, statusErr)...)
}

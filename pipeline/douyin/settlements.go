package douyin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

const pathSettlements = "/api/apps/trade/v2/settle/query_settle"

// Settlements queries the settlements of an order by one id, and decodes the answer. It
// may have no settlement, also if the platform
// does not know the order. The caller sets its Account and Day, and those of the error's
// Failure.
//
// The error is an *Error, or wraps ctx's. An *Error with the reach of a unit ends this
// query only. If it has an answer in JSON, that is in SettleAnswer.Body, as evidence.
//
// Source: POST /api/apps/trade/v2/settle/query_settle.
func (c *Client) Settlements(ctx context.Context, q schema.Query) (normalise.SettlementsAnswer, error) {
	answer := normalise.SettlementsAnswer{SettleAnswer: schema.SettleAnswer{Parameter: q.Parameter, Column: q.Column, Value: q.Value}}
	// Only one id: of several the platform uses one, and silently ignores the others.
	id, err := jsontext.AppendQuote([]byte(`{"`+q.Parameter+`":`), q.Value)
	if err != nil {
		return answer, newError(apiSettlements, giveUpUnit, "the id is not valid UTF-8").withCause(err).forQuery(q)
	}
	id = append(id, '}')
	var decoded normalise.Settlements
	got, err := c.call(ctx, &c.settlements, func() (*http.Request, error) {
		return http.NewRequest(http.MethodPost, c.app.BaseURL+pathSettlements, bytes.NewReader(id))
	}, func(body []byte) (logID string, success bool, err error) {
		decoded, err = normalise.ReadSettlements(body)
		return decoded.LogID, err == nil && !decoded.NotFound, err
	})
	answer.FetchedAt, answer.LogID, answer.Body = got.at, got.logID, got.body
	if fault, ok := errors.AsType[*Error](err); ok {
		return answer, fault.forQuery(q).inContext(fmt.Sprintf("the answer to %s %.64q", q.Parameter, q.Value))
	} else if err != nil {
		return answer, fmt.Errorf("%s of %s %s: %w", apiSettlements, q.Parameter, q.Value, err)
	}
	answer.Decoded = decoded
	return answer, nil
}

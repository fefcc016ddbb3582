package archive

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"billwalk/schema"
)

// StoreUnreadable stores an answer that cannot be read, for a person and for Douyin's
// support: no table is built from it. A run keeps the first of each kind for a unit.
// StoreUnreadable returns the key of the one that is kept.
func (a *Archive) StoreUnreadable(ctx context.Context, u schema.UnreadableAnswer) (key string, err error) {
	key = unreadableKey(u)
	line, err := json.Marshal(struct {
		Account   schema.AccountID      `json:"account"`
		Day       schema.Day            `json:"bill_date"`
		Kind      schema.UnreadableKind `json:"kind"`
		Run       string                `json:"run_id"`
		Reason    string                `json:"reason"`
		LogID     string                `json:"logid"`
		FetchedAt time.Time             `json:"fetched_at"`
	}{u.Unit.Account.ID, u.Unit.Day, u.Kind, u.Run, u.Reason, u.LogID, u.FetchedAt.UTC()}, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return "", err
	}
	err = a.create(ctx, key, encoder.EncodeAll(withBytes(line[:len(line)-1], u.Body), nil))
	if errors.Is(err, schema.ErrTaken) {
		err = nil
	}
	return key, err
}

// withBytes adds any body to a JSON object that is still open, and ends the line. A body
// that is not UTF-8 is added in base64, so that its bytes are kept.
func withBytes(open, body []byte) []byte {
	line, err := jsontext.AppendQuote(append(open, `,"body":`...), body)
	if err != nil {
		line = append(open, `,"body_base64":"`...)
		line = append(base64.StdEncoding.AppendEncode(line, body), '"')
	}
	return append(line, "}\n"...)
}

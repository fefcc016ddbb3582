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

// Answers that arrived and could not be read lie below archive/unreadable/, for a
// person and for Douyin's support; nothing is ever built from them:
//
//	bill_date=D/account=A/<run>-<kind>.jsonl.zst   one JSON line
//
// A run keeps the first of each kind for a unit.

// StoreUnreadable stores the answer, unless the run has stored one of its kind and
// unit before, and returns where that lies.
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
	err = a.create(ctx, key, frames.EncodeAll(withText(line, u.Body), nil))
	if errors.Is(err, schema.ErrTaken) {
		err = nil
	}
	return key, err
}

// withText adds a body that need not be JSON: as text, or else in base64, so that its
// very bytes can be had back.
func withText(object, body []byte) []byte {
	plain := object[:len(object)-1]
	line, err := jsontext.AppendQuote(append(plain, `,"body":`...), body)
	if err != nil {
		line = append(object[:len(plain)], `,"body_base64":"`...)
		line = append(base64.StdEncoding.AppendEncode(line, body), '"')
	}
	return append(line, "}\n"...)
}

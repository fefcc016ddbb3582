package douyin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

const pathStores = "/goodlife/v1/shop/poi/query/"

// Stores fetches a page, from 1, of the stores below an account, with size 1 to 50, and
// decodes it. The unit's day only dates the answer: the platform lists what is now. The
// caller sets the answer's Walk.
//
// The error is an *Error, or wraps ctx's. If the *Error has an answer in JSON, that is in
// Answer.Body, as evidence.
//
// Source: GET /goodlife/v1/shop/poi/query/.
func (c *Client) Stores(ctx context.Context, u schema.Unit, page, size int) (normalise.StoresAnswer, error) {
	query := url.Values{"account_id": {string(u.Account.ID)}, "page": {strconv.Itoa(page)}, "size": {strconv.Itoa(size)}}
	var decoded normalise.StoresPage
	got, err := c.call(ctx, &c.stores, func() (*http.Request, error) {
		return http.NewRequest(http.MethodGet, c.app.BaseURL+pathStores+"?"+query.Encode(), noBody{})
	}, func(body []byte) (logID string, success bool, err error) {
		decoded, err = normalise.ReadStores(body)
		return decoded.LogID, err == nil, err
	})
	answer := normalise.StoresAnswer{Answer: schema.Answer{Account: u.Account.ID, Day: u.Day, Page: page, Cursor: strconv.Itoa(page), FetchedAt: got.at, LogID: got.logID, Body: got.body}}
	if fault, ok := errors.AsType[*Error](err); ok {
		return answer, fault.forUnit(u).inContext(fmt.Sprintf("page %d", page))
	} else if err != nil {
		return answer, fmt.Errorf("%s of %s: %w", apiStores, u, err)
	}
	answer.Decoded = decoded
	return answer, nil
}

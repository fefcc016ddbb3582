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

const pathBills = "/goodlife/v1/settle/bill/catering_query/"

// Bills fetches the page of the unit's bills at a cursor ("0" for the first), with size
// 1 to 50, and decodes it. The answer is a complete page; the caller sets its Walk and
// Page.
//
// The error is an *Error, or wraps ctx's. If the *Error has an answer in JSON, that is in
// Answer.Body, as evidence.
//
// Source: GET /goodlife/v1/settle/bill/catering_query/.
func (c *Client) Bills(ctx context.Context, u schema.Unit, cursor string, size int) (normalise.PageAnswer, error) {
	return c.page(ctx, &c.bills, pathBills, billsOf(u), u, cursor, size, normalise.ReadContent)
}

// billsOf returns the parameters of a query for the unit's bills.
func billsOf(u schema.Unit) url.Values {
	account := "account_id"
	if u.Account.Root {
		account = "root_account_id"
	}
	return url.Values{account: {string(u.Account.ID)}, "bill_date": {u.Day.String()}}
}

// page fetches the page at a cursor of a list of the unit, and decodes it.
func (c *Client) page(ctx context.Context, e *endpoint, path string, query url.Values, u schema.Unit, cursor string, size int, read func(body []byte) (normalise.PageContent, error)) (normalise.PageAnswer, error) {
	var page normalise.PageContent
	got, err := c.call(ctx, e, func() (*http.Request, error) { return c.pageRequest(path, query, cursor, size) }, func(body []byte) (logID string, success bool, err error) {
		page, err = read(body)
		return page.LogID, err == nil, err
	})
	answer := normalise.PageAnswer{Answer: schema.Answer{Account: u.Account.ID, Day: u.Day, Cursor: cursor, FetchedAt: got.at, LogID: got.logID, Body: got.body}}
	if fault, ok := errors.AsType[*Error](err); ok {
		return answer, fault.forUnit(u).inContext(fmt.Sprintf("the page at cursor %.60q", cursor))
	} else if err != nil {
		return answer, fmt.Errorf("%s of %s: %w", e.api, u, err)
	}
	answer.Decoded = page
	return answer, nil
}

func (c *Client) pageRequest(path string, query url.Values, cursor string, size int) (*http.Request, error) {
	query.Set("cursor", cursor)
	query.Set("size", strconv.Itoa(size))
	return http.NewRequest(http.MethodGet, c.app.BaseURL+path+"?"+query.Encode(), noBody{})
}

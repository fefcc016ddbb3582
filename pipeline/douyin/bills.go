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
	var page normalise.PageContent
	got, err := c.call(ctx, &c.bills, func() (*http.Request, error) { return c.billsRequest(u, cursor, size) }, func(body []byte) (logID string, success bool, err error) {
		page, err = normalise.ReadContent(body)
		return page.LogID, err == nil, err
	})
	answer := normalise.PageAnswer{Answer: schema.Answer{Account: u.Account.ID, Day: u.Day, Cursor: cursor, FetchedAt: got.at, LogID: got.logID, Body: got.body}}
	if fault, ok := errors.AsType[*Error](err); ok {
		return answer, fault.forUnit(u).inContext(fmt.Sprintf("the page at cursor %.60q", cursor))
	} else if err != nil {
		return answer, fmt.Errorf("%s of %s: %w", apiBills, u, err)
	}
	answer.Decoded = page
	return answer, nil
}

func (c *Client) billsRequest(u schema.Unit, cursor string, size int) (*http.Request, error) {
	account := "account_id"
	if u.Account.Root {
		account = "root_account_id"
	}
	query := url.Values{
		account: {string(u.Account.ID)}, "cursor": {cursor}, "size": {strconv.Itoa(size)}, "bill_date": {u.Day.String()},
	}
	return http.NewRequest(http.MethodGet, c.app.BaseURL+pathBills+"?"+query.Encode(), noBody{})
}

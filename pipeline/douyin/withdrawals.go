package douyin

import (
	"context"
	"net/url"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

const pathWithdrawals = "/goodlife/v1/settle/withdraw/catering_query/"

// Withdrawals fetches the page at a cursor ("0" for the first) of the withdrawals that the
// unit's account launched on its day, with size 1 to 50, and decodes it. The account is that
// of a payee; a root account has none. The caller sets the answer's Walk and Page.
//
// The error is an *Error, or wraps ctx's. If the *Error has an answer in JSON, that is in
// Answer.Body, as evidence.
//
// Source: GET /goodlife/v1/settle/withdraw/catering_query/.
func (c *Client) Withdrawals(ctx context.Context, u schema.Unit, cursor string, size int) (normalise.PageAnswer, error) {
	query := url.Values{"account_id": {string(u.Account.ID)}, "start_date": {u.Day.String()}, "end_date": {u.Day.String()}}
	return c.page(ctx, &c.withdrawals, pathWithdrawals, query, u, cursor, size, normalise.ReadWithdrawalsContent)
}

// WithdrawnBills fetches the page at a cursor of the bills of a withdrawal of the unit's
// account, as Withdrawals does. The platform requires a bill_date beside withdraw_id, and
// ignores it. The error of a withdrawal by hand, whose bills cannot be listed, reaches
// schema.ReachUnavailable.
//
// Source: GET /goodlife/v1/settle/bill/catering_query/.
func (c *Client) WithdrawnBills(ctx context.Context, u schema.Unit, withdrawID, cursor string, size int) (normalise.PageAnswer, error) {
	query := url.Values{"account_id": {string(u.Account.ID)}, "bill_date": {u.Day.String()}, "withdraw_id": {withdrawID}}
	return c.page(ctx, &c.bills, pathBills, query, u, cursor, size, normalise.ReadContent)
}

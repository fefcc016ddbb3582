package douyin

import "context"

// Token gets a token, as every call does first, and keeps it for them. The error
// is an *Error, or wraps ctx's.
func (c *Client) Token(ctx context.Context) error {
	_, err := c.token.get(ctx)
	return err
}

// Name is the app's, as jobs.yaml calls it.
func (c *Client) Name() string { return c.app.Name }

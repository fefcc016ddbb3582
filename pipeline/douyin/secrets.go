package douyin

import (
	"regexp"

	"billwalk/schema"
)

// sanitize removes secrets from an error's texts, since some gateways repeat requests,
// and shortens them afterwards.
func (c *Client) sanitize(fault *Error) *Error {
	show := func(text string) string { return oneLine(c.hidden.Text(c.secrets.Text(text))) }
	fault.Reason, fault.LogID = show(fault.Reason), show(fault.LogID)
	return fault
}

const redactedToken = "[redacted access_token]" // differs from the secret's, so that redacted keys of an object stay distinct

var grantedToken = regexp.MustCompile(`"access_token"\s*:\s*"([^"\\]+)"`)

// redact removes the secrets from an answer before it is used: it is hashed, archived
// and published without them. The answer of client_token is not stored; its token is a
// secret from then on.
func (c *Client) redact(api string, body []byte) []byte {
	if api != apiToken {
		return c.secrets.Bytes(body)
	}
	for _, found := range grantedToken.FindAllSubmatch(body, -1) {
		c.secrets.Hide(schema.NewSecret(string(found[1])), redactedToken)
	}
	return body
}

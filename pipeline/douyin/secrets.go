package douyin

import (
	"regexp"

	"billwalk/schema"
)

// sanitize makes an error fit to be shown: it takes out secrets, since some gateways
// repeat what they were sent, and only then shortens.
func (c *Client) sanitize(fault *Error) *Error {
	show := func(text string) string { return oneLine(c.hidden.Text(c.secrets.Text(text))) }
	fault.Reason, fault.LogID = show(fault.Reason), show(fault.LogID)
	return fault
}

const redactedToken = "[redacted access_token]" // other than the secret's, so that names of one object stay apart

var grantedToken = regexp.MustCompile(`"access_token"\s*:\s*"([^"\\]+)"`)

// redact takes the secrets out of an answer before anything is made of it: what is
// hashed, archived and published has none. The answer of client_token is kept nowhere;
// what it grants is a secret from then on.
func (c *Client) redact(api string, body []byte) []byte {
	if api != apiToken {
		return c.secrets.Bytes(body)
	}
	for _, found := range grantedToken.FindAllSubmatch(body, -1) {
		c.secrets.Hide(schema.NewSecret(string(found[1])), redactedToken)
	}
	return body
}

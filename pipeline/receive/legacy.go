package receive

import (
	"bytes"
	"crypto/sha1" // what 担保支付 signs with
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"billwalk/pipeline/mend"
	"billwalk/schema"
)

// Old orders, paid by 担保支付, are still settled, and their callbacks signed as
// they always were: by a token, with SHA-1, and within the body. That is weak, so it is
// believed for apps that have the token alone, and never for a body that says
// version 2.0, whatever its other signature is like.

// legacyBody is what the signature of an old callback needs.
type legacyBody struct {
	Timestamp text           `json:"timestamp"`
	Nonce     text           `json:"nonce"`
	Msg       jsontext.Value `json:"msg"`
	Signature string         `json:"msg_signature"`
	Version   text           `json:"version"`
}

// secondsDigits are those of a timestamp in seconds, which old callbacks have. The parts
// are joined without a separator, so that with 13 digits it could take some of the nonce.
const secondsDigits = 10

// signedLegacy is an old callback: the hexadecimal SHA-1 of token, timestamp, nonce
// and msg, sorted and joined, without those that are empty.
type signedLegacy struct{ timestamp, nonce, msg, signature string }

func (s signedLegacy) holds(a *app) bool {
	parts := []string{a.token.Reveal(), s.timestamp, s.nonce, s.msg}
	slices.Sort(parts) // those that are empty join to nothing
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	want := hex.EncodeToString(sum[:])
	if subtle.ConstantTimeCompare([]byte(want), []byte(s.signature)) != 1 {
		return false
	}
	a.verified.Inc()
	return true
}

// saysCurrent says that the body is to be proved by the signature of version 2.0,
// as the platform documents it: its version is "2.0". So is what cannot be read,
// by the stronger one.
func saysCurrent(body []byte) bool {
	var read struct {
		Version text `json:"version"`
	}
	return decodeBody(body, &read) != nil || read.Version == "2.0"
}

// readLegacy reads the signature of an old callback, strictly: what cannot be
// decoded proves nothing.
func readLegacy(c *schema.Callback) (signature, *refusal) {
	var body legacyBody
	if err := decodeBody(c.Body, &body); err != nil {
		return nil, errLegacyBody
	}
	msg, err := signedText(body.Msg)
	if err != nil {
		return nil, errLegacyBody
	}
	c.Timestamp, c.Nonce, c.Signature = string(body.Timestamp), string(body.Nonce), body.Signature
	switch {
	case body.Version == "2.0":
		return nil, errNotLegacy
	case c.Timestamp == "":
		return nil, errNoTimestamp
	case c.Nonce == "":
		return nil, errNoNonce
	case c.Signature == "":
		return nil, errNoSignature
	case len(c.Timestamp) != secondsDigits:
		return nil, errBadTimestamp
	case len(c.Signature) != hex.EncodedLen(sha1.Size):
		return nil, errBadSignature
	}
	if err := checkNonce(c.Nonce); err != nil {
		return nil, err
	}
	return signedLegacy{c.Timestamp, c.Nonce, msg, c.Signature}, nil
}

// decodeBody reads a body in which only msg may have text that is not valid: its
// very bytes are signed.
func decodeBody(body []byte, into any) error {
	return json.Unmarshal(bytes.TrimPrefix(body, mend.BOM), into, jsontext.AllowInvalidUTF8(true))
}

// signedText returns the text that was signed, as it was; "" where there is none.
func signedText(msg jsontext.Value) (string, error) {
	switch msg.Kind() {
	case 0, jsontext.KindNull:
		return "", nil
	case jsontext.KindString:
		text, err := mend.Unquote(msg)
		return string(text), err
	}
	return "", errors.New("want text")
}

// text is a string that may also come as a number, which is taken as it stands.
type text string

// UnmarshalJSONFrom reads a string, a number or null.
func (t *text) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	token, err := dec.ReadToken()
	if err != nil {
		return err
	}
	switch token.Kind() {
	case jsontext.KindNull:
		*t = ""
	case jsontext.KindString, jsontext.KindNumber:
		*t = text(token.String())
	default:
		return errors.New("want text")
	}
	return nil
}

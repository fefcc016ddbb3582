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

// Orders paid by 担保支付 are still settled, and their callbacks have the old signature:
// by a token, with SHA-1, and within the body. That is weak, so only apps with a token
// accept it, and never for a body of version 2.0.

// legacyBody has the members that the signature of an old callback needs.
type legacyBody struct {
	Timestamp mend.Literal   `json:"timestamp"`
	Nonce     mend.Literal   `json:"nonce"`
	Msg       jsontext.Value `json:"msg"`
	Signature string         `json:"msg_signature"`
	Version   mend.Literal   `json:"version"`
}

// secondsDigits is the length of a timestamp in seconds. The signed parts are joined
// without a separator, so a timestamp of 13 digits could include digits of the nonce.
const secondsDigits = 10

// signedLegacy is the old signature: the hexadecimal SHA-1 of token, timestamp, nonce
// and msg, sorted and joined.
type signedLegacy struct{ timestamp, nonce, msg, signature string }

func (s signedLegacy) verify(a *app) bool {
	parts := []string{a.token.Reveal(), s.timestamp, s.nonce, s.msg}
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	want := hex.EncodeToString(sum[:])
	if subtle.ConstantTimeCompare([]byte(want), []byte(s.signature)) != 1 {
		return false
	}
	a.verified.Inc()
	return true
}

// isVersion2 reports whether the signature of version 2.0 must prove the body. A body
// that cannot be decoded needs that one as well, as it is the stronger.
func isVersion2(body []byte) bool {
	var decoded struct {
		Version mend.Literal `json:"version"`
	}
	return decodeBody(body, &decoded) != nil || decoded.Version == "2.0"
}

// readLegacy reads the signature of an old callback.
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

// decodeBody decodes a body, of which msg may have text that is not valid UTF-8.
func decodeBody(body []byte, into any) error {
	return json.Unmarshal(bytes.TrimPrefix(body, mend.BOM), into, jsontext.AllowInvalidUTF8(true))
}

// signedText returns the bytes of msg that were signed, "" if it is missing.
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

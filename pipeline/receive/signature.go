package receive

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"time"

	"billwalk/schema"
)

// signature is the signature of a request, not yet verified.
type signature interface {
	// verify reports whether it was made with the app's key or token, and counts it.
	verify(*app) bool
}

// signedRSA is the signature of version 2.0: RSA-SHA256, PKCS #1 v1.5, over timestamp,
// nonce and raw body, each with a line break after it.
type signedRSA struct{ message, signature []byte }

func (s signedRSA) verify(a *app) bool {
	digest := sha256.Sum256(s.message)
	for _, key := range a.keys.current() {
		if key.Size() == len(s.signature) && rsa.VerifyPKCS1v15(key.PublicKey, crypto.SHA256, digest[:], s.signature) == nil {
			key.verified.Inc()
			a.keys.matched(key.name)
			return true
		}
	}
	return false
}

var strict = base64.StdEncoding.Strict()

// readRSA reads the signature of version 2.0 from the headers.
func readRSA(c *schema.Callback, q *http.Request, message []byte) (signature, *refusal) {
	for _, header := range []struct {
		name          string
		value         *string
		missing, many *refusal
	}{
		{"Byte-Timestamp", &c.Timestamp, errNoTimestamp, errBadTimestamp},
		{"Byte-Nonce-Str", &c.Nonce, errNoNonce, errBadNonce},
		{"Byte-Signature", &c.Signature, errNoSignature, errBadSignature},
	} {
		values := q.Header[header.name]
		switch {
		case len(values) == 0 || values[0] == "":
			return nil, header.missing
		case len(values) > 1:
			return nil, header.many
		}
		*header.value = values[0]
	}
	if err := checkNonce(c.Nonce); err != nil {
		return nil, err
	}
	raw, err := strict.DecodeString(c.Signature)
	if err != nil || len(raw) < minBits/8 || len(raw) > maxBits/8 {
		return nil, errBadSignature
	}
	return signedRSA{message, raw}, nil
}

// checkNonce refuses a nonce that is too long or has a line break or other characters
// that are not printable.
func checkNonce(nonce string) *refusal {
	if len(nonce) > maxNonce {
		return errBadNonce
	}
	for i := range len(nonce) {
		if nonce[i] < ' ' || nonce[i] > '~' {
			return errBadNonce
		}
	}
	return nil
}

// parseTimestamp parses exactly ten digits of seconds or thirteen of milliseconds.
func parseTimestamp(text string) (time.Time, bool) {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return time.Time{}, false
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil:
		return time.Time{}, false
	case len(text) == 10:
		return time.Unix(n, 0), true
	case len(text) == 13:
		return time.UnixMilli(n), true
	default:
		return time.Time{}, false
	}
}

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

const (
	mostAhead = 10 * time.Minute // of our clock; more is refused
	mostAge   = 48 * time.Hour   // the platform tries for some 26; what is older is put into quarantine
	mostNonce = 128
)

// signature is what a request has that nothing proves yet.
type signature interface {
	// holds says that the app's key or token has made it, and counts that as its own.
	holds(*app) bool
}

// signedRSA is version 2.0: RSA-SHA256, PKCS #1 v1.5, over timestamp, nonce and raw
// body, each with a line break.
type signedRSA struct{ message, signature []byte }

func (s signedRSA) holds(a *app) bool {
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

// read reads the request, and what has to prove it. On the path of the app the body's
// version chooses the signature: the platform has one address for both. It is
// chosen before any is checked, and no other one is tried.
func (r *Receiver) read(a *app, c *schema.Callback, q *http.Request) (signature, *refusal) {
	if err := admit(q); err != nil {
		return nil, err
	}
	if !r.state.reached.Load() {
		return nil, errNotReady
	}
	message, err := r.readMessage(c, q)
	if err != nil {
		return nil, err
	}
	if c.Scheme == schema.SignedRSA && !saysCurrent(c.Body) {
		switch {
		case !a.token.Empty():
			c.Scheme = schema.SignedLegacy
		case q.Header.Get("Byte-Signature") == "":
			return nil, errNoToken.with("hint", hintNoToken)
		}
	}
	if c.Scheme == schema.SignedLegacy {
		return readLegacy(c)
	}
	return readRSA(c, q, message)
}

// readMessage reads the body, and returns what version 2.0 signs: the first two
// headers and the body, each with a line break.
func (r *Receiver) readMessage(c *schema.Callback, q *http.Request) ([]byte, *refusal) {
	timestamp, nonce := q.Header.Get("Byte-Timestamp"), q.Header.Get("Byte-Nonce-Str")
	message := make([]byte, 0, len(timestamp)+len(nonce)+len("\n\n\n")+int(max(0, q.ContentLength)))
	message = append(append(message, timestamp...), '\n')
	message = append(append(message, nonce...), '\n')
	start := len(message)
	message, err := r.readBody(message, q)
	if err != nil {
		return nil, err
	}
	c.Body = message[start:len(message):len(message)]
	return append(message, '\n'), nil
}

// readRSA reads the signature of version 2.0. It is in the headers; what the body may
// say of one is not looked at.
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
	if err != nil || len(raw) < leastBits/8 || len(raw) > mostBits/8 {
		return nil, errBadSignature
	}
	return signedRSA{message, raw}, nil
}

// checkNonce makes sure that a nonce cannot pass for anything else.
func checkNonce(nonce string) *refusal {
	if len(nonce) > mostNonce {
		return errBadNonce
	}
	for i := range len(nonce) {
		if nonce[i] < ' ' || nonce[i] > '~' {
			return errBadNonce
		}
	}
	return nil
}

// parseInstant reads a timestamp: ten digits of seconds or thirteen of
// milliseconds, and nothing else.
func parseInstant(text string) (time.Time, bool) {
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

package receive

import (
	"net/http"
)

// refusal is why a request is not acknowledged. The platform sends it again. All
// refusals are declared below.
type refusal struct {
	status int
	reason string // label of the metric, also logged
	answer []byte
	detail []any // pairs for the log
}

func refuse(status int, reason, tips string) *refusal {
	return &refusal{status: status, reason: reason, answer: []byte(`{"err_no":1,"err_tips":"` + tips + `"}`)}
}

// with returns the refusal with details for the log.
func (r refusal) with(detail ...any) *refusal {
	r.detail = detail
	return &r
}

var (
	errPath     = refuse(http.StatusNotFound, "path", "no callbacks are received here")
	errMethod   = refuse(http.StatusMethodNotAllowed, "method", "want POST")
	errTooLarge = refuse(http.StatusRequestEntityTooLarge, "too_large", "the body has more than 64 KiB")
	errCutBody  = refuse(http.StatusBadRequest, "cut_body", "the body ended early")

	errNoTimestamp  = refuse(http.StatusUnauthorized, "missing_timestamp", "not signed: no timestamp")
	errNoNonce      = refuse(http.StatusUnauthorized, "missing_nonce", "not signed: no nonce")
	errNoSignature  = refuse(http.StatusUnauthorized, "missing_signature", "not signed: no signature")
	errBadTimestamp = refuse(http.StatusUnauthorized, "bad_timestamp", "the timestamp is no time")
	errBadNonce     = refuse(http.StatusUnauthorized, "bad_nonce", "the nonce is not of 1 to 128 printable characters")
	errBadSignature = refuse(http.StatusUnauthorized, "bad_signature", "the signature has not the form of one")
	errTooNew       = refuse(http.StatusUnauthorized, "too_new", "the timestamp is in the future")
	errWrong        = refuse(http.StatusUnauthorized, "wrong_signature", "the signature does not hold")
	errLegacyBody   = refuse(http.StatusUnauthorized, "legacy_body", "the body is not what an old callback has")
	errNotLegacy    = refuse(http.StatusUnauthorized, "not_legacy", "version 2.0 is not received here")
	errNoToken      = refuse(http.StatusUnauthorized, "no_token", "the body has no version 2.0 and the app has no legacy_token")

	errNotReady  = refuse(http.StatusServiceUnavailable, "not_ready", "come again")
	errBusy      = refuse(http.StatusServiceUnavailable, "busy", "come again")
	errQueueFull = refuse(http.StatusServiceUnavailable, "queue_full", "come again")
	errStore     = refuse(http.StatusServiceUnavailable, "store", "come again")
)

// acknowledgement is the answer, byte for byte, after which the platform stops repeating.
var acknowledgement = []byte(`{"err_no":0,"err_tips":"success"}`)

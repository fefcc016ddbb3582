package receive

import (
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
)

const (
	mostBody    = 64 << 10 // bytes of a request's body
	usualBody   = 8 << 10  // a callback has some 700 bytes
	mostServing = 4096     // requests that are verified or being stored, at a time
	mostLarge   = 256      // requests whose body is longer, or does not say how long it is, at a time
)

// refusal is why a request is not acknowledged, which makes the platform send it
// again. There are only those below.
type refusal struct {
	status int
	reason string // a label of the metric, and what the log says
	answer []byte
	detail []any // pairs for the log alone
}

func refuse(status int, reason, tips string) *refusal {
	return &refusal{status: status, reason: reason, answer: []byte(`{"err_no":1,"err_tips":"` + tips + `"}`)}
}

// with returns the refusal with more for the log.
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

// acknowledgement is, byte for byte, what ends the platform's trying.
var acknowledgement = []byte(`{"err_no":0,"err_tips":"success"}`)

var jsonType = []string{"application/json"}

func answer(w http.ResponseWriter, status int, body []byte) {
	w.Header()["Content-Type"] = jsonType
	w.WriteHeader(status)
	_, _ = w.Write(body) // who does not hear it will come again
}

// refuse answers, counts and logs a refusal: of the request nothing but where it
// came from, the path that it asked for, and its log id.
func (r *Receiver) refuse(w http.ResponseWriter, q *http.Request, a *app, err *refusal) {
	name := ""
	if a != nil {
		name = a.name
	}
	r.metrics.refused.WithLabelValues(name, err.reason).Inc()
	about := []any{"app", name, "path", cleanPath(q.URL), "remote", q.RemoteAddr, "logid", clean(q.Header.Get("Byte-Logid"))}
	r.samples.log(slog.LevelWarn, "a request was not acknowledged", err.reason, append(about, err.detail...)...)
	if err == errMethod {
		w.Header().Set("Allow", http.MethodPost)
	}
	answer(w, err.status, err.answer)
}

// admit looks at what costs nothing to look at. The Content-Type is not looked at: the
// signature proves the body, whatever it is called.
func admit(q *http.Request) *refusal {
	if q.Method != http.MethodPost {
		return errMethod
	}
	if q.ContentLength > mostBody {
		return errTooLarge
	}
	return nil
}

// readBody appends the body to what is there. Long ones are read a few at a time,
// so that senders of much and slowly cannot fill the memory.
func (r *Receiver) readBody(there []byte, q *http.Request) ([]byte, *refusal) {
	length := q.ContentLength
	if length < 0 || length > usualBody {
		select {
		case r.large <- struct{}{}:
			defer func() { <-r.large }()
		default:
			return nil, errBusy
		}
	}
	if length < 0 {
		return readChunks(there, q.Body)
	}
	start := len(there)
	there = append(there, make([]byte, length)...)
	if _, err := io.ReadFull(q.Body, there[start:]); err != nil {
		return nil, errCutBody
	}
	return there, nil
}

// readChunks appends a body that does not say how long it is.
func readChunks(there []byte, body io.Reader) ([]byte, *refusal) {
	read, err := io.ReadAll(io.LimitReader(body, mostBody+1))
	switch {
	case err != nil:
		return nil, errCutBody
	case len(read) > mostBody:
		return nil, errTooLarge
	}
	return append(there, read...), nil
}

// mostPath is how much of a path a log has.
const mostPath = 128

// cleanPath returns the path as it was asked for, in ASCII, without the query.
func cleanPath(u *url.URL) string {
	path := u.EscapedPath()
	if len(path) > mostPath {
		path = path[:mostPath] + "..."
	}
	return path
}

// clean makes a header that nobody signed fit for a log and the archive.
func clean(logid string) string {
	logid = strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-' || c == '_' {
			return c
		}
		return -1
	}, logid)
	return logid[:min(len(logid), 64)]
}

package receive

import (
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"billwalk/schema"
)

var jsonType = []string{"application/json"}

func answer(w http.ResponseWriter, status int, body []byte) {
	w.Header()["Content-Type"] = jsonType
	w.WriteHeader(status)
	_, _ = w.Write(body) // a sender that does not get it repeats the callback
}

// refuse answers, counts and logs a refusal. Of the request it logs only the address, the
// path and the log id.
func (r *Receiver) refuse(w http.ResponseWriter, q *http.Request, a *app, err *refusal) {
	name := ""
	if a != nil {
		name = a.name
	}
	r.metrics.refused.WithLabelValues(name, err.reason).Inc()
	about := []any{"app", name, "path", cleanPath(q.URL), "remote", q.RemoteAddr, "logid", cleanLogID(q.Header.Get("Byte-Logid"))}
	r.samples.log(slog.LevelWarn, "a request was not acknowledged", err.reason, append(about, err.detail...)...)
	if err.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodPost)
	}
	answer(w, err.status, err.answer)
}

// read reads the request and its signature. On the app's own path the version in the
// body chooses the signature, as the platform has one address for both. It is chosen
// before any is verified, and the other one is never tried.
func (r *Receiver) read(a *app, c *schema.Callback, q *http.Request) (signature, *refusal) {
	if err := checkForm(q); err != nil {
		return nil, err
	}
	if !r.state.reached.Load() {
		return nil, errNotReady
	}
	message, err := r.readMessage(c, q)
	if err != nil {
		return nil, err
	}
	if c.Scheme == schema.SignedRSA && !isVersion2(c.Body) {
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

// readMessage reads the body, and returns the bytes that version 2.0 signs: timestamp,
// nonce and body, each with a line break after it.
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

// checkForm checks method and length. It ignores the Content-Type: the signature proves
// the body.
func checkForm(q *http.Request) *refusal {
	if q.Method != http.MethodPost {
		return errMethod
	}
	if q.ContentLength > maxBody {
		return errTooLarge
	}
	return nil
}

// readBody appends the body to a buffer. Few long bodies are read at a time, so that slow
// senders of them cannot fill the memory.
func (r *Receiver) readBody(buffer []byte, q *http.Request) ([]byte, *refusal) {
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
		return readChunked(buffer, q.Body)
	}
	start := len(buffer)
	buffer = append(buffer, make([]byte, length)...)
	if _, err := io.ReadFull(q.Body, buffer[start:]); err != nil {
		return nil, errCutBody
	}
	return buffer, nil
}

// readChunked appends a body of unknown length to a buffer.
func readChunked(buffer []byte, body io.Reader) ([]byte, *refusal) {
	read, err := io.ReadAll(io.LimitReader(body, maxBody+1))
	switch {
	case err != nil:
		return nil, errCutBody
	case len(read) > maxBody:
		return nil, errTooLarge
	}
	return append(buffer, read...), nil
}

// maxPath is the maximum length of a path in the log.
const maxPath = 128

// cleanPath returns the requested path in ASCII, without the query.
func cleanPath(u *url.URL) string {
	path := u.EscapedPath()
	if len(path) > maxPath {
		path = path[:maxPath] + "..."
	}
	return path
}

// cleanLogID returns a log id, which is not signed, without any unusual characters.
func cleanLogID(logid string) string {
	logid = strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-' || c == '_' {
			return c
		}
		return -1
	}, logid)
	return logid[:min(len(logid), 64)]
}

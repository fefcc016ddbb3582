package douyin

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"billwalk/pipeline/normalise"
)

// judge decides whether an answer is accepted. It returns the logid and the error, if
// any: by the HTTP status if a server or a gateway is at fault, otherwise by the codes in
// the body.
func judge(api string, status int, body []byte) (logID string, fault *Error) {
	logID, fault = readEnvelope(api, body)
	if isSuccess(status) || fault != nil && fault.hasCode() && fault.Hint != hintUnknown && statusRemedy(status) == giveUpUnit {
		return logID, fault
	}
	byStatus := newError(api, statusRemedy(status), fmt.Sprintf("HTTP %d %s", status, http.StatusText(status)))
	byStatus.LogID, byStatus.body = logID, jsonEvidence(body)
	byStatus.unanswered = byStatus.remedy == repeat
	if fault != nil && fault.hasCode() {
		byStatus.Code, byStatus.SubCode, byStatus.Hint = fault.Code, fault.SubCode, fault.Hint
		byStatus.Reason += ": " + fault.Reason
	}
	if byStatus.remedy == giveUpUnit || byStatus.remedy == giveUpApp {
		byStatus.Hint = hintBaseURL
	}
	return logID, byStatus
}

func isSuccess(status int) bool { return status >= 200 && status < 300 }

// statusRemedy returns the remedy of an HTTP status, if no code is more specific.
func statusRemedy(status int) remedy {
	switch {
	case status == http.StatusTooManyRequests:
		return slowDown
	case status >= 500, status == http.StatusRequestTimeout:
		return repeat
	default:
		return giveUpUnit
	}
}

// hasCode reports whether the platform itself reported the error.
func (e *Error) hasCode() bool { return e.Code != 0 || e.SubCode != 0 }

// readEnvelope returns an answer's logid, and an error if it has an error code in any
// place, even beside data, or no evidence of success.
func readEnvelope(api string, body []byte) (logID string, fault *Error) {
	var e normalise.Envelope
	// Its texts are for messages only, so that invalid ones may be repaired.
	if err := json.Unmarshal(body, &e, jsontext.AllowInvalidUTF8(true)); err != nil {
		return "", malformed(api, body, err)
	}
	logID = e.RequestID()
	if found, ok := decide(e.Codes(), strings.Join(e.Texts(), " ")); ok {
		fault = newError(api, found.remedy, cmp.Or(strings.Join(e.Texts(), ": "), found.meaning.Chinese+" "+found.meaning.English))
		fault.Code, fault.SubCode, fault.Hint = found.main, found.sub, hintOf(api, found.code)
	} else if err := checkSuccess(api, &e); err != nil {
		fault = newError(api, repeatOnce, err.Error()).withCause(err)
		fault.Hint, fault.unreadable = hintNoEvidence, true
	} else {
		return logID, nil
	}
	fault.LogID, fault.body = logID, jsonEvidence(body)
	return logID, fault
}

// checkSuccess returns an error if an answer has no evidence of success. For
// client_token, which has no extra, that is the token.
func checkSuccess(api string, e *normalise.Envelope) error {
	if api == apiToken {
		return e.NoError()
	}
	return e.Success()
}

// malformed returns the error of a body that cannot be decoded. One that is incomplete or
// a gateway's is no answer; any other is an unreadable answer.
func malformed(api string, body []byte, cause error) *Error {
	start := bytes.TrimLeft(body, " \t\r\n")
	dec := jsontext.NewDecoder(bytes.NewReader(body), jsontext.AllowInvalidUTF8(true))
	_, err := dec.ReadValue()
	r, reason, unanswered := repeat, "", false
	switch {
	case len(start) == 0:
		reason, unanswered = "the answer is empty", true
	case start[0] == '<':
		reason, unanswered = "the answer is HTML, from a gateway and not from the platform", true
	case errors.Is(err, io.ErrUnexpectedEOF):
		reason, unanswered = fmt.Sprintf("the answer was cut short after %d bytes", len(body)), true
	case errors.Is(err, jsontext.ErrDuplicateName):
		r, reason = giveUpUnit, "the answer repeats a key: "+err.Error()
	case err != nil:
		reason = "the answer is not JSON: " + err.Error()
	case len(bytes.TrimSpace(body[dec.InputOffset():])) > 0:
		r, reason = giveUpUnit, fmt.Sprintf("the answer goes on after its end, at byte %d", dec.InputOffset())
	default:
		r, reason = repeatOnce, "the answer is not what the API documents: "+cause.Error()
	}
	fault := newError(api, r, reason).withCause(cause)
	fault.body, fault.unanswered, fault.unreadable = jsonEvidence(body), unanswered, !unanswered
	return fault
}

// jsonEvidence returns a body as one line of JSON, or nil if it is not JSON.
func jsonEvidence(body []byte) []byte {
	if !jsontext.Value(body).IsValid(jsontext.AllowInvalidUTF8(true)) {
		return nil
	}
	return oneLineJSON(body)
}

// oneLineJSON returns valid JSON without line breaks: unchanged if it has none, otherwise
// without white space. Strings and numbers are not changed.
func oneLineJSON(body []byte) []byte {
	if bytes.IndexByte(body, '\n') < 0 && bytes.IndexByte(body, '\r') < 0 {
		return body
	}
	line := jsontext.Value(bytes.Clone(body))
	if err := line.Compact(); err != nil {
		return nil // cannot happen: the body is valid
	}
	return line
}

package douyin

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// envelope is what every answer wraps its content in. An error may sit in
// either place, with or without content beside it.
type envelope struct {
	Data  section `json:"data"`
	Extra section `json:"extra"`
}

// section is the part of data and of extra that speaks of errors.
type section struct {
	Code           integer `json:"error_code"`
	Description    string  `json:"description"`
	SubCode        integer `json:"sub_error_code"`
	SubDescription string  `json:"sub_description"`
	LogID          text    `json:"logid"`
}

// UnmarshalJSONFrom reads an object; an error's answer may have null, a list or
// text in its place, which says nothing.
func (s *section) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() != jsontext.KindBeginObject {
		return dec.SkipValue()
	}
	type plain section
	return json.UnmarshalDecode(dec, (*plain)(s))
}

// integer is a whole number within int64, bare or quoted; null and absent are 0.
type integer int64

// UnmarshalJSONFrom reads a whole number, bare or quoted, or null.
func (n *integer) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	token, err := dec.ReadToken()
	if err != nil {
		return err
	}
	if token.Kind() == jsontext.KindNull {
		*n = 0
		return nil
	}
	if token.Kind() != jsontext.KindNumber && token.Kind() != jsontext.KindString {
		return fmt.Errorf("want a whole number, got %s", token.Kind())
	}
	v, err := strconv.ParseInt(token.String(), 10, 64)
	*n = integer(v)
	return err
}

// text is a string that may also come as a number of any length, whose digits
// are taken as they stand; null and absent are "".
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
	case jsontext.KindNumber, jsontext.KindString:
		*t = text(token.String())
	default:
		return fmt.Errorf("want text, got %s", token.Kind())
	}
	return nil
}

// judge decides whether an answer is taken. It returns the logid, or why not:
// by the HTTP status where the server or a gateway is at fault, otherwise by the
// codes in the body, whatever the status says.
func judge(api string, status int, body []byte) (logID string, fault *Error) {
	logID, fault = readEnvelope(api, body)
	ok := status >= 200 && status < 300
	if ok || fault != nil && fault.coded() && statusRemedy(status) == giveUpUnit {
		return logID, fault
	}
	byStatus := newError(api, statusRemedy(status), fmt.Sprintf("HTTP %d %s", status, http.StatusText(status)))
	byStatus.LogID, byStatus.body = logID, evidence(body)
	byStatus.unanswered = byStatus.remedy == repeat
	switch {
	case fault != nil && fault.coded():
		byStatus.Code, byStatus.SubCode, byStatus.Hint = fault.Code, fault.SubCode, fault.Hint
		byStatus.Reason += ": " + fault.Reason
	case byStatus.remedy == giveUpUnit || byStatus.remedy == giveUpApp:
		byStatus.Hint = hintBaseURL
	}
	return logID, byStatus
}

// statusRemedy is what an HTTP status asks for where no code is more specific.
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

// coded says that the platform itself reported the error.
func (e *Error) coded() bool { return e.Code != 0 || e.SubCode != 0 }

// readEnvelope decodes the answer's envelope and returns its logid. Any error
// code, in any place, makes the answer an error, even beside data.
func readEnvelope(api string, body []byte) (logID string, fault *Error) {
	var e envelope
	// Its texts are for messages only: what is not valid in them is mended.
	if err := json.Unmarshal(body, &e, jsontext.AllowInvalidUTF8(true)); err != nil {
		return "", malformed(api, body, err)
	}
	logID = string(cmp.Or(e.Extra.LogID, e.Data.LogID))
	main, other := e.Data, e.Extra
	if _, known := codes[int64(main.Code)]; main.Code == 0 || !known && other.Code != 0 {
		main, other = other, main
	}
	sub := cmp.Or(e.Extra.SubCode, e.Data.SubCode)
	if main.Code == 0 && sub == 0 {
		return logID, nil
	}
	texts := []string{main.Description, other.Description, e.Extra.SubDescription, e.Data.SubDescription}
	found := lookUp(int64(main.Code), int64(sub), strings.Join(texts, " "))
	fault = newError(api, found.remedy, describe(texts, found))
	fault.Code, fault.SubCode, fault.LogID = int64(main.Code), int64(sub), logID
	fault.Hint, fault.body = hintOf(api, found), evidence(body)
	return logID, fault
}

// describe gives the platform's own words, each once, or
// the table's where it has none.
func describe(texts []string, found code) string {
	var said []string
	for _, text := range texts {
		if text != "" && text != "success" && !slices.Contains(said, text) {
			said = append(said, text)
		}
	}
	if len(said) == 0 {
		return found.meaning
	}
	return strings.Join(said, ": ")
}

// malformed names what is wrong with a body that does not decode. What did not arrive
// whole, or came from a gateway, is no answer; all else is one that cannot be read.
func malformed(api string, body []byte, cause error) *Error {
	start := bytes.TrimLeft(body, " \t\r\n")
	dec := jsontext.NewDecoder(bytes.NewReader(body), jsontext.AllowInvalidUTF8(true))
	_, err := dec.ReadValue()
	r, reason, unanswered := repeatFew, "", false
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
	fault := newError(api, r, reason).because(cause)
	fault.body, fault.unanswered, fault.unreadable = evidence(body), unanswered, !unanswered
	return fault
}

// evidence returns a body that can be kept on one line of JSON, or nil.
func evidence(body []byte) []byte {
	if !jsontext.Value(body).IsValid(jsontext.AllowInvalidUTF8(true)) {
		return nil
	}
	return oneLineJSON(body)
}

// oneLineJSON returns valid JSON without line breaks: as received if it has
// none, otherwise without its white space, every string and number untouched.
func oneLineJSON(body []byte) []byte {
	if !bytes.ContainsAny(body, "\r\n") {
		return body
	}
	line := jsontext.Value(bytes.Clone(body))
	if err := line.Compact(); err != nil {
		return nil // cannot be: the body is valid
	}
	return line
}

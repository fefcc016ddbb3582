package normalise

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Envelope is the part of an answer that says whether the call succeeded. The APIs say so
// in data and in extra, a gateway in front of them says so at the top.
type Envelope struct {
	Claims
	Data  Part           `json:"data"`
	Extra Part           `json:"extra"`
	Rest  jsontext.Value `json:",embed"` // undocumented members
}

// Part is data or extra. Only an object has claims.
type Part struct {
	Kind jsontext.Kind // 0 where it is missing
	Claims
}

// UnmarshalJSONFrom reads any value.
func (p *Part) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	p.Kind = dec.PeekKind()
	if p.Kind != jsontext.KindBeginObject {
		return dec.SkipValue()
	}
	return json.UnmarshalDecode(dec, &p.Claims)
}

// decodeData decodes the data of a page that says that the call succeeded. D is the form of the
// API's data, with its Claims. The error names the API.
func decodeData[D interface{ said() Claims }](api string, body []byte) (data *D, logID string, err error) {
	var answer struct {
		Claims
		Data  *D   `json:"data"`
		Extra Part `json:"extra"`
	}
	if _, err := decodeJSON(body, &answer); err != nil {
		return nil, "", fmt.Errorf("page is not what the %s API documents: %w", api, err)
	}
	says := Envelope{Claims: answer.Claims, Extra: answer.Extra}
	if answer.Data != nil {
		says.Data = Part{jsontext.KindBeginObject, (*answer.Data).said()}
	}
	if err := says.Success(); err != nil {
		return nil, "", err
	}
	if answer.Data == nil {
		return nil, "", errors.New("page has no data")
	}
	return answer.Data, says.RequestID(), nil
}

// Claims are the members by which a part of an answer says whether the call succeeded,
// under all names that the platform uses.
type Claims struct {
	ErrorCode Code `json:"error_code"`
	ErrNo     Code `json:"err_no"`
	BareCode  Code `json:"code"`
	SubCode   Code `json:"sub_error_code"`

	Description    message `json:"description"`
	ErrMsg         message `json:"err_msg"`
	ErrTips        message `json:"err_tips"`
	Message        message `json:"message"`
	SubDescription message `json:"sub_description"`

	LogID    message `json:"logid"`
	LogIDToo message `json:"log_id"`
}

func (c Claims) said() Claims { return c }

// Code is an error code as received. null is absent.
type Code struct {
	N     int64
	Given bool
	odd   string // the kind of a value that is not a whole number; not the value, which may be a coupon code
}

// UnmarshalJSONFrom reads any value, so that a bad code does not hide the others.
func (c *Code) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	raw, err := dec.ReadValue()
	if err != nil || raw.Kind() == jsontext.KindNull {
		return err
	}
	digits := []byte(raw)
	if raw.Kind() == jsontext.KindString {
		digits, _ = jsontext.AppendUnquote(nil, raw) // invalid text is not a number
	}
	c.Given = true
	if c.N, err = strconv.ParseInt(string(digits), 10, 64); err != nil {
		c.N, c.odd = 0, kindNames[raw.Kind()]
	}
	return nil
}

// message is text for people. A value that is neither text nor a number is "".
type message string

// UnmarshalJSONFrom reads any value.
func (w *message) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if kind := dec.PeekKind(); kind != jsontext.KindString && kind != jsontext.KindNumber {
		return dec.SkipValue()
	}
	token, err := dec.ReadToken()
	*w = message(token.String())
	return err
}

// PlacedCode is a code and its path, such as extra.sub_error_code.
type PlacedCode struct {
	Place string
	Sub   bool
	Code
}

// Codes returns the codes that are not 0, or not numbers, those of data first.
func (e *Envelope) Codes() (codes []PlacedCode) {
	for _, part := range [...]struct {
		prefix string
		*Claims
	}{{"data.", &e.Data.Claims}, {"extra.", &e.Extra.Claims}, {"", &e.Claims}} {
		for _, c := range [...]PlacedCode{
			{"error_code", false, part.ErrorCode}, {"err_no", false, part.ErrNo}, {"code", false, part.BareCode}, {"sub_error_code", true, part.SubCode},
		} {
			if c.N != 0 || c.odd != "" {
				c.Place = part.prefix + c.Place
				codes = append(codes, c)
			}
		}
	}
	return codes
}

// Texts returns the messages of the answer, each once.
func (e *Envelope) Texts() (texts []string) {
	d, x, top := &e.Data.Claims, &e.Extra.Claims, &e.Claims
	for _, w := range [...]message{
		d.Description, d.ErrMsg, d.ErrTips, d.Message, x.Description, x.ErrMsg, x.ErrTips, x.Message,
		top.Description, top.ErrMsg, top.ErrTips, top.Message, x.SubDescription, d.SubDescription, top.SubDescription,
	} {
		if text := string(w); text != "" && text != "success" && !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return texts
}

// RequestID returns the logid of the answer, wherever it is, or "".
func (e *Envelope) RequestID() string {
	for _, c := range [...]*Claims{&e.Extra.Claims, &e.Data.Claims, &e.Claims} {
		for _, id := range [...]message{c.LogID, c.LogIDToo} {
			if id != "" {
				return string(id)
			}
		}
	}
	return ""
}

// ErrNoEvidence is the error of an answer without evidence that the call succeeded.
var ErrNoEvidence = errors.New("the answer does not say that it succeeded")

// Succeeded returns why a body does not count as an answer, or nil.
func Succeeded(body []byte) error {
	s := scanners.Get().(*scanner)
	defer s.release()
	if _, ok := s.scan(body); ok && s.isWhole() {
		return nil
	}
	var e Envelope
	if _, err := decodeJSON(body, &e); err != nil {
		return err
	}
	return e.Success()
}

// Success returns nil only with positive evidence of success: there is extra.error_code,
// and no code reports a failure.
func (e *Envelope) Success() error {
	if err := e.NoError(); err != nil {
		return err
	}
	if e.Extra.ErrorCode.Given {
		return nil
	}
	return noEvidence("the answer does not say that it succeeded: it has no extra.error_code%s", e.describe())
}

// NoError returns an error with the first code that reports a failure, or nil.
func (e *Envelope) NoError() error {
	codes := e.Codes()
	if len(codes) == 0 {
		return nil
	}
	c := codes[0]
	if c.odd != "" {
		return noEvidence("the answer is not what the API documents: %s is %s and no whole number", c.Place, c.odd)
	}
	return noEvidence("the answer is an error: %s is %d%s", c.Place, c.N, e.describe())
}

// evidenceError is an error for which errors.Is(err, ErrNoEvidence) holds.
type evidenceError string

func noEvidence(format string, args ...any) error { return evidenceError(fmt.Sprintf(format, args...)) }

func (e evidenceError) Error() string        { return string(e) }
func (e evidenceError) Is(target error) bool { return target == ErrNoEvidence }

// describe describes an answer without evidence: its messages, and members that it should
// not have.
func (e *Envelope) describe() string {
	var has []string
	if kind := e.Data.Kind; kind != 0 && kind != jsontext.KindBeginObject {
		has = append(has, "data is "+kindNames[kind])
	}
	if kind := e.Extra.Kind; kind != 0 && kind != jsontext.KindBeginObject {
		has = append(has, "extra is "+kindNames[kind])
	}
	if len(e.Rest) > 0 {
		has = append(has, "it has the member "+firstName(e.Rest))
	}
	if texts := e.Texts(); len(texts) > 0 {
		has = append(has, "it says: "+strings.Join(texts, ": "))
	}
	if len(has) == 0 {
		return ""
	}
	return " (" + strings.Join(has, ", ") + ")"
}

// firstName returns the name of an object's first member.
func firstName(object jsontext.Value) string {
	dec := jsontext.NewDecoder(bytes.NewReader(object), jsontext.AllowInvalidUTF8(true))
	_, _ = dec.ReadToken()
	name, _ := dec.ReadToken()
	return fmt.Sprintf("%.40q", name.String())
}

var kindNames = map[jsontext.Kind]string{
	jsontext.KindNull: "null", jsontext.KindBeginObject: "an object", jsontext.KindBeginArray: "a list", jsontext.KindString: "text", jsontext.KindNumber: "a number",
	jsontext.KindTrue: "true", jsontext.KindFalse: "false",
}

// notFound is the code of an answer that the order is not found, which means the same as
// an empty list.
const notFound = 20000

// OrderNotFound reports whether the answer says that the order is not found and has no
// other error.
func (e *Envelope) OrderNotFound() bool {
	found := false
	for _, c := range e.Codes() {
		switch {
		case c.N == notFound:
			found = true
		case c.odd != "", c.Sub, !isGeneral(c.N):
			return false
		}
	}
	return found
}

// isGeneral reports whether a code only names the module in which a call failed; its sub
// code then says why. The codes for access, quota, rate and parameters are in the ranges
// below and are specific.
func isGeneral(code int64) bool {
	switch code / 1000 {
	case 10, 2100, 2119, 2190, 4000, 6000, 28001, 28003:
		return code == 2100001 || code == 2119002 || code == 2190000
	}
	return true
}

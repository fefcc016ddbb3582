package audit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// errorFields are the members by which a part of an answer reports an error.
type errorFields struct {
	ErrorCode   jsontext.Value `json:"error_code"`
	ErrNo       jsontext.Value `json:"err_no"`
	Code        jsontext.Value `json:"code"`
	Sub         jsontext.Value `json:"sub_error_code"`
	Description jsontext.Value `json:"description"`
	ErrMsg      jsontext.Value `json:"err_msg"`
	ErrTips     jsontext.Value `json:"err_tips"`
	Message     jsontext.Value `json:"message"`
	LogID       jsontext.Value `json:"logid"`
	LogIDToo    jsontext.Value `json:"log_id"`
}

// refusal is the error of an answer that does not prove that the call succeeded.
type refusal struct {
	codes, subs []int64
	what        string // what is wrong, and where
	text        string // message of the platform
	logID       string
}

func (r *refusal) Error() string {
	said := r.what
	if r.text != "" {
		said += ": " + r.text
	}
	if r.logID != "" {
		said += " (logid " + r.logID + ")"
	}
	return said
}

// readProof is proof of an answer whose extra is yet to be read.
func readProof(top, data errorFields, rawExtra jsontext.Value) *refusal {
	var extra errorFields
	if rawExtra.Kind() == jsontext.KindBeginObject {
		if err := json.Unmarshal(rawExtra, &extra, anyText); err != nil {
			return &refusal{what: "extra cannot be read: " + err.Error()}
		}
	}
	return proof(top, data, extra)
}

// proof returns nil if no part of an answer reports an error and there is an error_code in
// extra, else the refusal.
func proof(top, data, extra errorFields) *refusal {
	r := &refusal{text: first(top.Description, top.ErrMsg, top.ErrTips, top.Message, extra.Description, extra.ErrMsg, extra.Message, data.Description, data.ErrMsg, data.Message)}
	r.logID = first(extra.LogID, extra.LogIDToo, data.LogID, data.LogIDToo, top.LogID, top.LogIDToo)
	for _, part := range []struct {
		of string
		errorFields
	}{{"", top}, {" in data", data}, {" in extra", extra}} {
		for _, c := range []struct {
			name string
			raw  jsontext.Value
			to   *[]int64
		}{{"err_no", part.ErrNo, &r.codes}, {"error_code", part.ErrorCode, &r.codes}, {"code", part.Code, &r.codes}, {"sub_error_code", part.Sub, &r.subs}} {
			n, err := whole(c.raw)
			switch {
			case err != nil:
				r.codes, r.subs, r.what = nil, nil, c.name+part.of+" is no whole number"
				return r
			case n.V != 0 && !slices.Contains(*c.to, n.V):
				*c.to = append(*c.to, n.V)
				r.what = strings.TrimPrefix(fmt.Sprintf("%s, %s%s reports the error %d", r.what, c.name, part.of, n.V), ", ")
			}
		}
	}
	if r.what != "" {
		return r
	}
	if n, _ := whole(extra.ErrorCode); !n.Valid {
		r.what = "it has no error_code in extra, which would say that it succeeded"
		return r
	}
	return nil
}

// first returns the first text that is not empty.
func first(texts ...jsontext.Value) string {
	for _, raw := range texts {
		if raw.Kind() != jsontext.KindString && raw.Kind() != jsontext.KindNumber {
			continue
		}
		if s, err := text(raw); err == nil && s.V != "" {
			return s.V
		}
	}
	return ""
}

// withdrawn reports whether the answer says that the bills were withdrawn by hand.
func (r *refusal) withdrawn() bool {
	return slices.ContainsFunc(r.codes, func(code int64) bool { return code == 6000001 || code == 6000002 })
}

// unknownOrder reports whether the answer says that the order is unknown (20000) and has no
// other error.
func (r *refusal) unknownOrder() bool {
	const unknown = 20000
	other := func(code int64) bool { return code != unknown }
	hides := func(code int64) bool { return code != unknown && isSpecific(code) }
	return slices.Contains(slices.Concat(r.codes, r.subs), unknown) && !slices.ContainsFunc(r.subs, other) && !slices.ContainsFunc(r.codes, hides)
}

// isSpecific reports whether a code is about access, rate, quota, tokens or parameters, which
// a sub code does not change.
func isSpecific(code int64) bool {
	number := strconv.FormatInt(code, 10)
	if len(number) < 4 {
		return false
	}
	switch family := number[:len(number)-3]; family {
	case "10", "4000", "6000", "28001", "28003":
		return true
	case "2100", "2119", "2190":
		return number != "2100001" && number != "2119002" && number != "2190000"
	}
	return false
}

package simulation

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// simTransport is the network between a process and the platform.
type simTransport struct{ *simProcess }

// RoundTrip implements http.RoundTripper.
func (t simTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body.Close()
	}
	op, key := "bills", r.URL.RawQuery
	switch {
	case strings.Contains(r.URL.Path, "client_token"):
		op, key = "token", ""
	case strings.Contains(r.URL.Path, "query_settle"):
		op, key = "settlements", string(body)
	}
	step, err := t.begin(r.Context(), op, key)
	if err != nil {
		return nil, err
	}
	if op != "token" && step.nth == 1 && step.chance("unsteady")%100 < t.story.unsteady {
		t.note(t.simProcess, op, key, "unsteady")
		return step.passingFault(r)
	}
	if !t.quiet && step.chance("error")%1000 < t.story.trouble/3 {
		t.note(t.simProcess, op, key, "error")
		return response(r, step.errorAnswer()), nil
	}
	var got answer
	answered := step.apply(func() string {
		got = t.platform.answer(r, body)
		outcome := fmt.Sprintf("%d %d bytes", got.status, len(got.body))
		for _, kind := range got.changed {
			outcome += ", a settlement " + string(kind)
		}
		return outcome
	})
	if answered {
		return response(r, got), nil
	}
	if step.chance("timeout")%2 == 0 {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return nil, errNetwork
}

// errorAnswer is one of the ways in which the platform says no.
func (s step) errorAnswer() answer {
	code := []int{5000001, 5000001, 28001005, 2119003, 2190008, 9999999, 0}[s.chance("code")%7]
	s.trouble()
	if code == 0 {
		return answer{status: http.StatusBadGateway, body: []byte("<html>502 Bad Gateway</html>")}
	}
	return answer{status: http.StatusOK, body: fmt.Appendf(nil, errorForms[s.chance("form")%uint64(len(errorForms))], code)}
}

// errorForms are the places in which an error may stand, and what is beside it.
var errorForms = []string{
	`{"data":{"error_code":%[1]d,"description":"no"},"extra":{"error_code":%[1]d,"description":"no","logid":"2000"}}`,
	`{"data":{"cursor":"0","has_more":false,"ledger_records":[]},"err_no":%d,"err_msg":"no","log_id":"2000"}`,
	`{"data":[],"error_code":"%d","description":"no","logid":"2000"}`,
	`{"data":null,"code":%d,"message":"no"}`,
}

// passingFault is one of the ways in which a call fails once. A process that meets
// it has no reason to fail.
func (s step) passingFault(r *http.Request) (*http.Response, error) {
	switch n := s.chance("passing") % 7; n {
	case 0:
		return nil, errNetwork
	case 1:
		return response(r, answer{status: http.StatusServiceUnavailable, body: []byte("no healthy upstream")}), nil
	default:
		code := []int{3000001, 5000001, 2100004, 28001006, 2190002}[n-2]
		return response(r, answer{status: http.StatusOK, body: fmt.Appendf(nil, `{"data":{"error_code":%[1]d},"extra":{"error_code":%[1]d,"logid":"2001"}}`, code)}), nil
	}
}

func response(r *http.Request, a answer) *http.Response {
	header := a.header
	if header == nil {
		header = make(http.Header)
	}
	return &http.Response{
		StatusCode: a.status, Status: http.StatusText(a.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: r,
	}
}

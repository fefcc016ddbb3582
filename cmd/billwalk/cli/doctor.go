package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"time"

	"billwalk/pipeline/douyin"
	"billwalk/schema"
	"billwalk/sinks/object"
)

// checkState is what a check comes to.
type checkState string

const (
	stateOK      checkState = "ok"
	stateWarning checkState = "warning" // or it could not be checked
	stateFailed  checkState = "failed"
)

// checked is the result of one check.
type checked struct {
	Name   string     `json:"name"` // the first word of a line of check's help
	State  checkState `json:"state"`
	Detail string     `json:"detail"`
	Fix    string     `json:"fix"`  // what to do, empty where there is nothing
	Code   string     `json:"code"` // for explain; empty where nothing is wrong
}

// doctor gathers what check finds.
type doctor struct {
	now    func() time.Time
	hidden *schema.Redactor
	checks []checked

	logProbe         func(object.Trial)
	wrongCredentials bool // of an app

	tried map[triedAccount]answerOf // by app and account: jobs may share them

	mu    sync.Mutex
	skews map[string]time.Duration // by host: how far this machine's clock is ahead
}

// triedAccount is an account that an app is asked for.
type triedAccount struct {
	app     string
	account schema.AccountID
	root    bool
}

// answerOf is what came of it.
type answerOf struct {
	bills []schema.Bill
	err   error
}

// ok adds a check that found nothing wrong.
func (d *doctor) ok(name, detail string) { d.add(name, stateOK, detail, "", "") }

// unchecked adds a check that could not be made.
func (d *doctor) unchecked(name, why string) {
	d.add(name, stateWarning, "not checked: "+why, "", "")
}

func (d *doctor) add(name string, s checkState, detail, fix string, code schema.ErrorCode) {
	d.checks = append(d.checks, checked{name, s, d.hidden.Text(detail), d.hidden.Text(fix), string(code)})
}

// wrong adds a check that failed with an error of billwalk's own or of a store, with its
// code. What the error itself advises is the fix, else what its code advises.
func (d *doctor) wrong(name, subject string, err error, otherwise schema.ErrorCode) {
	d.found(name, stateFailed, subject, err, otherwise)
}

func (d *doctor) found(name string, s checkState, subject string, err error, otherwise schema.ErrorCode) {
	code, detail := codeKnown(err, otherwise), err.Error()
	fix := adviceOf(code)
	if hinted, ok := errors.AsType[interface {
		error
		Hint() string
	}](err); ok {
		fix = hinted.Hint()
		detail = strings.ReplaceAll(detail, " ("+fix+")", "")
	}
	if subject != "" {
		detail = subject + ": " + detail
	}
	d.add(name, s, detail, fix, code)
}

// codeKnown returns the code of an error, or another where it has none of its own.
func codeKnown(err error, otherwise schema.ErrorCode) schema.ErrorCode {
	if code := schema.ErrorCode(codeOf(err)); code != schema.CodeFailed {
		if _, inFolder := errors.AsType[*fs.PathError](err); !inFolder || code != schema.CodeStore {
			return code
		}
	}
	return otherwise
}

// fixStore is the advice about a store where it has none itself: check was run already.
const fixStore = "检查 lake.url、lake.endpoint、网络和凭证权限; check lake.url, lake.endpoint, the network, and that the credentials may list, read and write there"

// adviceOf returns what to do about one of billwalk's own codes, Chinese and English.
func adviceOf(code schema.ErrorCode) string {
	if code == schema.CodeStore {
		return fixStore
	}
	for _, known := range schema.ErrorCodes {
		if known.Code == code {
			return known.Advice.Chinese + "; " + known.Advice.English
		}
	}
	return ""
}

// patience is how long one check waits for answers.
const patience = time.Minute

// within gives one check its time.
func (d *doctor) within(ctx context.Context, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return ask(ctx)
}

// answered reports whether there was no error, and else adds it to the findings.
func (d *doctor) answered(name, subject string, err error) bool {
	if err == nil {
		return true
	}
	d.failure(name, subject, err, "")
	return false
}

const fixSilence = "检查网络与 base_url; check the network and the app's base_url"

// failure adds what the platform refused, or that it did not answer. A fix replaces that of
// the error table.
func (d *doctor) failure(name, subject string, err error, fix string) {
	fault, ok := errors.AsType[*douyin.Error](err)
	if !ok {
		d.add(name, stateFailed, subject+": "+err.Error(), fixSilence, codeKnown(err, schema.CodeNoAnswer))
		return
	}
	d.wrongCredentials = d.wrongCredentials || fault.WrongCredentials()
	f := fault.Failure()
	detail := subject + ": " + f.Reason
	if f.Code != 0 && !strings.Contains(f.Reason, fmt.Sprint(f.Code)) {
		detail += fmt.Sprintf(" (code %d)", f.Code)
	}
	if f.LogID != "" {
		detail += " (logid " + f.LogID + ")"
	}
	s := stateFailed
	if f.Reach == schema.ReachUnavailable {
		s = stateWarning // a state of the business: the API works
	}
	if fix == "" {
		fix = f.Advice().Both()
	}
	d.add(name, s, detail, fix, schema.ErrorCode(failureCode(f)))
}

// watch notes what the servers take for the time.
func (d *doctor) watch(next http.RoundTripper) http.RoundTripper { return watched{next, d} }

type watched struct {
	http.RoundTripper
	d *doctor
}

// RoundTrip implements http.RoundTripper.
func (w watched) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := w.RoundTripper.RoundTrip(r)
	if err != nil {
		return answer, err
	}
	if date, parseErr := http.ParseTime(answer.Header.Get("Date")); parseErr == nil {
		w.d.mu.Lock()
		defer w.d.mu.Unlock()
		w.d.skews[r.URL.Host] = w.d.now().Sub(date)
	}
	return answer, err
}

// CloseIdleConnections is what an http.Client looks for in its transport.
func (w watched) CloseIdleConnections() {
	if closer, ok := w.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

const fixConfig = "修改配置; correct the file of jobs, or set the variable, as the message says"

// misconfigured adds a finding for each fault of jobs.yaml.
func (d *doctor) misconfigured(err error) {
	for _, fault := range faultLines(err) {
		d.add("config", stateFailed, fault, fixConfig, schema.CodeConfig)
	}
}

// doubtful adds what jobs.yaml may say and probably does not mean.
func (d *doctor) doubtful(warning string) {
	d.add("config", stateWarning, warning, fixConfig, schema.CodeConfig)
}

func faultLines(err error) []string { return strings.Split(err.Error(), "\n") }

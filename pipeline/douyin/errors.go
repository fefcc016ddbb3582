package douyin

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"billwalk/schema"
)

// The APIs, as errors and logs name them.
const (
	apiBills       = "catering_query"
	apiSettlements = "query_settle"
	apiToken       = "client_token"
)

// Error is why an answer was not had, in the words of the platform where it
// spoke. It is never returned for a cancelled context.
type Error struct {
	API      string       // catering_query, query_settle or client_token
	Unit     schema.Unit  // of a call for bills
	Question schema.Query // of a call for settlements
	Code     int64        // of the platform; 0 where the fault is not an answer's
	SubCode  int64        // of the platform; 0 if there is none
	Reason   string       // one line, some 300 characters at most, free of secrets
	LogID    string       // Douyin's support asks for it
	Hint     string       // what to do next, Chinese and English; may be empty

	remedy     remedy
	reach      schema.Reach
	unanswered bool   // there was no answer, or none of the platform's own: the circuit counts these
	unreadable bool   // there was an answer, and it is not what the API documents
	raw        []byte // that answer, as received but for secrets
	certain    bool   // that it is the whole app which is refused
	retryAfter time.Duration
	body       []byte // of the answer that carries the code, if it is JSON
	cause      error
}

// Error says what failed, where, with which code and logid, and what to do.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.API)
	if e.Unit.Account.ID != "" {
		fmt.Fprintf(&b, " of %s", e.Unit)
	}
	if e.Question.Parameter != "" {
		fmt.Fprintf(&b, " of %s %s", e.Question.Parameter, e.Question.Value)
	}
	if e.Code != 0 {
		fmt.Fprintf(&b, ": error %d", e.Code)
	}
	if e.SubCode != 0 {
		fmt.Fprintf(&b, ": sub error %d", e.SubCode)
	}
	fmt.Fprintf(&b, ": %s", e.Reason)
	if e.LogID != "" {
		fmt.Fprintf(&b, " (logid %s)", e.LogID)
	}
	if e.Hint != "" {
		fmt.Fprintf(&b, ". %s", e.Hint)
	}
	return b.String()
}

// WrongCredentials says that the platform does not know the app's client_key, or
// not with this client_secret: no repeat helps, and no waiting.
func (e *Error) WrongCredentials() bool {
	return e.API == apiToken && (e.Code == 10002 || e.Code == 10003 || e.Code == 10013)
}

// Unwrap returns the fault of the network or of the JSON beneath, or nil.
func (e *Error) Unwrap() error { return e.cause }

// Failure returns the error as the manifest and the summary record it. One of a
// call for settlements lacks the account and the day: the caller knows for whom
// it asked.
func (e *Error) Failure() schema.Failure {
	return schema.Failure{
		Account: e.Unit.Account.ID, Day: e.Unit.Day,
		Code: e.Code, SubCode: e.SubCode, Reason: e.Reason, Hint: e.Hint, LogID: e.LogID, Reach: e.reach,
	}
}

// Unreadable returns the answer that arrived and could not be read, as received but
// for secrets, or nil: Douyin's support needs it.
func (e *Error) Unreadable() []byte { return e.raw }

// newError returns an error of an API whose remedy decides how far it reaches.
func newError(api string, r remedy, reason string) *Error {
	if other, ok := remedyByAPI[api][r]; ok {
		r = other
	}
	return &Error{API: api, remedy: r, reach: reaches[r], Reason: reason}
}

// remedyByAPI is what some remedies come to in an API that has no such thing. Without
// a token no call of the app can be made, so what ends client_token ends the app;
// what is merely transient there fails the one call that met it. The settle query
// knows no account and no withdrawal: such an error ends one question.
var remedyByAPI = map[string]map[remedy]remedy{
	apiBills:       {notFound: giveUpUnit},
	apiSettlements: {giveUpAccount: giveUpUnit, unavailable: giveUpUnit},
	apiToken: {
		giveUpUnit: giveUpApp, giveUpAccount: giveUpApp, unavailable: giveUpApp, notFound: giveUpApp, renewToken: giveUpApp,
	},
}

// reaches is how much of a run ends when a remedy has not helped.
var reaches = [remedies]schema.Reach{
	giveUpUnit: schema.ReachUnit, giveUpAccount: schema.ReachAccount, giveUpApp: schema.ReachApp,
	giveUpToday: schema.ReachToday, unavailable: schema.ReachUnavailable, notFound: schema.ReachUnit,
	repeat: schema.ReachUnit, repeatOnce: schema.ReachUnit, repeatFew: schema.ReachUnit,
	slowDown: schema.ReachUnit, renewToken: schema.ReachApp,
}

// withCause sets the fault beneath, and returns e.
func (e *Error) withCause(cause error) *Error {
	e.cause = cause
	return e
}

// forUnit returns a copy that names the unit: an error of client_token is shared by
// every call that waited for the token.
func (e *Error) forUnit(u schema.Unit) *Error {
	own := *e
	own.Unit = u
	return &own
}

// forQuery returns a copy that names the question.
func (e *Error) forQuery(q schema.Query) *Error {
	own := *e
	own.Question = q
	return &own
}

// inContext returns a copy whose reason begins with what was asked, where the answer could
// not be read.
func (e *Error) inContext(what string) *Error {
	if !e.unreadable {
		return e
	}
	own := *e
	own.Reason = what + ": " + own.Reason
	return &own
}

// transient says that the call may succeed when it is made again.
func (e *Error) transient() bool { return attempts[e.remedy] > 0 }

// refusesApp says that the platform refused the call with a code that means the
// whole app, and may mean one account. Without a token there is nothing to doubt.
func (e *Error) refusesApp() bool {
	return e.remedy == giveUpApp && e.hasCode() && !e.certain && e.API != apiToken
}

// Temporary reports whether the fault is the platform's or the network's, and not the
// call's: made again later, the call may succeed.
func (e *Error) Temporary() bool { return e.transient() && e.reach == schema.ReachUnit }

const maxReason = 300

// oneLine makes foreign text fit for one line of a log or a report: no breaks,
// no terminal control, nothing that turns the direction of the text.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if runes := []rune(s); len(runes) > maxReason {
		return string(runes[:maxReason-1]) + "…"
	}
	return s
}

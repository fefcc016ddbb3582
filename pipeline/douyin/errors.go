package douyin

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"billwalk/schema"
)

// The names of the APIs in errors and logs.
const (
	apiBills       = "catering_query"
	apiWithdrawals = "withdraw/catering_query"
	apiSettlements = "query_settle"
	apiStores      = "shop/poi/query"
	apiToken       = "client_token"
)

// Error says why there is no accepted answer, in the platform's words if it gave any. It
// is never returned for a cancelled context.
type Error struct {
	API     string           // catering_query, withdraw/catering_query, query_settle, shop/poi/query or client_token
	Unit    schema.Unit      // of a call for bills, withdrawals or stores
	Query   schema.Query     // of a call for settlements
	Code    int64            // of the platform; 0 if there is none
	SubCode int64            // of the platform; 0 if there is none
	Reason  string           // one line of at most 300 characters and a prefix, without secrets
	LogID   string           // Douyin's support asks for it
	Hint    schema.Bilingual // what to do next; may be empty

	remedy     remedy
	reach      schema.Reach
	unanswered bool   // there was no answer of the platform, which the circuit counts
	unreadable bool   // the answer is not as documented
	raw        []byte // the unreadable answer as received, without secrets
	certain    bool   // the whole app is refused, and not one account
	retryAfter time.Duration
	body       []byte // of the answer with the error, if it is JSON
	cause      error
}

// Error says what failed, where, with which code and logid, and what to do.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.API)
	if e.Unit.Account.ID != "" {
		fmt.Fprintf(&b, " of %s", e.Unit)
	}
	if e.Query.Parameter != "" {
		fmt.Fprintf(&b, " of %s %s", e.Query.Parameter, e.Query.Value)
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
	if e.Hint != (schema.Bilingual{}) {
		fmt.Fprintf(&b, ". %s", e.Hint.Both())
	}
	return b.String()
}

// WrongCredentials reports whether the platform refuses the app's client_key or
// client_secret, so that a retry is useless.
func (e *Error) WrongCredentials() bool {
	return e.API == apiToken && (e.Code == 10002 || e.Code == 10003 || e.Code == 10013)
}

// Unwrap returns the underlying error of the network or the JSON, or nil.
func (e *Error) Unwrap() error { return e.cause }

// Failure returns the error in the form of manifests and summaries. Account and Day are
// empty for a settle query: the caller fills them.
func (e *Error) Failure() schema.Failure {
	return schema.Failure{
		Account: e.Unit.Account.ID, Day: e.Unit.Day,
		Code: e.Code, SubCode: e.SubCode, Error: e.ErrorCode(), Reason: e.Reason, Hint: e.Hint.English, HintZH: e.Hint.Chinese, LogID: e.LogID, Reach: e.reach,
	}
}

// ErrorCode returns billwalk's own code where the platform gave none, else "".
func (e *Error) ErrorCode() schema.ErrorCode {
	switch {
	case e.hasCode():
		return ""
	case e.unanswered, e.reach == schema.ReachToday:
		return schema.CodeNoAnswer
	default:
		return schema.CodeUnreadable
	}
}

// Unreadable returns an answer that could not be read, as received but without secrets,
// or nil. Douyin's support needs it.
func (e *Error) Unreadable() []byte { return e.raw }

// newError returns an error of an API. The remedy decides how much of a run it ends.
func newError(api string, r remedy, reason string) *Error {
	if other, ok := remedyByAPI[api][r]; ok {
		r = other
	}
	return &Error{API: api, remedy: r, reach: reaches[r], Reason: reason}
}

// remedyByAPI replaces remedies that an API does not have. An error of client_token ends
// the app, as no call can be made without a token, unless it is transient. The settle
// query has neither accounts nor withdrawals: such an error ends one query. No list of stores
// is unavailable because bills were withdrawn by hand.
var remedyByAPI = map[string]map[remedy]remedy{
	apiBills:       {notFound: giveUpUnit},
	apiWithdrawals: {notFound: giveUpUnit},
	apiSettlements: {giveUpAccount: giveUpUnit, unavailable: giveUpUnit},
	apiStores:      {notFound: giveUpUnit, unavailable: giveUpUnit},
	apiToken: {
		giveUpUnit: giveUpApp, giveUpAccount: giveUpApp, unavailable: giveUpApp, notFound: giveUpApp, renewToken: giveUpApp,
	},
}

// reaches says how much of a run ends if a remedy has failed.
var reaches = [remedies]schema.Reach{
	giveUpUnit: schema.ReachUnit, giveUpAccount: schema.ReachAccount, giveUpApp: schema.ReachApp,
	giveUpToday: schema.ReachToday, unavailable: schema.ReachUnavailable, notFound: schema.ReachUnit,
	repeat: schema.ReachUnit, repeatOnce: schema.ReachUnit, repeatFew: schema.ReachUnit,
	slowDown: schema.ReachUnit, renewToken: schema.ReachApp,
}

// withCause sets the underlying error, and returns e.
func (e *Error) withCause(cause error) *Error {
	e.cause = cause
	return e
}

// forUnit returns a copy with the unit. A copy, because calls that waited for the token
// share an error of client_token.
func (e *Error) forUnit(u schema.Unit) *Error {
	own := *e
	own.Unit = u
	return &own
}

// forQuery returns a copy with the settle query.
func (e *Error) forQuery(q schema.Query) *Error {
	own := *e
	own.Query = q
	return &own
}

// inContext returns a copy whose reason begins with the context, if the answer could not
// be read.
func (e *Error) inContext(what string) *Error {
	if !e.unreadable {
		return e
	}
	own := *e
	own.Reason = what + ": " + own.Reason
	return &own
}

// transient reports whether the call may succeed if it is made again.
func (e *Error) transient() bool { return attempts[e.remedy] > 0 }

// refusesApp reports whether the platform refused the call with a code that means the
// whole app, but may mean one account only. Errors of client_token are certain.
func (e *Error) refusesApp() bool {
	return e.remedy == giveUpApp && e.hasCode() && !e.certain && e.API != apiToken
}

// Temporary reports whether the fault is one of the platform or the network, so that the
// call may succeed later.
func (e *Error) Temporary() bool { return e.transient() && e.reach == schema.ReachUnit }

const maxReason = 300

// oneLine returns a foreign text as one line for a log or a report: without line breaks,
// terminal control or marks of direction, and shortened.
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

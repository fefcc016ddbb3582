package schema

import (
	"cmp"
	"errors"
)

// Reach is how much of a run one failure ends.
type Reach string

const (
	ReachUnit        Reach = "unit"        // this account on this day
	ReachAccount     Reach = "account"     // every day of this account: it has not authorised the app
	ReachApp         Reach = "app"         // every call of the app: credentials, permission, IP whitelist
	ReachToday       Reach = "today"       // every call for now: quota used up, outage or deadline; run again later to continue
	ReachUnavailable Reach = "unavailable" // no failure: the bills were withdrawn manually and cannot be listed
)

// Failure is why a run is not complete: a unit that could not be fetched, orders without
// an answer, or damaged callbacks, with the platform's reason where it gave one.
type Failure struct {
	Account AccountID `json:"account"`
	Day     Day       `json:"bill_date"`
	Code    int64     `json:"code"` // of the platform; 0 if the fault is not an answer
	SubCode int64     `json:"sub_code,omitempty"`
	Error   ErrorCode `json:"error,omitempty"` // of billwalk, where the platform gave no code
	Reason  string    `json:"reason"`
	Hint    string    `json:"hint,omitempty"` // what a person should do; Advice has it in both languages
	HintZH  string    `json:"hint_zh,omitempty"`
	LogID   string    `json:"logid"` // Douyin's support needs it
	Reach   Reach     `json:"reach"`
}

// Advice returns what a person should do. Earlier versions wrote both languages into the hint.
func (f *Failure) Advice() Bilingual {
	if f.HintZH == "" {
		return splitBilingual(f.Hint)
	}
	return Bilingual{English: f.Hint, Chinese: f.HintZH}
}

// UnitError is a fault of one unit that billwalk itself found, in an answer or in the
// archive.
type UnitError struct {
	Unit  Unit
	LogID string // of the answer; empty where there is none
	Code  ErrorCode
	Err   error
}

// ErrorCode returns the fault's code, or that of the error beneath.
func (e *UnitError) ErrorCode() ErrorCode {
	if e.Code != "" {
		return e.Code
	}
	return ErrorCodeOf(e.Err)
}

func (e *UnitError) Error() string { return e.Err.Error() }
func (e *UnitError) Unwrap() error { return e.Err }

// Failure returns the fault as a failure that ends its unit alone.
func (e *UnitError) Failure() Failure {
	return Failure{Account: e.Unit.Account.ID, Day: e.Unit.Day, Error: e.ErrorCode(), Reason: e.Error(), LogID: e.LogID, Reach: ReachUnit}
}

// FailureOf returns what an error says of itself in a method Failure, as a failure of
// the unit. An error without one ends the unit alone.
func FailureOf(err error, u Unit) Failure {
	var typed interface{ Failure() Failure }
	failure := Failure{Reach: ReachUnit}
	if errors.As(err, &typed) {
		failure = typed.Failure()
	} else if err != nil {
		failure.Reason = err.Error()
	}
	failure.Account, failure.Day = u.Account.ID, u.Day
	if failure.Code == 0 && failure.SubCode == 0 && failure.Error == "" && err != nil {
		failure.Error = cmp.Or(ErrorCodeOf(err), CodeFailed)
	}
	return failure
}

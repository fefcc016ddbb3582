package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// faultKind says which calls meet a fault, and how often.
type faultKind int

const (
	passing           faultKind = iota // some calls, each once: repeated, it is answered
	lasting                            // every call for one account; on some days only, if several faults share it
	ending                             // every bill call from the 21st on
	settleEnding                       // every settle query from the 21st on
	storesEnding                       // every query of stores
	withdrawalsEnding                  // every query of withdrawals from the 21st on
	onToken                            // calls of client_token
	formatting                         // correct answers, in an unusual format
)

// fault is one way to fail that can be switched on.
type fault struct {
	name  string
	kind  faultKind
	code  int64 // the error code of the answer, 0 if the answer is malformed instead
	limit int   // calls that meet it in all, 0 for no limit
	doc   string
}

// faults is the list of all faults. Those of throttling, tokens and stalling have
// lower limits, because each costs a client more than one call.
var faults = []fault{
	{"2119005", lasting, 2119005, 0, "an account has not authorised the app (sub code 11006)"}, // first: see chooseVictims
	{"3000001", passing, 3000001, 12, "business error, once"},
	{"4000001", lasting, 4000001, 0, "missing parameter, for one account"},
	{"4000002", lasting, 4000002, 0, "bad parameter, for one account"},
	{"5000001", passing, 5000001, 12, "system error, once"},
	{"6000001", lasting, 6000001, 0, "an account's bills were withdrawn by hand"},
	{"6000002", lasting, 6000002, 0, "an account has no bill details"},
	{"2190002", passing, 2190002, 4, "token said to be invalid, once"},
	{"2190008", passing, 2190008, 4, "token said to have expired, once"},
	{"28001003", passing, 28001003, 4, "token said to be invalid, once"},
	{"28001008", passing, 28001008, 4, "token said to have expired, once"},
	{"2190004", ending, 2190004, 0, "the app lacks the capability, from the 20th call"},
	{"28001018", ending, 28001018, 0, "the app lacks the capability, from the 20th call"},
	{"28001014", ending, 28001014, 0, "the app has no permission, from the 20th call"},
	{"2100007", ending, 2100007, 0, "the app has no permission, from the 20th call"},
	{"2119013", ending, 2119013, 0, "the caller's IP is not in the whitelist, from the 20th call"},
	{"2119001", lasting, 2119001, 0, "bad parameter, for one account"},
	{"2100005", lasting, 2100005, 0, "bad parameter, for one account"},
	{"28001007", lasting, 28001007, 0, "bad parameter, for one account"},
	{"2119003", passing, 2119003, 4, "too many requests, once"},
	{"28003018", passing, 28003018, 4, "request rate too high, once; with a limit, the code of the limit"},
	{"12001", passing, codeSystem, 4, "too frequent by the sub code alone, beside 5000001, once"},
	{"2190001", ending, 2190001, 0, "quota used up, from the 20th call"},
	{"28003017", ending, 28003017, 0, "quota used up, from the 20th call"},
	{"2100004", passing, 2100004, 12, "system busy, once"},
	{"28001005", passing, 28001005, 12, "system busy, once"},
	{"2100001", passing, 2100001, 12, "unknown error, once"},
	{"2119002", passing, 2119002, 12, "busy, once"},
	{"28001006", passing, 28001006, 12, "network error behind the gateway, once"},
	{"9999999", lasting, 9999999, 0, "a code of no documentation, for one account"},
	{"10001", onToken, 10001, 1, "the first token call fails"},
	{"10002", onToken, 10002, 0, "token calls: bad parameter, always"},
	{"10003", onToken, 10003, 0, "token calls: client_key unknown, always"},
	{"10013", onToken, 10013, 0, "token calls: wrong client_secret, always"},
	{"10020", onToken, 10020, 0, "token calls: too many, always"},
	{"error-in-data-only", passing, codeSystem, 12, "5000001 in data, success in extra, once"},
	{"error-in-extra-only", passing, codeSystem, 12, "5000001 in extra, none in data, once"},
	{"error-outside", passing, 28001006, 12, "an error beside data and extra, where data is null, empty or of defaults, once"},
	{"token-outside", passing, 28001008, 4, "token said to have expired, beside data and extra, once"},
	{"no-extra", passing, 0, 12, "an answer whose extra is missing, empty or null, once"},
	{"slow", passing, 0, 2, "an answer stalls halfway, once"},
	{"cut", passing, 0, 12, "the body ends halfway, once"},
	{"reset", passing, 0, 12, "the connection is reset, once"},
	{"html", passing, 0, 12, "a gateway's HTML page with status 502 or 200, once"},
	{"nonjson", passing, 0, 12, "plain text instead of JSON, once"},
	{"http429", passing, 0, 3, "status 429 with Retry-After: 1, once"},
	{"http503", passing, 0, 12, "status 503, once"},
	{"token-stolen", passing, 0, 12, "somebody else's token call kills the caller's token, now and then"},
	{"settle-quota", settleEnding, 2190001, 0, "settle query: quota used up, from the 20th call"},
	{"settle-denied", settleEnding, codeIncapable, 0, "settle query: the app lacks the capability, from the 20th call"},
	{"stores-denied", storesEnding, codeIncapable, 0, "query of stores: the app lacks the capability, always"},
	{"withdrawals-quota", withdrawalsEnding, 2190001, 0, "query of withdrawals: quota used up, from the 20th call"},
	{"withdrawals-denied", withdrawalsEnding, codeIncapable, 0, "query of withdrawals: the app lacks the capability, from the 20th call"},
	{"day-changing", formatting, 0, 0, "every fourth unit has a bill less in its first walk and one more in its second, then it settles"},
	{"dupkeys", lasting, 0, 0, "has_more stands twice in every answer, for one account"},
	{"big", lasting, 0, 0, "every answer is over 4 MiB, for one account"},
	{"loop", lasting, 0, 0, "the second page's cursor comes again and again, for one account"},
	{"empty-pages", lasting, 0, 0, "has_more and no bill after the first page, without end, for one account"},
	{"missing-records", lasting, 0, 0, "no ledger_records in any answer, for one account"},
	{"oversize-page", lasting, 0, 0, "one bill more than asked for, for one account"},
	{"bad-id", lasting, 0, 0, "ids and the cursor are not UTF-8 in every answer, for one account"},
	{"numeric-ids", formatting, 0, 0, "every second account's ids are JSON numbers"},
	{"bom", formatting, 0, 0, "a byte order mark stands before every answer"},
	{"cut-text", formatting, 0, 0, "some product names end in the first bytes of a character"},
	{"half-escape", formatting, 0, 0, "some product names end in half a character, as an escape"},
	{"minus", formatting, 0, 0, "some refunds have their amounts with a minus"},
	{"biz-beside", formatting, 0, 0, "biz_type stands beside the cursor, and in a bill only where it differs"},
	{"null-records", formatting, 0, 0, "the ledger_records of a last page without bills are null"},
	{"string-amounts", formatting, 0, 0, "amounts are JSON strings, which no documentation allows"},
}

// inAll reports whether "all" switches the fault on: not those that end a whole run
// (codes for the whole app, quota, token calls that always fail), nor string-amounts.
func (f fault) inAll() bool {
	switch f.kind {
	case ending, settleEnding, storesEnding, withdrawalsEnding:
		return false
	}
	return (f.kind != onToken || f.limit > 0) && f.name != "string-amounts"
}

// Faults is the set of faults that are on. The zero value is none.
type Faults struct{ faults []fault }

// ParseFaults reads fault names separated by commas. "all" stands for every fault that
// does not end the whole run, "passing" for those that a call meets once, "" for none.
func ParseFaults(list string) (Faults, error) {
	named := map[string]bool{}
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		known := slices.ContainsFunc(faults, func(f fault) bool { return f.name == name })
		if !known && name != "" && name != "all" && name != "passing" {
			return Faults{}, fmt.Errorf("fault %q is unknown; there are: all, passing, %s", name, strings.Join(faultNames(faults), ", "))
		}
		named[name] = true
	}
	var on []fault
	for _, f := range faults {
		if named[f.name] || named["all"] && f.inAll() || named["passing"] && f.kind == passing {
			on = append(on, f)
		}
	}
	return Faults{on}, nil
}

func faultNames(list []fault) []string {
	names := make([]string, 0, len(list))
	for _, f := range list {
		names = append(names, f.name)
	}
	return names
}

// Names returns the names of the faults that are on.
func (f Faults) Names() []string { return faultNames(f.faults) }

// String returns the list as [ParseFaults] reads it.
func (f Faults) String() string { return strings.Join(f.Names(), ",") }

// FaultDoc describes one fault that can be switched on.
type FaultDoc struct {
	Name string
	Doc  string // one line, for help text
	All  bool   // part of "all"
	API  string // the API whose calls alone meet it, if that is one that a job need not have; else ""
}

var optionalAPIs = map[faultKind]string{storesEnding: StoresAPI, withdrawalsEnding: WithdrawalsAPI}

// FaultList returns every fault there is, in a fixed order.
func FaultList() []FaultDoc {
	docs := make([]FaultDoc, 0, len(faults))
	for _, f := range faults {
		docs = append(docs, FaultDoc{f.name, f.doc, f.inAll(), optionalAPIs[f.kind]})
	}
	return docs
}

func (f Faults) has(name string) bool {
	return slices.ContainsFunc(f.faults, func(on fault) bool { return on.name == name })
}

func (f Faults) ofKind(k faultKind) []fault {
	var list []fault
	for _, fault := range f.faults {
		if fault.kind == k {
			list = append(list, fault)
		}
	}
	return list
}

// token returns the fault of the token call, counted from 1.
func (f Faults) token(call int) (fault, bool) {
	for _, fault := range f.ofKind(onToken) {
		if fault.limit == 0 || call <= fault.limit {
			return fault, true
		}
	}
	return fault{}, false
}

// limitCode returns the error code of a call over the rate limit.
func (f Faults) limitCode() int64 {
	if f.has(strconv.Itoa(28003018)) {
		return 28003018
	}
	return codeTooFrequent
}

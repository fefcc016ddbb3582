package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A kind says whom a fault strikes, and for how long.
type kind int

const (
	passing      kind = iota // now and then a call, once; asked again it is answered
	lasting                  // one account, on some days where several share it: every call, for ever
	ending                   // the whole run, from a certain bill call on
	settleEnding             // the settle query alone, from a certain call of it on
	atToken                  // a call of client_token
	dressing                 // the look of right answers
)

// fault is one thing that can be switched on.
type fault struct {
	name string
	kind kind
	code int64 // answered, 0 where the answer is malformed instead
	most int   // times that it strikes in all, 0 for no bound
	doc  string
}

// faults is the one list of them. Throttling, token and stalling faults are
// bounded more tightly, because each costs a client more than one call.
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
	{"10001", atToken, 10001, 1, "the first token call fails"},
	{"10002", atToken, 10002, 0, "token calls: bad parameter, always"},
	{"10003", atToken, 10003, 0, "token calls: client_key unknown, always"},
	{"10013", atToken, 10013, 0, "token calls: wrong client_secret, always"},
	{"10020", atToken, 10020, 0, "token calls: too many, always"},
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
	{"day-changing", dressing, 0, 0, "every fourth unit has a bill less in its first walk and one more in its second, then it settles"},
	{"dupkeys", lasting, 0, 0, "has_more stands twice in every answer, for one account"},
	{"big", lasting, 0, 0, "every answer is over 4 MiB, for one account"},
	{"loop", lasting, 0, 0, "the second page's cursor comes again and again, for one account"},
	{"empty-pages", lasting, 0, 0, "has_more and no bill after the first page, without end, for one account"},
	{"missing-records", lasting, 0, 0, "no ledger_records in any answer, for one account"},
	{"oversize-page", lasting, 0, 0, "one bill more than asked for, for one account"},
	{"bad-id", lasting, 0, 0, "ids and the cursor are not UTF-8 in every answer, for one account"},
	{"numeric-ids", dressing, 0, 0, "every second account's ids are JSON numbers"},
	{"bom", dressing, 0, 0, "a byte order mark stands before every answer"},
	{"cut-text", dressing, 0, 0, "some product names end in the first bytes of a character"},
	{"half-escape", dressing, 0, 0, "some product names end in half a character, as an escape"},
	{"minus", dressing, 0, 0, "some refunds have their amounts with a minus"},
	{"biz-beside", dressing, 0, 0, "biz_type stands beside the cursor, and in a bill only where it differs"},
	{"null-records", dressing, 0, 0, "the ledger_records of a last page without bills are null"},
	{"string-amounts", dressing, 0, 0, "amounts are JSON strings, which no documentation allows"},
}

// inAll says whether "all" switches the fault on. What ends a whole run is left
// out (whole-app codes, quota, token calls that always fail), and string-amounts.
func (f fault) inAll() bool {
	return f.kind != ending && f.kind != settleEnding && (f.kind != atToken || f.most > 0) && f.name != "string-amounts"
}

// Faults is the set of faults that are on. The zero value is none.
type Faults struct{ on []fault }

// ParseFaults reads a comma list of fault names. "all" stands for every fault
// that does not end the whole run, "passing" for those that strike a call once, ""
// for none.
func ParseFaults(list string) (Faults, error) {
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		known := slices.ContainsFunc(faults, func(f fault) bool { return f.name == name })
		if !known && name != "" && name != "all" && name != "passing" {
			return Faults{}, fmt.Errorf("fault %q is unknown; there are: all, passing, %s", name, strings.Join(faultNames(faults), ", "))
		}
		wanted[name] = true
	}
	var on []fault
	for _, f := range faults {
		if wanted[f.name] || wanted["all"] && f.inAll() || wanted["passing"] && f.kind == passing {
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
func (f Faults) Names() []string { return faultNames(f.on) }

// String returns the list as [ParseFaults] reads it.
func (f Faults) String() string { return strings.Join(f.Names(), ",") }

// FaultDoc tells of one fault that can be switched on.
type FaultDoc struct {
	Name string
	Doc  string // one line, for help text
	All  bool   // part of "all"
}

// FaultList returns every fault there is, in a fixed order.
func FaultList() []FaultDoc {
	docs := make([]FaultDoc, 0, len(faults))
	for _, f := range faults {
		docs = append(docs, FaultDoc{f.name, f.doc, f.inAll()})
	}
	return docs
}

func (f Faults) has(name string) bool {
	return slices.ContainsFunc(f.on, func(one fault) bool { return one.name == name })
}

func (f Faults) of(k kind) []fault {
	var some []fault
	for _, one := range f.on {
		if one.kind == k {
			some = append(some, one)
		}
	}
	return some
}

// token returns the fault of the token call, counted from 1.
func (f Faults) token(call int) (fault, bool) {
	for _, one := range f.of(atToken) {
		if one.most == 0 || call <= one.most {
			return one, true
		}
	}
	return fault{}, false
}

// limitCode is what a call over the limit is answered.
func (f Faults) limitCode() int64 {
	if f.has(strconv.Itoa(28003018)) {
		return 28003018
	}
	return codeTooFrequent
}

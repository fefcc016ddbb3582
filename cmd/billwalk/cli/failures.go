package cli

import (
	"fmt"
	"io"
	"strings"

	"billwalk/schema"
)

// maxFailures is how many failures the text names: --output json and runs/ have all.
const maxFailures = 20

// printFailures prints the failures. One that ended all calls of an app is printed
// once, with the number of accounts and units that it concerns, and one of all days of an account,
// or of money that was withdrawn by hand on several, once; what to do is printed once, with the first that it is for.
func printFailures(out io.Writer, what string, failures []schema.Failure, names accountNames) {
	hints := make(map[string]bool) // printed
	groups := together(failures)
	for i, g := range groups {
		if i == maxFailures {
			fmt.Fprintf(out, "  %-11s %d more; all of them are in runs/\n", what, len(groups)-i)
			return
		}
		f := g[0]
		fmt.Fprintf(out, "  %-11s %s", what, plain(g.text(names)))
		if code := failureCode(f); !strings.Contains(f.Reason, code) {
			fmt.Fprintf(out, " (code %s)", code)
		}
		if f.LogID != "" && !strings.Contains(f.Reason, f.LogID) {
			fmt.Fprintf(out, " logid %s", plain(f.LogID))
		}
		fmt.Fprintln(out)
		if f.Hint != "" && !hints[f.Hint] {
			fmt.Fprintf(out, "  %-11s   → %s\n", "", plain(f.Advice().Both()))
		}
		hints[f.Hint] = true
	}
}

// failureGroup are failures that have one cause.
type failureGroup []schema.Failure

// cause is what the failures of a group have in common: they are of bills or of
// settlements, and have the same code and hint, or else the same reason.
type cause struct {
	settle        bool
	code, subCode int64
	hint, reason  string
}

func causeOf(f schema.Failure) cause {
	c := cause{settle: strings.HasPrefix(f.Reason, unanswered), code: f.Code, subCode: f.SubCode, hint: f.Hint}
	if c.code == 0 && c.hint == "" {
		c.reason = ownReason(f)
	}
	return c
}

// ownReason returns the reason without the orders that it is about.
func ownReason(f schema.Failure) string {
	if _, reason, ok := strings.Cut(f.Reason, "have no answer: "); ok && strings.HasPrefix(f.Reason, unanswered) {
		return reason
	}
	return f.Reason
}

// together groups what ended all calls of an app, and what several days of an account have, and
// leaves the rest one by one.
func together(failures []schema.Failure) (groups []failureGroup) {
	ended := make(map[cause]bool)
	for _, f := range failures {
		if f.Reach == schema.ReachApp || f.Reach == schema.ReachToday {
			ended[causeOf(f)] = true
		}
	}
	type shared struct {
		cause
		account schema.AccountID // "" for all of them
	}
	places := make(map[shared]int)
	for _, f := range failures {
		by := shared{cause: causeOf(f)}
		if !ended[by.cause] {
			by.account = f.Account
		}
		if by.account != "" && (!ofAccount(f) || by.settle) { // orders are counted day by day
			groups = append(groups, failureGroup{f})
			continue
		}
		at, known := places[by]
		if !known {
			at, places[by] = len(groups), len(groups)
			groups = append(groups, nil)
		}
		groups[at] = append(groups[at], f)
	}
	return groups
}

// ofAccount reports whether days of an account have the same failure for one cause.
func ofAccount(f schema.Failure) bool {
	return f.Reach == schema.ReachAccount || f.Reach == schema.ReachUnavailable
}

// unanswered begins the reason of orders that have no answer.
const unanswered = "settle query: "

// text names the unit of a failure, or counts those of many.
func (g failureGroup) text(names accountNames) string {
	if more := len(g) - 1; more == 0 || ofAccount(g[0]) && g[more].Account == g[0].Account {
		days := g[0].Day.String()
		if more > 0 {
			days += " and " + count(more, "other day")
		}
		return fmt.Sprintf("account %s on %s: %s", names.with(g[0].Account), days, g[0].Reason)
	}
	accounts, orders := make(map[schema.AccountID]bool), 0
	for _, f := range g {
		accounts[f.Account] = true
		var n int
		if _, err := fmt.Sscanf(f.Reason, unanswered+"%d", &n); err == nil {
			orders += n
		}
	}
	hit := fmt.Sprintf("%s, %s: ", count(len(accounts), "account"), count(len(g), "unit"))
	if orders > 0 {
		hit += fmt.Sprintf("%s%s without an answer: ", unanswered, count(orders, "order"))
	}
	return hit + ownReason(g[0])
}

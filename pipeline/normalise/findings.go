package normalise

import (
	"fmt"
	"strings"
	"time"

	"billwalk/pipeline/mend"
	"billwalk/schema"
)

// The checks of this package leave these alone:
//
//   - An empty id, which is the same as none: bills without a store have an empty
//     poi_id, and no query uses an empty id.
//   - A biz_type both in the page and in a record: the record's wins.
//   - Amounts that this version does not know, which stay in extra and in no sum.
//   - Two shares of one merchant. A share with a minus does not parse, which the rule
//     settle_detail reports.
//   - A missing settle_time of a settlement that is in flight or has failed.

// findings are the exceptions of one row.
type findings []schema.Exception

// report adds an exception and returns it.
func (f *findings) report(rule schema.Rule, detail string, args ...any) *schema.Exception {
	*f = append(*f, schema.Exception{Rule: rule, Severity: rule.Severity(), Detail: fmt.Sprintf(detail, args...)})
	return &(*f)[len(*f)-1]
}

// texts reports text that was not valid and is mended.
func (f *findings) texts(bad bool, received []byte) {
	if bad {
		f.report(schema.RuleBadText,
			"text was cut in the middle of a character, and is mended with U+FFFD, in: %s", mend.Places(received))
	}
}

// negative sets an amount with a minus to NULL. Received amounts have no sign, and the
// sign that they get would turn this one around.
func (f *findings) negative(name string, amount *schema.Null[schema.Fen]) {
	if amount.V >= 0 {
		return
	}
	e := f.report(schema.RuleNegativeAmount,
		"%s is %d, and amounts are documented without a sign; the column is NULL", name, int64(amount.V))
	e.Actual, *amount = *amount, schema.Null[schema.Fen]{}
}

// maxSettled is ten billion yuan, more than any settlement. Sums over millions of them stay
// within int64.
const maxSettled schema.Fen = 1e12

// excessive sets an amount beyond maxSettled to NULL. Otherwise the sums of the day could
// overflow, and the whole day would fail.
func (f *findings) excessive(name string, amount *schema.Null[schema.Fen]) {
	if max(amount.V, -amount.V) <= maxSettled {
		return
	}
	f.report(schema.RuleOverflow,
		"%s is %d, and a settlement has %d at most; the column is NULL", name, int64(amount.V), int64(maxSettled))
	*amount = schema.Null[schema.Fen]{}
}

// namedID is an id and its name in the API.
type namedID struct {
	name string
	id   schema.Null[string]
}

// oddIDs reports ids that cannot be right, and leaves them in their columns.
func (f *findings) oddIDs(ids ...namedID) {
	for _, i := range ids {
		var what string
		switch {
		case isPlainID(i.id.V):
			continue
		case len(i.id.V) > schema.MaxQueryID:
			what = "it is longer than the 64 bytes that the settle query takes, and is not asked with"
		case strings.ContainsFunc(i.id.V, schema.Invisible):
			what = "white space or control characters stand in it"
		default:
			continue
		}
		f.report(schema.RuleBadID, "%s is %.80q: %s", i.name, i.id.V, what)
	}
}

// isPlainID reports whether an id is short, and all of it is visible ASCII.
func isPlainID(id string) bool {
	for i := range len(id) {
		if c := id[i]; c <= ' ' || c > '~' {
			return false
		}
	}
	return len(id) <= schema.MaxQueryID
}

// identity checks that an amount is the expected sum.
func (f *findings) identity(rule schema.Rule, actual schema.Null[schema.Fen], expected sum, detail string) Outcome {
	if expected.err != nil {
		f.report(schema.RuleOverflow, "%s: %v", detail, expected.err)
		return NotEvaluable
	}
	if !actual.Valid || !expected.Valid {
		return NotEvaluable
	}
	if actual.V == expected.V {
		return Pass
	}
	e := f.report(rule, "%s", detail)
	e.Expected, e.Actual = expected.Null, actual
	return Fail
}

// Outcome is the result of checking one identity on one row.
type Outcome uint8

// An identity with NULL in a term is not evaluable.
const (
	NotEvaluable Outcome = iota
	Pass
	Fail
)

// Settle times outside these years are in another unit, or wrong.
var (
	earliest = time.Date(2015, 1, 1, 0, 0, 0, 0, schema.China).Unix()
	latest   = time.Date(2100, 1, 1, 0, 0, 0, 0, schema.China).Unix()
)

// sum is a sum of amounts: NULL if a term is, with an error if it overflows.
type sum struct {
	schema.Null[schema.Fen]
	err error
}

func plus(terms ...schema.Null[schema.Fen]) sum {
	total, err := schema.Total(terms...)
	return sum{total, err}
}

func minus(whole schema.Null[schema.Fen], part sum) sum {
	if part.err != nil || !whole.Valid || !part.Valid {
		return sum{err: part.err}
	}
	v, err := whole.V.Sub(part.V)
	return sum{Null: schema.Null[schema.Fen]{V: v, Valid: err == nil}, err: err}
}

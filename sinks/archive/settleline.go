package archive

import (
	"bytes"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"billwalk/schema"
)

// parseSettleAnswer reads a line of a batch, as readLine does. No certificate has the hash of
// an answer: a body that is not JSON is a damaged line here, or nowhere.
func parseSettleAnswer(line []byte) (a schema.SettleAnswer, err error) {
	if a, ok := scanSettleLine(line); ok {
		return a, nil
	}
	return a, readLine(line, &a)
}

// scanSettleLine reads a line in the very form of EncodeSettlement, without escapes before
// the body.
func scanSettleLine(line []byte) (a schema.SettleAnswer, ok bool) {
	head, body, _ := bytes.Cut(line, []byte(bodyMember))
	body, ended := bytes.CutSuffix(body, []byte("}"))
	if !ended || !fitsLine(body) || !utf8.Valid(head) || !isPlain(body) && !jsontext.Value(body).IsValid(jsontext.AllowInvalidUTF8(true)) {
		return a, false
	}
	var account, day, fetched string
	rest := string(head)
	for _, m := range [...]struct {
		before string
		to     *string
	}{
		{`{"account":"`, &account}, {`,"bill_date":"`, &day}, {`,"parameter":"`, &a.Parameter}, {`,"column":"`, &a.Column}, {`,"value":"`, &a.Value},
		{`,"fetched_at":"`, &fetched}, {`,"logid":"`, &a.LogID},
	} {
		if rest, ok = strings.CutPrefix(rest, m.before); !ok {
			return a, false
		}
		if *m.to, rest, ok = strings.Cut(rest, `"`); !ok || strings.ContainsFunc(*m.to, needsEscape) {
			return a, false
		}
	}
	a.Account = schema.AccountID(account)
	var dayErr, timeErr error
	a.Day, dayErr = schema.ParseDay(day)
	a.FetchedAt, timeErr = time.Parse(time.RFC3339Nano, fetched)
	a.Body = bytes.Clone(body)
	return a, rest == "" && dayErr == nil && timeErr == nil && !strings.Contains(fetched, ",")
}

// needsEscape reports whether a character of a JSON string may only stand in it escaped, or
// stands for another.
func needsEscape(c rune) bool { return c < ' ' || c == '\\' }

package archive

import (
	"bytes"
	"strings"
	"time"
	"unicode/utf8"

	"billwalk/schema"
)

// settleLines reads the lines of a batch. The zero value is ready for use.
type settleLines struct {
	heads map[string]schema.SettleAnswer // the members before the value, which many lines share
}

// parse reads a line, as readLine does, but the body may be a part of the line. No certificate
// has its hash, and who decodes it sees whether it is JSON.
func (l *settleLines) parse(line []byte) (schema.SettleAnswer, error) {
	if a, ok := l.scan(line); ok {
		return a, nil
	}
	a := new(schema.SettleAnswer)
	err := readLine(line, a)
	return *a, err
}

// scan reads a line in the very form of EncodeSettlement, without escapes before the body.
func (l *settleLines) scan(line []byte) (a schema.SettleAnswer, ok bool) {
	head, rest, _ := bytes.Cut(line, []byte(`,"value":"`))
	if a, ok = l.heads[string(head)]; !ok {
		if a, ok = scanSettleHead(string(head)); !ok {
			return a, false
		}
		if l.heads == nil {
			l.heads = make(map[string]schema.SettleAnswer)
		}
		l.heads[string(head)] = a
	}
	own, body, _ := bytes.Cut(rest, []byte(bodyMember))
	body, ended := bytes.CutSuffix(body, []byte("}"))
	if !ended || !isUnescaped(own) || !isObject(body) {
		return a, false
	}
	var fetched string
	if !scanTexts(string(own), textMember{"", &a.Value}, textMember{`,"fetched_at":"`, &fetched}, textMember{`,"logid":"`, &a.LogID}) {
		return a, false
	}
	var err error
	a.FetchedAt, err = time.Parse(time.RFC3339Nano, fetched)
	a.Body = body
	return a, err == nil && !strings.Contains(fetched, ",")
}

// isObject reports whether a text begins and ends as an object does.
func isObject(text []byte) bool {
	return len(text) > 1 && text[0] == '{' && text[len(text)-1] == '}'
}

// scanSettleHead reads what stands before the value.
func scanSettleHead(head string) (a schema.SettleAnswer, ok bool) {
	var account, day string
	if !isUnescaped(head) || !scanTexts(head, textMember{`{"account":"`, &account}, textMember{`,"bill_date":"`, &day}, textMember{`,"parameter":"`, &a.Parameter}, textMember{`,"column":"`, &a.Column}) {
		return a, false
	}
	var err error
	a.Account = schema.AccountID(account)
	a.Day, err = schema.ParseDay(day)
	return a, err == nil
}

// textMember is the text up to the next quote, and what stands before it.
type textMember struct {
	before string
	to     *string
}

// scanTexts reports whether a text has these members, and nothing else.
func scanTexts(text string, members ...textMember) (ok bool) {
	for _, m := range members {
		if text, ok = strings.CutPrefix(text, m.before); !ok {
			return false
		}
		if *m.to, text, ok = strings.Cut(text, `"`); !ok {
			return false
		}
	}
	return text == ""
}

// isUnescaped reports whether a text has no character that may only stand in a JSON string
// escaped, and none that stands for another.
func isUnescaped[T string | []byte](text T) bool {
	all := byte(0)
	for i := range len(text) {
		c := text[i]
		if c < ' ' || c == '\\' {
			return false
		}
		all |= c
	}
	return all < utf8.RuneSelf || utf8.ValidString(string(text))
}

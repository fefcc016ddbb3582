package evidence

import (
	"time"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// PreparedAnswer is an answer that the archive will have, in the form in which it is known
// then. Most take a tenth of the decoded answer, so that many may wait.
type PreparedAnswer struct {
	account  schema.AccountID
	query    schema.Query
	day      schema.Day
	fetched  time.Time
	logID    string
	outcome  Outcome
	record   []byte               // of an answer that has settlements
	received *schema.SettleAnswer // one that is kept as it was received, instead of the record
	ids      []idHash
}

// answerMemory is for the answers that are prepared one after the other.
type answerMemory struct {
	decoder normalise.SettleDecoder
	records []byte // of all
}

// prepare prepares an answer. Its record lies in the memory.
func (a *answers) prepare(answer *normalise.SettlementsAnswer, m *answerMemory) PreparedAnswer {
	rows := m.decoder.Rows(answer)
	p := PreparedAnswer{
		account: answer.Account, query: answer.Query(), day: answer.Day, fetched: answer.FetchedAt, logID: answer.LogID, outcome: outcomeOf(answer.Decoded.Records),
	}
	if p.outcome > Empty {
		from := len(m.records)
		var ok bool
		if m.records, ok = appendRows(m.records, &answer.SettleAnswer, rows); ok {
			p.record = m.records[from:len(m.records):len(m.records)]
		} else {
			received := answer.SettleAnswer
			p.received = &received
		}
	}
	if a.indexed && !Confirms(p.query) {
		p.ids = idsOfRows(rows)
	}
	return p
}

// recordIn returns the record of an answer that has settlements, once the archive has it
// under the key.
func (p *PreparedAnswer) recordIn(key string) ([]byte, error) {
	if p.received == nil {
		return p.record, nil
	}
	p.received.Key = key
	return encodeReceived(p.received)
}

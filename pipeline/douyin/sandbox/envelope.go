package sandbox

import (
	"strconv"
	"strings"

	"billwalk/schema"
)

// envelope is the form of every answer of the two data APIs.
type envelope struct {
	Data  any   `json:"data,omitempty"`
	Extra extra `json:"extra"`
}

type extra struct {
	ErrorCode      int64  `json:"error_code"`
	Description    string `json:"description"`
	SubErrorCode   int64  `json:"sub_error_code"`
	SubDescription string `json:"sub_description"`
	LogID          string `json:"logid"`
	Now            int64  `json:"now"`
}

type errorData struct {
	ErrorCode   int64  `json:"error_code"`
	Description string `json:"description"`
}

// failure returns the reply with the error code, in each place where the API has one.
func (p *Platform) failure(q apiQuery, code int64) reply {
	out := p.refusal(q, code)
	if code == codeUnauthorised {
		out.Extra.setSub(subNotAuthorised)
	}
	return reply{body: compact(out)}
}

// refusal counts and returns an answer with the error code. That of the settle query
// has no data.
func (p *Platform) refusal(q apiQuery, code int64) envelope {
	p.traffic.countAnswer(q.api, code)
	out := envelope{Extra: p.extra(q, code)}
	if q.api == BillsAPI {
		out.Data = errorData{code, describe(code)}
	}
	return out
}

// extra returns the last part of every answer. Its time is in seconds or in
// milliseconds, by chance.
func (p *Platform) extra(q apiQuery, code int64) extra {
	chance := dice(p.config.Seed, q.hash, uint64(q.attempt))
	out := extra{ErrorCode: code, Description: "success", LogID: logID(q.day, chance), Now: p.config.Now().Unix()}
	if code != 0 {
		out.Description, out.SubDescription = describe(code), describe(code)
	}
	if chance%2 == 0 {
		out.Now = p.config.Now().UnixMilli()
	}
	return out
}

func (e *extra) setSub(code int64) { e.SubErrorCode, e.SubDescription = code, describe(code) }

// logID returns 31 digits like the platform's, equal for equal arguments.
func logID(day schema.Day, chance uint64) string {
	date := strings.ReplaceAll(day.String(), "-", "")
	return date + strconv.FormatUint(1e11+chance%1e11, 10)[1:] + strconv.FormatUint(1e12+dice(chance)%9e12, 10)[1:]
}

// settleFailure returns the settle query's reply with an error code and a sub code.
func (p *Platform) settleFailure(q apiQuery, code, sub int64) reply {
	out := p.refusal(q, code)
	out.Extra.setSub(sub)
	return reply{body: compact(out)}
}

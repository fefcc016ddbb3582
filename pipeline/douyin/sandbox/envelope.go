package sandbox

import (
	"strconv"
	"strings"

	"billwalk/schema"
)

// envelope is what every answer of the two data APIs comes in.
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

// failure returns the reply with the code in each place that the API has for it.
func (p *Platform) failure(q question, code int64) reply {
	out := p.refusal(q, code)
	if code == codeUnauthorised {
		out.Extra.setSub(subNotAuthorised)
	}
	return reply{body: compact(out)}
}

// refusal counts and returns an answer with the code. One to a settle query has no data.
func (p *Platform) refusal(q question, code int64) envelope {
	p.traffic.answered(q.api, code)
	out := envelope{Extra: p.extra(q, code)}
	if q.api == BillsAPI {
		out.Data = errorData{code, describe(code)}
	}
	return out
}

// extra returns the part that closes every answer; its clock is in seconds or
// in milliseconds, as it happens.
func (p *Platform) extra(q question, code int64) extra {
	chance := dice(p.config.Seed, q.identity, uint64(q.asked))
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

// logID is 31 digits like the platform's, and the same whenever the same is
// asked for the same time.
func logID(day schema.Day, chance uint64) string {
	date := strings.ReplaceAll(day.String(), "-", "")
	return date + strconv.FormatUint(1e11+chance%1e11, 10)[1:] + strconv.FormatUint(1e12+dice(chance)%9e12, 10)[1:]
}

// settleFailure returns the reply with a code and the sub code that says more.
func (p *Platform) settleFailure(q question, code, sub int64) reply {
	out := p.refusal(q, code)
	out.Extra.setSub(sub)
	return reply{body: compact(out)}
}

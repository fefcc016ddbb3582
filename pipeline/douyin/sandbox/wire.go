package sandbox

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"billwalk/schema"
)

// reply is an answer before it is sent.
type reply struct {
	status      int    // 200 when 0
	contentType string // JSON when empty
	body        []byte
	wireFault   string // "slow", "cut", "reset" or none: what happens while it is sent
}

// compact returns v as JSON on one line, without escapes for HTML.
func compact(v any) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err) // cannot happen: all values are structs of this package
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// send writes the reply, compressed if the client accepts it.
func (p *Platform) send(w http.ResponseWriter, r *http.Request, out reply) {
	header, body := w.Header(), out.body
	header.Set("Content-Type", "application/json; charset=utf-8")
	if out.contentType != "" {
		header.Set("Content-Type", out.contentType)
	} else if p.config.Faults.has("bom") {
		body = append([]byte("\ufeff"), body...)
	}
	if out.status == http.StatusTooManyRequests {
		header.Set("Retry-After", "1")
	}
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		header.Set("Content-Encoding", "gzip")
		body = compress(body)
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	if out.wireFault == "reset" {
		reset(w)
	}
	if out.status != 0 {
		w.WriteHeader(out.status)
	}
	half := len(body)
	if out.wireFault != "" {
		half /= 2
	}
	_, _ = w.Write(body[:half]) // fails only if the client has gone
	switch out.wireFault {
	case "cut":
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case "slow":
		_ = http.NewResponseController(w).Flush()
		if pause(r.Context(), p.config.Stall) {
			_, _ = w.Write(body[half:])
		}
	}
}

func compress(body []byte) []byte {
	var out bytes.Buffer
	writer := compressors.Get().(*gzip.Writer)
	defer compressors.Put(writer)
	writer.Reset(&out)
	_, _ = writer.Write(body) // a bytes.Buffer returns no error
	_ = writer.Close()
	return out.Bytes()
}

// compressors are reused: each takes a megabyte, for answers of a few hundred bytes.
var compressors = sync.Pool{New: func() any {
	writer, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err) // cannot happen: the level is valid
	}
	return writer
}}

// reset breaks the connection, with a TCP reset if it can.
func reset(w http.ResponseWriter) {
	if connection, _, err := http.NewResponseController(w).Hijack(); err == nil {
		if tcp, ok := connection.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = connection.Close()
	}
	panic(http.ErrAbortHandler)
}

// envelope is the form of every answer of the data APIs.
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
	if q.api != SettleAPI {
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

package sandbox

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// reply is an answer before it goes onto the wire, and what happens to it there.
type reply struct {
	status      int    // 200 when 0
	contentType string // JSON when empty
	body        []byte
	trouble     string // "slow", "cut" or "reset": a fault of the wire
}

// compact writes JSON on one line, without escaping what HTML would need.
func compact(v any) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err) // our own structs, of which every value can be written
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// spoiled returns the reply under a lasting fault.
func (p *Platform) spoiled(c call, f fault) reply {
	if f.code != 0 {
		return p.failure(c.question, f.code)
	}
	out := p.success(c, f.name)
	switch f.name {
	case "dupkeys":
		out.body = bytes.Replace(out.body, []byte(`"has_more":`), []byte(`"has_more":false,"has_more":`), 1)
	case "bad-id":
		out.body = bytes.ReplaceAll(out.body, []byte(`order_id":"`), []byte("order_id\":\"\xff"))
		out.body = bytes.Replace(out.body, []byte(`"cursor":"`), []byte("\"cursor\":\"\xff"), 1)
	case "big":
		filler := `"data":{"filler":"` + strings.Repeat("抖", 5<<20/3) + `",`
		out.body = bytes.Replace(out.body, []byte(`"data":{`), []byte(filler), 1)
	}
	return out
}

// interrupted returns the reply under a passing fault, which may be the right
// one that does not arrive whole.
func (p *Platform) interrupted(q question, f fault, token string, right func() reply) reply {
	switch f.name {
	case "12001", "error-in-data-only", "error-in-extra-only":
		return p.halfFailure(q, f)
	case "error-outside", "token-outside":
		return p.outside(q, f)
	case "no-extra":
		return withoutProof(q, right())
	case "token-stolen":
		p.tokens.kill(token)
		return p.failure(q, codeBadToken)
	case "html":
		status := http.StatusBadGateway
		if q.identity%2 == 0 {
			status = http.StatusOK
		}
		return reply{status: status, contentType: "text/html", body: []byte("<html><body><h1>502 Bad Gateway</h1></body></html>\n")}
	case "nonjson":
		return reply{contentType: "text/plain", body: []byte("upstream connect error or disconnect/reset before headers")}
	case "http429":
		return reply{status: http.StatusTooManyRequests, body: []byte(`{}`)}
	case "http503":
		return reply{status: http.StatusServiceUnavailable, contentType: "text/plain", body: []byte("no healthy upstream")}
	case "slow", "cut", "reset":
		out := right()
		out.trouble = f.name
		return out
	}
	return p.failure(q, f.code)
}

// halfFailure returns an error that does not stand in both places alike. Answers
// to a settle query have one place only.
func (p *Platform) halfFailure(q question, f fault) reply {
	out := p.refusal(q, f.code)
	switch {
	case f.name == "12001":
		out.Extra.setSub(subTooFrequent)
	case q.api == SettleAPI:
	case f.name == "error-in-data-only":
		out.Extra = p.extra(q, 0)
	case f.name == "error-in-extra-only":
		out.Data = struct{}{}
	}
	return reply{body: compact(out)}
}

var (
	idField     = regexp.MustCompile(`"(ledger_id|account_id|shop_order_id|item_order_id|certificate_id|verify_id|poi_id|verify_poi_account_id|sku_id)":"([1-9][0-9]*)"`)
	amountField = regexp.MustCompile(`"([a-z_]+)":(-?[0-9]+)`)
	amountMap   = regexp.MustCompile(`"amount":\{[^}]*\}`)
)

// dress gives a right answer the look that the dressing faults ask for. Quotes
// within text are escaped, so the patterns meet fields only.
func (p *Platform) dress(body []byte, c call) []byte {
	if p.config.Faults.has("numeric-ids") && (c.reach.merchant.index%2 == 1 || len(p.world.merchants) == 1) {
		body = idField.ReplaceAll(body, []byte(`"$1":$2`))
	}
	if p.config.Faults.has("string-amounts") {
		body = amountMap.ReplaceAllFunc(body, func(amount []byte) []byte {
			return amountField.ReplaceAll(amount, []byte(`"$1":"$2"`))
		})
	}
	for _, w := range wounds {
		body = bytes.ReplaceAll(body, []byte(w.sign), []byte(w.wire))
	}
	return body
}

// send puts the reply onto the wire, compressed where the caller accepts it.
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
	if out.trouble == "reset" {
		reset(w)
	}
	if out.status != 0 {
		w.WriteHeader(out.status)
	}
	half := len(body)
	if out.trouble != "" {
		half /= 2
	}
	_, _ = w.Write(body[:half]) // a caller who is gone needs no answer
	switch out.trouble {
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
	_, _ = writer.Write(body) // a bytes.Buffer takes everything
	_ = writer.Close()
	return out.Bytes()
}

// compressors are kept: one is a megabyte, and an answer a few hundred bytes.
var compressors = sync.Pool{New: func() any {
	writer, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant of the package
	}
	return writer
}}

// reset ends the connection with a TCP reset where it can, or else abruptly.
func reset(w http.ResponseWriter) {
	if connection, _, err := http.NewResponseController(w).Hijack(); err == nil {
		if tcp, ok := connection.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = connection.Close()
	}
	panic(http.ErrAbortHandler)
}

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

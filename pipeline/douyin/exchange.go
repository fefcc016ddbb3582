package douyin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"billwalk/pipeline/mend"
)

// received is an answer before it is judged.
type received struct {
	status     int
	body       []byte // without a byte order mark
	raw        []byte // as received, without secrets
	at         time.Time
	retryAfter time.Duration
}

// exchange sends one request in its slot and reads the whole answer within the app's timeout. The
// error is an *Error, errStale, or wraps ctx's if that was cancelled.
func (c *Client) exchange(ctx context.Context, e *endpoint, f *flight, req *http.Request) (received, error) {
	api := e.api
	limited, cancel := context.WithTimeout(ctx, c.app.Timeout)
	defer cancel()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "billwalk")
	if !e.small {
		req.Header.Set("Accept-Encoding", "gzip")
	}
	sent := c.now()
	traced, stale := traceRequest(limited, e.pace, f)
	res, err := c.http.Do(req.WithContext(traced))
	if stale(err) {
		return received{}, errStale
	}
	if err != nil {
		return received{}, c.lost(ctx, api, "no answer", err)
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 && res.StatusCode < 400 {
		return received{}, redirected(api, res)
	}
	body, err := readBody(res)
	if err != nil {
		return received{}, c.lost(ctx, api, fmt.Sprintf("HTTP %d, and the answer was cut short after %d bytes", res.StatusCode, len(body)), err)
	}
	if len(body) > maxAnswer {
		return received{}, newError(api, giveUpUnit, fmt.Sprintf("the answer is larger than %d bytes", maxAnswer))
	}
	now := time.Now()
	c.clock.record(res.Header, body, sent, c.now())
	body, marked := bytes.CutPrefix(body, mend.BOM)
	body = c.redact(api, body)
	raw := body
	if marked {
		raw = slices.Concat(mend.BOM, body)
	}
	return received{res.StatusCode, body, raw, now, retryAfter(res.Header.Get("Retry-After"), now)}, nil
}

// bodies are buffers that answers are read into. One answer is as long as the other, so
// that they seldom grow.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// readBody reads and unpacks an answer, up to one byte beyond the limit. With an error it
// returns what it has read.
func readBody(res *http.Response) ([]byte, error) {
	buffer := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(buffer)
	buffer.Reset()
	_, err := buffer.ReadFrom(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil || buffer.Len() == 0 || buffer.Len() > maxAnswer || !strings.EqualFold(res.Header.Get("Content-Encoding"), "gzip") {
		return bytes.Clone(buffer.Bytes()), err
	}
	return unzip(buffer.Bytes(), maxAnswer+1)
}

// lost returns the error of an answer that did not arrive, or ctx's if that has ended.
func (c *Client) lost(ctx context.Context, api, what string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	reason := what + " within " + c.app.Timeout.String()
	if !errors.Is(err, context.DeadlineExceeded) {
		beneath := err
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			beneath = wrapped.Err // without the address, which is the app's
		}
		reason = what + ": " + beneath.Error()
	}
	fault := newError(api, repeat, reason).withCause(err)
	fault.unanswered = true
	return fault
}

// redirected returns the error of a redirect. It is not followed, because the token would
// be sent along.
func redirected(api string, res *http.Response) *Error {
	where := "nowhere"
	if to, err := res.Location(); err == nil {
		where = to.Scheme + "://" + to.Host
	}
	e := newError(api, giveUpUnit, fmt.Sprintf("HTTP %d: a redirect to %s, which is not followed", res.StatusCode, where))
	e.Hint = hintBaseURL
	return e
}

// noBody is the empty body of a GET. It keeps net/http from repeating the request by
// itself when a kept-open connection breaks, which would bypass the rate limit and the
// counts.
type noBody struct{}

func (noBody) Read([]byte) (int, error) { return 0, io.EOF }

// reply is an accepted answer.
type reply struct {
	body  []byte
	raw   []byte // as received, without secrets
	logID string
	at    time.Time

	undecoded error // why the body could not be decoded
}

const maxRetryAfter = 60 * time.Second // the longest Retry-After that is waited for

// retryAfter returns the time of a Retry-After header, in seconds or as an HTTP date, and
// at most maxRetryAfter.
func retryAfter(header string, now time.Time) time.Duration {
	if header == "" {
		return 0
	}
	seconds, err := strconv.ParseInt(header, 10, 64)
	if err == nil {
		return time.Duration(min(max(seconds, 0), int64(maxRetryAfter/time.Second))) * time.Second
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}

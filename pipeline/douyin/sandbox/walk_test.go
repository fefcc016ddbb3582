package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"

	"billwalk/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const demoDay = schema.Day(20_777)

// fixedClock always returns the same time.
func fixedClock() time.Time { return time.Unix(1_795_000_000, 0) }

func mustFaults(t testing.TB, list string) Faults {
	t.Helper()
	faults, err := ParseFaults(list)
	if err != nil {
		t.Fatal(err)
	}
	return faults
}

// walker is a simple client that repeats calls, with its own types for the JSON. It
// calls the handler directly, or over a socket if url is set.
type walker struct {
	t       testing.TB
	handler http.Handler
	url     string
	client  *http.Client
	token   string
}

func walk(t testing.TB, p *Platform) *walker { return &walker{t: t, handler: p} }

// overWire serves the platform on a real socket of 127.0.0.1.
func overWire(t testing.TB, p *Platform) *walker {
	t.Helper()
	server := httptest.NewServer(p)
	server.Config.ErrorLog = nil
	client := &http.Client{Transport: &http.Transport{}, Timeout: 2 * time.Second}
	t.Cleanup(func() { client.CloseIdleConnections(); server.Close() })
	return &walker{t: t, url: server.URL, client: client}
}

type received struct {
	status int
	header http.Header
	body   []byte
	err    error
}

func (w *walker) send(request *http.Request) received {
	if w.url == "" {
		recorder := httptest.NewRecorder()
		w.handler.ServeHTTP(recorder, request)
		return received{recorder.Code, recorder.Header(), bytes.TrimPrefix(recorder.Body.Bytes(), []byte("\ufeff")), nil}
	}
	target, err := url.Parse(w.url + request.URL.RequestURI())
	if err != nil {
		w.t.Fatal(err)
	}
	request.URL, request.Host, request.RequestURI = target, "", ""
	response, err := w.client.Do(request)
	if err != nil {
		return received{err: err}
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	return received{response.StatusCode, response.Header, bytes.TrimPrefix(body, []byte("\ufeff")), err}
}

func (w *walker) fetchToken(key, secret string) (token string, code int64) {
	w.t.Helper()
	body := fmt.Sprintf(`{"client_key":%q,"client_secret":%q,"grant_type":"client_credential"}`, key, secret)
	got := w.send(httptest.NewRequestWithContext(w.t.Context(), "POST", "/oauth/client_token/", strings.NewReader(body)))
	var answer struct {
		Data struct {
			Token string `json:"access_token"`
			Code  int64  `json:"error_code"`
		}
	}
	if err := json.Unmarshal(got.body, &answer); err != nil {
		w.t.Fatalf("token answer %q: %v", got.body, err)
	}
	return answer.Data.Token, answer.Data.Code
}

func (w *walker) authorise() {
	w.t.Helper()
	for range 3 {
		token, code := w.fetchToken("key", "secret")
		if code == 0 {
			w.token = token
			return
		}
	}
	w.t.Fatal("no token after three calls")
}

func unitQuery(u schema.Unit, cursor string, size int) url.Values {
	name := "account_id"
	if u.Account.Root {
		name = "root_account_id"
	}
	return url.Values{name: {string(u.Account.ID)}, "bill_date": {u.Day.String()}, "cursor": {cursor}, "size": {strconv.Itoa(size)}}
}

func (w *walker) query(values url.Values) received {
	w.t.Helper()
	request := httptest.NewRequestWithContext(w.t.Context(), "GET", "/goodlife/v1/settle/bill/catering_query/?"+values.Encode(), nil)
	request.Header.Set("access-token", w.token)
	return w.send(request)
}

// pageAnswer is an answer of the bill API as the tests decode it.
type pageAnswer struct {
	Data struct {
		ErrorCode *int64            `json:"error_code"`
		Cursor    string            `json:"cursor"`
		HasMore   *bool             `json:"has_more"`
		BizType   *int              `json:"biz_type"`
		Records   []json.RawMessage `json:"ledger_records"`
	} `json:"data"`
	Extra struct {
		ErrorCode int64  `json:"error_code"`
		Sub       int64  `json:"sub_error_code"`
		LogID     string `json:"logid"`
		Now       int64  `json:"now"`
	} `json:"extra"`
}

func (p pageAnswer) code() int64 {
	if p.Data.ErrorCode != nil && *p.Data.ErrorCode != 0 {
		return *p.Data.ErrorCode
	}
	return p.Extra.ErrorCode
}

func parsePage(t testing.TB, body []byte) pageAnswer {
	t.Helper()
	var out pageAnswer
	if err := json.Unmarshal(body, &out); err != nil {
		t.Fatalf("%v in %.200q", err, body)
	}
	return out
}

// proven reports whether extra has a code, and there is none outside.
func proven(body []byte) bool {
	var out struct {
		ErrNo     any `json:"err_no"`
		ErrorCode any `json:"error_code"`
		Code      any `json:"code"`
		Extra     struct {
			ErrorCode *int64 `json:"error_code"`
		} `json:"extra"`
	}
	_ = json.Unmarshal(body, &out) // an extra of another type leaves the code nil
	return out.ErrNo == nil && out.ErrorCode == nil && out.Code == nil && out.Extra.ErrorCode != nil
}

var errMalformed = errors.New("always malformed")

// page queries until there is an answer, at most six times.
func (w *walker) page(u schema.Unit, cursor string, size int) (pageAnswer, error) {
	w.t.Helper()
	var last error
	for range 6 {
		got := w.query(unitQuery(u, cursor, size))
		var out pageAnswer
		switch {
		case got.err != nil:
			last = got.err
		case got.status != http.StatusOK:
			last = fmt.Errorf("status %d", got.status)
		case len(got.body) > 4<<20 || bytes.Count(got.body, []byte(`"has_more"`)) > 1:
			last = errMalformed
		case json.Unmarshal(got.body, &out) != nil && proven(got.body):
			last = fmt.Errorf("not JSON: %.40q", got.body)
		case !proven(got.body):
			last = fmt.Errorf("no evidence of success: %.80q", got.body)
		case out.code() != 0:
			last = codeError(out.code())
			if strings.Contains(describe(out.code()), "token") {
				w.authorise()
			}
		case strings.ContainsRune(out.Data.Cursor, utf8.RuneError), len(out.Data.Records) > size, out.Data.HasMore == nil,
			out.Data.Records == nil && (*out.Data.HasMore || !bytes.Contains(got.body, []byte(`"ledger_records":null`))):
			last = errMalformed
		default:
			return out, nil
		}
	}
	return pageAnswer{}, last
}

type codeError int64

func (c codeError) Error() string { return fmt.Sprintf("code %d", int64(c)) }

// unit returns all records of a unit as served, in order.
func (w *walker) unit(u schema.Unit, size int) ([]json.RawMessage, error) {
	w.t.Helper()
	var records []json.RawMessage
	seen, empty := map[string]bool{}, 0
	for cursor := firstCursor; ; {
		if seen[cursor] || empty == 3 {
			return nil, errMalformed
		}
		seen[cursor] = true
		got, err := w.page(u, cursor, size)
		if err != nil {
			return nil, err
		}
		empty++
		if len(got.Data.Records) > 0 {
			empty = 0
		}
		records = append(records, got.Data.Records...)
		if !*got.Data.HasMore {
			return records, nil
		}
		cursor = got.Data.Cursor
	}
}

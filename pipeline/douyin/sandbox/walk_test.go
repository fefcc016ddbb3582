package sandbox

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"billwalk/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const demoDay = schema.Day(20_777)

// fixedClock stands still.
func fixedClock() time.Time { return time.Unix(1_795_000_000, 0) }

func mustFaults(t testing.TB, list string) Faults {
	t.Helper()
	faults, err := ParseFaults(list)
	if err != nil {
		t.Fatal(err)
	}
	return faults
}

// walker is a plain, patient client with eyes of its own for the JSON. It
// speaks to the handler directly, or over the wire where url is set.
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
		return received{recorder.Code, recorder.Header(), recorder.Body.Bytes(), nil}
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
	return received{response.StatusCode, response.Header, body, err}
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

// pageSeen is a page as this walker reads it.
type pageSeen struct {
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

func (p pageSeen) code() int64 {
	if p.Data.ErrorCode != nil && *p.Data.ErrorCode != 0 {
		return *p.Data.ErrorCode
	}
	return p.Extra.ErrorCode
}

func parsePage(t testing.TB, body []byte) pageSeen {
	t.Helper()
	var out pageSeen
	if err := json.Unmarshal(body, &out); err != nil {
		t.Fatalf("%v in %.200q", err, body)
	}
	return out
}

var errMalformed = errors.New("malformed for good")

// page asks until it is answered, at most six times.
func (w *walker) page(u schema.Unit, cursor string, size int) (pageSeen, error) {
	w.t.Helper()
	var last error
	for range 6 {
		got := w.query(unitQuery(u, cursor, size))
		var out pageSeen
		switch {
		case got.err != nil:
			last = got.err
		case got.status != http.StatusOK:
			last = fmt.Errorf("status %d", got.status)
		case len(got.body) > 4<<20 || bytes.Count(got.body, []byte(`"has_more"`)) > 1:
			last = errMalformed
		case json.Unmarshal(got.body, &out) != nil:
			last = fmt.Errorf("not JSON: %.40q", got.body)
		case out.code() != 0:
			last = codeError(out.code())
			if strings.Contains(describe(out.code()), "token") {
				w.authorise()
			}
		case out.Data.Records == nil || out.Data.HasMore == nil || len(out.Data.Records) > size:
			last = errMalformed
		default:
			return out, nil
		}
	}
	return pageSeen{}, last
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

// recordSeen is a bill as this walker reads it: amounts as they come, ids as text.
type recordSeen struct {
	LedgerID json.RawMessage            `json:"ledger_id"`
	Account  json.RawMessage            `json:"account_id"`
	Type     int                        `json:"settle_type"`
	Sub      int                        `json:"settle_sub_type"`
	Biz      *int                       `json:"biz_type"`
	Time     int64                      `json:"settle_time"`
	Amount   map[string]json.RawMessage `json:"amount"`
	FundType *int                       `json:"fund_amount_type"`
	Fund     *int64                     `json:"fund_amount"`
	Group    *string                    `json:"group_name"`
	External *string                    `json:"order_ext_id"`
}

func parseRecord(t testing.TB, raw []byte) recordSeen {
	t.Helper()
	var out recordSeen
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	return out
}

func text(raw json.RawMessage) string { return strings.Trim(string(raw), `"`) }

// line is what a row comes to, in one form for what was served and for the truth.
func (r recordSeen) line(t testing.TB, day schema.Day) string {
	t.Helper()
	direction := map[int]int64{forward: +1, refund: -1}[r.Type]
	if r.FundType != nil {
		direction = []int64{+1, -1}[*r.FundType]
	}
	row := Row{Account: schema.AccountID(text(r.Account)), Day: day, LedgerID: text(r.LedgerID), SettleType: r.Type, SettleSubType: r.Sub, Direction: int(direction), Amounts: map[string]*int64{}}
	for _, column := range FenColumns() {
		row.Amounts[column] = nil
		if raw, ok := r.Amount[strings.TrimSuffix(column, "_fen")]; ok && direction != 0 {
			fen, err := strconv.ParseInt(text(raw), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			fen *= direction
			row.Amounts[column] = &fen
		}
	}
	if r.Fund != nil && direction != 0 {
		fen := *r.Fund * direction
		row.Amounts["fund_amount_fen"] = &fen
	}
	return row.line()
}

func (r Row) line() string {
	out := fmt.Sprintf("%s %s %s %d/%d %+d", r.Day, r.Account, r.LedgerID, r.SettleType, r.SettleSubType, r.Direction)
	for _, column := range FenColumns() {
		if fen := r.Amounts[column]; fen != nil {
			out += fmt.Sprintf(" %s=%d", column, *fen)
		}
	}
	return out
}

func truthLines(rows []Row) []string {
	lines := make([]string, 0, len(rows))
	for _, row := range rows {
		lines = append(lines, row.line())
	}
	slices.Sort(lines)
	return lines
}

// servedLines returns the lines of what was served, repeats of the same bytes once.
func servedLines(t testing.TB, records []json.RawMessage, day schema.Day) []string {
	t.Helper()
	seen := map[string]bool{}
	var lines []string
	for _, raw := range records {
		if !seen[string(raw)] {
			seen[string(raw)] = true
			lines = append(lines, parseRecord(t, raw).line(t, day))
		}
	}
	slices.Sort(lines)
	return lines
}

func sameLines(t testing.TB, what string, got, want []string) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	for i := range max(len(got), len(want)) {
		g, w := at(got, i), at(want, i)
		if g != w {
			t.Fatalf("%s: %d rows, want %d; first difference:\n got %s\nwant %s", what, len(got), len(want), g, w)
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(none)"
}

func demoUnits(p *Platform, days int) []schema.Unit {
	units := unitsOf(p.Accounts(), demoDay, demoDay+schema.Day(days-1))
	slices.SortStableFunc(units, func(a, b schema.Unit) int { return cmp.Compare(a.Account.ID, b.Account.ID) })
	return units
}

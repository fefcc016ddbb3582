package douyin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

const noSettlements = `{"data":[],"extra":{"error_code":0,"sub_error_code":0,"logid":"L5"}}`

// The document's own example of an answer; documentedSub is its error.
const documentedSettlements = `{ "data": [ { "out_order_no": "out_order_example_1", "out_settle_no": "out_settle_example_1", "order_id": "ot7053735385750849836", "settle_id": "ot7053723547314981164", "settle_amount": 1000, "settle_status": "SUCCESS", "settle_detail": "商户号68882720803499563550-分成金额(分)840", "settle_time": 1639733782000, "rake": 60, "commission": 100, "cp_extra": "test" } ], "extra": { "sub_error_code": 0, "sub_description": "success", "logid": "2022092115392201020812109511046", "now": 1663745962686, "error_code": 0, "description": "success" } }`

var someQuery = schema.Query{Match: schema.Match{Parameter: "order_id", Column: "shop_order_id"}, Value: "ot7053735385750849836"}

// The body has exactly one id: of several, the platform would use only the first in its
// own order.
func TestSettlementsRequest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ parameter, value, want string }{
		{"settle_id", "ot7053723547314981164", `{"settle_id":"ot7053723547314981164"}`},
		{"order_id", "7053735385750849836", `{"order_id":"7053735385750849836"}`},
		{"out_settle_no", "settle——1", `{"out_settle_no":"settle——1"}`},
		{"out_order_no", `a"b<c>&\`, `{"out_order_no":"a\"b<c>&\\"}`},
	} {
		var body string
		var got *http.Request
		app := fast
		app.BaseURL += "/mirror/"
		c := client(app, &handlerTransport{func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, pathToken) {
				respond(200, tokenAnswer(1, "7200"))(w, r)
				return
			}
			sent, _ := io.ReadAll(r.Body)
			body, got = string(sent), r
			respond(200, noSettlements)(w, r)
		}})
		q := schema.Query{Match: schema.Match{Parameter: tt.parameter, Column: "order_ext_id"}, Value: tt.value}
		if _, err := c.Settlements(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		want := []string{
			"POST", "/mirror/api/apps/trade/v2/settle/query_settle", "", tt.want, fmt.Sprint(len(tt.want)),
			canaryToken + "-1", "application/json", "billwalk", "",
		}
		sent := []string{
			got.Method, got.URL.Path, got.URL.RawQuery, body, fmt.Sprint(got.ContentLength),
			got.Header.Get("access-token"), got.Header.Get("Content-Type"), got.Header.Get("User-Agent"), got.Header.Get("Accept-Encoding"),
		}
		if diff := cmp.Diff(want, sent); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.parameter, diff)
		}
	}
}

func TestSettlementsAnswer(t *testing.T) {
	t.Parallel()
	const notFound = `{"extra":{"error_code":2191002,"description":"交易错误","sub_error_code":20000,"sub_description":"订单不存在","logid":"L5"}}`
	for name, tt := range map[string]struct {
		status           int
		body, want, text string
	}{
		"documented":             {200, documentedSettlements, documentedSettlements, "2022092115392201020812109511046"},
		"nothing found":          {200, noSettlements, noSettlements, "L5"},
		"null":                   {200, `{"data":null,"extra":{"error_code":0,"logid":"L5"}}`, `{"data":null,"extra":{"error_code":0,"logid":"L5"}}`, "L5"},
		"order not found":        {200, notFound, notFound, "L5"},
		"order not found, 404":   {404, notFound, notFound, "L5"},
		"order not found, alone": {200, `{"extra":{"error_code":20000}}`, `{"extra":{"error_code":20000}}`, ""},
		"line breaks":            {200, "{\"data\":\n[ ],\r\n\"extra\":{\"error_code\":\"0\"}}", `{"data":[],"extra":{"error_code":"0"}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{settlements: respond(tt.status, tt.body)}
			c := client(fast, f)
			got, err := c.Settlements(t.Context(), someQuery)
			if err != nil {
				t.Fatal(err)
			}
			if got.FetchedAt.IsZero() || got.FetchedAt.Location() != time.UTC {
				t.Errorf("FetchedAt is %v, want the time in UTC", got.FetchedAt)
			}
			got.FetchedAt = time.Time{}
			want := schema.SettleAnswer{
				Parameter: "order_id", Column: "shop_order_id", Value: "ot7053735385750849836", LogID: tt.text, Body: []byte(tt.want),
			}
			if records, err := normalise.DecodeSettlements(got.Body); err != nil || len(got.Decoded.Records) != len(records) {
				t.Errorf("decoded: got %+v, want %+v, %v", got.Decoded, records, err)
			}
			if diff := cmp.Diff(want, got.SettleAnswer); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if s := c.Stats(); s.Settlements != 1 || s.Bills != 0 || s.Retries != 0 || len(f.settleArrivals) != 1 {
				t.Errorf("%+v and %d queries, want one call", s, len(f.settleArrivals))
			}
		})
	}
}

func TestMalformedSettlements(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body     string
		requests int
		reason   string
	}{
		"no data":               {`{"extra":{"error_code":0}}`, 2, "no data"},
		"data of an object":     {`{"data":{},"extra":{"error_code":0}}`, 2, "not what the settle query documents"},
		"no settle_id":          {`{"data":[{"settle_status":"INIT"}],"extra":{"error_code":0}}`, 2, "settle_id is missing"},
		"amount of a fraction":  {`{"data":[{"settle_id":"1","settle_status":"INIT","rake":1.0}],"extra":{"error_code":0}}`, 2, "whole number"},
		"both, and not":         {`{"data":[{"settle_id":"1","settle_status":"INIT"}],"extra":{"sub_error_code":20000}}`, 2, "not found"},
		"an error beside":       {`{"data":[],"extra":{"error_code":2191001}}`, 1, "风控"},
		"repeated key":          {`{"data":[],"data":[]}`, 1, "repeats a key"},
		"html":                  {`<html>`, 8, "HTML"},
		"cut":                   {documentedSettlements[:200], 8, "cut short after 200 bytes"},
		"too large":             {strings.Repeat(" ", maxAnswer) + noSettlements, 1, "larger than"},
		"a page of bills":       {emptyPage, 2, "not what the settle query documents"},
		"not found, code apart": {`{"data":{"sub_error_code":20000}}`, 2, "not what the settle query documents"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{settlements: respond(200, tt.body)}
				_, err := client(fast, f).Settlements(t.Context(), someQuery)
				fault := mustFail(t, err)
				if len(f.settleArrivals) != tt.requests || !strings.Contains(fault.Reason, tt.reason) || fault.Failure().Reach != schema.ReachUnit {
					t.Errorf("%d requests, got %q of reach %q, want %d and %q", len(f.settleArrivals), fault.Reason, fault.reach, tt.requests, tt.reason)
				}
			})
		})
	}
}

func TestInvalidQuery(t *testing.T) {
	t.Parallel()
	f := &fake{}
	q := someQuery
	q.Value = "\xff"
	_, err := client(fast, f).Settlements(t.Context(), q)
	if fault := mustFail(t, err); fault.Failure().Reach != schema.ReachUnit || f.tokenCount()+len(f.settleArrivals) != 0 {
		t.Errorf("got %v and %d calls, want the failure of this query and no call", err, f.tokenCount()+len(f.settleArrivals))
	}
}

func TestCancelledQuery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		f := &fake{settlements: respond(200, noSettlements), token: respond(200, tokenAnswer(1, "7200")), delay: 600 * time.Millisecond}
		got, err := client(fast, f).Settlements(ctx, someQuery)
		if _, ok := errors.AsType[*Error](err); ok || !errors.Is(err, context.DeadlineExceeded) || len(f.settleArrivals) != 1 {
			t.Errorf("got %v after %d queries, want the context's error after one", err, len(f.settleArrivals))
		}
		if !got.FetchedAt.IsZero() || got.Body != nil {
			t.Errorf("answer %+v of a query without an answer", got)
		}
	})
}

// FuzzSettleAnswer: an accepted answer is a list of settlements without an error code, or
// says that the order is not found. It is kept as one line with the same content.
func FuzzSettleAnswer(f *testing.F) {
	for _, seed := range []string{
		documentedSettlements, documentedSub, noSettlements, emptyPage, `{"data":null}`, `{"extra":{"sub_error_code":20000}}`,
		`{"data":[],"extra":{"error_code":2191002,"sub_error_code":"20000"}}`, "<html>", "{}", "[]", "", "{\"data\":\n[]}", `{"data":[],"data":[]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		logID, fault := judge(apiSettlements, 200, body)
		if s, err := normalise.ReadSettlements(body); err == nil && !s.NotFound && (fault != nil || s.LogID != logID) {
			t.Fatalf("%q has settlements and logid %q, but is judged as %v with logid %q", body, s.LogID, fault, logID)
		}
		if fault != nil && fault.remedy != notFound {
			if fault.Reason == "" || fault.Failure().Reach == schema.ReachAccount || fault.Failure().Reach == schema.ReachUnavailable {
				t.Fatalf("error %+v has no reason, or a wrong reach", fault)
			}
			return
		}
		records, err := normalise.DecodeSettlements(body)
		if err != nil {
			return
		}
		code, sub := member(t, body, "/extra/error_code"), member(t, body, "/extra/sub_error_code")
		if (isErrorCode(code) || isErrorCode(sub)) && (len(records) > 0 || fault == nil || !strings.Contains(code+sub, "20000")) {
			t.Fatalf("accepted %q, which has error_code %s, sub_error_code %s", body, code, sub)
		}
		line := oneLineJSON(body)
		again, _ := judge(apiSettlements, 200, line)
		kept, err := normalise.DecodeSettlements(line)
		if err != nil || len(kept) != len(records) || again != logID || bytes.ContainsAny(line, "\r\n") || !jsontext.Value(line).IsValid(jsontext.AllowInvalidUTF8(true)) {
			t.Fatalf("kept %q as %q: %d records of %d, logid %q of %q, %v", body, line, len(kept), len(records), again, logID, err)
		}
	})
}

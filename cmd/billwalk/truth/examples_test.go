package truth

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline"
	"billwalk/schema"
)

// exampleAnswers are what a platform answers that knows nothing but the examples of
// its own documentation, byte for byte as in testdata/examples. Each is the
// name of such a file, or an answer in full.
type exampleAnswers struct {
	bills  []string // the first call's, the second's …; the last one again and again
	settle string
}

func (e exampleAnswers) serve(t *testing.T) string {
	t.Helper()
	var calls atomic.Int64
	answer := func(w http.ResponseWriter, name string) {
		if !strings.HasPrefix(name, "{") {
			body, err := os.ReadFile(filepath.Join("../testdata/examples", name))
			if err != nil {
				t.Error(err)
			}
			name = string(body)
		}
		_, _ = w.Write([]byte(name)) // a caller who is gone is seen by the test
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth/client_token/", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, `{"data":{"access_token":"clt.example","description":"","error_code":0,"expires_in":7200},"message":"success"}`)
	})
	mux.HandleFunc("GET /goodlife/v1/settle/bill/catering_query/", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, e.bills[min(int(calls.Add(1)), len(e.bills))-1])
	})
	mux.HandleFunc("POST /api/apps/trade/v2/settle/query_settle", func(w http.ResponseWriter, _ *http.Request) { answer(w, e.settle) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// lastPage ends the walk that the page of the documentation begins: that one has
// has_more true, and its own cursor, so that it can never be the last.
const lastPage = `{"data":{"cursor":"1000000001","has_more":false,"ledger_records":[]},"extra":{"error_code":0,"logid":"1000000000"}}`

// TestExamples runs a night on the examples of the documentation.
func TestExamples(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answers exampleAnswers
		want    string // what nightInWords says
		reason  string // of the failure
	}{
		// Its settlement is of an order of its own, and not of the bill's.
		"the page and a last one": {exampleAnswers{[]string{"bills_success.json", lastPage}, "settle_success.json"},
			"exit 0, 2 tokens, 1 bills, 0 settlements, map[bill_only:1], goods 1/0/0", ""},
		"the page again and again": {exampleAnswers{[]string{"bills_success.json"}, "settle_success.json"},
			"exit 3, 2 tokens, 0 bills, 0 settlements, map[], goods 0/0/0, failure 0/0", `the walk loops: page 2 leads to cursor "1000000000", where it has been before`},
		"the error of bills": {exampleAnswers{[]string{"bills_error.json"}, "settle_success.json"},
			"exit 3, 3 tokens, 0 bills, 0 settlements, map[], goods 0/0/0, failure 2190002/0", "access_token无效"},
		"an error, then the page": {exampleAnswers{[]string{"bills_error.json", "bills_success.json", lastPage}, "settle_success.json"},
			"exit 0, 3 tokens, 1 bills, 0 settlements, map[bill_only:1], goods 1/0/0", ""},
		"the error of settlements": {exampleAnswers{[]string{"bills_success.json", lastPage}, "settle_error.json"},
			"exit 3, 2 tokens, 1 bills, 0 settlements, map[pending:1], goods 1/0/0, failure 2190004/23002", "订单id,分账单id至少指定一个"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := billwalktest.Job{
				Lake: billwalktest.FolderLake(t), Platform: test.answers.serve(t), Accounts: []schema.Account{{ID: "1000000000"}},
				QPS: 100, Trade: 100, Passes: 1, Extra: "    columns: {code: keep}\n",
			}
			config := j.Write(t)
			s, log := billwalktest.Run(t, config, "run", "nightly", "--from", "2023-08-15")
			if diff := cmp.Diff(test.want, nightInWords(s)); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, log)
			}
			if len(s.Failures) > 0 && !strings.Contains(s.Failures[0].Reason, test.reason) {
				t.Errorf("the reason is %q, want %q in it", s.Failures[0].Reason, test.reason)
			}
			if s.Rows["bills"] > 0 {
				billwalktest.CheckProven(t, config, billwalktest.MustDay("2023-08-15"), billwalktest.MustDay("2023-08-15"))
			}
		})
	}
}

// nightInWords says in a line what became of the night.
func nightInWords(s pipeline.Summary) string {
	goods := s.Identities[schema.RuleGoods]
	text := fmt.Sprintf("exit %d, %d tokens, %d bills, %d settlements, %v, goods %d/%d/%d", s.ExitCode, s.Calls.Token, s.Rows["bills"], s.Rows["settlements"], s.Verdicts, goods.Pass, goods.Fail, goods.NotEvaluable)
	for _, f := range s.Failures {
		text += fmt.Sprintf(", failure %d/%d", f.Code, f.SubCode)
	}
	return text
}

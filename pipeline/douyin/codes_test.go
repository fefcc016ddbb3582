package douyin

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

// documented are the codes of the platform's documents and its users, with the number of
// requests and the reach of a call that always gets them.
var documented = []struct {
	codes    []int64
	sub      bool // they are sub codes
	requests int
	reach    schema.Reach
	hintPart string
}{
	{codes: []int64{4000001, 4000002, 2119001, 2100005, 28001007}, requests: 1, reach: schema.ReachUnit, hintPart: "参数"},
	{codes: []int64{9999999, -1, 1 << 60, 2191010}, requests: 1, reach: schema.ReachUnit, hintPart: "logid"},
	{codes: []int64{3000001}, requests: 2, reach: schema.ReachUnit},
	{codes: []int64{2100004, 28001005}, requests: 3, reach: schema.ReachUnit, hintPart: "平台繁忙"},
	{codes: []int64{2191001, 2191002, 2191003, 2191004, 2191005, 2191006, 2191007, 2191008, 2191009}, requests: 1, reach: schema.ReachUnit, hintPart: "logid"},
	{codes: []int64{20000}, requests: 1, reach: schema.ReachUnit}, // means nothing where no order is requests for
	{codes: []int64{5000001, 2100001, 2119002, 28001006, 10001, 2191000}, requests: 8, reach: schema.ReachUnit},
	{codes: []int64{2119003, 28001052, 28003018, 10020}, requests: 8, reach: schema.ReachUnit},
	{codes: []int64{6000001, 6000002}, requests: 1, reach: schema.ReachUnavailable, hintPart: "交易账户详情"},
	{codes: []int64{2190002, 2190008, 28001003, 28001008, 10008}, requests: 2, reach: schema.ReachApp, hintPart: "client_secret"},
	{codes: []int64{2190004, 28001014, 28001016, 28001017, 28001018, 28001019, 28001056, 2100007}, requests: 1, reach: schema.ReachApp, hintPart: "商家账单明细"},
	{codes: []int64{2119013}, requests: 1, reach: schema.ReachApp, hintPart: "白名单"},
	{codes: []int64{10002, 10003, 10013}, requests: 1, reach: schema.ReachApp, hintPart: "client_key"},
	{codes: []int64{2119005}, requests: 1, reach: schema.ReachAccount, hintPart: "服务应用授权"},
	{codes: []int64{2190001, 28003017}, requests: 1, reach: schema.ReachToday, hintPart: "配额"},

	{sub: true, codes: []int64{10000, 10002, 23002, 20000}, requests: 1, reach: schema.ReachUnit},
	{sub: true, codes: []int64{20005}, requests: 3, reach: schema.ReachUnit},
	{sub: true, codes: []int64{11001, 11006}, requests: 1, reach: schema.ReachAccount},
	{sub: true, codes: []int64{11002}, requests: 2, reach: schema.ReachApp},
	{sub: true, codes: []int64{11004}, requests: 1, reach: schema.ReachApp},
	{sub: true, codes: []int64{12001}, requests: 8, reach: schema.ReachUnit},
	{sub: true, codes: []int64{13000}, requests: 8, reach: schema.ReachUnit},
}

const wholePage = `"cursor":"1","has_more":true,"ledger_records":[]`

// places are the places of codes in an answer, even beside a complete page.
var places = map[bool]map[string]string{
	false: {
		"data":  `{"data":{"error_code":%d,"description":"说明",` + wholePage + `},"extra":{"error_code":0,"logid":"L3"}}`,
		"extra": `{"data":{` + wholePage + `},"extra":{"error_code":%d,"description":"说明","logid":"L3"}}`,
		"both":  `{"data":{"error_code":%[1]d,"description":"说明"},"extra":{"error_code":%[1]d,"logid":"L3"}}`,
		"text":  `{"data":null,"extra":{"error_code":"%d","description":"说明","logid":"L3"}}`,
	},
	true: { // a sub code, beside general codes with another remedy
		"under a module":      `{"extra":{"error_code":2191009,"description":"说明","sub_error_code":%d,"logid":"L3"}}`,
		"under a system":      `{"data":{"error_code":5000001,"description":"说明","sub_error_code":%d},"extra":{"logid":"L3"}}`,
		"without a code":      `{"data":{"description":"说明",` + wholePage + `},"extra":{"error_code":0,"sub_error_code":%d,"logid":"L3"}}`,
		"under one not known": `{"extra":{"error_code":77,"description":"说明","sub_error_code":%d,"logid":"L3"}}`,
	},
}

func TestEveryCode(t *testing.T) {
	t.Parallel()
	tested := map[bool]map[int64]bool{false: {}, true: {}}
	for _, group := range documented {
		for _, code := range group.codes {
			tested[group.sub][code] = true
			for place, format := range places[group.sub] {
				t.Run(fmt.Sprintf("%d %s sub=%v", code, place, group.sub), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						f := &fake{bills: respond(200, fmt.Sprintf(format, code))}
						failure, text := meet(t, f, group.requests)
						if failure.Reach != group.reach {
							t.Errorf("reach is %q, want %q", failure.Reach, group.reach)
						}
						if !group.sub && failure.Code != code || group.sub && failure.SubCode != code {
							t.Errorf("failure has code %d sub %d, want %d", failure.Code, failure.SubCode, code)
						}
						for _, part := range []string{fmt.Sprint(code), "L3", "说明", group.hintPart} {
							if !strings.Contains(text, part) {
								t.Errorf("error %q lacks %q", text, part)
							}
						}
					})
				})
			}
		}
	}
	for known := range codes {
		if !tested[false][known] {
			t.Errorf("code %d is in the table, but not in this test", known)
		}
	}
	for known := range subCodes {
		if !tested[true][known] {
			t.Errorf("sub code %d is in the table, but not in this test", known)
		}
	}
}

// meet makes one call that fails, checks the number of requests and the stats, and
// returns the failure and the error's text.
func meet(t *testing.T, f *fake, requests int) (schema.Failure, string) {
	t.Helper()
	c := client(withRate(10), f)
	_, err := c.Bills(t.Context(), someUnit, "0", 50)
	failure := mustFail(t, err).Failure()
	if got := c.Stats(); len(f.arrivals) != requests || got.Bills != int64(requests) || got.Retries != int64(requests-1) {
		t.Errorf("%d requests, stats %+v; want %d calls, all but one retries", len(f.arrivals), got, requests)
	}
	if failure.LogID != "L3" || failure.Account != someUnit.Account.ID || failure.Day != someDay || !strings.HasPrefix(failure.Reason, "说明") {
		t.Errorf("failure is %+v", failure)
	}
	return failure, err.Error()
}

func TestSharedCodes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body  string
		reach schema.Reach
		part  string
	}{
		"2100007 of the whitelist":         {`{"extra":{"error_code":2100007,"description":"IP不在白名单"}}`, schema.ReachApp, hintWhitelist.Both()},
		"2100007 of the whitelist, by sub": {`{"extra":{"error_code":2100007,"sub_description":"ip not in whitelist"}}`, schema.ReachApp, hintWhitelist.Both()},
		"2100007 otherwise":                {`{"extra":{"error_code":2100007,"description":"无权限"}}`, schema.ReachApp, hintCapability.Both()},
		"the known one of two":             {`{"data":{"error_code":123},"extra":{"error_code":2119005}}`, schema.ReachAccount, "2119005"},
		"data's of two known":              {`{"data":{"error_code":6000001},"extra":{"error_code":4000002}}`, schema.ReachUnavailable, "6000001"},
		"data's of two unknown is extra's": {`{"data":{"error_code":123},"extra":{"error_code":456}}`, schema.ReachUnit, "456"},
		"no text":                          {`{"extra":{"error_code":2119005,"description":"success"}}`, schema.ReachAccount, "商服关系未授权"},
		"sub text":                         {`{"extra":{"error_code":2119005,"sub_error_code":11006,"description":"失败","sub_description":"商服关系未授权"}}`, schema.ReachAccount, "失败: 商服关系未授权"},
		"data is text":                     {`{"data":"","extra":{"error_code":2190001}}`, schema.ReachToday, "2190001"},
		"data is a list":                   {`{"data":[],"extra":{"error_code":2190001}}`, schema.ReachToday, "2190001"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, fault := judge(apiBills, 200, []byte(tt.body))
			if fault == nil || fault.reach != tt.reach || !strings.Contains(fault.Error(), tt.part) {
				t.Errorf("got %+v, want reach %q and %q", fault, tt.reach, tt.part)
			}
		})
	}
}

// Each code of the settle query has its number of requests and its reach. The sub code
// decides beside a general code.
func TestSettleCodes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		parent, sub int64
		requests    int
		reach       schema.Reach
		part        string
	}{
		{2190004, 23002, 1, schema.ReachApp, "industry_open.trade.settle"}, // the documents' own example
		{2191009, 23002, 1, schema.ReachUnit, "settlements.match"},
		{2191009, 28001018, 1, schema.ReachApp, "industry_open.trade.settle"},
		{2190001, 23002, 1, schema.ReachToday, "配额"},
		{2190001, 11004, 1, schema.ReachApp, "client_secret"},
		{2119005, 11006, 1, schema.ReachUnit, "settlements.app"},
		{4000002, 12001, 8, schema.ReachUnit, "qps"},
		{4000002, 13000, 1, schema.ReachUnit, "settlements.match"},
		{4000002, 20000, 1, schema.ReachUnit, "settlements.match"},
		{28001006, 20000, 8, schema.ReachUnit, "logid"},
		{2190004, 20000, 1, schema.ReachApp, "industry_open.trade.settle"},
		{3000001, 0, 2, schema.ReachUnit, "logid"},
		{28001005, 0, 3, schema.ReachUnit, "参数类型"},
		{2190004, 0, 1, schema.ReachApp, "industry_open.trade.settle"},
		{2191009, 10000, 1, schema.ReachUnit, "settlements.match"},
		{2191009, 10002, 1, schema.ReachUnit, "settlements.match"},
		{2191009, 11001, 1, schema.ReachUnit, "settlements.app"},
		{2191009, 11006, 1, schema.ReachUnit, "settlements.app"},
		{2119005, 0, 1, schema.ReachUnit, "settlements.app"},
		{2191009, 11004, 1, schema.ReachApp, "client_secret"},
		{2191009, 11002, 2, schema.ReachApp, "client_secret"},
		{2190008, 0, 2, schema.ReachApp, "client_secret"},
		{2191009, 12001, 8, schema.ReachUnit, "qps"},
		{28003018, 0, 8, schema.ReachUnit, "qps"},
		{2191000, 0, 8, schema.ReachUnit, "logid"},
		{2191000, 13000, 8, schema.ReachUnit, "logid"},
		{2191009, 13000, 8, schema.ReachUnit, "logid"},
		{2191009, 20005, 3, schema.ReachUnit, "logid"},
		{2191009, 0, 1, schema.ReachUnit, "logid"},
		{2191010, 0, 1, schema.ReachUnit, "logid"},
		{2191010, 29999, 1, schema.ReachUnit, "logid"},
		{0, 29999, 1, schema.ReachUnit, "logid"},
		{2190001, 0, 1, schema.ReachToday, "配额"},
		{28003017, 0, 1, schema.ReachToday, "配额"},
		{2119013, 0, 1, schema.ReachApp, "小程序的 IP 白名单"},
		{6000001, 0, 1, schema.ReachUnit, "6000001"},
	} {
		t.Run(fmt.Sprint(tt.parent, " ", tt.sub), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				body := fmt.Sprintf(`{"extra":{"error_code":%d,"description":"说明","sub_error_code":%d,"logid":"L3"}}`, tt.parent, tt.sub)
				f := &fake{settlements: respond(200, body)}
				c := client(fast, f)
				got, err := c.Settlements(t.Context(), someQuery)
				fault := mustFail(t, err)
				want := schema.Failure{Code: tt.parent, SubCode: tt.sub, Reason: "说明", Hint: fault.Hint.English, HintZH: fault.Hint.Chinese, LogID: "L3", Reach: tt.reach}
				if diff := cmp.Diff(want, fault.Failure()); diff != "" {
					t.Errorf("failure (-want +got):\n%s", diff)
				}
				for _, part := range []string{tt.part, "query_settle of order_id ot7053735385750849836: ", "L3"} {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("error %q lacks %q", err, part)
					}
				}
				if s := c.Stats(); len(f.settleArrivals) != tt.requests || s.Settlements != int64(tt.requests) || s.Retries != int64(tt.requests-1) {
					t.Errorf("%d requests, stats %+v; want %d", len(f.settleArrivals), s, tt.requests)
				}
				if string(got.Body) != body || got.LogID != "L3" || got.FetchedAt.IsZero() || got.Value != someQuery.Value {
					t.Errorf("answer is %+v, want the body with the error", got)
				}
			})
		})
	}
}

// No hint of the settle query is about the life app, and no code has a reach that the
// query does not have.
func TestSettleHintsFit(t *testing.T) {
	t.Parallel()
	for table, format := range map[*map[int64]code]string{&codes: `{"extra":{"error_code":%d}}`, &subCodes: `{"extra":{"sub_error_code":%d}}`} {
		for number, known := range *table {
			_, fault := judge(apiSettlements, 200, fmt.Appendf(nil, format, number))
			switch fault.reach {
			case schema.ReachUnit, schema.ReachApp, schema.ReachToday:
			default:
				t.Errorf("%d reaches %q", number, fault.reach)
			}
			for _, foreign := range []string{"life.capacity", "服务应用授权", "商家账单明细"} {
				if strings.Contains(fault.Hint.Both(), foreign) || fault.Hint.English == "" || fault.Hint.Chinese == "" {
					t.Errorf("%d (%s) has the hint %q", number, known.meaning, fault.Hint)
				}
			}
		}
	}
}

func TestReasonIsOneLine(t *testing.T) {
	t.Parallel()
	hostile := "a\n\x1b[31mb\u202e\u2028" + strings.Repeat("长", 400)
	got := oneLine(hostile)
	if !strings.HasPrefix(got, "a  [31mb  长") || len([]rune(got)) != maxReason || !strings.HasSuffix(got, "…") {
		t.Errorf("oneLine gave %q", got)
	}
	if got := oneLine("ok\xff"); got != "ok\uFFFD" {
		t.Errorf("oneLine gave %q for invalid UTF-8", got)
	}
}

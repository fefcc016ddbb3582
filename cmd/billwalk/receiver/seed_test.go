package receiver

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline/normalise"
	"billwalk/schema"
	"billwalk/sinks/archive"
	"billwalk/sinks/object"
)

// The request of the platform's page (通知分账结果) as it is printed, and the JSON that
// it means: the printed one has a comment that goes on to the end of the text.
const (
	printedRequest = `{ "version": "2.0", //固定为2.0, 通过版本信息识别,用不同的结构体去解析上述关键参数 "msg":"{\"app_id\":\"ttcfdbb96650e33350\",\"status\":\"SUCCESS\",\"order_id\":\"ot7057435515980663048\",\"cp_extra\":\"test\",\"message\":\"SUCCESS\",\"event_time\":1643189272388,\"settle_id\":\"ot7057416814925531429\",\"out_settle_no\":\"ext_order_no_1643188675912_settle——1\",\"rake\":0,\"commission\":0,\"settle_detail\":\"商户号68882720803499563550-分成金额(分)2\",\"settle_amount\":2,\"item_order_id\":\"ot78318372940872837161\",\"is_auto_settle\":false}", "type": "settle" }`
	comment        = `//固定为2.0, 通过版本信息识别,用不同的结构体去解析上述关键参数 `
)

// TestSeedExamples posts each example of the page as the platform would, signed in
// either way: what becomes of it is in the archive, or in quarantine with a reason.
func TestSeedExamples(t *testing.T) {
	t.Parallel()
	lake := billwalktest.FolderLake(t)
	r := startReceiver(t, billwalktest.ReceiverConfig(t, lake))
	r.ready(t)
	const (
		request = "SUCCESS ot7057416814925531429 ext_order_no_1643188675912_settle——1 ot78318372940872837161 2/0/0/2 2022-01-26T17:27:52.388"
		success = "SUCCESS ot7057416814925531429 ext_order_no_1643188675912_settle1 ot78318372940872837161 1000/60/100/840 2022-01-26T17:27:52.388"
		fail    = "FAIL ot7057416814925531429 ext_order_no_1643188675912_settle——1 ot78318372940872837161 2/0/0/NULL 2022-01-26T17:27:52.388"
	)
	meant := strings.Replace(printedRequest, comment, "", 1)
	msg := meant[strings.Index(meant, `"{\"`):strings.LastIndex(meant, `, "type"`)]
	msg = strings.ReplaceAll(strings.Trim(msg, `"`), `\"`, `"`)
	rsa := func(body string) (http.Header, []byte) {
		return billwalktest.SignedHeader(billwalktest.ReceivedKey(), "iuy987q4htafreqw", []byte(body)), []byte(body)
	}
	token := func(msg string) (http.Header, []byte) { return http.Header{}, legacyBody(msg) }
	var want []string
	for _, row := range []struct {
		name   string
		sign   func(string) (http.Header, []byte)
		text   string
		stored string // "" for quarantine
	}{
		{"the request as printed", rsa, printedRequest, ""},
		{"the request as printed, in its quotes", rsa, "'" + printedRequest + "'", ""},
		{"the request as it is meant", rsa, meant, request},
		{"success", rsa, string(enveloped(seedSuccess)), success},
		{"failure", rsa, string(enveloped(seedFail)), fail},
		{"success with its comment", rsa, string(enveloped("//分账成功回调示例 " + seedSuccess)), ""},
		{"the request's msg, of an order of 担保支付", token, msg, request},
		{"success, of an order of 担保支付", token, seedSuccess, success},
		{"failure, of an order of 担保支付", token, seedFail, fail},
	} {
		header, body := row.sign(row.text)
		status, said := r.post(t, "/callbacks/settle/trade?timestamp=1345678901234&nonce=iuy987q4htafreqw", header, body)
		if status != http.StatusOK || said != acknowledged {
			t.Errorf("%s: %d %s", row.name, status, said)
		}
		if row.stored != "" {
			want = append(want, row.stored)
		}
	}
	if code := r.end(t, syscall.SIGTERM); code != 143 {
		t.Errorf("exit %d\n%s", code, r.log.String())
	}
	if log := r.log.String(); !strings.Contains(log, "the body is not sound JSON: see its byte 20") {
		t.Errorf("the log does not say why a callback is in quarantine: %s", log)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, receivedRows(t, lake.URL)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// receivedRows reads the archive: of each callback its status, ids, amounts (whole,
// fee, commission, shares) and the time in China.
func receivedRows(t *testing.T, url string) (rows []string) {
	t.Helper()
	store, err := object.Open(t.Context(), url, object.S3Options{})
	if err != nil {
		t.Fatal(err)
	}
	fen := func(v schema.Null[schema.Fen]) string {
		if !v.Valid {
			return "NULL"
		}
		return fmt.Sprint(int64(v.V))
	}
	today := schema.DayOf(billwalktest.Now())
	for _, day := range []schema.Day{today - 1, today} { // it may be midnight
		err := archive.New(store).Callbacks(t.Context(), day, func(c schema.Callback) {
			notice, err := normalise.DecodeCallback(&c)
			if err != nil || len(notice.Exceptions) > 0 {
				t.Errorf("%v, %v", err, notice.Exceptions)
			}
			s := &notice.Settlement
			rows = append(rows, fmt.Sprintf("%s %s %s %s %s/%s/%s/%s %s", s.Status, s.SettleID, s.OutSettleNo.V, s.ItemOrderID.V,
				fen(s.Amount), fen(s.Rake), fen(s.Commission), fen(s.SharesTotal), s.SettleTime.V.In(schema.China).Format("2006-01-02T15:04:05.000")))
		})
		if err != nil {
			t.Error(err)
		}
	}
	slices.Sort(rows)
	return rows
}

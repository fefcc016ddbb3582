package receiver

import (
	"bufio"
	"bytes"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline/normalise"
	"billwalk/schema"
	"billwalk/sinks/archive"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// receiving is the verb receive in a process of its own.
type receiving struct {
	*exec.Cmd
	url, metrics string
	log          bytes.Buffer // to be read when it has ended
	client       *http.Client
}

// startReceiver returns once the receiver is ready, or has ended.
func startReceiver(t *testing.T, config string, args ...string) *receiving {
	t.Helper()
	return startReceiverOf(t, "billwalk", config, args...)
}

// startReceiverOf starts the receiver of a binary.
func startReceiverOf(t testing.TB, binary, config string, args ...string) *receiving {
	t.Helper()
	r := &receiving{Cmd: exec.Command(binary, append([]string{"receive", "--config", config, "--addr", "127.0.0.1:0", "--metrics-addr", "127.0.0.1:0"}, args...)...)}
	r.Stderr = &r.log
	out, err := r.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.Process.Kill() // this and the next fail where it has ended
		_ = r.Wait()
		if t.Failed() {
			t.Logf("the receiver: %s\n%s", r.ProcessState, r.log.String())
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("it has not said where it listens: %v", err)
	}
	if n, err := fmt.Sscanf(strings.ReplaceAll(line, ",", " ,"), "billwalk receive listens at %s , metrics at %s\n", &r.url, &r.metrics); n != 2 {
		t.Fatalf("it says %q: %v", line, err)
	}
	r.client = &http.Client{Timeout: billwalktest.StopTime, Transport: &http.Transport{DisableKeepAlives: true}}
	return r
}

// ready waits until the receiver is.
func (r *receiving) ready(t testing.TB) {
	t.Helper()
	for began := time.Now(); ; {
		answer, err := r.client.Get(r.probe("/readyz"))
		if err != nil {
			t.Fatal(err)
		}
		said, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			return
		}
		if time.Since(began) > billwalktest.StopTime {
			t.Fatalf("it is not ready: %s", said)
		}
	}
}

// probe is the URL of a probe, which is where the metrics are.
func (r *receiving) probe(path string) string {
	return strings.TrimSuffix(r.metrics, "/metrics") + path
}

// end sends the receiver a signal, and returns its exit code.
func (r *receiving) end(t testing.TB, s syscall.Signal) int {
	t.Helper()
	if err := r.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
	return r.code()
}

// code waits for the receiver to end and returns its exit code.
func (r *receiving) code() int {
	kill := time.AfterFunc(billwalktest.StopTime, func() { _ = r.Process.Kill() })
	defer kill.Stop()
	_ = r.Wait() // what it returns, the state says
	return r.ProcessState.ExitCode()
}

// post sends a request and returns the answer's status and body.
func (r *receiving) post(t *testing.T, path string, header http.Header, body []byte) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header
	answer, err := r.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(said)
}

func (r *receiving) get(t testing.TB, url string) string {
	t.Helper()
	answer, err := r.client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, answer.Status, err)
	}
	return string(said)
}

const acknowledged = `{"err_no":0,"err_tips":"success"}`

// The examples of the platform's documentation: a success and a failure.
const (
	seedSuccess = `{ "app_id": "ttcfdbbxxx650exxx0", "status": "SUCCESS", "order_id": "ot7057435515980663048", "cp_extra": "cnryX", "message": "SUCCESS", "event_time": 1643189272388, "settle_id": "ot7057416814925531429", "out_settle_no": "ext_order_no_1643188675912_settle1", "rake": 60, "commission": 100, "settle_detail": "商户号68882720803499563550-分成金额(分)840", "settle_amount": 1000, "item_order_id":"ot78318372940872837161", "is_auto_settle":false }`
	seedFail    = `{ "app_id": "ttcfdbb9XXXXXX50", "status": "FAIL", "order_id": "ot7057435515980663048", "cp_extra": " esse dolore", "message": "FAIL", "event_time": 1643189272388, "settle_id": "ot7057416814925531429", "out_settle_no": "ext_order_no_1643188675912_settle——1", "rake": 0, "commission": 0, "settle_detail": "", "settle_amount": 2, "item_order_id":"ot78318372940872837161", "is_auto_settle":false }`
	seedSpaces  = `{"app_id":"tt1","status":"SUCCESS","order_id":"ot1","settle_id":"7300000000000000016","out_settle_no":"7300000000000000016","rake":60,"commission":100,"settle_amount":1000,"settle_detail":"商户号 68882720803499563550- 分成金额(分)840","event_time":1643189272388,"is_auto_settle":true}`
	seedLegacy  = `{"appid":"tt1","cp_settle_no":"settle-1","settle_no":"7050000000000000402","status":"SUCCESS","order_id":7050000000000000401,"settle_amount":1000,"rake":60,"commission":100,"settle_detail":"商户号68882720803499563550-分成金额(分)840","settled_at":1643189272,"cp_extra":"cnryX"}`
)

func enveloped(msg string) []byte {
	body, err := json.Marshal(map[string]string{"version": "2.0", "type": "settle", "msg": msg})
	if err != nil {
		panic(err)
	}
	return body
}

// legacyBody is an old-style callback with the token of receiverConfig.
func legacyBody(msg string) []byte {
	timestamp := strconv.FormatInt(billwalktest.Now().Unix(), 10)
	parts := slices.Sorted(slices.Values([]string{billwalktest.OldToken, timestamp, "797", msg}))
	body, err := json.Marshal(map[string]string{
		"timestamp": timestamp, "nonce": "797", "msg": msg, "type": "settle",
		"msg_signature": fmt.Sprintf("%x", sha1.Sum([]byte(strings.Join(parts, "")))),
	})
	if err != nil {
		panic(err)
	}
	return body
}

// TestReceiveVerb posts what the platform documents, and more, to the verb itself:
// what was acknowledged is in the archive and can be read, what is signed but
// cannot be read is in quarantine, the numbers say so, and no text betrays anything.
func TestReceiveVerb(t *testing.T) {
	t.Parallel()
	lake := billwalktest.FolderLake(t)
	r := startReceiver(t, billwalktest.ReceiverConfig(t, lake))
	r.ready(t)
	foreign, err := rsa.GenerateKey(nil, 2048)
	if err != nil {
		t.Fatal(err)
	}
	const current, legacy = "/callbacks/settle/trade", "/callbacks/settle/trade/legacy"
	sign := func(body []byte) http.Header {
		return billwalktest.SignedHeader(billwalktest.ReceivedKey(), "iuy987q4htafreqw", body)
	}
	plain := http.Header{"Content-Type": {"application/json"}}
	success, old := sign(enveloped(seedSuccess)), legacyBody(seedLegacy)
	another := enveloped(strings.Replace(seedSuccess, "ttcfdbbxxx650exxx0", "ttanother", 1))
	for i, row := range []struct {
		path   string
		header http.Header
		body   []byte
		status int
	}{
		{current, sign([]byte(billwalktest.SeedCallback)), []byte(billwalktest.SeedCallback), 200},
		{current, success, enveloped(seedSuccess), 200},
		{current, success, enveloped(seedSuccess), 200}, // repeated
		{current, sign(another), another, 200},          // of another mini-program
		{current, sign(enveloped(seedFail)), enveloped(seedFail), 200},
		{current, sign(enveloped(seedSpaces)), enveloped(seedSpaces), 200},
		{legacy, plain, old, 200},
		{current, sign([]byte("cnryX")), []byte("cnryX"), 200},
		{current, sign([]byte(`{"type":"settle","msg":"{}"}`)), []byte(`{"type":"settle","msg":"{}"}`), 401}, // no version, and so the other signature
		{current, sign(enveloped("{}")), enveloped("{}"), 200},
		{current, sign(enveloped(`{"settle_id":"1","status":"SUCCESS","settle_amount":1,"settle_amount":9}`)), enveloped(`{"settle_id":"1","status":"SUCCESS","settle_amount":1,"settle_amount":9}`), 200}, // a key twice
		{current, sign(enveloped(`{"settle_id":"1","status":"SUCCESS","SETTLE_AMOUNT":9}`)), enveloped(`{"settle_id":"1","status":"SUCCESS","SETTLE_AMOUNT":9}`), 200},                                     // in other case
		{current, billwalktest.SignedHeader(foreign, "n", []byte(billwalktest.SeedCallback)), []byte(billwalktest.SeedCallback), 401},
		{current, plain, old, 200}, // one address is for both signatures
		{legacy, sign([]byte(billwalktest.SeedCallback)), []byte(billwalktest.SeedCallback), 401},
		{"/callbacks/settle/life", sign([]byte(billwalktest.SeedCallback)), []byte(billwalktest.SeedCallback), 404},
	} {
		status, said := r.post(t, row.path, row.header, row.body)
		if status != row.status || (said == acknowledged) != (status == http.StatusOK) {
			t.Errorf("request %d: %d %s, want %d", i, status, said, row.status)
		}
	}
	numbers := r.get(t, r.metrics)
	for _, line := range []string{
		`billwalk_callbacks_received_total{app="trade",scheme="2.0"} 11`, `billwalk_callbacks_received_total{app="trade",scheme="legacy"} 4`,
		`billwalk_callbacks_verified_total{app="trade",key="token",scheme="legacy"} 2`, `billwalk_callbacks_acknowledged_total 12`,
		`billwalk_callbacks_quarantined_total{app="trade",reason="unreadable"} 4`, `billwalk_callbacks_refused_total{app="trade",reason="wrong_signature"} 1`,
		`billwalk_callbacks_refused_total{app="",reason="path"} 1`, `billwalk_callbacks_batch_requests_count 10`, `billwalk_callbacks_commit_seconds_count 10`,
		`billwalk_callbacks_quarantined_total{app="trade",reason="foreign_app"} 1`, `billwalk_callbacks_repeated_total{app="trade"} 2`,
		`billwalk_callbacks_queue_requests 0`, `billwalk_callbacks_keys{app="trade"} 1`, `billwalk_callbacks_ready 1`, "process_resident_memory_bytes", "go_goroutines",
	} {
		if !strings.Contains(numbers, "\n"+line) {
			t.Errorf("the metrics have no %s", line)
		}
	}
	if code := r.end(t, syscall.SIGTERM); code != 143 {
		t.Errorf("exit %d\n%s", code, r.log.String())
	}
	secrets := append(slices.Clone(billwalktest.Canaries), "settle_id", "ot7057")
	billwalktest.CheckSilent(t, "the log", r.log.String(), secrets)
	billwalktest.CheckSilent(t, "the metrics", numbers, secrets)
	checkReceived(t, lake.URL)
}

// checkReceived reads the archive as a run does.
func checkReceived(t *testing.T, url string) {
	t.Helper()
	store, err := object.Open(t.Context(), url, object.S3Options{})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	err = archive.New(store).Callbacks(t.Context(), schema.DayOf(billwalktest.Now()), func(c schema.Callback) {
		notice, err := normalise.DecodeCallback(&c)
		if err != nil {
			t.Error(err)
		}
		ids = append(ids, notice.Settlement.SettleID)
	})
	if err != nil {
		t.Error(err)
	}
	slices.Sort(ids)
	want := []string{"7050000000000000402", "7300000000000000016", "ot7057416814925531429", "ot7057416814925531429", "ot7057416814925531429"}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("callbacks in the archive (-want +got):\n%s", diff)
	}
	apart, err := filepath.Glob(filepath.Join(strings.TrimPrefix(url, "file:"), "archive/callbacks/received=*/quarantine/*.jsonl.zst"))
	if err != nil || len(apart) != 5 {
		t.Errorf("%d batches in quarantine, %v", len(apart), err)
	}
}

// TestReceiveStops: what is in flight when the receiver gets a signal is answered,
// with the signal's code at the end.
func TestReceiveStops(t *testing.T) {
	t.Parallel()
	r := startReceiver(t, billwalktest.ReceiverConfig(t, billwalktest.FolderLake(t)), "--output", "text")
	r.ready(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	header := billwalktest.SignedHeader(billwalktest.ReceivedKey(), "n", []byte(billwalktest.SeedCallback))
	header.Set("Expect", "100-continue") // is answered as the receiver begins to read the body
	whole, answers := billwalktest.OverWire("/callbacks/settle/trade", header, []byte(billwalktest.SeedCallback)), bufio.NewReader(conn)
	if _, err := conn.Write(whole[:len(whole)-1]); err != nil {
		t.Fatal(err)
	}
	if begun, err := http.ReadResponse(answers, nil); err != nil || begun.StatusCode != http.StatusContinue {
		t.Fatalf("the request is not read: %v, %v", begun, err)
	}
	if err := r.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); ; { // until no one is let in
		probed, err := r.client.Get(r.url + "/healthz")
		if err != nil {
			break
		}
		probed.Body.Close()
		if time.Since(began) > billwalktest.StopTime {
			t.Fatal("it still listens")
		}
	}
	if _, err := conn.Write(whole[len(whole)-1:]); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if said, err := io.ReadAll(answer.Body); string(said) != acknowledged || answer.StatusCode != http.StatusOK {
		t.Errorf("the request in flight is answered with %s %s, %v", answer.Status, said, err)
	}
	if code := r.code(); code != 130 {
		t.Errorf("exit %d\n%s", code, r.log.String())
	}
}

// TestReceiveRefusesStore: on a store that lets objects be written over, nothing is
// received.
func TestReceiveRefusesStore(t *testing.T) {
	server := objecttest.StartS3(t)
	target, err := url.Parse(server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	lying := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(target); p.Out.Host = p.In.Host },
		ModifyResponse: func(r *http.Response) error {
			if r.StatusCode == http.StatusPreconditionFailed {
				r.StatusCode, r.Header = http.StatusOK, http.Header{"Etag": {`"done"`}}
				err := r.Body.Close()
				r.Body, r.ContentLength = http.NoBody, 0
				return err
			}
			return nil
		},
	})
	defer lying.Close()
	lake := billwalktest.BucketLake(server, "lying")
	lake.Options.Endpoint = lying.URL
	r := startReceiver(t, billwalktest.ReceiverConfig(t, lake))
	if code := r.code(); code != billwalktest.ExitUsage || !strings.Contains(r.log.String(), "this store cannot hold a lake") {
		t.Errorf("exit %d\n%s", code, r.log.String())
	}
}

// TestReceiveWaitsForStore: a store that is not there yet is waited for.
func TestReceiveWaitsForStore(t *testing.T) {
	server := objecttest.StartS3(t)
	target, err := url.Parse(server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	there := make(chan struct{})
	proxy := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(target); p.Out.Host = p.In.Host }}
	away := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		select {
		case <-there:
			proxy.ServeHTTP(w, q)
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer away.Close()
	lake := billwalktest.BucketLake(server, "late")
	lake.Options.Endpoint = away.URL
	r := startReceiver(t, billwalktest.ReceiverConfig(t, lake))
	header := billwalktest.SignedHeader(billwalktest.ReceivedKey(), "n", []byte(billwalktest.SeedCallback))
	if status, said := r.post(t, "/callbacks/settle/trade", header, []byte(billwalktest.SeedCallback)); status != http.StatusServiceUnavailable {
		t.Errorf("without a store: %d %s", status, said)
	}
	close(there)
	r.ready(t)
	if status, said := r.post(t, "/callbacks/settle/trade", header, []byte(billwalktest.SeedCallback)); status != http.StatusOK || said != acknowledged {
		t.Errorf("with a store: %d %s", status, said)
	}
	if code := r.end(t, syscall.SIGTERM); code != 143 {
		t.Errorf("exit %d\n%s", code, r.log.String())
	}
}

package truth

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/cli"
	"billwalk/pipeline"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/pipeline/jobs"
	"billwalk/pipeline/normalise"
	"billwalk/schema"
	"billwalk/sinks/archive"
	"billwalk/sinks/object"
)

// BenchmarkMillionBills runs the built program over a day of a million bills,
// without a limiter, and prints its peak memory, which has to stay below 512 MiB.
func BenchmarkMillionBills(b *testing.B) {
	platform := billwalktest.StartServing(sandbox.New(sandbox.Config{Seed: 1, Accounts: 23, Bills: 50_000, Healthy: true}))
	defer platform.Stop()
	binary := billwalktest.Build(b)
	for b.Loop() {
		j := billwalktest.Job{Lake: billwalktest.FolderLake(b), Platform: platform.URL, Accounts: platform.Accounts(), QPS: 100_000, Passes: 1}
		s := measured(b, 512, binary, "--config", j.Write(b), "--output", "json", "run", "nightly", "--from", billwalktest.FirstDay.String())
		b.ReportMetric(float64(s.Rows["bills"]), "bills")
		b.ReportMetric(float64(s.Rows["bills"])/s.ElapsedSeconds, "bills/s")
	}
}

// BenchmarkMillionReconciled has an archive of a day of a million bills of
// 700,000 orders, and the trade system's answers. It prints what the built program
// takes to build and reconcile all of it in a replay; its peak memory has to stay
// below 512 MiB.
func BenchmarkMillionReconciled(b *testing.B) {
	j := floodJob(b, 20)
	config := j.Write(b)
	fillArchive(b, config)
	replayFlood(b, j, config, 512)
}

// BenchmarkNotified is the same, but that callbacks told of each order, and nothing
// was asked: a day of 250,000 bills, or with BILLWALK_FLOOD_ACCOUNTS=20 of a million,
// and below 512 MiB, or 768.
func BenchmarkNotified(b *testing.B) {
	accounts, err := strconv.Atoi(cmp.Or(os.Getenv("BILLWALK_FLOOD_ACCOUNTS"), "5"))
	if err != nil {
		b.Fatal(err)
	}
	j := floodJob(b, accounts)
	config := j.Write(b)
	fileFlood(b, j)
	if asked := fillArchive(b, config); asked > floodOrders(j)/50 {
		b.Fatalf("%d questions were asked", asked)
	}
	limit := int64(512)
	if accounts > 5 {
		limit = 768
	}
	if s := replayFlood(b, j, config, limit); s.Callbacks.States != floodOrders(j) {
		b.Fatalf("%+v", s.Callbacks)
	}
}

func floodOrders(j billwalktest.Job) int64 { return int64(len(j.Accounts)) * floodBills / 10 * 7 }

func floodJob(b *testing.B, accounts int) billwalktest.Job {
	j := billwalktest.Job{Lake: billwalktest.FolderLake(b), Platform: "http://127.0.0.1:1", QPS: 1, Passes: 1, Lookback: billwalktest.Lookback, Trade: 1}
	for n := range accounts {
		j.Accounts = append(j.Accounts, schema.Account{ID: schema.AccountID(fmt.Sprint(7_000_000_000_000_000_000 + n))})
	}
	return j
}

// replayFlood has the built program replay the flood's day, and measures it.
func replayFlood(b *testing.B, j billwalktest.Job, config string, limit int64) (s pipeline.Summary) {
	b.Helper()
	binary := billwalktest.Build(b)
	for b.Loop() {
		s = measured(b, limit, binary, "--config", config, "--output", "json", "replay", "nightly", "--from", billwalktest.FirstDay.String())
		if s.Rows["bills"] != int64(len(j.Accounts))*floodBills || s.Verdicts[schema.Matched] != floodOrders(j) {
			b.Fatalf("%+v, %+v", s.Rows, s.Verdicts)
		}
		b.ReportMetric(float64(s.Rows["bills"]), "bills")
		b.ReportMetric(float64(s.Rows["settlements"]), "settlements")
		b.ReportMetric(float64(s.Rows["bills"])/s.ElapsedSeconds, "bills/s")
	}
	return s
}

// fileFlood files a callback for each order of the flood's first day, as the
// receiver does.
func fileFlood(b *testing.B, j billwalktest.Job) {
	b.Helper()
	store, err := object.Open(b.Context(), j.Lake.URL, j.Lake.Options)
	if err != nil {
		b.Fatal(err)
	}
	a, batches := archive.New(store), 0
	var lines []byte
	for _, account := range j.Accounts {
		for n := range floodBills / 10 * 7 {
			order := int(billwalktest.FirstDay%100)*floodBills/10*7 + n
			line, err := a.EncodeCallback(schema.Callback{
				App: "trade", Scheme: schema.SignedRSA, ReceivedAt: billwalktest.FirstDay.Start().Add(21 * time.Hour), Timestamp: "1793350800", Nonce: "iuy987q4htafreqw",
				Signature: strings.Repeat("c2ln", 86), LogID: "2026103120251122334455667788990", Body: floodCallback(fmt.Sprintf("10765%s%07d", account.ID[12:], order), order),
			})
			if err != nil {
				b.Fatal(err)
			}
			if lines = append(lines, line...); len(lines) < 1<<20 && n < floodBills/10*7-1 {
				continue
			}
			if err := a.AppendCallbacks(b.Context(), billwalktest.FirstDay, fmt.Sprintf("01ARZ3NDEKTSV4RRFFQ%07d", batches), lines); err != nil {
				b.Fatal(err)
			}
			batches, lines = batches+1, lines[:0]
		}
	}
}

// floodCallback is the callback of what Settlements answers.
func floodCallback(id string, order int) []byte {
	bills := floodOrder(order)
	msg := fmt.Sprintf(`{"app_id":"trade-key","status":"SUCCESS","order_id":%q,"cp_extra":"","message":"SUCCESS","event_time":%d,"settle_id":"ot%s","out_settle_no":"os%s","rake":%d,"commission":%d,"settle_detail":"商户号68882720803499563550-分成金额(分)%d","settle_amount":%d,"is_auto_settle":false}`,
		id, billwalktest.FirstDay.Start().Add(20*time.Hour).UnixMilli(), id, id, bills*495, bills*100, bills*9305, bills*9900)
	return fmt.Appendf(nil, `{"version":"2.0","msg":%q,"type":"settle"}`, msg)
}

// measured runs the built program, and reports its peak memory, of which most is
// the limit.
func measured(b *testing.B, most int64, binary string, args ...string) (s pipeline.Summary) {
	b.Helper()
	var out bytes.Buffer
	run := exec.Command(binary, args...)
	run.Stdout = &out
	if err := run.Start(); err != nil {
		b.Fatal(err)
	}
	peak := peakMemory(run.Process.Pid)
	if err := run.Wait(); err != nil {
		b.Fatalf("%v: %s", err, out.String())
	}
	if err := json.Unmarshal(out.Bytes(), &s); err != nil {
		b.Fatal(err)
	}
	mib := <-peak >> 10
	b.ReportMetric(float64(mib), "peak-MiB")
	if mib == 0 || mib >= most {
		b.Errorf("peak memory is %d MiB, the limit is %d", mib, most)
	}
	return s
}

// peakMemory yields the most memory, in KiB, that a process has had when it ends.
// What wait(2) tells would count this process's own, too, from before the exec.
func peakMemory(pid int) <-chan int64 {
	peak := make(chan int64, 1)
	go func() {
		var most int64
		for {
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			_, after, ok := strings.Cut(string(status), "VmHWM:")
			if err != nil || !ok { // it has ended
				peak <- most
				return
			}
			var now int64
			_, _ = fmt.Sscan(after, &now) // 0 if it is no number, and then nothing is measured
			most = max(most, now)
			time.Sleep(20 * time.Millisecond)
		}
	}()
	return peak
}

// fillArchive walks the day and asks for its orders, in this process and of a
// platform that costs nothing.
func fillArchive(b *testing.B, config string) (asked int64) {
	b.Helper()
	file, err := jobs.Load(config, func(string) (string, bool) { return "", false })
	if err != nil {
		b.Fatal(err)
	}
	w, err := cli.Setup{Now: time.Now}.Wire(b.Context(), file, "nightly", true)
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	w.Run.Walk.Source, w.Run.Settle.Trade, w.Run.InFlight, w.Run.Settle.InFlight = flood{floodBills}, flood{floodBills}, 4, 4
	w.Run.From, w.Run.To, w.Run.Lookback = billwalktest.FirstDay, billwalktest.FirstDay, 0
	s, err := w.Run.Do(b.Context())
	if err != nil || s.ExitCode != 0 || s.Settling.Unanswered > 0 {
		b.Fatalf("exit %d, %v, %+v", s.ExitCode, err, s.Settling)
	}
	return s.Settling.Asked
}

// flood is a platform whose answers are written as they are asked for: accounts
// of so many bills a day, ten bills for seven orders, each settled as billed.
type flood struct{ bills int }

const floodBills = 50_000

// Bills implements walk.Source: the cursor is the number of the first bill.
func (f flood) Bills(_ context.Context, u schema.Unit, cursor string, size int) (normalise.PageAnswer, error) {
	first, err := strconv.Atoi(cursor)
	if err != nil {
		return normalise.PageAnswer{}, err
	}
	body := fmt.Appendf(nil, `{"data":{"cursor":"%d","has_more":%v,"ledger_records":[`, first+size, first+size < f.bills)
	for n := first; n < min(first+size, f.bills); n++ {
		if n > first {
			body = append(body, ',')
		}
		i := int(u.Day%100)*f.bills + n
		order := i / 10 * 7
		if tenth := i % 10; tenth < 7 {
			order += tenth
		} else {
			order += tenth - 7 // the first three have another bill
		}
		id := string(u.Account.ID[12:])
		body = fmt.Appendf(body, `{"account_id":%q,"ledger_id":"98765%s%07d","shop_order_id":"10765%s%07d","item_order_id":"20765%s%07d","certificate_id":"30%017d","verify_id":"40%017d",`+
			`"poi_id":"6601","sku_id":"1788","code":"10%010d","settle_type":1,"settle_time":%d,"group_name":"双人套餐(含饮料)",`+
			`"amount":{"pay":9900,"original":9900,"merchant_ticket":0,"ledger_total":9900,"total_commission":100,"total_merchant_platform_service":495,"goods":9305}}`,
			u.Account.ID, id, i, id, order, id, i, i, i, i, u.Day.Start().Unix()+69_000)
	}
	body = append(body, `]},"extra":{"error_code":0,"logid":"2026103120251122334455667788990"}}`...)
	return normalise.DecodeAnswer(schema.Answer{Account: u.Account.ID, Day: u.Day, Cursor: cursor, FetchedAt: time.Now().UTC(), LogID: "2026103120251122334455667788990", Body: body})
}

// floodOrder returns how many bills an order has.
func floodOrder(order int) int {
	if order%7 < 3 {
		return 2
	}
	return 1
}

// Settlements implements settle.Trade.
func (flood) Settlements(_ context.Context, q schema.Query) (normalise.SettlementsAnswer, error) {
	order, err := strconv.Atoi(q.Value[12:])
	if err != nil {
		return normalise.SettlementsAnswer{}, err
	}
	bills := floodOrder(order)
	body := fmt.Appendf(nil, `{"data":[{"out_order_no":"","out_settle_no":"os%s","order_id":%q,"settle_id":"ot%s","settle_amount":%d,"settle_status":"SUCCESS",`+
		`"settle_detail":"商户号68882720803499563550-分成金额(分)%d","settle_time":1793350800000,"rake":%d,"commission":%d,"cp_extra":""}],`+
		`"extra":{"sub_error_code":0,"sub_description":"success","logid":"2026103120251122334455667788990","now":1663745962686,"error_code":0,"description":"success"}}`,
		q.Value, q.Value, q.Value, bills*9900, bills*9305, bills*495, bills*100)
	return normalise.DecodeSettleAnswer(schema.SettleAnswer{Parameter: q.Parameter, Column: q.Column, Value: q.Value, FetchedAt: time.Now().UTC(), LogID: "2026103120251122334455667788990", Body: body})
}

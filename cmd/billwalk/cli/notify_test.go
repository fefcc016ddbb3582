package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline"
	"billwalk/pipeline/alarms"
	"billwalk/pipeline/douyin"
	"billwalk/schema"
	"billwalk/sinks/object/objecttest"
)

// chat is a chat group whose platform answers as it is told, and the messages in it.
type chat struct {
	*httptest.Server
	mu       sync.Mutex
	messages []string
}

func newChat(t *testing.T, answer string) *chat {
	t.Helper()
	g := new(chat)
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		g.mu.Lock()
		defer g.mu.Unlock()
		g.messages = append(g.messages, string(body))
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(g.Close)
	return g
}

// said returns the messages so far.
func (c *chat) said() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.messages
}

const (
	canaryToken  = "canary-bot-token-1"
	canarySecret = "canary-bot-secret-2"
)

// TestNotify runs a job with two groups: one has the message, and the other repeats the
// credentials in an error, which becomes a warning and does not change the exit code.
func TestNotify(t *testing.T) {
	t.Parallel()
	slack, feishu := newChat(t, "ok"), newChat(t, `{"code":19021,"msg":"sign of `+canarySecret+` does not match, `+canaryToken+`"}`)
	platform := billwalktest.Serve(t, billwalktest.World(7, 60))
	lake := billwalktest.FolderLake(t)
	config := billwalktest.Job{Lake: lake, Platform: platform.URL, Accounts: platform.Accounts(), QPS: 5000, Trade: 5000, Passes: 1, Extra: fmt.Sprintf(
		"    dates: {from: %[1]s, to: %[1]s}\n    notify:\n"+
			"      - {kind: slack, url: \"%[2]s/services/%[4]s\", on: trouble}\n"+
			"      - {kind: feishu, url: \"%[3]s/hook/%[4]s\", secret: %[5]s}\n",
		billwalktest.FirstDay, slack.URL, feishu.URL, canaryToken, canarySecret)}.Write(t)
	var out, log bytes.Buffer
	setup := Setup{Now: billwalktest.Now, Out: &out, Err: &log, Client: []douyin.Option{douyin.WithJitter(func(time.Duration) time.Duration { return 0 })}}
	code := setup.Main(t.Context(), "run", "nightly", "--config", config, "--output", "json", "--verbose")
	var s pipeline.Summary
	if err := json.Unmarshal(out.Bytes(), &s); err != nil || code != s.ExitCode || code != pipeline.ExitIncomplete {
		t.Fatalf("exit %d, the summary says %d, %v\n%s", code, s.ExitCode, err, log.String())
	}
	const warning = "no message was sent to feishu: code 19021: sign of [redacted] does not match, [redacted]"
	if len(s.Warnings) != 1 || s.Warnings[0] != warning || !strings.Contains(log.String(), warning) {
		t.Errorf("warnings %q\n%s", s.Warnings, log.String())
	}
	messages, refused := slack.said(), feishu.said()
	if len(messages) != 1 || len(refused) != 1 || !strings.Contains(refused[0], `"sign":`) {
		t.Fatalf("%d messages on Slack, on Feishu %q", len(messages), refused)
	}
	for _, want := range []string{"billwalk nightly 2026-10-30：不完整", fmt.Sprintf("账户天：完整 %d，平台不提供 %d，失败 %d", s.Units.Complete, s.Units.Unavailable, s.Units.Failed), "平账 ", " 组：账单 ", " 元，分账 ", "差额 ", "失败 1 项（", s.RunID} {
		if !strings.Contains(messages[0], want) {
			t.Errorf("the message lacks %q: %s", want, messages[0])
		}
	}
	secrets := []string{canaryToken, canarySecret}
	billwalktest.CheckSilent(t, "output and log", out.String()+log.String(), secrets)
	billwalktest.CheckSilent(t, "message", messages[0]+refused[0], append(secrets, "canary-secret", "canary-trade"))
	billwalktest.CheckStored(t, lake.Files(objecttest.S3{}), secrets)
	stored, err := filepath.Glob(filepath.Join(strings.TrimPrefix(lake.URL, "file:"), "runs", "*.json"))
	if err != nil || len(stored) != 1 || !strings.Contains(readText(t, stored[0]), warning) {
		t.Errorf("the stored summary lacks the warning: %v, %v", stored, err)
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestNotifyRefused: a run that is refused sends a message, and a replay sends none.
func TestNotifyRefused(t *testing.T) {
	t.Parallel()
	slack := newChat(t, "ok")
	platform := billwalktest.Serve(t, billwalktest.World(7, 5))
	config := billwalktest.Job{Lake: billwalktest.FolderLake(t), Platform: platform.URL, Accounts: platform.Accounts(), QPS: 5000, Passes: 1,
		Extra: fmt.Sprintf("    notify: [{kind: slack, url: %q, on: trouble}]\n", slack.URL+"/services/"+canaryToken)}.Write(t)
	text := readText(t, config)
	billwalktest.Overwrite(t, config, []byte(strings.Replace(text, "canary-secret", "another-secret", 1)))
	day := billwalktest.FirstDay.String()
	setup := Setup{Now: billwalktest.Now}
	if code := setup.Main(t.Context(), "replay", "nightly", "--config", config, "--from", day); code != pipeline.ExitIncomplete || len(slack.said()) != 0 {
		t.Errorf("replay: exit %d, %q", code, slack.said())
	}
	if code := setup.Main(t.Context(), "run", "nightly", "--config", config, "--from", day); code != exitUsage {
		t.Errorf("run: exit %d", code)
	}
	if len(slack.said()) != 1 || !strings.Contains(slack.said()[0], "未能开始") || !strings.Contains(slack.said()[0], "错误：app life") {
		t.Errorf("messages %q", slack.said())
	}
}

// TestMessage shows the lines of a message, which people read in this order.
func TestMessage(t *testing.T) {
	t.Parallel()
	day := billwalktest.FirstDay
	run := &pipeline.Run{ID: "01J", Job: "nightly", From: day, To: day, Accounts: []schema.Account{{ID: "1", Name: "西安面馆"}, {ID: "2"}}}
	fault := func(id schema.AccountID, code int64, reason, hint string) schema.Failure {
		return schema.Failure{Account: id, Day: day, Code: code, Reason: reason, Hint: hint}
	}
	n := notice{run: run, summary: &pipeline.Summary{
		ExitCode: pipeline.ExitIncomplete, ElapsedSeconds: 754, Units: pipeline.UnitCounts{Complete: 9, Failed: 3},
		Failures: []schema.Failure{fault("2", 0, "a page came twice", ""), fault("1", 2119005, "no permission", "请商家授权"), fault("2", 2119005, "no permission", "请商家授权")},
		Alarms:   []alarms.Alarm{{Day: day, Kind: alarms.Empty}},
	}, sums: map[schema.Verdict]*verdictSum{
		schema.Matched: {groups: 9000, billed: 107_180_18, settled: 107_180_18}, schema.Mismatched: {groups: 3, billed: 100_00, settled: 90_05},
	}}
	got := n.message()
	want := []string{
		"账户天：完整 9，平台不提供 0，失败 3",
		"平账 9000 组：账单 107180.18 元，分账 107180.18 元", "差异 3 组：账单 100.00 元，分账 90.05 元，差额 -9.95 元",
		"失败 2 项（西安面馆 1 等 2 户）：no permission → 请商家授权", "失败 1 项（2）：a page came twice",
		"提醒：2026-10-30 为空：没有一笔账单", "运行 01J，用时 12m34s",
	}
	if got.Title != "billwalk nightly 2026-10-30：不完整，完整的部分已发布" || !got.Trouble || strings.Join(got.Lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %s\n%s\nwant\n%s", got.Title, strings.Join(got.Lines, "\n"), strings.Join(want, "\n"))
	}
	quiet := notice{run: run, summary: &pipeline.Summary{}}
	if m := quiet.message(); m.Trouble || !strings.HasSuffix(m.Title, "：完成") {
		t.Errorf("a good run: %+v", m)
	}
}

package jobs

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"billwalk/schema"
)

// TestNotify reads the example of the manual, which is a comment there.
func TestNotify(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	_, example, ok := strings.Cut(string(text), "    # notify:\n")
	if !ok {
		t.Fatal("the manual has no example of notify")
	}
	section := "    notify:\n" + strings.ReplaceAll(example, "    #  ", "     ")
	env := map[string]string{"FEISHU_WEBHOOK": "https://open.feishu.cn/open-apis/bot/v2/hook/canary-0123"}
	file := mustParse(t, minimal+section, env, nil)
	want := []Webhook{{Kind: "feishu", URL: schema.NewSecret(env["FEISHU_WEBHOOK"]), On: Always}}
	if got := mustJob(t, file, "nightly").Notify; !slices.Equal(got, want) || got[0].URL != want[0].URL {
		t.Errorf("got %+v, want %+v", got, want)
	}
	_, err = mustParse(t, minimal+section, nil, nil).Job("nightly")
	wantFaults(t, err, "jobs.yaml:11:14: url: variable FEISHU_WEBHOOK is not set: set it, or write a default as in ${FEISHU_WEBHOOK:-default}")
}

func TestNotifyFaults(t *testing.T) {
	t.Parallel()
	const feishu, hook = "https://open.feishu.cn/open-apis/bot/v2/hook/0123456789", "{kind: wecom, url: \"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0123456789\"}"
	const address = "want the whole address of the bot, which begins with https:// (http:// only for localhost and loopback addresses)"
	for section, want := range map[string]string{
		"[]":       "9:13: notify: want a list such as - {kind: feishu, url: \"${FEISHU_URL}\"}, found an empty list",
		hook:       "9:13: notify: want a list such as - {kind: feishu, url: \"${FEISHU_URL}\"}, found keys with values",
		"[feishu]": "9:14: notify: want keys with values, found a text",
		"[{kind: dingtlak, url: \"" + feishu + "\"}]":               `9:21: kind: want a platform: did you mean "dingtalk"? the platforms are feishu, dingtalk, wecom, slack, found a text of 8 characters`,
		"[{kind: email, url: \"" + feishu + "\"}]":                  "9:21: kind: want a platform: the platforms are feishu, dingtalk, wecom, slack, found a text of 5 characters",
		"[{kind: feishu}]":                                          `9:14: notify: key "url" is missing`,
		"[{kind: feishu, url: \"http://open.feishu.cn/x\"}]":        "9:34: url: " + address + ", found a text of 23 characters",
		"[{kind: feishu, url: \"https://open.feishu.cn\"}]":         "9:34: url: " + address + ", found a text of 22 characters",
		"[{kind: slack, url: \"" + feishu + "\"}]":                  "9:33: url: want an address of slack, and this is one of feishu: correct kind or url, found a text of 55 characters",
		"[" + strings.Replace(hook, "}", ", secret: abc}", 1) + "]": "9:108: secret: want nothing, for wecom has no signatures: leave it out, found another text",
		"[" + strings.Replace(hook, "}", ", on: error}", 1) + "]":   "9:104: on: want one of always, trouble, found a text of 5 characters",
		"[" + strings.Replace(hook, "url", "uri", 1) + "]":          "9:14: notify: key \"url\" is missing\njobs.yaml:9:28: unknown key \"uri\": did you mean \"url\"?",
	} {
		_, err := parse(t, minimal+"    notify: "+section+"\n", nil, nil)
		wantFaults(t, err, "jobs.yaml:"+want)
	}
}

// TestWebhookIsHidden: an address is a credential in whatever part of it an error repeats.
func TestWebhookIsHidden(t *testing.T) {
	t.Parallel()
	file := mustParse(t, minimal+`    notify:
      - {kind: feishu, url: "https://open.feishu.cn/open-apis/bot/v2/hook/aa-canary-1", secret: bb-canary-2}
      - {kind: dingtalk, url: "https://oapi.dingtalk.com/robot/send?access_token=cc-canary-3", secret: SEC-canary-4}
      - {kind: slack, url: "https://hooks.slack.com/services/T0/B0/dd-canary-5"}
`, nil, nil)
	said := fmt.Sprintf("%+v %#v", file, mustJob(t, file, "nightly").Notify)
	for _, text := range []string{"/hook/aa-canary-1", "aa-canary-1 bb-canary-2", "access_token=cc-canary-3&timestamp=1", "SEC-canary-4", "no_service at dd-canary-5"} {
		said += file.Hidden().Text(text)
	}
	if strings.Contains(said, "canary-") {
		t.Errorf("a credential is shown: %s", said)
	}
}

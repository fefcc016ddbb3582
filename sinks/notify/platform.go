package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"billwalk/schema"
)

// Kind is a platform that has bots.
type Kind string

const (
	Feishu   Kind = "feishu" // and Lark
	DingTalk Kind = "dingtalk"
	WeCom    Kind = "wecom"
	Slack    Kind = "slack"
)

// platform is how the bots of one platform are posted to.
type platform struct {
	content func(Message) object
	sign    func(content object, address *url.URL, secret schema.Secret, now time.Time) // nil if the platform has no signature
	refusal func(answer []byte) (text string, again bool)                               // of an answer with status 200; "" if it confirms the message
}

type object = map[string]any

// platforms are the platforms by kind. Their documentation is at
// open.feishu.cn/document/client-docs/bot-v3/add-custom-bot,
// open.dingtalk.com/document/robots/custom-robot-access,
// developer.work.weixin.qq.com/document/path/91770 and
// api.slack.com/messaging/webhooks.
var platforms = map[Kind]platform{
	Feishu:   {content: feishuCard, sign: signFeishu, refusal: coded("code", "msg", 11232)},
	DingTalk: {content: dingTalkMarkdown, sign: signDingTalk, refusal: coded("errcode", "errmsg", -1, 130101)},
	WeCom:    {content: weComMarkdown, refusal: coded("errcode", "errmsg", -1, 45009)},
	Slack:    {content: slackBlocks, refusal: slackRefusal},
}

// The largest messages: a request of 20 KB on Feishu and DingTalk, 4096 bytes of markdown
// on WeCom, a section of 3000 characters on Slack.
const (
	maxText      = 6_000
	maxWeCom     = 4096
	maxSlack     = 3000
	maxTitle     = 100
	maxSlackHead = 150
)

// feishuCard is a card whose header is red after trouble. Text that is plain_text is not
// read as markdown.
func feishuCard(m Message) object {
	colour := "green"
	if m.Trouble {
		colour = "red"
	}
	plain := func(text string) object { return object{"tag": "plain_text", "content": text} }
	return object{"msg_type": "interactive", "card": object{
		"config":   object{"wide_screen_mode": true},
		"header":   object{"template": colour, "title": plain(cut(m.Title, maxTitle))},
		"elements": []object{{"tag": "div", "text": plain(m.text(identity, "\n", maxText))}},
	}}
}

// signFeishu signs in the body: the key is the time in seconds and the secret, and
// the signed text is empty.
func signFeishu(content object, _ *url.URL, secret schema.Secret, now time.Time) {
	timestamp := strconv.FormatInt(now.Unix(), 10)
	content["timestamp"], content["sign"] = timestamp, signature(timestamp+"\n"+secret.Reveal(), "")
}

// dingTalkMarkdown separates paragraphs by empty lines, without which DingTalk joins them.
func dingTalkMarkdown(m Message) object {
	text := "#### " + unformatted(cut(m.Title, maxTitle)) + "\n\n" + m.text(unformatted, "\n\n", maxText)
	return object{"msgtype": "markdown", "markdown": object{"title": cut(m.Title, maxTitle), "text": text}}
}

// signDingTalk signs in the query: the key is the secret, and the signed text is the time in
// milliseconds and the secret.
func signDingTalk(_ object, address *url.URL, secret schema.Secret, now time.Time) {
	timestamp := strconv.FormatInt(now.UnixMilli(), 10)
	query := address.Query()
	query.Set("timestamp", timestamp)
	query.Set("sign", signature(secret.Reveal(), timestamp+"\n"+secret.Reveal()))
	address.RawQuery = query.Encode()
}

// signature returns the HMAC-SHA256 of the text, in base64.
func signature(key, text string) string {
	hash := hmac.New(sha256.New, []byte(key))
	hash.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(hash.Sum(nil))
}

func weComMarkdown(m Message) object {
	head := "**" + unformatted(cut(m.Title, maxTitle)) + "**\n"
	return object{"msgtype": "markdown", "markdown": object{"content": head + m.text(unformatted, "\n", maxWeCom-len(head))}}
}

func slackBlocks(m Message) object {
	return object{"text": slackText(cut(m.Title, maxSlackHead)), "blocks": []object{
		{"type": "header", "text": object{"type": "plain_text", "text": cut(m.Title, maxSlackHead)}},
		{"type": "section", "text": object{"type": "mrkdwn", "verbatim": true, "text": m.text(slackText, "\n", maxSlack)}},
	}}
}

// coded reads answers that have a code, which is 0 for success. Those of again are of a
// platform that is busy, or called too often.
func coded(code, text string, again ...int64) func([]byte) (string, bool) {
	return func(answer []byte) (string, bool) {
		var fields map[string]json.RawMessage
		var number *int64
		var message string
		if json.Unmarshal(answer, &fields) != nil || json.Unmarshal(fields[code], &number) != nil || number == nil {
			return fmt.Sprintf("the answer has no %s: %s", code, quoted(answer)), false
		}
		if *number == 0 {
			return "", false
		}
		_ = json.Unmarshal(fields[text], &message) // the code is enough
		return fmt.Sprintf("%s %d: %s", code, *number, quoted([]byte(message))), slices.Contains(again, *number)
	}
}

// slackRefusal knows the answer "ok" alone.
func slackRefusal(answer []byte) (string, bool) {
	if strings.TrimSpace(string(answer)) == "ok" {
		return "", false
	}
	return "the answer is not ok: " + quoted(answer), false
}

// text returns as many lines as fit into the bytes, and the number of those that do not.
func (m Message) text(escape func(string) string, separator string, most int) string {
	const more = "… 另有 %d 行 (%d more)"
	most -= len(separator) + len(more) + 2*len("1000000")
	text := ""
	for i, line := range m.Lines {
		line = escape(oneLine(line))
		if len(text)+len(separator)+len(line) > most {
			return text + separator + fmt.Sprintf(more, len(m.Lines)-i, len(m.Lines)-i)
		}
		if i > 0 {
			text += separator
		}
		text += line
	}
	return text
}

// oneLine returns a text without line breaks and other control characters.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r != ' ' && schema.Invisible(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

func identity(text string) string { return text }

// unformatted replaces the signs that markdown reads by their full-width forms: the
// platforms' dialects have no common way to escape them.
func unformatted(text string) string {
	return markdownSigns.Replace(text)
}

var (
	markdownSigns = strings.NewReplacer("*", "＊", "`", "｀", "[", "［", "]", "］", "<", "＜", ">", "＞", "#", "＃", "!", "！", "|", "｜", "~", "～", "\\", "＼", "@", "＠")
	slackSigns    = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "*", "＊", "`", "｀", "~", "～")
)

// slackText escapes as Slack documents it.
func slackText(text string) string { return slackSigns.Replace(text) }

// cut returns at most so many bytes of a line.
func cut(text string, most int) string {
	text = oneLine(text)
	if len(text) <= most {
		return text
	}
	text = text[:most-len("…")]
	for !utf8.ValidString(text) {
		text = text[:len(text)-1]
	}
	return text + "…"
}

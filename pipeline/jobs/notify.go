package jobs

import (
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"billwalk/schema"
)

// Webhook is a bot of a chat group that is notified after a run. Its URL is a credential:
// whoever has it can post to the group.
type Webhook struct {
	Kind   string        // of platform: a key of webhookHosts
	URL    schema.Secret // https, or http to this machine
	Secret schema.Secret // signs the messages, on Feishu and DingTalk; empty if the bot wants no signature
	On     Occasion
}

// Occasion says after which runs a message is sent.
type Occasion string

const (
	Always  Occasion = "always"
	Trouble Occasion = "trouble" // after a run with something that a person should look at
)

// webhookHosts are the kinds of webhooks and the hosts of their platforms.
var webhookHosts = map[string][]string{
	"feishu":   {"open.feishu.cn", "open.larksuite.com"},
	"dingtalk": {"oapi.dingtalk.com", "api.dingtalk.com"},
	"wecom":    {"qyapi.weixin.qq.com"},
	"slack":    {"hooks.slack.com"},
}

// webhookKinds are the kinds in the order of the manual.
var webhookKinds = []string{"feishu", "dingtalk", "wecom", "slack"}

// signingKinds are the kinds whose messages can be signed.
var signingKinds = webhookKinds[:2]

func (r *reader) webhooks(n *yaml.Node) (hooks []Webhook) {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		r.fault(r.at(n), "notify: want a list such as - {kind: feishu, url: \"${FEISHU_URL}\"}, found %s", kind(n))
		return nil
	}
	for _, item := range n.Content {
		if m, ok := r.mapping("notify", r.at(item), item, webhookKeys); ok {
			hooks = append(hooks, r.webhook(m))
		}
	}
	return hooks
}

func (r *reader) webhook(m mapping) Webhook {
	hook := Webhook{Kind: required(m, "kind", webhookKind), On: optional(m, "on", Always, oneOf(Always, Trouble))}
	hook.URL = required(m, "url", r.webhookURL(hook.Kind))
	hook.Secret = optional(m, "secret", schema.Secret{}, func(text string) (schema.Secret, error) {
		if text == "" {
			return schema.Secret{}, nil
		}
		if hook.Kind != "" && !slices.Contains(signingKinds, hook.Kind) {
			return schema.Secret{}, wantError("nothing, for " + hook.Kind + " has no signatures: leave it out")
		}
		return credentialSecret(text)
	})
	return hook
}

func webhookKind(text string) (string, error) {
	if !slices.Contains(webhookKinds, text) {
		return "", wantError("a platform: " + didYouMean(text, webhookKinds) + "the platforms are " + strings.Join(webhookKinds, ", "))
	}
	return text, nil
}

// webhookURL reads the address of a bot of the kind. All that follows its host is hidden
// from now on.
func (r *reader) webhookURL(kind string) func(string) (schema.Secret, error) {
	return func(text string) (schema.Secret, error) {
		r.hideWebhook(text)
		text, err := credential(text)
		if err != nil {
			return schema.Secret{}, err
		}
		u, err := url.Parse(text)
		if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" || u.Path+u.RawQuery == "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
			return schema.Secret{}, wantError("the whole address of the bot, which begins with https:// (http:// only for localhost and loopback addresses)")
		}
		for _, other := range webhookKinds {
			if kind != "" && other != kind && slices.Contains(webhookHosts[other], strings.ToLower(u.Hostname())) {
				return schema.Secret{}, wantError("an address of " + kind + ", and this is one of " + other + ": correct kind or url")
			}
		}
		return schema.NewSecret(text), nil
	}
}

// hideWebhook hides an address, and each part of it that may be a token.
func (r *reader) hideWebhook(text string) {
	r.hidden.HideSecret(schema.NewSecret(text))
	u, err := url.Parse(text)
	if err != nil {
		return
	}
	r.hidden.HideSecret(schema.NewSecret(u.RequestURI()))
	r.hidden.HideSecret(schema.NewSecret(u.Path[strings.LastIndexByte(u.Path, '/')+1:]))
	for _, values := range u.Query() {
		for _, value := range values {
			r.hidden.HideSecret(schema.NewSecret(value))
		}
	}
}

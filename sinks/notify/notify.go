// Package notify posts messages to bots of chat groups: Feishu, DingTalk, WeCom and
// Slack, each in the form that its platform documents, signed where it signs.
//
// A message is plain text. What it repeats from elsewhere, such as names of accounts and
// errors of a platform, can neither format the message, nor link, nor mention anybody.
// The address of a bot is a credential, like its secret: no error contains any of them.
package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"billwalk/schema"
)

// Hook is a bot of a chat group.
type Hook struct {
	Kind   Kind
	URL    schema.Secret // as the platform gives it, with the bot's token
	Secret schema.Secret // signs the messages; empty if the bot wants no signature
}

// Message is what a bot says.
type Message struct {
	Title   string   // one line
	Lines   []string // the most important first: what does not fit is left out, and counted
	Trouble bool     // somebody should look at it
}

// Client posts messages. Its zero value is ready to use.
type Client struct {
	HTTP  http.RoundTripper // nil is http.DefaultTransport
	Now   func() time.Time  // of the signatures; nil is time.Now
	Pause time.Duration     // before a message is sent a second time; before a third one, four times as long
}

const (
	attempts   = 3
	maxAttempt = 8 * time.Second // one request and its answer
	maxAnswer  = 16 << 10
	maxQuoted  = 200 // characters of an answer that an error repeats
)

// Send posts the message to all hooks side by side, and returns one error for each hook,
// in their order: nil where the platform confirmed the message. It tries again what may
// pass, a few times and until the context ends. After an answer that did not arrive a
// message may be there twice.
func (c *Client) Send(ctx context.Context, hooks []Hook, message Message) []error {
	failed := make([]error, len(hooks))
	var sending sync.WaitGroup
	for i, hook := range hooks {
		sending.Go(func() { failed[i] = c.send(ctx, hook, message) })
	}
	sending.Wait()
	return failed
}

func (c *Client) send(ctx context.Context, hook Hook, message Message) error {
	p, ok := platforms[hook.Kind]
	if !ok {
		return fmt.Errorf("%s is no platform that is known", hook.Kind)
	}
	pause := c.Pause
	for attempt := 1; ; attempt++ {
		again, err := c.post(ctx, p, hook, message)
		if err == nil || !again || attempt == attempts {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
			pause *= 4
		}
	}
}

// post sends the message once. again reports whether a second try may succeed.
func (c *Client) post(ctx context.Context, p platform, hook Hook, message Message) (again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, maxAttempt)
	defer cancel()
	request, err := c.request(ctx, p, hook, message)
	if err != nil {
		return false, err
	}
	client := http.Client{Transport: c.HTTP, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return true, hook.hide(withoutURL(err).Error())
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	switch {
	case err != nil:
		return true, hook.hide("the answer was cut: " + withoutURL(err).Error())
	case response.StatusCode != http.StatusOK:
		again := response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= 500
		return again, hook.hide(fmt.Sprintf("status %d: %s", response.StatusCode, quoted(body)))
	}
	refusal, again := p.refusal(body)
	if refusal != "" {
		return again, hook.hide(refusal)
	}
	return false, nil
}

func (c *Client) request(ctx context.Context, p platform, hook Hook, message Message) (*http.Request, error) {
	address, err := url.Parse(hook.URL.Reveal())
	if err != nil {
		return nil, errors.New("the address of the bot is no URL")
	}
	now := time.Now
	if c.Now != nil {
		now = c.Now
	}
	content := p.content(message)
	if !hook.Secret.Empty() && p.sign != nil {
		p.sign(content, address, hook.Secret, now())
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(content); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address.String(), &body)
	if err != nil {
		return nil, errors.New("the address of the bot is no URL")
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	return request, nil
}

// hide returns an error with the text, without the hook's credentials.
func (h Hook) hide(text string) error {
	var r schema.Redactor
	for _, secret := range []schema.Secret{h.Secret, h.URL} {
		r.HideSecret(secret)
	}
	if u, err := url.Parse(h.URL.Reveal()); err == nil {
		r.HideSecret(schema.NewSecret(u.RequestURI()))
		r.HideSecret(schema.NewSecret(u.Path[strings.LastIndexByte(u.Path, '/')+1:]))
		for _, values := range u.Query() {
			for _, value := range values {
				r.HideSecret(schema.NewSecret(value))
			}
		}
	}
	return errors.New(r.Text(text))
}

// withoutURL returns what is wrong with a request without its address.
func withoutURL(err error) error {
	if of, ok := errors.AsType[*url.Error](err); ok {
		return of.Err
	}
	return err
}

// quoted returns the beginning of an answer as one line.
func quoted(body []byte) string {
	text := []rune(strings.Join(strings.FieldsFunc(strings.ToValidUTF8(string(body), "\uFFFD"), schema.Invisible), " "))
	if len(text) > maxQuoted {
		text = append(text[:maxQuoted], '…')
	}
	return string(text)
}

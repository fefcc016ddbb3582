package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"billwalk/schema"
	"billwalk/sinks/object"
)

// Settle callbacks are stored under the day of their receipt: verified requests, one JSON
// line each, and in a folder quarantine those that are signed and cannot be read. The
// platform sends a callback several times, so lines repeat.

// EncodeCallback returns the callback as one JSON line that keeps the exact bytes of the
// body, because they were signed. The line is written by hand, since every request needs
// one. A text that is not UTF-8 is an error, except for logid, which is not signed.
func (*Archive) EncodeCallback(c schema.Callback) ([]byte, error) {
	line := make([]byte, 0, 768+len(c.Body)+len(c.Body)/4)
	line = append(c.ReceivedAt.UTC().AppendFormat(append(line, `{"received_at":"`...), time.RFC3339Nano), '"')
	for _, member := range [...]struct{ name, text string }{
		{`,"app":`, c.App},
		{`,"scheme":`, string(c.Scheme)},
		{`,"timestamp":`, c.Timestamp},
		{`,"nonce":`, c.Nonce},
		{`,"signature":`, c.Signature},
		{`,"logid":`, strings.ToValidUTF8(c.LogID, "\ufffd")},
	} {
		var err error
		if line, err = jsontext.AppendQuote(append(line, member.name...), member.text); err != nil {
			return nil, fmt.Errorf("a callback of app %q, received at %s: %s %w", c.App, c.ReceivedAt, strings.Trim(member.name, `,":`), err)
		}
	}
	return withBytes(line, c.Body), nil
}

// AppendCallbacks stores encoded callbacks as a batch, named by a ULID, of the day on which
// they were received. A batch is written once, as in Append.
func (a *Archive) AppendCallbacks(ctx context.Context, received schema.Day, batch string, lines []byte) error {
	return a.create(ctx, callbacksBatchKey(received, batch), encoder.EncodeAll(lines, nil))
}

// QuarantineCallbacks stores encoded callbacks as AppendCallbacks does, for a person to
// look at: they are not part of the tables.
func (a *Archive) QuarantineCallbacks(ctx context.Context, received schema.Day, batch string, lines []byte) error {
	return a.create(ctx, quarantineKey(received, batch), encoder.EncodeAll(lines, nil))
}

// FirstReceived returns the first day on which callbacks were received, or false if there
// are none.
func (a *Archive) FirstReceived(ctx context.Context) (day schema.Day, ok bool, err error) {
	for info, err := range a.store.List(ctx, callbacksFolder) {
		if err != nil {
			return 0, false, err
		}
		if day, ok := parseReceived(info.Key); ok {
			return day, true, nil
		}
	}
	return 0, false, nil
}

// Received reports whether callbacks were received on the day, and whether some of them are
// in quarantine.
func (a *Archive) Received(ctx context.Context, day schema.Day) (accepted, quarantined bool, err error) {
	for info, err := range a.store.List(ctx, callbacksOf(day)) {
		if err != nil {
			return false, false, err
		}
		if _, aside, ok := parseCallbacksKey(day, info.Key); ok {
			accepted, quarantined = accepted || !aside, quarantined || aside
		}
	}
	return accepted, quarantined, nil
}

// Callbacks passes the callbacks that were received on the day to take, without those in
// quarantine. A damaged batch is schema.ErrDamaged, which names the object, and does not
// stop the reading; any other error is the store's, and does.
func (a *Archive) Callbacks(ctx context.Context, received schema.Day, take func(schema.Callback)) error {
	var faults []error
	for info, err := range a.store.List(ctx, callbacksOf(received)) {
		if err != nil {
			return err
		}
		if _, quarantined, ok := parseCallbacksKey(received, info.Key); !ok || quarantined {
			continue
		}
		damaged, err := a.callbackBatch(ctx, info.Key, take)
		if err != nil {
			return err
		}
		faults = append(faults, damaged)
	}
	return errors.Join(faults...)
}

func (a *Archive) callbackBatch(ctx context.Context, key string, take func(schema.Callback)) (damaged, err error) {
	data, err := object.ReadContent(ctx, a.store, key)
	if errors.Is(err, object.ErrTooLarge) {
		return fmt.Errorf("archive object %w: %w", schema.ErrDamaged, err), nil
	}
	if err != nil {
		return nil, err
	}
	n := 0
	for line, err := range a.lines(ctx, bytes.NewReader(data)) {
		var c schema.Callback
		if err == nil {
			c, err = parseCallback(line)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("archive object %s: %w: %w", key, schema.ErrDamaged, err), nil
		}
		c.Key = key
		take(c)
		n++
	}
	if n == 0 {
		return fmt.Errorf("archive object %s: %w: it is empty", key, schema.ErrDamaged), nil
	}
	return nil, nil
}

func parseCallback(line []byte) (schema.Callback, error) {
	var c struct {
		schema.Callback
		Text   *string `json:"body"`
		Binary []byte  `json:"body_base64"`
	}
	err := json.Unmarshal(line, &c)
	switch {
	case err != nil:
	case c.App == "" || c.Scheme == "" || (c.Text == nil) == (c.Binary == nil):
		err = errors.New("a line is no callback")
	case c.Text != nil:
		c.Body = []byte(*c.Text)
	default:
		c.Body = c.Binary
	}
	return c.Callback, err
}

package audit

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/sync/errgroup"

	"billwalk/schema"
)

// fixCallbacks is what to do about callbacks that are not as they were received.
const fixCallbacks = "put it back from a backup or an earlier version of the object; without one, move it away and run the job for the days, which asks for what it told"

// callbacks are the settle callbacks (通知分账结果) that may tell of the days.
type callbacks struct {
	told tellings
	days map[schema.Day]*callbackDay // of the audited days: what was received on each
}

// callbackDay is what was received on one day. What was received before or after
// all audited days is counted to the nearest.
type callbackDay struct {
	findings []schema.Finding
	objects  int
	bytes    int64
}

// readCallbacks reads all that was received from the first day's window on until
// today: a callback may come late, and be repeated.
func (a *Audit) readCallbacks(ctx context.Context) error {
	all := &callbacks{days: make(map[schema.Day]*callbackDay)}
	for day := a.From; day <= a.To; day++ {
		all.days[day] = new(callbackDay)
	}
	var mu sync.Mutex
	var running errgroup.Group
	running.SetLimit(sideBySide())
	for received := a.From - schema.Day(a.Lookback) - 1; received <= max(a.Today, a.To)+1; received++ {
		running.Go(func() error {
			r := receipt{apps: a.AppIDs, day: min(max(received, a.From), a.To)}
			if err := r.prove(ctx, a.Archive, received); err != nil {
				return fmt.Errorf("callbacks received on %s: %w", received, err)
			}
			mu.Lock()
			defer mu.Unlock()
			all.told = append(all.told, r.told...)
			d := all.days[r.day]
			d.findings, d.objects, d.bytes = append(d.findings, r.findings...), d.objects+r.objects, d.bytes+r.bytes
			return ctx.Err()
		})
	}
	if err := running.Wait(); err != nil {
		return err
	}
	all.told.sort()
	a.callbacks = all
	return nil
}

// receipt is what was received on one day.
type receipt struct {
	callbackDay
	apps schema.AppIDs
	day  schema.Day // of the findings
	told []telling
}

// prove reads the batches of a day, those in quarantine for their hashes alone:
// nothing rests on them.
func (r *receipt) prove(ctx context.Context, archive Archive, received schema.Day) error {
	read, quarantined, err := archive.CallbackSeries(ctx, received)
	if err != nil {
		return err
	}
	for i, f := range slices.Concat(read, quarantined) {
		take := r.callback
		if i >= len(read) {
			take = func(int, schema.Callback) {}
		}
		r.objects, r.bytes = r.objects+f.Objects(), r.bytes+f.Bytes
		for _, key := range f.Batches {
			if err := archive.ProveCallbacks(ctx, key, take); err != nil {
				r.find(key, "", err)
			}
		}
	}
	return ctx.Err()
}

func (r *receipt) find(key, place string, fault error) {
	fix := fixCallbacks
	if errors.Is(fault, schema.ErrUnhashed) {
		fix = fixUnhashed
	}
	r.findings = append(r.findings, schema.Finding{Day: r.day, Key: key, Place: place, Got: fault.Error(), Fix: fix})
}

func (r *receipt) callback(line int, c schema.Callback) {
	told, app, err := readCallback(&c)
	if err == nil && r.apps.Check(app) != nil {
		return // another mini-program's: no row may rest on it
	}
	if err != nil {
		r.find(c.Key, fmt.Sprintf("line %d", line), fmt.Errorf("the callback is none of a settlement: %w", err))
		return
	}
	r.told = append(r.told, told)
}

// readCallback returns what a callback tells of its settlement, and its app_id. Either may
// have an old name, of 担保支付, too: the current one counts where it has a value.
func readCallback(c *schema.Callback) (told telling, app string, err error) {
	var body struct {
		Msg string `json:"msg"`
	}
	const mark = "\ufeff" // that some writers put before JSON
	if err := json.Unmarshal(bytes.TrimPrefix(c.Body, []byte(mark)), &body, anyText); err != nil {
		return telling{}, "", err
	}
	var msg struct {
		settlementFields
		Status    jsontext.Value `json:"status"`
		SettleNo  jsontext.Value `json:"settle_no"`
		ChannelID jsontext.Value `json:"channel_settle_id"`
		OwnNo     jsontext.Value `json:"cp_settle_no"`
		EventTime jsontext.Value `json:"event_time"` // in milliseconds
		SettledAt jsontext.Value `json:"settled_at"` // in seconds, as it was called before
		AppID     jsontext.Value `json:"app_id"`
		OldAppID  jsontext.Value `json:"appid"`
	}
	if err := json.Unmarshal([]byte(strings.TrimPrefix(body.Msg, mark)), &msg, anyText); err != nil {
		return telling{}, "", err
	}
	current, appErr := text(msg.AppID)
	old, oldErr := text(msg.OldAppID)
	for _, raw := range []jsontext.Value{msg.SettleID, msg.SettleNo, msg.ChannelID, msg.OwnNo} {
		if id, err := text(raw); err != nil || id.V != "" {
			msg.SettleID = raw
			told, err := msg.telling(msg.Status, c.ReceivedAt)
			day, dayErr := dayOfEvent(msg.EventTime, msg.SettledAt, c.ReceivedAt)
			told.day = day
			return told, cmp.Or(current.V, old.V), errors.Join(err, dayErr, appErr, oldErr)
		}
	}
	return telling{}, "", errors.New("it has no id of a settlement")
}

// dayOfEvent returns the day on which a callback's event was; that of the receipt
// where its time is missing, or cannot be one.
func dayOfEvent(milliseconds, seconds jsontext.Value, received time.Time) (schema.Day, error) {
	ms, err := whole(milliseconds)
	s, oldErr := whole(seconds)
	at := time.UnixMilli(ms.V)
	if ms.V == 0 {
		at = time.Unix(s.V, 0)
	}
	if year := at.In(schema.China).Year(); year < 2015 || year > 2099 {
		at = received
	}
	return schema.DayOf(at), errors.Join(err, oldErr)
}

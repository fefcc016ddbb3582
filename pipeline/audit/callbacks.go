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

// fixCallbacks is what to do about damaged batches of callbacks.
const fixCallbacks = "put it back from a backup or an earlier version of the object; without one, move it away and run the job for the days, which queries its settlements"

// callbacks has the settle callbacks (通知分账结果) that may be of the verified days.
type callbacks struct {
	statements statements
	days       map[schema.Day]*callbackDay // by verified day
}

// callbackDay counts the batches received on one day. Those received before or after all
// verified days count for the nearest of these.
type callbackDay struct {
	findings []schema.Finding
	objects  int
	bytes    int64
}

// readCallbacks reads all callbacks received from the window of the first day until today,
// as a callback may come late or again.
func readCallbacks(ctx context.Context, archive CallbackArchive, apps schema.AppIDs, from, to schema.Day, lookback int, today schema.Day) (*callbacks, error) {
	all := &callbacks{days: make(map[schema.Day]*callbackDay)}
	for day := from; day <= to; day++ {
		all.days[day] = new(callbackDay)
	}
	var mu sync.Mutex
	var running errgroup.Group
	running.SetLimit(maxUnits())
	for received := from - schema.Day(lookback) - 1; received <= max(today, to)+1; received++ {
		running.Go(func() error {
			r := receipt{apps: apps, day: min(max(received, from), to)}
			if err := r.prove(ctx, archive, received); err != nil {
				return fmt.Errorf("callbacks received on %s: %w", received, err)
			}
			mu.Lock()
			defer mu.Unlock()
			all.statements = append(all.statements, r.statements...)
			d := all.days[r.day]
			d.findings, d.objects, d.bytes = append(d.findings, r.findings...), d.objects+r.objects, d.bytes+r.bytes
			return ctx.Err()
		})
	}
	if err := running.Wait(); err != nil {
		return nil, err
	}
	all.statements.sort()
	return all, nil
}

// receipt reads the callbacks received on one day.
type receipt struct {
	callbackDay
	apps       schema.AppIDs
	day        schema.Day // of the findings
	statements []statement
}

// prove reads the batches of a day. It only checks the hashes of those in quarantine, as no
// row is built from them.
func (r *receipt) prove(ctx context.Context, archive CallbackArchive, received schema.Day) error {
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
	s, app, err := readCallback(&c)
	if err == nil && r.apps.Check(app) != nil {
		return // of another mini-program: no row may be built from it
	}
	if err != nil {
		r.find(c.Key, fmt.Sprintf("line %d", line), fmt.Errorf("it is not a settle callback: %w", err))
		return
	}
	r.statements = append(r.statements, s)
}

// readCallback returns the statement of a callback and its app_id. Both may also have the
// names of 担保支付; the current name wins if it has a value.
func readCallback(c *schema.Callback) (s statement, app string, err error) {
	var body struct {
		Msg string `json:"msg"`
	}
	const mark = "\ufeff" // byte order mark
	if err := json.Unmarshal(bytes.TrimPrefix(c.Body, []byte(mark)), &body, anyText); err != nil {
		return statement{}, "", err
	}
	var msg struct {
		settlementFields
		Status    jsontext.Value `json:"status"`
		SettleNo  jsontext.Value `json:"settle_no"`
		ChannelID jsontext.Value `json:"channel_settle_id"`
		OwnNo     jsontext.Value `json:"cp_settle_no"`
		EventTime jsontext.Value `json:"event_time"` // in milliseconds
		SettledAt jsontext.Value `json:"settled_at"` // in seconds, the old name
		AppID     jsontext.Value `json:"app_id"`
		OldAppID  jsontext.Value `json:"appid"`
	}
	if err := json.Unmarshal([]byte(strings.TrimPrefix(body.Msg, mark)), &msg, anyText); err != nil {
		return statement{}, "", err
	}
	current, appErr := text(msg.AppID)
	old, oldErr := text(msg.OldAppID)
	for _, raw := range []jsontext.Value{msg.SettleID, msg.SettleNo, msg.ChannelID, msg.OwnNo} {
		if id, err := text(raw); err != nil || id.V != "" {
			msg.SettleID = raw
			s, err := msg.statement(msg.Status, c.ReceivedAt)
			day, dayErr := dayOfEvent(msg.EventTime, msg.SettledAt, c.ReceivedAt)
			s.day = day
			return s, cmp.Or(current.V, old.V), errors.Join(err, dayErr, appErr, oldErr)
		}
	}
	return statement{}, "", errors.New("it has no id of a settlement")
}

// dayOfEvent returns the day of a callback's event, or of its receipt if the event has no
// valid time.
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

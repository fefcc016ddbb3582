package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"billwalk/pipeline"
	"billwalk/pipeline/alarms"
	"billwalk/pipeline/jobs"
	"billwalk/schema"
	"billwalk/sinks/lake"
	"billwalk/sinks/notify"
)

const (
	noticeReadsBeside = 16 // of the lake side by side

	noticeReads = 2 * time.Minute  // for what a message says, and the alarms
	noticeSends = 30 * time.Second // for all messages together
	noticeHaste = 5 * time.Second  // for them after a run that was interrupted, and has to end soon
	noticePause = time.Second      // before a message is sent again

	// overdueAfter is how long after its end a day is late.
	overdueAfter = 36 * time.Hour
)

// notifier reports a run to the webhooks of its job. Without webhooks it does nothing.
type notifier struct {
	hooks  []jobs.Webhook
	run    *pipeline.Run
	lake   *lake.Lake
	hidden *schema.Redactor
}

// addAlarms adds the alarms about the days of a nightly run to its summary, for the webhooks
// and for whoever reads the summary. A backfill has none: nobody waits for its days.
func (n *notifier) addAlarms(ctx context.Context, s *pipeline.Summary) {
	if len(n.hooks) == 0 || n.run.Backfill || ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, noticeReads)
	defer cancel()
	history, err := n.readHistory(ctx)
	if err != nil {
		n.warn(s, fmt.Sprintf("alarms are not known: %v", err))
		return
	}
	for _, day := range n.run.Days() {
		if n.run.Now().Sub((day + 1).Start()) > overdueAfter {
			s.Alarms = append(s.Alarms, history.Overdue(day, n.run.Accounts)...)
		}
		if day >= n.run.From {
			s.Alarms = append(s.Alarms, history.Unusual(day, n.run.Accounts)...)
		}
	}
	for _, alarm := range s.Alarms {
		text, _ := alarm.Text()
		n.run.Log.Warn(text, "kind", alarm.Kind, "bill_date", alarm.Day.String())
	}
}

// readHistory reads the manifests of the run's days, and of those that they are compared
// with.
func (n *notifier) readHistory(ctx context.Context) (alarms.History, error) {
	days := n.run.Days()
	for _, day := range n.run.Days()[n.run.Lookback:] {
		days = append(days, alarms.Weekdays(day)...)
	}
	slices.Sort(days)
	history := make(alarms.History)
	var adding sync.Mutex
	reads, reading := errgroup.WithContext(ctx)
	reads.SetLimit(noticeReadsBeside)
	for _, day := range slices.Compact(days) {
		for _, bucket := range schema.BucketsOf(n.run.Accounts, n.run.Buckets) {
			reads.Go(func() error {
				m, err := n.lake.Manifest(reading, day, bucket)
				if err == nil && m == nil || errors.Is(err, schema.ErrManifest) { // status and verify report a damaged one
					return nil
				}
				if err != nil {
					return err
				}
				for i := range m.Units {
					m.Units[i].Certificate = nil // as large as the rest, and not needed
				}
				adding.Lock()
				defer adding.Unlock()
				history[day] = append(history[day], m)
				return nil
			})
		}
	}
	return history, reads.Wait()
}

// warn logs a warning, and adds it to the summary.
func (n *notifier) warn(s *pipeline.Summary, warning string) {
	warning = n.hidden.Text(warning)
	n.run.Log.Warn(warning)
	s.Warnings = append(s.Warnings, warning)
}

// notify sends the message of a run to the webhooks that want it. What cannot be sent is a
// warning.
func (n *notifier) notify(ctx context.Context, s *pipeline.Summary, failure error) {
	if len(n.hooks) == 0 {
		return
	}
	notice := notice{summary: s, run: n.run, failure: failure}
	if ctx.Err() == nil {
		reading, cancel := context.WithTimeout(ctx, noticeReads)
		own := *n.run
		own.Lookback = 0
		found, err := readVerdicts(reading, n.lake, &own)
		if err == nil {
			notice.withdrawals, err = withdrawalSums(reading, n.lake, &own)
		}
		if err == nil && len(notice.withdrawals) > 0 {
			notice.payees = make(accountNames)
			err = notice.payees.addStores(reading, n.lake, own.To, schema.BucketsOf(own.Accounts, own.Buckets))
		}
		cancel()
		if err != nil {
			n.warn(s, fmt.Sprintf("the message has no amounts: %v", err))
		} else {
			notice.sums = found.sums
		}
	}
	n.send(ctx, s, notice.message())
}

// refused reports a run that did not begin.
func (n *notifier) refused(ctx context.Context, failure error) {
	if len(n.hooks) > 0 && ctx.Err() == nil {
		notice := notice{run: n.run, failure: failure}
		n.send(ctx, new(pipeline.Summary), notice.message())
	}
}

// send sends a message to the webhooks that want it, and adds to the summary which of them
// do not have it.
func (n *notifier) send(ctx context.Context, s *pipeline.Summary, message notify.Message) {
	var hooks []notify.Hook
	for _, hook := range n.hooks {
		if hook.On == jobs.Always || message.Trouble {
			hooks = append(hooks, notify.Hook{Kind: notify.Kind(hook.Kind), URL: hook.URL, Secret: hook.Secret})
		}
	}
	message.Title = n.hidden.Text(message.Title)
	for i := range message.Lines {
		message.Lines[i] = n.hidden.Text(message.Lines[i])
	}
	limit := noticeSends
	if ctx.Err() != nil {
		limit = noticeHaste
	}
	sending, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	client := notify.Client{Now: n.run.Now, Pause: noticePause}
	for i, err := range client.Send(sending, hooks, message) {
		if err != nil {
			n.warn(s, fmt.Sprintf("no message was sent to %s: %v", hooks[i].Kind, err))
		}
	}
}

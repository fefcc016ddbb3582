package douyin

import (
	"context"
	"log/slog"
	"time"
)

// admit waits until a request may be sent: the API's quota and circuit admit it, and the
// pacer has a slot for it, which is nil for an API without a pacer. A circuit that opens
// while it waits for the slot holds it back, too, and so does a quota that is used up.
func (c *Client) admit(ctx context.Context, e *endpoint) (*flight, error) {
	for {
		try, err := c.awaitQuota(ctx, e)
		if err != nil {
			return nil, err
		}
		probe, err := c.awaitCircuit(ctx, e)
		if err != nil || e.pace == nil {
			return nil, err
		}
		f, err := e.pace.wait(ctx)
		if err != nil || (probe || !e.circuit.open()) && (try || !e.quota.usedUp()) {
			return f, err
		}
		e.pace.unsent(f)
	}
}

// awaitCircuit waits until the circuit admits a request, and reports whether the request
// is a probe.
func (c *Client) awaitCircuit(ctx context.Context, e *endpoint) (probe bool, err error) {
	for {
		pause, answered := e.circuit.poll()
		if pause <= 0 {
			return answered != nil, nil
		}
		left, outage := e.circuit.outage(e.api, c.patience, c.firstPatience)
		if outage != nil {
			return false, outage
		}
		if err := c.awaitAnswer(ctx, min(pause, left), answered); err != nil {
			return false, err
		}
	}
}

// awaitAnswer waits for the pause, or until another caller has an answer, and counts the
// time.
func (c *Client) awaitAnswer(ctx context.Context, pause time.Duration, answered <-chan struct{}) error {
	began := time.Now()
	defer func() { c.backedOff.Add(int64(time.Since(began))) }()
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-answered:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// updateCircuit records the result of a request, and logs changes of the circuit.
func (c *Client) updateCircuit(ctx context.Context, e *endpoint, fault *Error) {
	if fault != nil && fault.unanswered {
		if e.circuit.recordSilence(fault.Reason) {
			c.log.LogAttrs(ctx, slog.LevelWarn, "the platform does not answer: calls wait until it does", slog.String("app", c.app.Name),
				slog.String("api", e.api), slog.String("reason", fault.Reason), slog.Duration("at_most", c.patience))
		}
		return
	}
	if outage := e.circuit.recordAnswer(); outage > 0 {
		c.log.LogAttrs(ctx, slog.LevelWarn, "the platform answers again", slog.String("app", c.app.Name),
			slog.String("api", e.api), slog.Duration("after", outage))
	}
}

package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/lake"
)

// statusNotes is what people have noted by hand: the orders of the job's accounts that they
// resolved, and the days of the job that they closed.
type statusNotes struct {
	Resolved int         `json:"resolved"` // orders whose amounts are those that were resolved
	Reopened int         `json:"reopened"` // open orders whose amounts have changed since
	Closed   []closedDay `json:"closed"`   // of the days that are shown, oldest first
}

// closedDay is the last closing of a day.
type closedDay struct {
	schema.Closing
	Changed bool `json:"changed"` // published again since, with other rows
}

// readStatusNotes reads the notes. published says when a day was published last.
func readStatusNotes(ctx context.Context, l *lake.Lake, r *pipeline.Run, published map[schema.Day]time.Time) (*statusNotes, error) {
	n := &statusNotes{Closed: []closedDay{}}
	if err := n.countResolutions(ctx, l, r); err != nil {
		return nil, err
	}
	closings, err := l.Closings(ctx)
	if err != nil {
		return nil, err
	}
	for day, c := range schema.LatestClosings(closings, r.Job) {
		if day >= r.From && day <= r.To {
			n.Closed = append(n.Closed, closedDay{c, c.Changed(published[day])})
		}
	}
	slices.SortFunc(n.Closed, func(a, b closedDay) int { return int(a.Day - b.Day) })
	return n, nil
}

func (n *statusNotes) countResolutions(ctx context.Context, l *lake.Lake, r *pipeline.Run) error {
	names := namesOf(r.Accounts)
	states, err := l.ResolutionStates(ctx, func(key schema.ResolutionKey) bool { _, own := names[key.WalkAccountID]; return own })
	for _, now := range states {
		switch now.State {
		case schema.Resolved:
			n.Resolved++
		case schema.Reopened:
			n.Reopened++
		}
	}
	return err
}

// print prints the notes, if there are any.
func (n *statusNotes) print(out io.Writer) {
	if n.Resolved+n.Reopened > 0 {
		fmt.Fprintf(out, "resolved   %s 已处理; %d open again, as their amounts have changed 金额已变\n", count(n.Resolved, "order"), n.Reopened)
	}
	var closed, changed []string
	for _, c := range n.Closed {
		text := fmt.Sprintf("%s by %s", c.Day, plain(c.By))
		if c.Changed {
			changed = append(changed, text)
		} else {
			closed = append(closed, text)
		}
	}
	if len(closed) > 0 {
		fmt.Fprintf(out, "closed     结账 %s\n", strings.Join(closed, ", "))
	}
	if len(changed) > 0 {
		fmt.Fprintf(out, "changed    after closing 结账后变更: %s\n", strings.Join(changed, ", "))
	}
}

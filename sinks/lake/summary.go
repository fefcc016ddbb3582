package lake

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"billwalk/schema"
	"billwalk/sinks/object"
)

// Record stores a run's summary, which is JSON.
func (l *Lake) Record(ctx context.Context, runID string, summary []byte) error {
	_, err := object.PutKnown(ctx, l.store, summaryKey(runID), bytes.NewReader(summary), object.Always(), nil)
	return err
}

// Summary returns the stored summary of a run, or nil if there is none.
func (l *Lake) Summary(ctx context.Context, runID string) ([]byte, error) {
	data, _, err := object.ReadAll(ctx, l.store, summaryKey(runID))
	if errors.Is(err, object.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := schema.CheckLists(data); err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w (move it away: no table is built from it)", summaryKey(runID), err)
	}
	return data, nil
}

// Runs returns the ids of the runs that have a stored summary, in the order in which the
// runs began.
func (l *Lake) Runs(ctx context.Context) (ids []string, err error) {
	for info, err := range l.store.List(ctx, runsFolder) {
		if err != nil {
			return nil, err
		}
		if id, ok := parseSummaryKey(info.Key); ok {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

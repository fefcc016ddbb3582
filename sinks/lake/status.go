package lake

import (
	"context"
	"strings"

	"billwalk/schema"
)

// PublishedDays returns the days that have a manifest, ascending.
func (l *Lake) PublishedDays(ctx context.Context) (days []schema.Day, err error) {
	const folder = "_manifests/bill_date="
	for info, err := range l.store.List(ctx, folder) {
		if err != nil {
			return nil, err
		}
		text, _, _ := strings.Cut(strings.TrimPrefix(info.Key, folder), "/")
		day, err := schema.ParseDay(text)
		if err == nil && (len(days) == 0 || days[len(days)-1] != day) { // otherwise it is a foreign file, or another bucket's manifest
			days = append(days, day)
		}
	}
	return days, nil
}

// Runs returns the ids of the runs that have a stored summary, in the order in which the
// runs began.
func (l *Lake) Runs(ctx context.Context) (ids []string, err error) {
	folder := strings.TrimSuffix(summaryKey(""), ".json")
	for info, err := range l.store.List(ctx, folder) {
		if err != nil {
			return nil, err
		}
		id, ok := strings.CutSuffix(strings.TrimPrefix(info.Key, folder), ".json")
		if ok && !strings.Contains(id, "/") { // otherwise it is a foreign file
			ids = append(ids, id)
		}
	}
	return ids, nil
}

package lake

import (
	"context"
	"strings"
)

// Runs returns the ids of the runs whose summaries are stored, in the order in
// which they began.
func (l *Lake) Runs(ctx context.Context) (ids []string, err error) {
	folder := strings.TrimSuffix(summaryKey(""), ".json")
	for info, err := range l.store.List(ctx, folder) {
		if err != nil {
			return nil, err
		}
		id, ok := strings.CutSuffix(strings.TrimPrefix(info.Key, folder), ".json")
		if ok && !strings.Contains(id, "/") { // else it is somebody else's file
			ids = append(ids, id)
		}
	}
	return ids, nil
}

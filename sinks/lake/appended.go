package lake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/oklog/ulid/v2"

	"billwalk/schema"
	"billwalk/sinks/object"
)

// What people note is appended: each call writes one new object of JSON lines, whose key no
// other call has, on condition that there is none. So two that append at once both succeed,
// a kill leaves all of the lines or none, and a write of unknown outcome is sent again.

// AppendResolutions appends resolutions, all or none.
func (l *Lake) AppendResolutions(ctx context.Context, rows []schema.Resolution) error {
	return appendLines(ctx, l, resolutionsFolder, rows)
}

// Resolutions returns all resolutions, the oldest first.
func (l *Lake) Resolutions(ctx context.Context) ([]schema.Resolution, error) {
	return readLines[schema.Resolution](ctx, l, resolutionsFolder)
}

// AppendClosing appends a closing.
func (l *Lake) AppendClosing(ctx context.Context, row schema.Closing) error {
	return appendLines(ctx, l, closingsFolder, []schema.Closing{row})
}

// Closings returns all closings, the oldest first.
func (l *Lake) Closings(ctx context.Context) ([]schema.Closing, error) {
	return readLines[schema.Closing](ctx, l, closingsFolder)
}

func appendLines[R any](ctx context.Context, l *Lake, folder string, rows []R) error {
	if len(rows) == 0 {
		return nil
	}
	var lines bytes.Buffer
	for i := range rows {
		line, err := json.Marshal(&rows[i])
		if err != nil {
			return err
		}
		lines.Write(append(line, '\n'))
	}
	key := folder + ulid.Make().String() + ".jsonl"
	_, err := object.PutKnown(ctx, l.store, key, bytes.NewReader(lines.Bytes()), object.IfAbsent(), nil)
	if errors.Is(err, object.ErrConflict) {
		stored, _, readErr := object.ReadAll(ctx, l.store, key)
		if readErr == nil && bytes.Equal(stored, lines.Bytes()) {
			return nil // an answer to our own write was lost
		}
		return errors.Join(fmt.Errorf("%s: %w", key, err), readErr)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

func readLines[R any](ctx context.Context, l *Lake, folder string) (rows []R, err error) {
	for key, err := range appendedKeys(ctx, l, folder) {
		if err != nil {
			return nil, err
		}
		data, _, err := object.ReadAll(ctx, l.store, key)
		if err != nil {
			return nil, err
		}
		for line := range bytes.Lines(data) {
			var row R
			if err := json.Unmarshal(line, &row); err != nil {
				return nil, fmt.Errorf("%s is damaged: %w (restore it, or move it away)", key, err)
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// appendedKeys yields the keys of the objects that were appended, in the order of time.
func appendedKeys(ctx context.Context, l *Lake, folder string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for info, err := range l.store.List(ctx, folder) {
			if err == nil && !strings.HasSuffix(info.Key, ".jsonl") {
				continue // a foreign file
			}
			if !yield(info.Key, err) || err != nil {
				return
			}
		}
	}
}

// ResolutionStates returns the resolution that counts of each order that is wanted, with what
// it is worth by the published amounts of all days.
func (l *Lake) ResolutionStates(ctx context.Context, wanted func(schema.ResolutionKey) bool) (map[schema.ResolutionKey]schema.ResolutionNow, error) {
	rows, err := l.Resolutions(ctx)
	if err != nil {
		return nil, err
	}
	latest := schema.LatestResolutions(rows)
	var keys []schema.ResolutionKey
	for key := range latest {
		if wanted(key) {
			keys = append(keys, key)
		}
	}
	amounts, err := l.OrderAmounts(ctx, keys)
	if err != nil {
		return nil, err
	}
	states := make(map[schema.ResolutionKey]schema.ResolutionNow, len(keys))
	for _, key := range keys {
		row := latest[key]
		states[key] = schema.ResolutionNow{Resolution: row, State: row.State(amounts[key])}
	}
	return states, nil
}

// orderColumns are what OrderAmounts reads.
var orderColumns = func() []string {
	columns := []string{"walk_account_id", "group_key", "item_order_id", "verdict"}
	for leg := range schema.LegCount {
		columns = append(columns, "billed_"+leg.String()+"_fen", "settled_"+leg.String()+"_fen", "diff_"+leg.String()+"_fen")
	}
	return columns
}()

// OrderAmounts returns the sums of orders over all published days. Orders of which no group
// is published are left out.
func (l *Lake) OrderAmounts(ctx context.Context, orders []schema.ResolutionKey) (map[schema.ResolutionKey]*schema.OrderAmounts, error) {
	found := make(map[schema.ResolutionKey]*schema.OrderAmounts)
	if len(orders) == 0 {
		return found, nil
	}
	wanted := make(map[schema.ResolutionKey]bool)
	var buckets []int
	for _, key := range orders {
		wanted[key] = true
		buckets = append(buckets, key.WalkAccountID.Bucket(l.buckets))
	}
	slices.Sort(buckets)
	buckets = slices.Compact(buckets)
	days, err := l.PublishedDays(ctx)
	if err != nil {
		return nil, err
	}
	for _, day := range days {
		for _, bucket := range buckets {
			for r, err := range l.Reconciliation(ctx, day, bucket, orderColumns...) {
				if err != nil {
					return nil, err
				}
				key := schema.ResolutionKey{WalkAccountID: r.WalkAccountID, Order: r.Order()}
				if !wanted[key] {
					continue
				}
				if found[key] == nil {
					found[key] = new(schema.OrderAmounts)
				}
				if err := found[key].Add(r); err != nil {
					return nil, fmt.Errorf("order %s: %w", key.Order, err)
				}
			}
		}
	}
	return found, nil
}

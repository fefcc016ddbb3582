package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"billwalk/pipeline/jobs"
	"billwalk/schema"
	"billwalk/sinks/object"
)

// pinnedManifests returns the manifests of the lake as they were together at one time.
func (p *program) pinnedManifests(ctx context.Context, of jobs.Lake) ([]*schema.Manifest, error) {
	store, err := p.openStore(ctx, of)
	if err != nil {
		return nil, failed(err)
	}
	found, err := readManifests(ctx, store)
	if err != nil {
		return nil, failed(err)
	}
	again, err := readManifests(ctx, store)
	if err != nil {
		return nil, failed(err)
	}
	same := func(a, b *schema.Manifest) bool {
		return a.Day == b.Day && a.Bucket == b.Bucket && a.WriteID == b.WriteID
	}
	switch {
	case len(found) == 0:
		return nil, failed(fmt.Errorf("%s has no manifest yet: there is nothing to pin before a day is published", of.URL))
	case !slices.EqualFunc(found, again, same):
		return nil, failed(fmt.Errorf("%s is being published right now: print the pinned views when the run has ended (billwalk status)", of.URL))
	}
	return found, nil
}

// readManifests reads all manifests, by day and bucket.
func readManifests(ctx context.Context, store object.Store) (all []*schema.Manifest, err error) {
	for info, err := range store.List(ctx, "_manifests/bill_date=") {
		if err != nil {
			return nil, err
		}
		data, _, err := object.ReadAll(ctx, store, info.Key)
		if err != nil {
			return nil, err
		}
		m, err := schema.DecodeManifest(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", info.Key, err)
		}
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b *schema.Manifest) int {
		if a.Day != b.Day {
			return strings.Compare(a.Day.String(), b.Day.String())
		}
		return a.Bucket - b.Bucket
	})
	return all, nil
}

package cli

import (
	"context"
	"fmt"
	"time"

	"billwalk/schema"
)

// nameStores gives the bills the newest names of their stores that the lists of the days have.
func (s *orderStory) nameStores(ctx context.Context, w *wired) error {
	type named struct {
		name string
		at   time.Time
	}
	names := make(map[string]named)
	for _, b := range s.Bills {
		if b.PoiID != "" {
			names[b.PoiID] = named{}
		}
	}
	if len(names) == 0 {
		return nil
	}
	for _, day := range w.run.Days() {
		for bucket := range w.run.Buckets {
			for row, err := range w.lake.Rows(ctx, &schema.Stores, day, bucket, "poi_id", "poi_name", "fetched_at") {
				if err != nil {
					return err
				}
				store, _ := row.(*schema.Store)
				if last, wanted := names[store.PoiID.V]; wanted && store.PoiName.Valid && !store.FetchedAt.Before(last.at) {
					names[store.PoiID.V] = named{store.PoiName.V, store.FetchedAt}
				}
			}
		}
	}
	for i := range s.Bills {
		s.Bills[i].PoiName = names[s.Bills[i].PoiID].name
		s.stores = s.stores || s.Bills[i].PoiName != ""
	}
	return nil
}

// store returns the name of the bill's store and its id, or the id alone.
func (b *storyBill) store() string {
	switch {
	case b.PoiName != "":
		return fmt.Sprintf("%s (%s)", plain(b.PoiName), plain(b.PoiID))
	case b.PoiID != "":
		return plain(b.PoiID)
	}
	return "-"
}

package report

import (
	"context"
	"time"

	"billwalk/schema"
)

// nameStores gives the stores the newest names that the days' lists have of them.
func (l *loader) nameStores(ctx context.Context, stores []Store) error {
	type named struct {
		name string
		at   time.Time
	}
	names := make(map[string]named)
	for _, p := range l.parts {
		if p.manifest == nil || p.manifest.Object(schema.Stores.Name) == nil {
			continue
		}
		for s, err := range rows[schema.Store](ctx, l, &schema.Stores, p, "poi_id", "poi_name", "fetched_at") {
			if err != nil {
				return err
			}
			if s.PoiName.Valid && !s.FetchedAt.Before(names[s.PoiID.V].at) {
				names[s.PoiID.V] = named{s.PoiName.V, s.FetchedAt}
			}
		}
	}
	for i := range stores {
		if stores[i].ID != "" {
			stores[i].Name = names[stores[i].ID].name
		}
	}
	return nil
}

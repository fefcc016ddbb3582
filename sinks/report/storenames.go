package report

import (
	"context"
	"time"

	"billwalk/schema"
)

// nameStores gives the stores the newest names that the days' lists have of them.
func (l *loader) nameStores(ctx context.Context, stores []Store) error {
	names, err := l.newestNames(ctx, func(s *schema.Store) (string, schema.Null[string]) { return s.PoiID.V, s.PoiName })
	for i := range stores {
		if stores[i].ID != "" {
			stores[i].Name = names[stores[i].ID]
		}
	}
	return err
}

// storeText returns a store's name before its id; of one whose name is not known the id.
func storeText(names map[string]string, id string) string {
	if names[id] == "" {
		return id
	}
	return names[id] + " " + id
}

// storeNames returns the names of the stores that have one.
func (r *Report) storeNames() map[string]string {
	names := make(map[string]string)
	for _, s := range r.Stores {
		if s.ID != "" && s.Name != "" {
			names[s.ID] = s.Name
		}
	}
	return names
}

// namePayees gives the payees the newest names that the days' lists have of them, else those
// of the list of accounts.
func (l *loader) namePayees(ctx context.Context, payees []PayeeBalance) error {
	names, err := l.newestNames(ctx, func(s *schema.Store) (string, schema.Null[string]) { return s.AccountID, s.AccountName })
	if err != nil {
		return err
	}
	for _, a := range l.Accounts {
		if id := string(a.ID); names[id] == "" {
			names[id] = a.Name
		}
	}
	for i := range payees {
		payees[i].Name = names[payees[i].Account]
	}
	return nil
}

// newestNames returns the newest name of each id in the days' lists of stores.
func (l *loader) newestNames(ctx context.Context, of func(*schema.Store) (id string, name schema.Null[string])) (map[string]string, error) {
	names, at := make(map[string]string), make(map[string]time.Time)
	for _, p := range l.parts {
		if p.manifest == nil || p.manifest.Object(schema.Stores.Name) == nil {
			continue
		}
		for s, err := range rows[schema.Store](ctx, l, &schema.Stores, p, "account_id", "account_name", "poi_id", "poi_name", "fetched_at") {
			if err != nil {
				return nil, err
			}
			if id, name := of(s); name.Valid && !s.FetchedAt.Before(at[id]) {
				names[id], at[id] = name.V, s.FetchedAt
			}
		}
	}
	return names, nil
}

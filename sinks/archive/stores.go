package archive

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/go-json-experiment/json"

	"billwalk/schema"
	"billwalk/sinks/object"
)

const listingVersion = 1

// AppendStores stores encoded answers as batch n (from 1) of a pass over an account's stores.
// A batch is written once, as in Append.
func (a *Archive) AppendStores(ctx context.Context, u schema.Unit, walk string, n int, answers []byte) error {
	return a.create(ctx, storesBatchKey(u, walk, n), answers)
}

// CertifyStores stores that a list of stores is complete.
func (a *Archive) CertifyStores(ctx context.Context, l *schema.Listing) error {
	l.Version = listingVersion
	data, err := json.Marshal(l)
	if err != nil {
		return err
	}
	return a.create(ctx, listingKey(l.Unit(), l.Walk), data)
}

// Stores returns the latest complete list of an account's stores for a day, or nil. If it
// cannot be read, the error is schema.ErrDamaged.
func (a *Archive) Stores(ctx context.Context, u schema.Unit) (*schema.Listing, error) {
	latest := ""
	day := storesOf(u.Day)
	for info, err := range a.store.List(ctx, accountIn(day, u.Account.ID)) {
		if err != nil {
			return nil, err
		}
		if m, ok := parseUnitKey(day, info.Key); ok && m.end {
			latest = max(latest, m.name)
		}
	}
	if latest == "" {
		return nil, nil
	}
	key := listingKey(u, latest)
	data, err := object.ReadContent(ctx, a.store, key)
	if err != nil {
		return nil, err
	}
	l := new(schema.Listing)
	if err := errors.Join(schema.CheckLists(data), schema.CheckVersion(data, listingVersion), json.Unmarshal(data, l)); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", key, schema.ErrDamaged, err)
	}
	return l, nil
}

// StoreAnswers yields the answers of a pass over an account's stores, as Answers does.
func (a *Archive) StoreAnswers(ctx context.Context, u schema.Unit, walk string) iter.Seq2[schema.Answer, error] {
	return a.answers(ctx, func(n int) string { return storesBatchKey(u, walk, n) })
}

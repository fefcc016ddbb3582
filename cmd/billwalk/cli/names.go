package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"billwalk/schema"
	"billwalk/sinks/lake"
)

// accountNames are the names of accounts, for people.
type accountNames map[schema.AccountID]string

func namesOf(accounts []schema.Account) accountNames {
	names := make(accountNames)
	for _, a := range accounts {
		names[a.ID] = a.Name
	}
	return names
}

// addStores adds the names of the payees that a day's lists of stores have, in place of those of
// the configuration.
func (n accountNames) addStores(ctx context.Context, l *lake.Lake, day schema.Day, buckets []int) error {
	for _, bucket := range buckets {
		for row, err := range l.Rows(ctx, &schema.Stores, day, bucket, "account_id", "account_name") {
			if err != nil {
				return err
			}
			if s, ok := row.(*schema.Store); ok && s.AccountName.V != "" {
				n[schema.AccountID(strings.Clone(s.AccountID))] = strings.Clone(s.AccountName.V)
			}
		}
	}
	return nil
}

// addNewest adds the names of the newest of the days that has lists of stores.
func (n accountNames) addNewest(ctx context.Context, l *lake.Lake, bases [][]schema.Base) error {
	for _, day := range slices.Backward(bases) {
		var on schema.Day
		var buckets []int
		for _, base := range day {
			if m := base.Manifest; m != nil && m.Object(schema.Stores.Name) != nil {
				on, buckets = m.Day, append(buckets, m.Bucket)
			}
		}
		if len(buckets) > 0 {
			return n.addStores(ctx, l, on, buckets)
		}
	}
	return nil
}

const maxName = 60 // columns of a name in a line of text: the platform sets no limit

// with returns the id and, where there is one, the name.
func (n accountNames) with(id schema.AccountID) string {
	if name := n[id]; name != "" {
		return fmt.Sprintf("%s (%s)", id, shorten(plain(name), maxName))
	}
	return string(id)
}

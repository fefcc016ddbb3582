package build

import (
	"iter"
	"slices"

	"billwalk/schema"
)

// billReader reads bills, in whatever order, as often as it is called. A bill yielded is good
// until the next.
type billReader func(columns ...string) iter.Seq2[*schema.Bill, error]

// differences compares two lists of bills by some columns, and hands over those that differ,
// by key: before is nil for a bill added, after for one removed. Of bills of one key the
// first is compared with the first. rows is about how many there are on either side: where
// they are many, they are read several times.
func differences(old, new billReader, rows int64, columns []string, found func(before, after *schema.Bill) error) error {
	parts := uint64(rows/maxFingerprints + 1)
	for part := range parts {
		keys, err := differingKeys(old, new, columns, func(key uint64) bool { return key%parts == part })
		if err != nil {
			return err
		}
		if len(keys) == 0 {
			continue
		}
		before, err := billsByKey(old, keys)
		if err != nil {
			return err
		}
		after, err := billsByKey(new, keys)
		if err != nil {
			return err
		}
		if err := comparePairs(before, after, columns, found); err != nil {
			return err
		}
	}
	return nil
}

// billsByKey returns the bills whose key has one of the hashes, by key.
func billsByKey(read billReader, keys map[uint64]bool) (bills []*schema.Bill, err error) {
	for b, err := range read() {
		if err != nil {
			return nil, err
		}
		if keys[hashKey(b)] {
			bills = append(bills, cloneBill(b))
		}
	}
	slices.SortStableFunc(bills, func(a, b *schema.Bill) int {
		k, l := a.Key(), b.Key()
		return k.Compare(&l)
	})
	return bills, nil
}

// comparePairs compares bills that are sorted by key.
func comparePairs(old, new []*schema.Bill, columns []string, found func(before, after *schema.Bill) error) error {
	for len(old)+len(new) > 0 {
		order := -1
		switch {
		case len(old) == 0:
			order = +1
		case len(new) > 0:
			k, l := old[0].Key(), new[0].Key()
			order = k.Compare(&l)
		}
		var before, after *schema.Bill
		if order <= 0 {
			before, old = old[0], old[1:]
		}
		if order >= 0 {
			after, new = new[0], new[1:]
		}
		if before != nil && after != nil && len(differing(before, after, columns)) == 0 {
			continue
		}
		if err := found(before, after); err != nil {
			return err
		}
	}
	return nil
}

// provenance are the columns that say where a bill was found. They are no part
// of what the platform says of it; nor is how the job treats coupon codes.
var provenance = []string{"walk_account_id", "logid", "fetched_at", "archive_key", "code"}

// added are the columns that billwalk adds to what the platform says of a bill.
var added = []string{"counted", "group_key"}

// billColumns are all columns by which bills of this version are compared.
var billColumns = comparable(namesOf(schema.Bills.Columns()))

func namesOf(columns []schema.Column) (names []string) {
	for _, c := range columns {
		names = append(names, c.Name)
	}
	return names
}

// comparable returns the columns by which a published bill, whose file has those
// columns, and one that was built now are compared. What an earlier version did not
// publish, the platform has not changed; and what was unknown to it, in extra, may
// have a column of its own now.
func comparable(published []string) (columns []string) {
	earlier := false
	for _, f := range schema.Bills.Fields {
		switch {
		case slices.Contains(added, f.Name):
		case !slices.Contains(published, f.Name):
			earlier = true
		case !slices.Contains(provenance, f.Name):
			columns = append(columns, f.Name)
		}
	}
	if earlier {
		columns = slices.DeleteFunc(columns, func(c string) bool { return c == "extra" })
	}
	return columns
}

// differing returns those of the columns in which two bills differ.
func differing(before, after *schema.Bill, columns []string) (differ []string) {
	for _, c := range columns {
		if !schema.Bills.Column(c).Equal(before, after) {
			differ = append(differ, c)
		}
	}
	return differ
}

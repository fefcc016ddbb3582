package build

import (
	"iter"
	"slices"

	"billwalk/schema"
)

// differences compares two runs of bills by some columns, both in the order of the
// table, and hands over those that differ: before is nil for a bill added, after for
// one removed. Bills of one key are compared in their order.
func differences(old, new iter.Seq2[*schema.Bill, error], columns []string, found func(before, after *schema.Bill) error) error {
	nextOld, stopOld := iter.Pull2(old)
	defer stopOld()
	nextNew, stopNew := iter.Pull2(new)
	defer stopNew()
	before, err, _ := nextOld()
	if err != nil {
		return err
	}
	after, err, _ := nextNew()
	for err == nil && (before != nil || after != nil) {
		order := -1
		switch {
		case before == nil:
			order = +1
		case after != nil:
			k, l := before.Key(), after.Key()
			order = k.Compare(&l)
		}
		switch {
		case order < 0:
			err = found(before, nil)
		case order > 0:
			err = found(nil, after)
		case len(differing(before, after, columns)) > 0:
			err = found(before, after)
		}
		if err == nil && order <= 0 {
			before, err, _ = nextOld()
		}
		if err == nil && order >= 0 {
			after, err, _ = nextNew()
		}
	}
	return err
}

// provenance are the columns that say where a bill was found. They are no part
// of what the platform says of it; nor is how the job treats coupon codes.
var provenance = []string{"walk_account_id", "logid", "fetched_at", "archive_key", "code"}

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

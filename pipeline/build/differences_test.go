package build

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"billwalk/schema"
)

// TestDifferences: what is found turns the old bills into the new ones, and names
// no bill that is the same.
func TestDifferences(t *testing.T) {
	t.Parallel()
	one := rapid.Custom(func(t *rapid.T) schema.Bill {
		b := schema.Bill{
			AccountID: rapid.SampledFrom([]string{"1", "2"}).Draw(t, "account"), LedgerID: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "ledger"),
			SettleType: rapid.Int32Range(1, 2).Draw(t, "type"),
		}
		if rapid.Bool().Draw(t, "has sub type") {
			b.SettleSubType = schema.Some(rapid.Int32Range(0, 1).Draw(t, "sub type"))
		}
		b.Amounts[schema.Goods] = schema.Some(schema.Fen(rapid.Int64Range(0, 2).Draw(t, "goods")))
		b.LogID = schema.Some(fmt.Sprint(rapid.Int().Draw(t, "logid"))) // where it was found, not what it is
		return b
	})
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) []schema.Bill {
			list := rapid.SliceOfN(one, 0, 12).Draw(t, label)
			return list // in any order: units may be in another order in the other list
		}
		old, new := draw("old"), draw("new")
		rows := rapid.SampledFrom([]int64{12, 3 * maxFingerprints}).Draw(t, "rows")
		count := make(map[string]int)
		said := func(b *schema.Bill) string { return fmt.Sprint(b.Key(), b.Amounts[schema.Goods].V) }
		for i := range old {
			count[said(&old[i])]++
		}
		for i := range new {
			count[said(&new[i])]--
		}
		err := differences(yielding(old), yielding(new), rows, billColumns, func(before, after *schema.Bill) error {
			switch {
			case before == nil && after == nil || before != nil && after != nil && (before.Key() != after.Key() || said(before) == said(after)):
				t.Fatalf("found %+v and %+v", before, after)
			}
			if before != nil {
				count[said(before)]--
			}
			if after != nil {
				count[said(after)]++
			}
			return nil
		})
		for bill, n := range count {
			if n != 0 {
				t.Fatalf("%s is missing %d times in what was found", bill, n)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	})
}

func yielding(bills []schema.Bill) billReader {
	return func(...string) iter.Seq2[*schema.Bill, error] {
		return yieldingOnce(bills)
	}
}

func yieldingOnce(bills []schema.Bill) iter.Seq2[*schema.Bill, error] {
	return func(yield func(*schema.Bill, error) bool) {
		var b schema.Bill // one, filled anew
		for i := range bills {
			if b = bills[i]; !yield(&b, nil) {
				return
			}
		}
	}
}

// TestDifferencesFail: bills that cannot be read are an error, on either side and
// at any point.
func TestDifferencesFail(t *testing.T) {
	t.Parallel()
	broken := errors.New("the store is down")
	whole := []schema.Bill{{LedgerID: "a"}, {LedgerID: "b"}}
	for n := range 3 {
		cut := func(...string) iter.Seq2[*schema.Bill, error] {
			return func(yield func(*schema.Bill, error) bool) {
				for i := range n {
					if !yield(&whole[i], nil) {
						return
					}
				}
				yield(nil, broken)
			}
		}
		none := func(before, after *schema.Bill) error { return nil }
		if err := differences(cut, yielding(whole), 2, billColumns, none); !errors.Is(err, broken) {
			t.Errorf("the old bills fail after %d: %v", n, err)
		}
		if err := differences(yielding(whole), cut, 2, billColumns, none); !errors.Is(err, broken) {
			t.Errorf("the new bills fail after %d: %v", n, err)
		}
	}
}

// TestDiffering: every column of a bill counts, but for those that say where it
// was found and how its code is kept.
func TestDiffering(t *testing.T) {
	t.Parallel()
	filled := func(n int) *schema.Bill {
		text, number := fmt.Sprint(n), int32(n)
		b := &schema.Bill{
			AccountID: text, LedgerID: text, WalkAccountID: schema.AccountID(text), SettleType: number, FetchedAt: time.Unix(int64(n), 0), ArchiveKey: text,
			SettleTime: schema.Some(time.Unix(int64(n), 0)),
		}
		for _, at := range []*schema.Null[string]{
			&b.ShopOrderID, &b.ItemOrderID, &b.OrderExtID, &b.CertificateID, &b.VerifyID, &b.PoiID, &b.VerifyPoiAccountID, &b.SkuID, &b.GroupName, &b.Code,
			&b.SettleTypeDesc, &b.Extra, &b.LogID,
		} {
			*at = schema.Some(text)
		}
		for _, at := range []*schema.Null[int32]{&b.BizType, &b.SettleSubType, &b.Direction, &b.FundAmountType} {
			*at = schema.Some(number)
		}
		for a := range schema.AmountCount {
			b.Amounts[a] = schema.Some(schema.Fen(n))
		}
		return b
	}
	var want []string
	for _, c := range schema.Bills.Columns() {
		if !slices.Contains([]string{"walk_account_id", "logid", "fetched_at", "archive_key", "code", "counted", "group_key"}, c.Name) {
			want = append(want, c.Name)
		}
	}
	if diff := cmp.Diff(want, differing(filled(1), filled(2), billColumns)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if columns := differing(filled(1), filled(1), billColumns); len(columns) != 0 {
		t.Errorf("the same bill differs in %q", columns)
	}
	zero, absent := new(schema.Bill), new(schema.Bill)
	zero.Amounts[schema.Pay], zero.GroupName = schema.Some(schema.Fen(0)), schema.Some("")
	if diff := cmp.Diff([]string{"group_name", "pay_fen"}, differing(zero, absent, billColumns)); diff != "" {
		t.Errorf("0 and NULL (-want +got):\n%s", diff)
	}
}

// TestChange: a bill that is not there counts as 0, an amount that is not known
// makes no difference that is.
func TestChange(t *testing.T) {
	t.Parallel()
	of := func(v schema.Null[schema.Fen]) *schema.Bill {
		b := new(schema.Bill)
		b.Amounts[schema.Goods] = v
		return b
	}
	some := func(v schema.Fen) schema.Null[schema.Fen] { return schema.Some(v) }
	for _, row := range []struct {
		before, after *schema.Bill
		want          schema.Null[schema.Fen]
	}{
		{of(some(3)), of(some(-4)), some(-7)}, {nil, of(some(5)), some(5)}, {of(some(5)), nil, some(-5)}, {of(some(5)), of(some(5)), some(0)},
		{of(schema.Null[schema.Fen]{}), of(some(5)), schema.Null[schema.Fen]{}}, {nil, of(schema.Null[schema.Fen]{}), schema.Null[schema.Fen]{}},
	} {
		if got, err := change(row.before, row.after, schema.Goods); err != nil || got != row.want {
			t.Errorf("%v, %v, want %v", got, err, row.want)
		}
	}
	if _, err := change(of(some(math.MinInt64)), of(some(1)), schema.Goods); !errors.Is(err, schema.ErrOverflow) {
		t.Errorf("beyond int64: %v", err)
	}
}

// TestComparable: bills of an earlier version's file are compared by the columns that
// it has; what it did not know may have been in extra.
func TestComparable(t *testing.T) {
	t.Parallel()
	all := namesOf(schema.Bills.Columns())
	without := func(columns ...string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(c string) bool { return slices.Contains(columns, c) })
	}
	if diff := cmp.Diff(without(slices.Concat(provenance, added)...), comparable(all)); diff != "" {
		t.Errorf("a file of this version (-want +got):\n%s", diff)
	}
	earlier := comparable(without("group_name", "pay_fen", "counted", "group_key"))
	if diff := cmp.Diff(without(slices.Concat(provenance, added, []string{"group_name", "pay_fen", "extra"})...), earlier); diff != "" {
		t.Errorf("a file of an earlier version (-want +got):\n%s", diff)
	}
	was := schema.Bill{LedgerID: "b", Extra: schema.Some(`{"pay":1}`)}
	is := schema.Bill{LedgerID: "b", GroupName: schema.Some("x")}
	is.Amounts[schema.Pay] = schema.Some(schema.Fen(1))
	if columns := differing(&was, &is, earlier); len(columns) != 0 {
		t.Errorf("what the earlier version did not publish is restated: %q", columns)
	}
	is.ShopOrderID = schema.Some("o")
	if diff := cmp.Diff([]string{"shop_order_id"}, differing(&was, &is, earlier)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

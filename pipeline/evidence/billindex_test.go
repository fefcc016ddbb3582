package evidence

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// TestBillsElsewhere: the bills that a partition's orders have elsewhere in the
// window are those that a look at every bill finds.
func TestBillsElsewhere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		buckets, lookback := rapid.IntRange(1, 3).Draw(t, "buckets"), rapid.IntRange(0, 2).Draw(t, "lookback")
		partitions := make(map[schema.Partition][]schema.Bill)
		for i := range rapid.IntRange(0, 40).Draw(t, "bills") {
			at := schema.Partition{Day: schema.Day(rapid.IntRange(10, 16).Draw(t, "day")), Bucket: rapid.IntRange(0, buckets-1).Draw(t, "bucket")}
			b := schema.Bill{LedgerID: fmt.Sprint(i), SettleType: rapid.SampledFrom([]int32{1, 1, 1, 2}).Draw(t, "type")}
			b.ShopOrderID = rapid.SampledFrom([]schema.Null[string]{{}, schema.Some("A"), schema.Some("B"), schema.Some("C")}).Draw(t, "order")
			b.OrderExtID = rapid.SampledFrom([]schema.Null[string]{{}, schema.Some("A"), schema.Some("x")}).Draw(t, "ext")
			partitions[at] = append(partitions[at], b)
		}
		bills := func(_ context.Context, at schema.Partition, _ ...string) iter.Seq2[*schema.Bill, error] {
			return func(yield func(*schema.Bill, error) bool) {
				for _, b := range partitions[at] {
					if !yield(&b, nil) {
						return
					}
				}
			}
		}
		x := newBillIndex(&reconcile.Rules{Lookback: lookback}, buckets, bills)
		for range 3 { // what it remembers makes no difference
			at := schema.Partition{Day: schema.Day(rapid.IntRange(10, 16).Draw(t, "day built")), Bucket: rapid.IntRange(0, buckets-1).Draw(t, "bucket built")}
			got, err := x.elsewhere(t.Context(), at)
			if err != nil {
				t.Fatal(err)
			}
			for _, list := range got {
				sortBills(list)
			}
			if diff := gocmp.Diff(everyBillElsewhere(t, partitions, at, lookback), got); diff != "" {
				t.Fatalf("%+v (-want +got):\n%s", at, diff)
			}
		}
	})
}

func sortBills(list []reconcile.Bill) {
	slices.SortFunc(list, func(a, b reconcile.Bill) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.LedgerID, b.LedgerID))
	})
}

func everyBillElsewhere(t *rapid.T, partitions map[schema.Partition][]schema.Bill, at schema.Partition, lookback int) map[string][]reconcile.Bill {
	own, want := make(map[string]bool), make(map[string][]reconcile.Bill)
	for _, others := range []bool{false, true} {
		for place, list := range partitions {
			if (place != at) != others || max(place.Day-at.Day, at.Day-place.Day) > schema.Day(lookback) {
				continue
			}
			for i := range list {
				b, err := reconcile.NewBill(place.Day, &list[i])
				if err != nil {
					t.Fatal(err)
				}
				switch key := b.OrderKey(); {
				case !b.Forward() || key == "":
				case !others:
					own[key] = true
				case own[key]:
					want[key] = append(want[key], b)
				}
			}
		}
	}
	for _, list := range want {
		sortBills(list)
	}
	return want
}

// TestBillsElsewhereFail: a file that cannot be read is an error, and not an order
// without other bills; the next time it is read again.
func TestBillsElsewhereFail(t *testing.T) {
	t.Parallel()
	broken, fails := errors.New("the store is down"), true
	bills := func(_ context.Context, at schema.Partition, _ ...string) iter.Seq2[*schema.Bill, error] {
		return func(yield func(*schema.Bill, error) bool) {
			if at.Day == 8 && fails {
				yield(nil, broken)
				return
			}
			yield(&schema.Bill{SettleType: 1, ShopOrderID: schema.Some("A")}, nil)
		}
	}
	x := newBillIndex(&reconcile.Rules{Lookback: 1}, 1, bills)
	if _, err := x.elsewhere(t.Context(), schema.Partition{Day: 7}); !errors.Is(err, broken) {
		t.Errorf("a bill elsewhere cannot be read: got %v, want %v", err, broken)
	}
	fails = false
	if got, err := x.elsewhere(t.Context(), schema.Partition{Day: 7}); err != nil || len(got["A"]) != 2 {
		t.Errorf("read again: got %v, %v, want two bills", got, err)
	}
}

package pipeline

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

// TestNeighbours: the bills that a partition's orders have elsewhere in the
// window are those that a look at every bill finds.
func TestNeighbours(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		buckets, lookback := rapid.IntRange(1, 3).Draw(t, "buckets"), rapid.IntRange(0, 2).Draw(t, "lookback")
		partitions := make(map[partition][]schema.Bill)
		for i := range rapid.IntRange(0, 40).Draw(t, "bills") {
			at := partition{schema.Day(rapid.IntRange(10, 16).Draw(t, "day")), rapid.IntRange(0, buckets-1).Draw(t, "bucket")}
			b := schema.Bill{LedgerID: fmt.Sprint(i), SettleType: rapid.SampledFrom([]int32{1, 1, 1, 2}).Draw(t, "type")}
			b.ShopOrderID = rapid.SampledFrom([]schema.Null[string]{{}, schema.Some("A"), schema.Some("B"), schema.Some("C")}).Draw(t, "order")
			b.OrderExtID = rapid.SampledFrom([]schema.Null[string]{{}, schema.Some("A"), schema.Some("x")}).Draw(t, "ext")
			partitions[at] = append(partitions[at], b)
		}
		bills := func(_ context.Context, at partition, _ ...string) iter.Seq2[*schema.Bill, error] {
			return func(yield func(*schema.Bill, error) bool) {
				for _, b := range partitions[at] {
					if !yield(&b, nil) {
						return
					}
				}
			}
		}
		n := newNeighbours(&reconcile.Rules{Lookback: lookback}, buckets, bills)
		for range 3 { // what it remembers makes no difference
			at := partition{schema.Day(rapid.IntRange(10, 16).Draw(t, "day built")), rapid.IntRange(0, buckets-1).Draw(t, "bucket built")}
			got, err := n.of(t.Context(), at)
			if err != nil {
				t.Fatal(err)
			}
			for _, list := range got {
				sortBills(list)
			}
			if diff := gocmp.Diff(naiveNeighbours(t, partitions, at, lookback), got); diff != "" {
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

func naiveNeighbours(t *rapid.T, partitions map[partition][]schema.Bill, at partition, lookback int) map[string][]reconcile.Bill {
	own, want := make(map[string]bool), make(map[string][]reconcile.Bill)
	for _, others := range []bool{false, true} {
		for place, list := range partitions {
			if (place != at) != others || max(place.day-at.day, at.day-place.day) > schema.Day(lookback) {
				continue
			}
			for i := range list {
				b, err := reconcile.NewBill(place.day, &list[i])
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

// TestNeighboursFail: a file that cannot be read is an error, and not an order
// without neighbours; asked again, it is read again.
func TestNeighboursFail(t *testing.T) {
	t.Parallel()
	broken, fails := errors.New("the store is down"), true
	bills := func(_ context.Context, at partition, _ ...string) iter.Seq2[*schema.Bill, error] {
		return func(yield func(*schema.Bill, error) bool) {
			if at.day == 8 && fails {
				yield(nil, broken)
				return
			}
			yield(&schema.Bill{SettleType: 1, ShopOrderID: schema.Some("A")}, nil)
		}
	}
	n := newNeighbours(&reconcile.Rules{Lookback: 1}, 1, bills)
	if _, err := n.of(t.Context(), partition{7, 0}); !errors.Is(err, broken) {
		t.Errorf("a neighbour cannot be read: %v", err)
	}
	fails = false
	if got, err := n.of(t.Context(), partition{7, 0}); err != nil || len(got["A"]) != 2 {
		t.Errorf("%v, %v", got, err)
	}
}

// billOf is a bill with a total alone.
func billOf(settleType int32, total schema.Fen) reconcile.Bill {
	return reconcile.Bill{BillKey: schema.BillKey{SettleType: settleType}, Legs: schema.Legs{schema.LegTotal: schema.Some(total)}}
}

package settle

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"billwalk/pipeline/spill"
	"billwalk/schema"
)

// TestOrderList: an account's orders come back as they were, by key, those of several
// partitions merged; as often as they are read, and however many there are.
func TestOrderList(t *testing.T) {
	t.Parallel()
	match := []schema.Match{{Parameter: "order_id", Column: "shop_order_id"}, {Parameter: "out_order_no", Column: "order_ext_id"}}
	text := rapid.OneOf(rapid.StringN(1, 20, -1), rapid.Just(strings.Repeat("x", orderBlock)))
	one := rapid.Custom(func(t *rapid.T) order {
		o := order{
			key: fmt.Sprint(rapid.IntRange(0, 300).Draw(t, "key")), account: rapid.SampledFrom([]schema.AccountID{"1", "2", "3"}).Draw(t, "account"),
			agrees: rapid.Bool().Draw(t, "agrees"), unanswered: rapid.Bool().Draw(t, "unanswered"), covered: rapid.Bool().Draw(t, "covered"), contradicted: rapid.Bool().Draw(t, "contradicted"),
		}
		if rapid.Bool().Draw(t, "named") {
			o.orderID = schema.Some(text.Draw(t, "order_id"))
		}
		for _, m := range match {
			if rapid.Bool().Draw(t, "query") {
				o.queries = append(o.queries, schema.Query{Match: m, Value: text.Draw(t, "value")})
			}
		}
		return o
	})
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(one, 0, 100).Draw(t, "orders")
		want := make(map[string]order)
		sorter := spill.NewSorter("orders", 4<<10)
		defer sorter.Close()
		list, err := newOrderList(match)
		if err != nil {
			t.Fatal(err)
		}
		defer list.close()
		for _, o := range all {
			if err := sorter.Add([]byte(o.key), list.codec.append(nil, &o)); err != nil {
				t.Fatal(err)
			}
			if other, ok := want[o.key]; ok {
				o = o.merge(other, match)
			}
			want[o.key] = o
		}
		if err := list.addSorted(sorter.Sorted()); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			got, last := make(map[string]order), ""
			for _, account := range []schema.AccountID{"1", "2", "3", "4"} {
				n := int64(0)
				last = ""
				for o, err := range list.of(account) {
					if err != nil || o.account != account || o.key <= last {
						t.Fatalf("%q of %s after %q, %v", o.key, o.account, last, err)
					}
					got[o.key], last = o, o.key
					n++
				}
				if n != list.countOf(account) {
					t.Fatalf("%d orders of %s, counted as %d", n, account, list.countOf(account))
				}
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(order{})); diff != "" || list.count != int64(len(want)) {
				t.Fatalf("counted %d (-want +got)\n%s", list.count, diff)
			}
		}
	})
}

// TestChunks: every wanted order is in one chunk, and those before an error come before it.
func TestChunks(t *testing.T) {
	t.Parallel()
	fault := errors.New("the local file is damaged")
	rapid.Check(t, func(t *rapid.T) {
		wanted := rapid.SliceOf(rapid.Bool()).Draw(t, "wanted")
		orders := make([]order, len(wanted))
		var want, got []string
		fails := rapid.IntRange(0, len(wanted)).Draw(t, "fails")
		for i := range orders {
			orders[i].key = fmt.Sprint(i)
			if wanted[i] && i < fails {
				want = append(want, orders[i].key)
			}
		}
		failing := func(yield func(order, error) bool) {
			for _, o := range orders[:fails] {
				if !yield(o, nil) {
					return
				}
			}
			yield(order{}, fault)
		}
		size := rapid.IntRange(1, 5).Draw(t, "size")
		var last error
		for chunk, err := range chunks(only(failing, wanted), size) {
			if last != nil || len(chunk) > size {
				t.Fatalf("%d orders after %v", len(chunk), last)
			}
			for _, o := range chunk {
				got = append(got, o.key)
			}
			last = err
		}
		if !slices.Equal(got, want) || last != fault {
			t.Fatalf("%v, %v; want %v", got, last, want)
		}
	})
}

package settle

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

// TestOrderMerge: an order that two partitions have is queried once, whichever of them
// comes first: under the smallest account, by each rule with the smallest value, and
// unless both agree.
func TestOrderMerge(t *testing.T) {
	t.Parallel()
	byShop := schema.Match{Parameter: "order_id", Column: "shop_order_id"}
	byExt := schema.Match{Parameter: "out_order_no", Column: "order_ext_id"}
	query := func(m schema.Match, value string) schema.Query { return schema.Query{Match: m, Value: value} }
	first := order{key: "K", account: "2", queries: []schema.Query{query(byShop, "K"), query(byExt, "b")}, agrees: true, covered: true}
	second := order{key: "K", account: "1", queries: []schema.Query{query(byShop, "K"), query(byExt, "a")}, agrees: true, contradicted: true}
	want := order{key: "K", account: "1", queries: []schema.Query{query(byShop, "K"), query(byExt, "a")}, agrees: true, contradicted: true}
	match := []schema.Match{byShop, byExt}
	for _, got := range []order{first.merge(second, match), second.merge(first, match)} {
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(order{})); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
}

// TestCountsAdd: every count is added.
func TestCountsAdd(t *testing.T) {
	t.Parallel()
	var sum, one, want Counts
	fill(reflect.ValueOf(&one).Elem(), 1)
	fill(reflect.ValueOf(&want).Elem(), 2)
	sum.Add(one)
	sum.Add(one)
	if diff := cmp.Diff(want, sum); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// fill sets every number of a struct.
func fill(v reflect.Value, n int64) {
	if v.Kind() == reflect.Int64 {
		v.SetInt(n)
		return
	}
	for i := range v.NumField() {
		fill(v.Field(i), n)
	}
}

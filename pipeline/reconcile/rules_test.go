package reconcile_test

import (
	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// lookback of the tests, in days.
const lookback = 3

func rules() *reconcile.Rules {
	return &reconcile.Rules{
		Match:    []schema.Match{{Parameter: "order_id", Column: "shop_order_id"}, {Parameter: "out_order_no", Column: "order_ext_id"}},
		Lookback: lookback, Configured: true,
	}
}

package jobs

import (
	"fmt"
	"strings"
	"testing"

	"billwalk/schema"
)

// TestConflict: two jobs that publish the same files of a lake must reconcile by the same
// rules. Keys that only decide which days are run or which calls are made may differ.
func TestConflict(t *testing.T) {
	t.Parallel()
	const rules = "settlements: {app: trade, match: [order_id: shop_order_id, out_order_no: order_ext_id]}"
	const base = "accounts: [{account_id: 1}], bills: {app: life}, lookback: 7d, " + rules
	for name, c := range map[string]struct {
		a, b      string
		buckets   int
		callbacks bool
		want      string // what differs; "": no conflict
	}{
		"the same":                     {base, base, 1, false, ""},
		"other accounts, same rules":   {base, strings.Replace(base, "account_id: 1", "account_id: 2", 1), 1, false, ""},
		"days, passes and columns":     {base, strings.Replace(base, "{app: life}", "{app: life, passes: 1}, dates: {from: -3d, to: -1d}, columns: {code: keep}", 1), 1, false, ""},
		"no settlements beside some":   {"accounts: [{account_id: 1}], bills: {app: life}, lookback: 7d", base, 1, false, "settlements (only one has the section)"},
		"none in both":                 {"accounts: [{account_id: 1}], bills: {app: life}, lookback: 7d", "accounts: [{account_id: 1}], bills: {app: life}", 1, false, ""},
		"another app":                  {base, strings.Replace(base, "app: trade", "app: life", 1), 1, false, "settlements.app"},
		"another order of the rules":   {base, strings.Replace(base, "order_id: shop_order_id, out_order_no: order_ext_id", "out_order_no: order_ext_id, order_id: shop_order_id", 1), 1, false, "settlements.match"},
		"another tolerance":            {base, strings.Replace(base, "{app: trade", "{tolerance_fen: 1, app: trade", 1), 1, false, "settlements.tolerance_fen"},
		"a final check in one":         {base, strings.Replace(base, "{app: trade", "{final_check: true, app: trade", 1), 1, false, ""},
		"the default lookback":         {base, strings.Replace(base, "lookback: 7d, ", "", 1), 1, false, ""},
		"no lookback, and the default": {strings.Replace(base, "7d", "0d", 1), strings.Replace(base, "lookback: 7d, ", "", 1), 1, false, "lookback"},
		"another lookback":             {base, strings.Replace(base, "7d", "3d", 1), 1, false, "lookback"},
		"two differences":              {base, strings.NewReplacer("7d", "3d", "app: trade", "app: life").Replace(base), 1, false, "settlements.app, lookback"},
		"other buckets":                {strings.Replace(base, "account_id: 1", "account_id: 11", 1), strings.NewReplacer("7d", "3d", "account_id: 1", "account_id: 12").Replace(base), 256, false, ""},
		"other buckets, one shared":    {base, strings.NewReplacer("7d", "3d", "[{account_id: 1}", "[{account_id: 12}, {account_id: 1}").Replace(base), 256, false, "lookback"},
		"the bucket of unmatched ones": {base, strings.NewReplacer("7d", "3d", "account_id: 1", "account_id: "+unmatchedID(256)).Replace(base), 256, true, "lookback"},
		"and no callbacks":             {base, strings.NewReplacer("7d", "3d", "account_id: 1", "account_id: "+unmatchedID(256)).Replace(base), 256, false, ""},
	} {
		callbacks := ""
		if c.callbacks {
			callbacks = ", callbacks: {public_keys: [p.pem]}"
		}
		file := mustParse(t, fmt.Sprintf(`version: 1
lake: {url: "file:lake", buckets: %d}
apps:
  life: {base_url: "https://open.douyin.com", client_key: k, client_secret: s}
  trade: {base_url: "https://open.douyin.com", client_key: k, client_secret: s%s}
jobs:
  alone: {accounts: [{account_id: %s}], bills: {app: life}}
  nightly: {%s}
  weekly: {%s}
`, c.buckets, callbacks, otherID(c.buckets), c.a, c.b), nil, nil)
		if c.buckets == 1 {
			delete(file.Jobs, "alone") // with one bucket, no job is
		}
		err, back := file.Conflict("nightly"), file.Conflict("weekly")
		if c.want == "" {
			if err != nil || back != nil {
				t.Errorf("%s: %v, %v", name, err, back)
			}
			continue
		}
		for first, got := range map[string]error{"jobs.yaml:8:3: jobs nightly and weekly publish": err, "jobs.yaml:9:3: jobs weekly and nightly publish": back} {
			if got == nil || !strings.HasPrefix(got.Error(), first) || !strings.Contains(got.Error(), "and differ in "+c.want+": each") {
				t.Errorf("%s: %v, want %q and %q", name, got, first, c.want)
			}
		}
		if c.buckets > 1 && file.Conflict("alone") != nil {
			t.Errorf("%s: a job of other buckets has a conflict: %v", name, file.Conflict("alone"))
		}
	}
}

// unmatchedID returns an account in the bucket of settlements without a bill.
func unmatchedID(buckets int) string {
	return idIn(func(bucket int) bool { return bucket == schema.AccountID("").Bucket(buckets) }, buckets)
}

// otherID returns an account that shares no bucket with the others.
func otherID(buckets int) string {
	if buckets == 1 {
		return "99"
	}
	return idIn(func(bucket int) bool {
		for _, id := range []schema.AccountID{"", "1", "11", "12"} {
			if id.Bucket(buckets) == bucket {
				return false
			}
		}
		return true
	}, buckets)
}

func idIn(accept func(bucket int) bool, buckets int) string {
	for n := 1000; ; n++ {
		if id := fmt.Sprint(n); accept(schema.AccountID(id).Bucket(buckets)) {
			return id
		}
	}
}

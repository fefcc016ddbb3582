package truth

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/schema"
)

// verifyingShards runs billwalk verify over a store, shard by shard, for the last days of a lake
// of withdrawals.
func verifyingShards(t *testing.T, l *provenLake, store overlay, from schema.Day, count int) (all []billwalktest.Verification) {
	t.Helper()
	store.Store = l.store
	for i := range count {
		v, _ := verifying(t, l.config, store, from, billwalktest.MustDay(verifyDay), "--shard", fmt.Sprintf("%d/%d", i, count))
		all = append(all, v)
	}
	return all
}

// TestVerifyShards: the shards of a verify prove together what one process proves, withdrawals
// included, and nothing twice. What is forged of a withdrawal exactly one of them finds, and
// says what one process says.
func TestVerifyShards(t *testing.T) {
	t.Parallel()
	const buckets, count = 4, 3
	l := newWithdrawalLake(t, buckets)
	var sum billwalktest.Verification
	busy := 0
	for _, v := range verifyingShards(t, l, overlay{}, billwalktest.FirstDay, count) {
		if v.Bills > 0 {
			busy++
		}
		sum.Units, sum.Bills, sum.Objects, sum.Bytes, sum.Findings = sum.Units+v.Units, sum.Bills+v.Bills, sum.Objects+v.Objects, sum.Bytes+v.Bytes, append(sum.Findings, v.Findings...)
	}
	whole, code := verifying(t, l.config, overlay{Store: l.store}, billwalktest.FirstDay, billwalktest.MustDay(verifyDay))
	whole.ProvenDays, whole.Findings = 0, append([]schema.Finding(nil), whole.Findings...)
	if diff := cmp.Diff(whole, sum); diff != "" || code != 0 || busy < 2 {
		t.Errorf("exit %d; %d shards have bills (-one process +%d shards):\n%s", code, busy, count, diff)
	}
	forgeries, last := 0, billwalktest.MustDay(verifyDay)
	for bucket := range buckets {
		manifest := fmt.Sprintf("_manifests/bill_date=%s/bucket-%03d.json", verifyDay, bucket)
		m, err := schema.DecodeManifest(l.bodies[manifest])
		if err != nil {
			continue // no account is in the bucket
		}
		if m.Object(schema.WithdrawnBills.Name) == nil {
			continue
		}
		forgedRows := []forged{
			forgery(t, l, manifest, schema.Withdrawals, "an amount, and its difference", "", func(w *schema.Withdrawal) { w.Amount.V, w.Diff.V = w.Amount.V+1, w.Diff.V+1 }),
			forgery(t, l, manifest, schema.WithdrawnBills, "a bill's id", "", func(b *schema.WithdrawnBill) { b.LedgerID += "0" }),
			forgery(t, l, manifest, schema.WithdrawnBills, "a bill that no day has", "", func(b *schema.WithdrawnBill) { b.InBills, b.BilledOn = false, schema.Null[string]{} }),
		}
		f := forgedRows[bucket%len(forgedRows)]
		if f.row == 0 {
			t.Errorf("bucket %d: %s: there is none to change", bucket, f.what)
			continue
		}
		forgeries++
		f.store.Store = l.store
		want, _ := verifying(t, l.config, f.store, last, last)
		found := slices.DeleteFunc(verifyingShards(t, l, f.store, last, count), func(v billwalktest.Verification) bool { return len(v.Findings) == 0 })
		if len(found) != 1 || cmp.Diff(want.Findings, found[0].Findings) != "" || !strings.Contains(billwalktest.FindingLines(want.Findings), fmt.Sprintf("bucket-%03d", bucket)) {
			t.Errorf("bucket %d: %s: %d shards find something; one process finds:\n%s", bucket, f.what, len(found), billwalktest.FindingLines(want.Findings))
		}
	}
	if forgeries < 3 {
		t.Errorf("%d forgeries are too few", forgeries)
	}
}

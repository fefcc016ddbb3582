package truth

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
	"billwalk/sinks/object"
)

// newWithdrawalLake publishes three days with their withdrawals, of which the last is
// verified, in so many buckets.
func newWithdrawalLake(t *testing.T, buckets int) *provenLake {
	t.Helper()
	world := billwalktest.World(2, 12)
	world.Accounts, world.Healthy, world.Withdrawals = 6, true, true
	var err error
	if world.Breaks, err = sandbox.ParseBreaks("wrong_by_a_fen,no_direction"); err != nil {
		t.Fatal(err)
	}
	platform, place := billwalktest.Serve(t, world), billwalktest.FolderLake(t)
	l := &provenLake{config: billwalktest.Job{Lake: place, Platform: platform.URL, Accounts: platform.Accounts(), QPS: 5000, Buckets: buckets, Extra: "    withdrawals: {}\n"}.Write(t)}
	billwalktest.Run(t, l.config, "run", "nightly", "--from", billwalktest.FirstDay.String(), "--to", verifyDay)
	billwalktest.CheckProven(t, l.config, billwalktest.FirstDay, billwalktest.MustDay(verifyDay))
	if l.store, err = object.Open(t.Context(), place.URL, place.Options); err != nil {
		t.Fatal(err)
	}
	l.read(t)
	l.keys = slices.DeleteFunc(l.keys, func(key string) bool { return !strings.Contains(key, "="+verifyDay+"/") })
	return l
}

// TestVerifyWithdrawals: verify finds a flipped bit in every object of withdrawals, each that
// is dropped, and an archived amount that is another, whatever hash was stored with it.
func TestVerifyWithdrawals(t *testing.T) {
	t.Parallel()
	l := newWithdrawalLake(t, 1)
	seen := make(map[string]int)
	for _, key := range l.keys {
		shelf := shelfOf(key)
		if !strings.Contains(shelf, "withdraw") {
			continue
		}
		if seen[shelf]++; seen[shelf] > billwalktest.Often(2, 1000) {
			continue
		}
		body := bytes.Clone(l.bodies[key])
		body[len(body)/2] ^= 4
		l.mustFind(t, "a bit of "+key, overlay{bodies: map[string][]byte{key: body}}, key)
		l.mustFind(t, "dropped "+key, overlay{gone: map[string]bool{key: true}}, key)
	}
	for _, shelf := range []string{"withdrawals", "withdrawn_bills", "archive/withdrawals.zst", "archive/withdrawals.json", "archive/withdrawn_bills.zst", "archive/withdrawn_bills.json"} {
		if seen[shelf] == 0 {
			t.Errorf("the lake has no %s: %v", shelf, seen)
		}
	}
	forged := make(map[string]bool)
	for _, key := range l.keys {
		member := map[string]string{"archive/withdrawals.zst": `"amount":`, "archive/withdrawn_bills.zst": `"goods":`}[shelfOf(key)]
		if member == "" || forged[member] {
			continue
		}
		was := inflated(t, l.bodies[key])
		body := bytes.Replace(was, []byte(member), []byte(member+"1"), 1)
		if bytes.Equal(was, body) {
			continue
		}
		forged[member] = true
		store := overlay{bodies: make(map[string][]byte), meta: make(map[string]map[string]string)}
		store.forge(key, deflated(t, body))
		l.mustFind(t, "another amount in "+key, store, key)
	}
	if len(forged) != 2 {
		t.Errorf("forged only %v", forged)
	}
}

// TestVerifyWithdrawalForger: as TestVerifyForger, for the tables of withdrawals, the
// exceptions of these, and what the manifest says of them.
func TestVerifyWithdrawalForger(t *testing.T) {
	t.Parallel()
	l := newWithdrawalLake(t, 1)
	manifest := "_manifests/bill_date=" + verifyDay + "/bucket-000.json"
	another := schema.Some(billwalktest.FirstDay.String())
	for _, f := range []forged{
		forgery(t, l, manifest, schema.Withdrawals, "an amount, and its difference", "row ", func(w *schema.Withdrawal) {
			w.Amount.V, w.Diff.V = w.Amount.V+1, w.Diff.V+1
		}),
		forgery(t, l, manifest, schema.Withdrawals, "a difference", "row ", func(w *schema.Withdrawal) {
			if w.Verdict == schema.WithdrawMismatched {
				w.Verdict, w.Diff.V = schema.Tied, 0
			}
		}),
		forgery(t, l, manifest, schema.Withdrawals, "a sum that is not of the bills", "row ", func(w *schema.Withdrawal) {
			if w.Verdict == schema.WithdrawMismatched {
				w.Verdict, w.BillsTotal, w.Diff.V = schema.Tied, w.Amount, 0
			}
		}),
		forgery(t, l, manifest, schema.Withdrawals, "a status", "row ", func(w *schema.Withdrawal) { w.Status = schema.Some("5") }),
		forgery(t, l, manifest, schema.Withdrawals, "a verdict", "row ", func(w *schema.Withdrawal) { w.Verdict = schema.WithdrawManual }),
		forgery(t, l, manifest, schema.Withdrawals, "a bank account that is shown", "row ", func(w *schema.Withdrawal) { w.SettleAccount.V = "62170000" + w.SettleAccount.V[4:] }),
		forgery(t, l, manifest, schema.Withdrawals, "a name", "row ", func(w *schema.Withdrawal) { w.AccountName = schema.Some("another") }),
		forgery(t, l, manifest, schema.Withdrawals, "a withdrawal's id", "row ", func(w *schema.Withdrawal) { w.WithdrawID += "0" }),
		forgery(t, l, manifest, schema.Withdrawals, "a number of bills", "row ", func(w *schema.Withdrawal) { w.BillRows.V++ }),
		forgery(t, l, manifest, schema.WithdrawnBills, "a bill's fund_amount", "row ", func(b *schema.WithdrawnBill) {
			if b.FundAmount.Valid {
				b.FundAmount.V++
			}
		}),
		forgery(t, l, manifest, schema.WithdrawnBills, "a bill's id", "row ", func(b *schema.WithdrawnBill) { b.LedgerID += "0" }),
		forgery(t, l, manifest, schema.WithdrawnBills, "a bill's withdrawal", "row ", func(b *schema.WithdrawnBill) { b.WithdrawID += "0" }),
		forgery(t, l, manifest, schema.WithdrawnBills, "a bill that no day has", "account ", func(b *schema.WithdrawnBill) {
			b.InBills, b.BilledOn = false, schema.Null[string]{}
		}),
		forgery(t, l, manifest, schema.WithdrawnBills, "a bill's day", "account ", func(b *schema.WithdrawnBill) {
			if b.InBills {
				b.BilledOn = another
			}
		}),
		forgery(t, l, manifest, schema.WithdrawnBills, "a bill's in_bills alone", "row ", func(b *schema.WithdrawnBill) { b.InBills = !b.InBills }),
		forgery(t, l, manifest, schema.Exceptions, "an exception's rule", "rule ", func(e *schema.Exception) {
			if e.Rule.OfWithdrawals() {
				e.Rule = schema.RuleWithdrawalRecord
			}
		}),
	} {
		if f.row == 0 {
			t.Errorf("%s: there is none to change", f.what)
			continue
		}
		var data string
		for key := range f.store.bodies {
			if key != manifest {
				data = key
			}
		}
		findings := l.mustFind(t, f.what, f.store, data)
		place := f.place
		if place == "row " {
			place = fmt.Sprintf("row %d, ", f.row)
		}
		if !slices.ContainsFunc(findings, func(found schema.Finding) bool { return found.Key == data && strings.HasPrefix(found.Place, place) }) {
			t.Errorf("%s: no finding names %q in %s:\n%s", f.what, place, data, billwalktest.FindingLines(findings))
		}
	}
	for what, change := range map[string]func(*schema.WithdrawalsEntry){
		"open":          func(w *schema.WithdrawalsEntry) { w.Payees[0].Open++ },
		"unbilled":      func(w *schema.WithdrawalsEntry) { w.Payees[0].Unbilled++ },
		"verdicts":      func(w *schema.WithdrawalsEntry) { w.Verdicts[schema.Tied]++ },
		"a certificate": func(w *schema.WithdrawalsEntry) { w.Payees[0].Certificate.Rows++ },
		"a digest":      func(w *schema.WithdrawalsEntry) { w.Payees[0].Certificate.Digest = strings.Repeat("0", 64) },
		"a payee": func(w *schema.WithdrawalsEntry) {
			i := slices.IndexFunc(w.Payees, func(p schema.PayeeEntry) bool { return p.Certificate.Rows > 0 })
			w.Payees = slices.Delete(w.Payees, i, i+1)
		},
	} {
		m, err := schema.DecodeManifest(l.bodies[manifest])
		if err != nil {
			t.Fatal(err)
		}
		change(m.Withdrawals)
		sealed, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		store := overlay{Store: l.store, bodies: map[string][]byte{manifest: sealed}}
		if v, code := verifying(t, l.config, store, billwalktest.MustDay(verifyDay), billwalktest.MustDay(verifyDay)); code == 0 || len(v.Findings) == 0 {
			t.Errorf("%s of the manifest is another, and verify finds nothing", what)
		}
	}
}

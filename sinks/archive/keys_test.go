package archive

import (
	"testing"

	"billwalk/schema"
)

// TestKeys: the key of each kind of object, and what is parsed from it.
func TestKeys(t *testing.T) {
	t.Parallel()
	const name = "01JD0000000000000000000000"
	day, err := schema.ParseDay("2026-11-20")
	if err != nil {
		t.Fatal(err)
	}
	u := schema.Unit{Account: schema.Account{ID: "7113893944009705516"}, Day: day}
	answer := schema.UnreadableAnswer{Unit: u, Kind: schema.UnreadableBills, Run: name}
	for got, want := range map[string]string{
		New(nil).BatchKey(u, name, 1):                         "archive/bills/bill_date=2026-11-20/account=7113893944009705516/" + name + "-00001.jsonl.zst",
		New(nil).CertificateKey(u, name):                      "archive/bills/bill_date=2026-11-20/account=7113893944009705516/" + name + ".json",
		New(nil).Withdrawals().BatchKey(u, name, 1):           "archive/withdrawals/bill_date=2026-11-20/account=7113893944009705516/" + name + "-00001.jsonl.zst",
		New(nil).WithdrawnBills("69").CertificateKey(u, name): "archive/withdrawn_bills/bill_date=2026-11-20/account=7113893944009705516/withdrawal=69/" + name + ".json",
		settlementsBatchKey(u, name, 12):                      "archive/settlements/bill_date=2026-11-20/account=7113893944009705516/" + name + "-00012.jsonl.zst",
		passKey(u, name):                                      "archive/settlements/bill_date=2026-11-20/account=7113893944009705516/" + name + ".json",
		callbacksBatchKey(u.Day, name):                        "archive/callbacks/received=2026-11-20/" + name + ".jsonl.zst",
		quarantineKey(u.Day, name):                            "archive/callbacks/received=2026-11-20/quarantine/" + name + ".jsonl.zst",
		unreadableKey(answer):                                 "archive/unreadable/bill_date=2026-11-20/account=7113893944009705516/" + name + "-bills.jsonl.zst",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	s := series{account: u.Account.ID, name: name}
	for key, want := range map[string]member{
		New(nil).BatchKey(u, name, 7):                          {series: s, batch: 7},
		New(nil).CertificateKey(u, name):                       {series: s, end: true},
		batchIn(accountIn(billsOf(u.Day), s.account), name, 0): {series: s},
	} {
		if got, ok := parseUnitKey(billsOf(u.Day), key); got != want || !ok {
			t.Errorf("%s: got %+v, %v, want %+v", key, got, ok, want)
		}
	}
	for _, key := range []string{
		billsOf(u.Day) + name + ".json", billsOf(u.Day+1) + "account=1/" + name + ".json", billsOf(u.Day) + "account=x/" + name + ".json",
		New(nil).BatchKey(u, "walk", 1), New(nil).BatchKey(u, name, 100000), New(nil).CertificateKey(u, name) + "~",
	} {
		if got, ok := parseUnitKey(billsOf(u.Day), key); ok {
			t.Errorf("%s is a foreign file, got %+v", key, got)
		}
	}
	a, of := New(nil), series{u.Account.ID, "69", name}
	if got, ok := parseUnitKey(withdrawnBillsOf(u.Day), a.WithdrawalBatchKey(u, "69", name, 7)); got != (member{series: of, batch: 7}) || !ok {
		t.Errorf("a batch of the bills of a withdrawal: got %+v, %v", got, ok)
	}
	if got, ok := parseUnitKey(withdrawalsOf(u.Day), a.WithdrawalCertificateKey(u, "", name)); got != (member{series: s, end: true}) || !ok {
		t.Errorf("a certificate of withdrawals: got %+v, %v", got, ok)
	}
	for day, key := range map[string]string{
		withdrawnBillsOf(u.Day): accountIn(withdrawnBillsOf(u.Day), u.Account.ID) + name + ".json",
		withdrawalsOf(u.Day):    accountIn(withdrawalsOf(u.Day), u.Account.ID) + "withdrawal=69/" + name + ".json",
	} {
		if got, ok := parseUnitKey(day, key); ok {
			t.Errorf("%s is a foreign file, got %+v", key, got)
		}
	}
	for key, quarantined := range map[string]bool{callbacksBatchKey(u.Day, name): false, quarantineKey(u.Day, name): true} {
		if got, in, ok := parseCallbacksKey(u.Day, key); got != name || in != quarantined || !ok {
			t.Errorf("%s: got %s, %v, %v, want %s, %v", key, got, in, ok, name, quarantined)
		}
		if day, ok := parseReceived(key); day != u.Day || !ok {
			t.Errorf("%s: got %s, %v, want %s", key, day, ok, u.Day)
		}
	}
	if got, _, ok := parseCallbacksKey(u.Day, callbacksOf(u.Day)+"notes.txt"); ok {
		t.Errorf("a note is taken for batch %s", got)
	}
}

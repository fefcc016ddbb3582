package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"

	"billwalk/schema"
)

// get calls an API by GET.
func (w *walker) get(path string, values url.Values) received {
	w.t.Helper()
	request := httptest.NewRequestWithContext(w.t.Context(), "GET", path+"?"+values.Encode(), nil)
	request.Header.Set("access-token", w.token)
	return w.send(request)
}

// storesAnswer is an answer of the store API as the tests decode it.
type storesAnswer struct {
	Data struct {
		ErrorCode int64 `json:"error_code"`
		Total     *int
		POIs      []struct {
			POI     struct{ POI_ID, POI_Name string }
			Account struct {
				Parent_Account, POI_Account struct{ Account_ID, Account_Name string }
			}
		}
	}
	Extra struct {
		ErrorCode int64 `json:"error_code"`
		LogID     string
	}
}

func (w *walker) stores(account schema.AccountID, page, size int) storesAnswer {
	w.t.Helper()
	got := w.get("/goodlife/v1/shop/poi/query/", url.Values{"account_id": {string(account)}, "page": {fmt.Sprint(page)}, "size": {fmt.Sprint(size)}, "relation_type": {"0"}})
	var out storesAnswer
	if err := json.Unmarshal(got.body, &out); err != nil {
		w.t.Fatalf("%v in %.200q", err, got.body)
	}
	return out
}

// The pages of a root's stores together are its POIs, and all that bills name is among
// them.
func TestStoresOfBills(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 60, Bills: 30, Healthy: true, Now: fixedClock})
	w := walk(t, p)
	w.authorise()
	for _, account := range p.Accounts() {
		var listed []POI
		for page := 1; ; page++ {
			got := w.stores(account.ID, page, 50)
			for _, s := range got.Data.POIs {
				listed = append(listed, POI{s.POI.POI_ID, s.POI.POI_Name,
					schema.AccountID(s.Account.POI_Account.Account_ID), s.Account.POI_Account.Account_Name,
					schema.AccountID(s.Account.Parent_Account.Account_ID), s.Account.Parent_Account.Account_Name})
			}
			if got.Extra.ErrorCode != 0 || got.Extra.LogID == "" || *got.Data.Total != len(p.POIs(account.ID)) {
				t.Fatalf("%s, page %d: %+v", account, page, got)
			}
			if len(got.Data.POIs) == 0 {
				break
			}
		}
		if !slices.Equal(listed, p.POIs(account.ID)) {
			t.Errorf("%s: listed %v, want %v", account, listed, p.POIs(account.ID))
		}
		ids, payees := map[string]bool{"": true}, map[string]bool{}
		for _, s := range listed {
			ids[s.ID], payees[string(s.Account)] = true, true
		}
		for i := range p.world.merchants[0].bills {
			scope, _ := p.world.scopeOf(account)
			for _, of := range scope.payees {
				if b := p.world.bill(place{of, demoDay, i}); !ids[b.POIID] || !payees[b.AccountID] || !payees[b.VerifyPOIAccountID] {
					t.Errorf("the stores of %s lack those of bill %+v", account, b)
				}
			}
		}
	}
	if n := len(p.POIs(p.Accounts()[8].ID)); n != 62 {
		t.Errorf("the largest brand has %d stores, want 62: two pages", n)
	}
	store := p.Stores(p.Accounts()[0].ID)[1]
	if own := p.POIs(store.ID); len(own) != 1 || own[0].Account != store.ID || own[0].Parent != p.Accounts()[0].ID {
		t.Errorf("store %s has %v, want itself", store.ID, own)
	}
}

func TestStoresAreRefused(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 61, Now: fixedClock})
	w := walk(t, p)
	w.authorise()
	account := string(p.Accounts()[0].ID)
	for _, c := range []struct {
		query url.Values
		code  int64
	}{
		{url.Values{"page": {"1"}, "size": {"50"}}, codeMissingParameter},
		{url.Values{"account_id": {account}, "page": {"1"}}, codeMissingParameter},
		{url.Values{"account_id": {account}, "page": {"0"}, "size": {"50"}}, codeBadParameter},
		{url.Values{"account_id": {account}, "page": {"1"}, "size": {"51"}}, codeBadParameter},
		{url.Values{"account_id": {account}, "page": {"1"}, "size": {"50"}, "relation_type": {"own"}}, codeBadParameter},
		{url.Values{"account_id": {"1"}, "page": {"1"}, "size": {"50"}}, codeUnauthorised},
		{url.Values{"account_id": {string(p.Accounts()[unauthorised].ID)}, "page": {"1"}, "size": {"50"}}, codeUnauthorised},
		{url.Values{"account_id": {account}, "page": {"1"}, "size": {"50"}}, 0},
	} {
		if code := parsePage(t, w.get("/goodlife/v1/shop/poi/query/", c.query).body).code(); code != c.code {
			t.Errorf("%v: code %d, want %d", c.query, code, c.code)
		}
	}
	if calls := p.Stats().Calls[StoresAPI]; calls != 8 {
		t.Errorf("%d calls are counted, want 8", calls)
	}
	w.token = "clt.none"
	if got := w.stores(p.Accounts()[0].ID, 1, 50); got.Data.ErrorCode != codeBadToken || got.Extra.ErrorCode != codeBadToken {
		t.Errorf("with a wrong token: %+v", got)
	}
}

// Under the lasting faults some roots' stores are lost, as the truth says, and without
// the scope all are refused.
func TestStoresFaults(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 62, Accounts: 36, Healthy: true, Now: fixedClock, Faults: mustFaults(t, "2119005,4000001,6000001,big,missing-records,bad-id,loop")})
	w := walk(t, p)
	w.authorise()
	lost := map[string]bool{}
	for _, account := range p.Accounts() {
		code, gone := p.StoresLost(account.ID)
		got := w.get("/goodlife/v1/shop/poi/query/", url.Values{"account_id": {string(account.ID)}, "page": {"1"}, "size": {"50"}})
		var answer storesAnswer
		err := json.Unmarshal(got.body, &answer)
		malformed := err != nil || len(got.body) > 4<<20 || answer.Extra.ErrorCode == 0 && (answer.Data.POIs == nil || answer.Data.POIs[0].POI.POI_ID[0] > '9')
		if malformed != (gone && code == 0) || answer.Extra.ErrorCode != code {
			t.Errorf("%s: code %d, malformed %t; the truth is %d, %t", account, answer.Extra.ErrorCode, malformed, code, gone)
		}
		if gone {
			lost[fmt.Sprint(code)] = true
		}
	}
	if len(lost) != 3 {
		t.Errorf("lost are %v, want 0, 2119005 and 4000001", lost)
	}
	p = New(Config{Now: fixedClock, Faults: mustFaults(t, "stores-denied")})
	w = walk(t, p)
	w.authorise()
	if got := w.stores(p.Accounts()[0].ID, 1, 50); got.Extra.ErrorCode != codeIncapable || p.Stats().Faults["stores-denied"] != 1 {
		t.Errorf("without the scope: %+v", got)
	}
	passed := New(Config{Now: fixedClock, Passing: 100, Faults: mustFaults(t, "5000001")})
	w = walk(t, passed)
	w.authorise()
	for i, code := range []int64{codeSystem, 0} {
		if got := w.stores(p.Accounts()[0].ID, 1, 50); got.Extra.ErrorCode != code {
			t.Errorf("call %d: %+v, want code %d", i+1, got, code)
		}
	}
}

package sandbox

import "billwalk/schema"

// idleStores is the number of stores without bills that a brand has, by its index in
// the dozen: one brand's stores take more than one page.
var idleStores = map[int]int{8: 57}

// addIdleStores adds the accounts of a merchant's idle stores: they have no bills and no
// withdrawals, and can be asked for both.
func (w *world) addIdleStores(m *merchant) {
	for n := range idleStores[m.index%dozen] {
		poi := w.poi(m.payees[0], n+1)
		w.payees[poi.Account] = &payee{merchant: m, number: m.payees[0].number, id: poi.Account, name: poi.AccountName, idle: n + 1}
	}
}

// POI is a store of a merchant, as shop/poi/query lists it.
type POI struct {
	ID          string           // the poi_id of bills
	Name        string           // poi_name
	Account     schema.AccountID // the store's account: verify_poi_account_id of bills, and account_id of those that it is paid
	AccountName string
	Parent      schema.AccountID // the merchant's head office
	ParentName  string
}

// POIs returns the stores below an account, in the order in which the platform lists
// them: those of all payees and the idle ones for a brand's root, otherwise the
// account's own. It is nil for an unknown account.
func (p *Platform) POIs(account schema.AccountID) []POI {
	of, ok := p.world.payees[account]
	if !ok {
		return nil
	}
	m := of.merchant
	switch {
	case of.idle > 0:
		return []POI{p.world.poi(m.payees[0], of.idle)}
	case of != m.payees[0]:
		return []POI{p.world.poi(of, 0)}
	}
	var pois []POI
	for _, store := range m.payees {
		pois = append(pois, p.world.poi(store, 0))
	}
	for n := range idleStores[m.index%dozen] {
		pois = append(pois, p.world.poi(m.payees[0], n+1))
	}
	return pois
}

// poi returns the payee's store, or the nth idle store of the head office, from 1 on.
func (w *world) poi(of *payee, idle int) POI {
	head := of.merchant.payees[0]
	out := POI{
		ID: makeID(w.seed, idPOI, of.number, 0, idle), Name: of.name + "（门店）",
		Account: schema.AccountID(makeID(w.seed, idAccount, of.number, 0, idle)), AccountName: of.name,
		Parent: head.id, ParentName: head.name,
	}
	if idle > 0 {
		r := draw(w.seed, word("idle store"), uint64(of.number), uint64(idle))
		out.AccountName += storeNames[1+r.IntN(len(storeNames)-1)]
		out.Name = hostile[r.IntN(len(hostile))]
	}
	return out
}

// StoresLost reports whether no client can ever list the account's stores: its merchant
// has not authorised the app, or every query meets a lasting fault. code is the answer's
// error code, 0 if the answer is malformed.
func (p *Platform) StoresLost(account schema.AccountID) (code int64, lost bool) {
	of, ok := p.world.payees[account]
	if !ok || p.Unauthorised(of.merchant.account()) {
		return codeUnauthorised, true
	}
	f, ok := p.storesFault(of)
	return f.code, ok
}

// storesFault returns the lasting fault of a query for the account's stores: the first
// of its merchant, if such an answer can have it.
func (p *Platform) storesFault(of *payee) (fault, bool) {
	list := p.lasting[of.merchant.index]
	if len(list) == 0 {
		return fault{}, false
	}
	switch f := list[0]; {
	case f.code == codeWithdrawnByHand || f.code == codeNoDetail:
		return fault{}, false
	case f.code != 0, f.name == "big", f.name == "missing-records", f.name == "bad-id":
		return f, true
	}
	return fault{}, false
}

package sandbox

import "billwalk/schema"

// Accounts returns the accounts that a job should configure: brands by
// root_account_id and single accounts, each once.
func (p *Platform) Accounts() []schema.Account {
	accounts := make([]schema.Account, 0, len(p.world.merchants))
	for _, m := range p.world.merchants {
		accounts = append(accounts, m.account())
	}
	return accounts
}

// Stores returns the accounts of a brand's stores. A job may configure them beside
// the brand, whose walk returns their bills, too.
func (p *Platform) Stores(brand schema.AccountID) []schema.Account {
	head, ok := p.world.payees[brand]
	if !ok || head != head.merchant.payees[0] {
		return nil
	}
	var stores []schema.Account
	for _, store := range head.merchant.payees[1:] {
		stores = append(stores, schema.Account{ID: store.id, Name: store.name})
	}
	return stores
}

// Unauthorised reports whether queries for the account are answered 2119005: its
// merchant has not authorised the app, or has the fault of that name.
func (p *Platform) Unauthorised(account schema.Account) bool {
	scope, ok := p.world.scopeOf(account)
	if !ok {
		return true
	}
	f, ok := p.lastingFault(scope, 0)
	return !p.world.healthy && scope.merchant.index == unauthorised || ok && f.code == codeUnauthorised
}

// Unavailable reports whether queries for the unit are answered 6000001 or 6000002,
// and returns the code: its bills were withdrawn by hand.
func (p *Platform) Unavailable(u schema.Unit) (code int64, unavailable bool) {
	scope, ok := p.world.scopeOf(u.Account)
	if !ok || p.Unauthorised(u.Account) {
		return 0, false
	}
	if f, ok := p.lastingFault(scope, u.Day); ok {
		return f.code, f.code == codeWithdrawnByHand || f.code == codeNoDetail
	}
	if p.world.healthy {
		return 0, false
	}
	switch place, phase := scope.merchant.index%dozen, third(u.Day); {
	case place == withdrawnByHand && phase == 0:
		return codeWithdrawnByHand, true
	case place == withdrawnNoDetail && phase == 1:
		return codeNoDetail, true
	}
	return 0, false
}

// Lost reports whether no client can ever obtain the unit for other reasons: its
// account is unauthorised, or every query meets a lasting fault. code is the answer's
// error code, 0 if the answer is malformed. Faults that end a whole run are not
// considered.
func (p *Platform) Lost(u schema.Unit) (code int64, lost bool) {
	scope, ok := p.world.scopeOf(u.Account)
	if !ok || p.Unauthorised(u.Account) {
		return codeUnauthorised, true
	}
	f, ok := p.lastingFault(scope, u.Day)
	if !ok || f.code == codeWithdrawnByHand || f.code == codeNoDetail {
		return 0, false
	}
	return f.code, true
}

// Units counts the accounts' units on the days from..to, by the result that a run must
// report.
func (p *Platform) Units(accounts []schema.Account, from, to schema.Day) (complete, unavailable, failed int) {
	for _, unit := range unitsOf(accounts, from, to) {
		_, withheld := p.Unavailable(unit)
		_, lost := p.Lost(unit)
		switch {
		case withheld:
			unavailable++
		case lost || p.Unauthorised(unit.Account):
			failed++
		default:
			complete++
		}
	}
	return complete, unavailable, failed
}

func unitsOf(accounts []schema.Account, from, to schema.Day) []schema.Unit {
	var units []schema.Unit
	for day := from; day <= to; day++ {
		for _, account := range accounts {
			units = append(units, schema.Unit{Account: account, Day: day})
		}
	}
	return units
}

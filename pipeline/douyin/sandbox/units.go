package sandbox

import "billwalk/schema"

// Accounts returns what a job should configure: brands to be asked by
// root_account_id and single accounts, none of them twice.
func (p *Platform) Accounts() []schema.Account {
	accounts := make([]schema.Account, 0, len(p.world.merchants))
	for _, m := range p.world.merchants {
		accounts = append(accounts, m.account())
	}
	return accounts
}

// Stores returns the accounts of a brand's stores, which a job may configure
// beside the brand; their bills are among the brand's.
func (p *Platform) Stores(brand schema.AccountID) []schema.Account {
	one, ok := p.world.payees[brand]
	if !ok || one != one.merchant.payees[0] {
		return nil
	}
	var stores []schema.Account
	for _, store := range one.merchant.payees[1:] {
		stores = append(stores, schema.Account{ID: store.id, Name: store.name})
	}
	return stores
}

// Unauthorised reports whether the account answers 2119005: its merchant has
// not authorised the app, or the fault of that name struck it.
func (p *Platform) Unauthorised(account schema.Account) bool {
	reach, ok := p.world.find(account)
	if !ok {
		return true
	}
	struck, ok := p.striking(reach, 0)
	return !p.world.healthy && reach.merchant.index == unauthorised || ok && struck.code == codeUnauthorised
}

// Unavailable reports whether the unit answers 6000001 or 6000002, and which:
// its bills were withdrawn by hand, in the world or by the fault of that name.
func (p *Platform) Unavailable(u schema.Unit) (code int64, unavailable bool) {
	reach, ok := p.world.find(u.Account)
	if !ok || p.Unauthorised(u.Account) {
		return 0, false
	}
	if struck, ok := p.striking(reach, u.Day); ok {
		return struck.code, struck.code == codeWithdrawnByHand || struck.code == codeNoDetail
	}
	if p.world.healthy {
		return 0, false
	}
	switch place, phase := reach.merchant.index%dozen, third(u.Day); {
	case place == withdrawnByHand && phase == 0:
		return codeWithdrawnByHand, true
	case place == withdrawnNoDetail && phase == 1:
		return codeNoDetail, true
	}
	return 0, false
}

// Lost reports whether no client can ever obtain the unit, though the platform
// says no business reason: its account is unauthorised, or a fault strikes it
// every time. The code is the one answered, or 0 where the answer is malformed.
// Faults that end a whole run lose every unit and are not told here.
func (p *Platform) Lost(u schema.Unit) (code int64, lost bool) {
	reach, ok := p.world.find(u.Account)
	if !ok || p.Unauthorised(u.Account) {
		return codeUnauthorised, true
	}
	struck, ok := p.striking(reach, u.Day)
	if !ok || struck.code == codeWithdrawnByHand || struck.code == codeNoDetail {
		return 0, false
	}
	return struck.code, true
}

// Units counts what a right run says of the accounts' units on the days, both ends
// included.
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

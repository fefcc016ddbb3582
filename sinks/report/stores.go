package report

import (
	"cmp"
	"math/bits"
	"slices"

	"billwalk/schema"
)

type storeKey struct {
	account schema.AccountID
	poi     string
}

// addStore adds a forward bill to its store.
func addStore(a *adder, stores map[storeKey]*Store, b *schema.Bill) {
	key := storeKey{b.WalkAccountID, b.PoiID.V}
	s := stores[key]
	if s == nil {
		s = &Store{Account: key.account, ID: key.poi}
		stores[key] = s
	}
	total, fee := b.Amounts[schema.LedgerTotal], b.Amounts[schema.TotalMerchantPlatformService]
	s.addCommissions(a, b, total, fee)
	if !total.Valid || !fee.Valid {
		s.Unknown++
		return
	}
	s.Bills++
	a.add(&s.Total, total.V)
	a.add(&s.Fee, fee.V)
}

// addCommissions adds the bill to the rates of commissions, and counts what it lacks.
func (s *Store) addCommissions(a *adder, b *schema.Bill, total, fee schema.Null[schema.Fen]) {
	commission, err := schema.Total(b.Amounts.Commissions()...)
	if err != nil {
		a.err = cmp.Or(a.err, err)
		return
	}
	for _, lacks := range []struct {
		count *int64
		valid bool
	}{{&s.Lacking.Total, total.Valid}, {&s.Lacking.Fee, fee.Valid}, {&s.Lacking.Commissions, commission.Valid}} {
		if !lacks.valid {
			*lacks.count++
		}
	}
	if !total.Valid || !commission.Valid {
		return
	}
	s.Commissions.add(a, Rated{Bills: 1, Total: total.V, Part: commission.V})
	if fee.Valid {
		taken := fee.V
		a.add(&taken, commission.V)
		s.Taken.add(a, Rated{Bills: 1, Total: total.V, Part: taken})
	}
}

func (r *Rated) add(a *adder, o Rated) {
	r.Bills += o.Bills
	a.add(&r.Total, o.Total)
	a.add(&r.Part, o.Part)
}

// add adds the bills of another store, or of the same.
func (s *Store) add(a *adder, o *Store) {
	s.Bills, s.Unknown = s.Bills+o.Bills, s.Unknown+o.Unknown
	a.add(&s.Total, o.Total)
	a.add(&s.Fee, o.Fee)
	s.Commissions.add(a, o.Commissions)
	s.Taken.add(a, o.Taken)
	s.Lacking.Total += o.Lacking.Total
	s.Lacking.Fee += o.Lacking.Fee
	s.Lacking.Commissions += o.Lacking.Commissions
}

// rate sets the rates, as far as there are any.
func (s *Store) rate() {
	for _, r := range []struct {
		rate        **int64
		part, total schema.Fen
	}{{&s.Rate, s.Fee, s.Total}, {&s.Commissions.Rate, s.Commissions.Part, s.Commissions.Total}, {&s.Taken.Rate, s.Taken.Part, s.Taken.Total}} {
		if points, ok := basisPoints(r.part, r.total); ok {
			*r.rate = &points
		}
	}
}

// allStores adds the stores up.
func allStores(a *adder, stores map[storeKey]*Store) (all Store) {
	for _, s := range stores {
		all.add(a, s)
	}
	all.rate()
	return all
}

func mergeStores(a *adder, stores, more map[storeKey]*Store) {
	for key, o := range more {
		s := stores[key]
		if s == nil {
			stores[key] = o
			continue
		}
		s.add(a, o)
	}
}

// rates returns the stores by account, the highest rate first.
func (l *loader) rates(stores map[storeKey]*Store) []Store {
	place := make(map[schema.AccountID]int)
	for i, a := range l.Accounts {
		place[a.ID] = i
	}
	list := make([]Store, 0, len(stores))
	byAccount := make(map[schema.AccountID][]int64)
	for _, s := range stores {
		if s.rate(); s.Rate != nil {
			byAccount[s.Account] = append(byAccount[s.Account], *s.Rate)
		}
		list = append(list, *s)
	}
	for _, rates := range byAccount {
		slices.Sort(rates)
	}
	for i := range list {
		s := &list[i]
		rates := byAccount[s.Account]
		if len(rates) == 0 {
			continue
		}
		median := rates[(len(rates)-1)/2] // the lower one of two, so that it is a store's own
		s.Median = &median
		s.Outlying = s.Rate != nil && (*s.Rate-median > OutlyingPoints || median-*s.Rate > OutlyingPoints)
	}
	slices.SortFunc(list, func(a, b Store) int {
		return cmp.Or(cmp.Compare(place[a.Account], place[b.Account]), -compareRates(a.Rate, b.Rate), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// compareRates orders rates; one that is not known comes first.
func compareRates(a, b *int64) int {
	switch {
	case a != nil && b != nil:
		return cmp.Compare(*a, *b)
	case b != nil:
		return -1
	case a != nil:
		return +1
	}
	return 0
}

// basisPoints returns part of whole in hundredths of a percent, rounded half away from 0, or
// false if there is no such number.
func basisPoints(part, whole schema.Fen) (int64, bool) {
	if whole == 0 {
		return 0, false
	}
	high, low := bits.Mul64(magnitude(part), 10_000)
	low, carry := bits.Add64(low, magnitude(whole)/2, 0)
	high += carry
	if high >= magnitude(whole) {
		return 0, false // it is beyond any integer
	}
	rate, _ := bits.Div64(high, low, magnitude(whole))
	if rate > 1<<62 {
		return 0, false
	}
	if (part < 0) != (whole < 0) {
		return -int64(rate), true
	}
	return int64(rate), true
}

func magnitude(fen schema.Fen) uint64 {
	if fen < 0 {
		return -uint64(fen)
	}
	return uint64(fen)
}

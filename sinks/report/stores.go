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
	if !total.Valid || !fee.Valid {
		s.Unknown++
		return
	}
	s.Bills++
	a.add(&s.Total, total.V)
	a.add(&s.Fee, fee.V)
}

func mergeStores(a *adder, stores, more map[storeKey]*Store) {
	for key, o := range more {
		s := stores[key]
		if s == nil {
			stores[key] = o
			continue
		}
		s.Bills, s.Unknown = s.Bills+o.Bills, s.Unknown+o.Unknown
		a.add(&s.Total, o.Total)
		a.add(&s.Fee, o.Fee)
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
		if rate, ok := basisPoints(s.Fee, s.Total); ok {
			s.Rate = &rate
			byAccount[s.Account] = append(byAccount[s.Account], rate)
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

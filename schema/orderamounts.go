package schema

import (
	"strconv"
	"strings"
)

// Order returns the order of a group: that of an item's is the part of its key before the
// item. Groups of bills that are not forward have a key of their own, and so have those
// without an order.
func (r *Reconciliation) Order() string {
	if r.ItemOrderID.Valid {
		return strings.TrimSuffix(r.GroupKey, "/"+r.ItemOrderID.V)
	}
	return r.GroupKey
}

// Difference returns settled - billed of a group, in fen. One that is neither matched nor
// mismatched counts as settled with what it has. The error is ErrOverflow.
func (r *Reconciliation) Difference() (diff Legs, err error) {
	if r.Verdict == Matched || r.Verdict == Mismatched {
		return r.Diff, nil
	}
	unsettled := r.Settled == Legs{}
	for leg := range LegCount {
		if r.Billed[leg].Valid && (unsettled || r.Settled[leg].Valid) {
			fen, err := r.Settled[leg].V.Sub(r.Billed[leg].V)
			if err != nil {
				return diff, err
			}
			diff[leg] = Some(fen)
		}
	}
	return diff, nil
}

// OrderAmounts are the sums of an order of one account over all of its groups and days, in
// fen; NULL where no group has the amount.
type OrderAmounts struct {
	Billed, Settled, Diff Legs
	Open                  bool // one of its groups is
}

// Add adds a group of the order. The error is ErrOverflow.
func (a *OrderAmounts) Add(r *Reconciliation) error {
	diff, err := r.Difference()
	if err != nil {
		return err
	}
	a.Open = a.Open || r.Verdict.Open()
	for leg := range LegCount {
		for _, sum := range []struct {
			to  *Null[Fen]
			fen Null[Fen]
		}{{&a.Billed[leg], r.Billed[leg]}, {&a.Settled[leg], r.Settled[leg]}, {&a.Diff[leg], diff[leg]}} {
			if !sum.fen.Valid {
				continue
			}
			total, err := sum.to.V.Add(sum.fen.V)
			if err != nil {
				return err
			}
			*sum.to = Some(total)
		}
	}
	return nil
}

// Fingerprint returns the sums as text, which changes when one of them does: billed and
// settled of each leg in fen, such as "100,100;2,2;,;98,98". The view resolution_states has
// the same.
func (a *OrderAmounts) Fingerprint() string {
	text := func(fen Null[Fen]) string {
		if !fen.Valid {
			return ""
		}
		return strconv.FormatInt(int64(fen.V), 10)
	}
	var legs []string
	for leg := range LegCount {
		legs = append(legs, text(a.Billed[leg])+","+text(a.Settled[leg]))
	}
	return strings.Join(legs, ";")
}

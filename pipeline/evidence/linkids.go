package evidence

import (
	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// minLinkDays is how many days, at least, a callback's event may lie before or after
// the bill that it is of: it comes days after, whatever the lookback.
const minLinkDays = 7

// linkDays returns how many days before and after a callback's event its bills may lie.
func linkDays(lookback int) schema.Day { return schema.Day(max(lookback, minLinkDays)) }

// How a callback is linked to an order, beside the job's match rules: settlements
// name it in asked_by.
var (
	itemMatch    = schema.Match{Parameter: "item_order_id", Column: "item_order_id"} // its item is a bill's
	siblingMatch = schema.Match{Parameter: "order_id", Column: "settlement"}         // another settlement of the same order_id is linked
)

// linkIDs are the ids of a settlement by which it is linked. One that is absent is zero.
type linkIDs struct{ settle, order, item, outSettle idHash }

func linkIDsOf(s *schema.Settlement) linkIDs {
	hash := func(parameter string, v schema.Null[string]) idHash {
		if !v.Valid {
			return idHash{}
		}
		return hashID(parameter, v.V)
	}
	return linkIDs{
		hash("settle_id", schema.Some(s.SettleID)), hash("order_id", s.OrderID), hash(itemMatch.Parameter, s.ItemOrderID), hash("out_settle_no", s.OutSettleNo),
	}
}

func (l *linkIDs) all() []idHash { return []idHash{l.settle, l.order, l.item, l.outSettle} }

// settleIDs returns the ids that callbacks may have for a settlement of the query: its
// own, and the developer's, where they have no other.
func settleIDs(s *schema.Settlement) []idHash {
	ids := []idHash{hashID("settle_id", s.SettleID)}
	if s.OutSettleNo.Valid && s.OutSettleNo.V != s.SettleID {
		ids = append(ids, hashID("settle_id", s.OutSettleNo.V))
	}
	return ids
}

// billLinkIDs returns the ids by which callbacks may name an order's bills, each once:
// those that the match rules query by, as far as callbacks have them, then the items.
func billLinkIDs(rules *reconcile.Rules, bills []reconcile.Bill) (ids []schema.Query) {
	seen := make(map[schema.Query]bool, 4)
	add := func(q schema.Query) {
		if q.Value != "" && !seen[q] {
			seen[q], ids = true, append(ids, q)
		}
	}
	for i := range bills {
		for _, q := range rules.Queries(bills[i : i+1]) {
			if q.Parameter != "out_order_no" {
				add(q)
			}
		}
	}
	for i := range bills {
		add(schema.Query{Match: itemMatch, Value: bills[i].ItemOrderID})
	}
	return ids
}

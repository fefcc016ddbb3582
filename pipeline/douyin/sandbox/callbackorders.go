package sandbox

import (
	"iter"
	"slices"
	"time"

	"billwalk/schema"
)

// longestWay is how many days may lie between the first bill of an order and the
// last of its settlements.
const longestWay = 5

// notices yields the settlements that callbacks tell, order by order, with the
// items that the callbacks name. The order is nil where no bill is of it.
func (p *Platform) notices(n Notified) iter.Seq2[*order, []settlement] {
	return func(yield func(*order, []settlement) bool) {
		for day := n.From - longestWay; day <= n.To; day++ {
			for _, m := range p.world.merchants {
				if p.Unauthorised(m.account()) {
					continue
				}
				for o := range p.world.orders(m, day) {
					if told := p.told(o, n); len(told) > 0 && !yield(o, told) {
						return
					}
				}
				for told := range p.strays(m, day, n) {
					if !yield(nil, told) {
						return
					}
				}
			}
		}
	}
}

// orders yields the merchant's orders whose first forward bill is of the day.
func (w *world) orders(m *merchant, day schema.Day) iter.Seq[*order] {
	return func(yield func(*order) bool) {
		for _, one := range m.payees {
			for slot := range w.count(one, day) {
				at := place{one, day, slot}
				if w.planted(at) == repeated {
					continue
				}
				b := w.bill(at)
				if b.SettleType != forward {
					continue
				}
				if o, ok := w.order(b.home); ok && o.lines[0].at == at && !yield(o) {
					return
				}
			}
		}
	}
}

// told returns the order's settlements that the delivery's callbacks tell.
func (p *Platform) told(o *order, n Notified) []settlement {
	all := p.world.settlements(o, n.At)
	told := slices.DeleteFunc(slices.Clone(all), func(s settlement) bool { return !s.final() })
	within := slices.ContainsFunc(told, func(s settlement) bool { return n.covers(s.ownDay()) })
	partly := len(told) < len(all) && len(o.days()) > 1
	if !within || partly || p.Unauthorised(o.home.payee.merchant.account()) || !p.comes(o.home, told, o.late.Add(24*time.Hour), n.At) {
		return nil
	}
	for i := range told {
		told[i].item, told[i].notified = p.world.namedItem(o, all, &told[i]), true
	}
	return told
}

// comes says that the callbacks of what is named after the place have come by the
// time. Late ones come all at once.
func (p *Platform) comes(home place, told []settlement, late, at time.Time) bool {
	if p.world.dice(home, "lost callbacks")%100 < uint64(max(0, p.config.LostCallbacks)) {
		return false
	}
	if p.world.dice(home, "late callbacks")%100 < uint64(max(0, p.config.LateCallbacks)) && at.Before(late) {
		return false
	}
	return !slices.ContainsFunc(told, func(s settlement) bool { return s.time > at.UnixMilli() })
}

// namedItem returns the item that the callback of the settlement names: what the
// query names, too, and else the only one that it settles, if whatever settles
// that item can name it. Where nothing but the item leads from the callback to the
// bills it is always named, elsewhere it is half of the time.
func (w *world) namedItem(o *order, all []settlement, s *settlement) string {
	if s.item != "" || len(s.items) != 1 || s.orderID == o.shop && w.dice(o.home, "named items")%2 == 0 {
		return s.item
	}
	item := s.items[0]
	for i := range all {
		if other := &all[i]; slices.Contains(other.items, item) && (len(other.items) > 1 || !other.final()) {
			return ""
		}
	}
	return item
}

package month

import (
	"encoding/json"
	"fmt"

	"billwalk/schema"
)

// Everything returns what it costs in a night to query all distinct orders that have
// a forward bill on the days, both included, whatever is known of them: by each
// parameter in turn until one finds something.
func (t *Truth) Everything(night int, from, to schema.Day) (orders, calls int) {
	seen := map[*order]bool{}
	for day := from; day <= to; day++ {
		if t.days[day] == nil {
			continue
		}
		for _, o := range t.ordersOf(day) {
			if seen[o] {
				continue
			}
			seen[o] = true
			calls++
			if o.ext != "" && len(o.known(orderID, night)) == 0 {
				calls++
			}
		}
	}
	return len(seen), calls
}

// Callbacks returns the bodies of the settle callbacks that come between the night
// before and this one: one for each settlement that became final.
func (p *Platform) Callbacks(night int) (bodies [][]byte) {
	for _, o := range p.orders {
		for _, s := range o.settlements {
			for _, v := range s.versions {
				if v.night == night && v.status != processing {
					bodies = append(bodies, s.callback(p.config.AppID, v))
				}
			}
		}
	}
	return bodies
}

// callback is what tells that the settlement became final. It names the item of an
// order with one bill.
func (s *settlement) callback(appID string, v settleVersion) []byte {
	message := object{
		"app_id": appID, "status": v.status, "order_id": s.orderIDOf(), "cp_extra": "", "message": v.status, "event_time": v.time.UnixMilli(),
		"settle_id": s.id, "out_settle_no": s.outNo(), "settle_amount": v.legs[0], "rake": v.legs[1], "commission": v.legs[2],
		"settle_detail": fmt.Sprintf("商户号68882720803499563550-分成金额(分)%d", v.legs[3]), "is_auto_settle": false,
	}
	if bills := s.order.bills; len(bills) == 1 {
		message["item_order_id"] = "i" + bills[0].ledger
	}
	return text(object{"version": "2.0", "msg": string(text(message)), "type": "settle"})
}

func text(o object) []byte {
	data, err := json.Marshal(o)
	if err != nil {
		panic(err) // it never fails
	}
	return data
}

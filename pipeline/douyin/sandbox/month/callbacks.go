package month

import "fmt"

// Callbacks returns the bodies of the settle callbacks between the previous night and
// this one: one for each settlement that became final.
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

// callback returns the body of the callback of a final version. It names the item of an
// order with one bill.
func (s *settlement) callback(appID string, v settleVersion) []byte {
	message := object{
		"app_id": appID, "status": v.status, "order_id": s.tradeOrderID(), "cp_extra": "", "message": v.status, "event_time": v.time.UnixMilli(),
		"settle_id": s.id, "out_settle_no": s.outSettleNo(), "settle_amount": v.legs[0], "rake": v.legs[1], "commission": v.legs[2],
		"settle_detail": fmt.Sprintf("商户号68882720803499563550-分成金额(分)%d", v.legs[3]), "is_auto_settle": false,
	}
	if bills := s.order.bills; len(bills) == 1 {
		message["item_order_id"] = "i" + bills[0].ledger
	}
	return encode(object{"version": "2.0", "msg": string(encode(message)), "type": "settle"})
}

package sandbox

import (
	"iter"
	"time"

	"billwalk/schema"
)

// CallbackWindow selects callbacks: those that [Platform.Callbacks] yields for the
// days and the time.
type CallbackWindow struct {
	From, To schema.Day
	At       time.Time
}

// Callback is one settle callback (通知分账结果).
type Callback struct {
	SettlementRow // its content, without account and out_order_no; the day is that of event_time
	AppID         string
	AutoSettle    bool
	Message       string
	Body          []byte // of version 2.0
}

// Callbacks yields the callbacks that the platform has sent by the time: of each
// order with a settlement on the days from..to, all final settlements, and those of
// orders without bills.
//
// An order has all its callbacks or none. It has none before its last settlement, and,
// if it has several days, none while a settlement is in progress: its callbacks could
// then look complete for one of the days. Unauthorised merchants have no callbacks,
// unavailable units do.
func (p *Platform) Callbacks(from, to schema.Day, at time.Time) iter.Seq[Callback] {
	return func(yield func(Callback) bool) {
		for _, settlements := range p.callbackOrders(CallbackWindow{from, to, at}) {
			for i := range settlements {
				if !yield(p.callback(&settlements[i])) {
					return
				}
			}
		}
	}
}

func (p *Platform) callback(s *settlement) Callback {
	c := Callback{SettlementRow: s.row(s.ownDay()), AppID: p.world.appID(), AutoSettle: s.auto(), Message: s.message(), Body: p.world.callbackBody(s, 0)}
	c.OutOrderNo = ""
	return c
}

func (n CallbackWindow) covers(day schema.Day) bool { return n.From <= day && day <= n.To }

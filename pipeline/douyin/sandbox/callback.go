package sandbox

import (
	"iter"
	"time"

	"billwalk/schema"
)

// Notified is a delivery of callbacks: those that [Platform.Callbacks] yields.
type Notified struct {
	From, To schema.Day
	At       time.Time
}

// Callback is one settle callback (通知分账结果).
type Callback struct {
	Settled    // what it tells; the account and out_order_no are not told, and the day is that of event_time
	AppID      string
	AutoSettle bool
	Message    string
	Body       []byte // of version 2.0
}

// Callbacks yields what the platform has to notify of, as of the time: the final
// settlements of each order of which one is of the days from..to, and those of the
// same days that no bill explains. An order is told whole or not at all: not while
// the last of its settlements is still to come, nor, if it is of several days, while
// one is under way, for then what is told could be all there is to one of the days.
// Unauthorised merchants get no callbacks, unavailable units do.
func (p *Platform) Callbacks(from, to schema.Day, at time.Time) iter.Seq[Callback] {
	return func(yield func(Callback) bool) {
		for _, told := range p.notices(Notified{from, to, at}) {
			for i := range told {
				if !yield(p.callback(&told[i])) {
					return
				}
			}
		}
	}
}

func (p *Platform) callback(s *settlement) Callback {
	c := Callback{Settled: s.row(s.ownDay()), AppID: p.world.appID(), AutoSettle: s.auto(), Message: s.message(), Body: p.world.callbackBody(s, 0)}
	c.OutOrderNo = ""
	return c
}

func (n Notified) covers(day schema.Day) bool { return n.From <= day && day <= n.To }

package month

import (
	"math/rand/v2"
	"slices"
	"time"

	"billwalk/schema"
)

// planner plans the changes of a platform.
type planner struct {
	*Platform
	*rand.Rand
	ids uint64
}

// id returns a new id, above 2^53 like the platform's.
func (w *planner) id() string {
	w.ids++
	return formatID(7_000_000_000_000_000_000 + w.config.Seed%1000*1_000_000_000_000_000 + w.ids*1_000_003)
}

const (
	orderID    = "order_id"
	outOrderNo = "out_order_no"
)

func (w *planner) plan() {
	account := func() schema.AccountID { return schema.AccountID(w.id()) }
	w.merchants = []*merchant{
		{payees: []schema.AccountID{account(), account(), account()}, parameter: orderID},
		{payees: []schema.AccountID{account()}, parameter: orderID},
		{payees: []schema.AccountID{account()}, parameter: outOrderNo},
	}
	for n := range w.config.Nights {
		for _, m := range w.merchants {
			for range w.config.Orders {
				w.order(m, w.config.First+schema.Day(n))
			}
		}
	}
	accounts := w.Accounts()
	for n := range w.config.Nights {
		var r refusal
		if n < w.config.Nights-1 && w.config.Eventful == 0 { // the last night answers everything
			if w.IntN(4) == 0 {
				r.account = accounts[w.IntN(len(accounts))].ID
			}
			if w.IntN(5) == 0 {
				r.parameter = []string{orderID, outOrderNo}[w.IntN(2)]
			}
		}
		w.refusals = append(w.refusals, r)
	}
}

// order plans one order whose first bill is on the day.
func (w *planner) order(m *merchant, day schema.Day) {
	calm := w.config.Eventful > 0 && w.IntN(1000) >= w.config.Eventful
	o := &order{merchant: m, key: w.id()}
	if m.parameter == outOrderNo && (calm || w.IntN(12) > 0) || m.parameter == orderID && w.IntN(3) == 0 {
		o.ext = "ext-" + w.id()
		w.byKey[o.ext] = o
	}
	w.orders, w.byKey[o.key] = append(w.orders, o), o
	if calm {
		o.story = "at once"
		w.addBill(o, m.payees[w.IntN(len(m.payees))], day, w.firstNight(day))
		w.addSettlement(o, w.firstNight(day), success, o.firstAmounts(day))
		return
	}
	days := []schema.Day{day}
	if last := min(w.config.Lookback, w.config.Nights-1-w.firstNight(day)); last > 0 && w.IntN(4) == 0 {
		for range 1 + w.IntN(2) {
			if next := days[len(days)-1] + 1 + schema.Day(w.IntN(2)); next <= day+schema.Day(last) {
				days = append(days, next)
			}
		}
	}
	if next := days[len(days)-1] + schema.Day(w.config.Lookback+1+w.IntN(3)); w.IntN(10) == 0 && w.firstNight(next) < w.config.Nights {
		days = append(days, next) // no run includes both days
	}
	for _, d := range days {
		payee := m.payees[w.IntN(len(m.payees))]
		w.addBill(o, payee, d, w.firstNight(d))
		if w.IntN(6) == 0 {
			w.addBill(o, m.payees[w.IntN(len(m.payees))], d, w.firstNight(d))
		}
	}
	w.settleOrder(o, days)
	w.restate(o)
}

// addBill plans a bill that exists from a night on.
func (w *planner) addBill(o *order, payee schema.AccountID, day schema.Day, night int) *bill {
	b := &bill{order: o, payee: payee, day: day, ledger: w.id()}
	b.versions = []billVersion{{night: night, legs: w.amounts(), root: w.isBrand(payee), own: true}}
	o.bills, w.bills[day] = append(o.bills, b), append(w.bills[day], b)
	return b
}

func (p *Platform) isBrand(payee schema.AccountID) bool {
	return slices.Contains(p.merchants[0].payees, payee)
}

func (w *planner) amounts() legs {
	fee, commission, net := int64(1+w.IntN(500)), int64(w.IntN(800)), int64(1000+w.IntN(90_000))
	return legs{fee + commission + net, fee, commission, net}
}

// lastRunOf returns the last night whose run includes the order's first day.
func (w *planner) lastRunOf(o *order) int { return w.firstNight(o.bills[0].day) + w.config.Lookback }

// laterNight returns a later night for a change of the order: mostly within the lookback
// of its first day, else after the lookback of all its days.
func (w *planner) laterNight(o *order, after int) int {
	if room := w.lastRunOf(o) - after; room > 0 && w.IntN(8) > 0 {
		return after + 1 + w.IntN(room)
	}
	end := after
	for _, b := range o.bills {
		end = max(end, w.firstNight(b.day)+w.config.Lookback)
	}
	return end + 1 + w.IntN(3)
}

// noonBefore returns noon of the day before the night.
func (p *Platform) noonBefore(night int) time.Time {
	return (p.config.First + schema.Day(night)).Start().Add(12 * time.Hour)
}

// firstAmounts returns the sum of the first versions of the order's bills on the days.
func (o *order) firstAmounts(days ...schema.Day) (sum legs) {
	for _, b := range o.bills {
		if slices.Contains(days, b.day) {
			sum = sum.add(b.versions[0].legs, 1)
		}
	}
	return sum
}

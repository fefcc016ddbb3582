package months

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/billwalktest/race"
	"billwalk/cmd/billwalk/cli"
	"billwalk/pipeline/douyin/sandbox/month"
	"billwalk/schema"
	"billwalk/sinks/archive"
)

// TestCalls measures the price of asking for orders until they agree: night after
// night the calls of the settle query, against those that it takes to query every
// order of the lookback. To most orders of a realistic month nothing happens; in the
// other one something happens to nearly every order.
//
//	BILLWALK_DEEP=1 go test ./cmd/billwalk/months -run 'TestCalls$' -v    the whole month
func TestCalls(t *testing.T) {
	t.Parallel()
	if race.Detector {
		t.Skip("it counts calls, and TestMonth runs the same code side by side")
	}
	for _, row := range []struct {
		name         string
		orders       int // per merchant and day
		eventful     int // in a thousand
		callbacks    bool
		week, steady int // per cent saved in the first week, and from then on
	}{
		{name: "realistic", orders: 30, eventful: 50, week: 60, steady: 85},
		{name: "realistic, with callbacks", orders: 30, eventful: 50, callbacks: true, week: 90, steady: 90},
		{name: "eventful", orders: 10, week: 40, steady: 50},
		{name: "eventful, with callbacks", orders: 10, callbacks: true, week: 50, steady: 60},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if row.eventful == 0 {
				billwalktest.Sample(t, 1, 2)
			}
			const lookback = 7
			nights := billwalktest.Often(11, monthNights)
			m := newMonthOf(t, month.Config{Seed: 1, Nights: nights, Lookback: lookback, Orders: row.orders, Eventful: row.eventful})
			var week, steady price
			for night := range nights {
				p := m.priceOf(night, row.callbacks)
				if night < 7 {
					week.add(p)
				} else {
					steady.add(p)
				}
			}
			t.Logf("the first week: %s", week)
			t.Logf("from then on:   %s", steady)
			if week.saved() < row.week || steady.saved() < row.steady {
				t.Errorf("%d and %d %% are saved, want %d and %d", week.saved(), steady.saved(), row.week, row.steady)
			}
			m.proven(monthFirst + schema.Day(nights) - 1)
		})
	}
}

// price is what some nights cost.
type price struct {
	made   int // calls
	orders int // distinct, of the lookback
	all    int // calls that query all of them
}

func (p *price) add(q price) { p.made, p.orders, p.all = p.made+q.made, p.orders+q.orders, p.all+q.all }

// saved is the share of calls that were not made, in per cent.
func (p price) saved() int { return 100 * (p.all - p.made) / p.all }

func (p price) String() string {
	return fmt.Sprintf("%4d calls, %5d for all of %5d orders: %2d %% saved (%2d %% at one call an order)",
		p.made, p.all, p.orders, p.saved(), 100*(p.orders-p.made)/p.orders)
}

// priceOf runs the job in a night. Without callbacks the tables must be the truth, and
// all that did not agree must have been asked for.
func (m *monthRun) priceOf(night int, callbacks bool) price {
	m.Helper()
	if callbacks {
		m.callBack(night)
	}
	today := monthFirst + schema.Day(night) + 1
	m.clock.Store(today.Start().Add(14 * time.Hour).UnixMilli())
	s := m.run(cli.Days{}, true)
	m.truth.Run(night, m.firstDay(night), today-1)
	if !callbacks {
		m.checkAsked(night)
		m.compare(night, m.firstDay(night), today-1)
	}
	if m.Failed() {
		m.FailNow()
	}
	p := price{made: int(s.Settling.Asked)}
	p.orders, p.all = m.truth.FullCost(night, m.firstDay(night), today-1)
	m.Logf("night %2d: %s; of %d orders asked for %d agreed; saved %+v", night, p, len(m.platform.QueriedOrders(night)), m.agreed(night), s.Settling.Saved)
	return p
}

// agreed counts the orders that were asked for though their answers agreed.
func (m *monthRun) agreed(night int) (n int) {
	for _, key := range m.platform.QueriedOrders(night) {
		if !slices.Contains(m.truth.Due, key) {
			n++
		}
	}
	return n
}

// callBack archives the callbacks that came before a night.
func (m *monthRun) callBack(night int) {
	m.Helper()
	var lines []byte
	at := (monthFirst + schema.Day(night)).Start().Add(13 * time.Hour)
	a := archive.New(m.store)
	for i, body := range m.platform.Callbacks(night) {
		line, err := a.EncodeCallback(schema.Callback{App: "trade", Scheme: schema.SignedRSA, ReceivedAt: at, LogID: fmt.Sprintf("log-%d-%d", night, i), Body: body})
		if err != nil {
			m.Fatal(err)
		}
		lines = append(lines, line...)
	}
	if err := a.AppendCallbacks(m.Context(), schema.DayOf(at), fmt.Sprintf("01ARZ3NDEKTSV4RRFFQ69%05d", night), lines); err != nil {
		m.Fatal(err)
	}
}

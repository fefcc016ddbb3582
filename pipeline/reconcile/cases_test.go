package reconcile_test

import (
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// The days that the cases are looked at, of which most have nothing.
const firstCaseDay, lastCaseDay schema.Day = -10, 20

// TestCases runs the cases of testdata/cases in Go, each also with its bills and
// settlements in the opposite order.
func TestCases(t *testing.T) {
	t.Parallel()
	for _, c := range readCases(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.skip == "go" {
				t.Skip("the case is of SQL alone")
			}
			want := slices.Concat(c.expected("group"), c.expected("placed"))
			if diff := gocmp.Diff(want, c.run(t)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			slices.Reverse(c.bills)
			slices.Reverse(c.settlements)
			if diff := gocmp.Diff(want, c.run(t)); diff != "" {
				t.Errorf("lines in the opposite order (-want +got):\n%s", diff)
			}
		})
	}
}

// run returns the lines that Order, Apart, Unexplained and Removed make of a case.
func (c *testCase) run(t *testing.T) []string {
	t.Helper()
	var groups []dated[schema.Reconciliation]
	var placed []string
	add := func(day schema.Day, rows []schema.Reconciliation, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			groups = append(groups, dated[schema.Reconciliation]{day, row})
		}
	}
	bills, orders := c.orders(t)
	for day := firstCaseDay; day <= lastCaseDay; day++ {
		rows, err := c.rules.NotCompared(slices.DeleteFunc(slices.Clone(bills), func(b reconcile.Bill) bool { return b.Day != day }))
		add(day, rows, err)
		rows, err = reconcile.Unmatched(day, c.publishedOn(day, ownerNone))
		add(day, rows, err)
		rows, err = reconcile.BillRemoved(day, c.publishedOn(day, ownerRemoved))
		add(day, rows, err)
		for _, order := range orders {
			outcome, err := c.rules.Reconcile(day, c.knownOn(day, order))
			add(day, outcome.Groups, err)
			for _, p := range outcome.Settlements {
				if !c.published(p.Settlement.SettleID) {
					placed = append(placed, placedLine(day, &p))
				} else if !slices.ContainsFunc(c.publishedOn(day, order.Key), func(s schema.Settlement) bool { return s.Key() == p.Settlement.Key() }) {
					t.Errorf("settlement %s was published on another day than %d", p.Settlement.SettleID, day)
				}
			}
		}
	}
	return append(groupLines(groups), placed...)
}

// orders returns all bills of the case, and its orders without settlements.
func (c *testCase) orders(t *testing.T) (bills []reconcile.Bill, orders []*reconcile.Order) {
	t.Helper()
	byKey := make(map[string]*reconcile.Order)
	for i := range c.bills {
		if !c.bills[i].row.Counts() {
			continue // the build leaves it out
		}
		b, err := reconcile.NewBill(c.bills[i].day, &c.bills[i].row)
		if err != nil {
			t.Fatal(err)
		}
		bills = append(bills, b)
		key := b.OrderKey()
		if !b.Forward() || key == "" {
			continue
		}
		if byKey[key] == nil {
			byKey[key] = &reconcile.Order{Key: key, Answered: !c.notAsked}
			orders = append(orders, byKey[key])
		}
		byKey[key].Bills = append(byKey[key].Bills, b)
	}
	return bills, orders
}

// knownOn returns the order with the settlements that are known on the day. One
// that was published before is known within the lookback of its day.
func (c *testCase) knownOn(day schema.Day, order *reconcile.Order) *reconcile.Order {
	known := *order
	known.SettledElsewhere = c.elsewhere
	known.Published = make(map[string]schema.Day)
	for _, s := range c.settlements {
		lookback := schema.Day(c.rules.Lookback)
		switch {
		case slices.Contains(s.found, order.Key):
			known.SettledElsewhere = known.SettledElsewhere || s.day.V < day-lookback
		case s.owner != order.Key:
		case !s.day.Valid:
			known.Settlements = append(known.Settlements, s.row)
		case max(s.day.V-day, day-s.day.V) <= lookback:
			known.Settlements = append(known.Settlements, s.row)
			known.Published[s.row.SettleID] = s.day.V
		case s.day.V < day && s.row.Status == schema.StatusSuccess:
			known.SettledElsewhere = true
		}
	}
	return &known
}

// publishedOn returns the owner's settlements that were published on the day.
func (c *testCase) publishedOn(day schema.Day, owner string) (settlements []schema.Settlement) {
	for _, s := range c.settlements {
		if s.owner == owner && s.day == schema.Some(day) {
			settlements = append(settlements, s.row)
		}
	}
	return settlements
}

// published reports whether the case says where the settlement was published.
func (c *testCase) published(settleID string) bool {
	return slices.ContainsFunc(c.settlements, func(s caseSettlement) bool { return s.row.SettleID == settleID && s.day.Valid })
}

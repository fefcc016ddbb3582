package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"billwalk/schema"
)

const (
	maxDifferences = 10      // that are shown
	mostMismatched = 500_000 // groups whose orders are added up: more would not fit into memory
)

// differences are the orders that differ, as open_differences.sql has them: those with a
// mismatched group, added up over all of their groups, whatever their verdict.
type differences struct {
	orders  map[string]*difference // by order
	listed  []*difference          // those that differ on the whole, the largest first
	waiting int                    // orders that differ, and of which further bills may come
	groups  int64                  // mismatched
	tooMany bool                   // to add their orders up
}

// difference is what bills and settlements of one order differ by, over its days.
type difference struct {
	account  schema.AccountID // of its first group
	order    string
	first    schema.Day
	legs     [schema.LegCount]schema.Fen
	compared [schema.LegCount]bool
	widest   schema.Fen // of the legs, without sign

	matched           bool // has a matched group
	partly, otherwise bool // of its open groups, some are partly_billed, some are not
}

// find notes the order of a mismatched group.
func (d *differences) find(r *schema.Reconciliation) {
	if r.Verdict != schema.Mismatched {
		return
	}
	if d.groups++; d.groups > mostMismatched {
		d.tooMany, d.orders = true, nil
	}
	if !d.tooMany {
		d.orders[r.Order()] = nil
	}
}

// add adds a group of an order that find has noted. Days come in ascending order.
func (d *differences) add(day schema.Day, r *schema.Reconciliation) error {
	key := r.Order()
	order, found := d.orders[key]
	if !found || r.Verdict == schema.SettlementOnly {
		return nil
	}
	if order == nil {
		order = &difference{account: r.WalkAccountID, order: key, first: day}
		d.orders[key] = order
	}
	switch r.Verdict {
	case schema.Matched:
		order.matched = true
	case schema.Mismatched, schema.BillOnly, schema.SettleFailed:
		if slices.Contains(r.Reasons, schema.ReasonPartlyBilled) {
			order.partly = true
		} else {
			order.otherwise = true
		}
	}
	diff, err := r.Difference()
	if err != nil {
		return fmt.Errorf("difference of order %s: %w", key, err)
	}
	for leg, fen := range diff {
		if !fen.Valid {
			continue
		}
		if order.legs[leg], err = order.legs[leg].Add(fen.V); err != nil {
			return fmt.Errorf("difference of order %s: %w", key, err)
		}
		order.compared[leg] = true
	}
	return nil
}

// list lists the orders that differ on the whole, once all groups are added. One of which
// a part is billed so far does not count while further bills may come.
func (d *differences) list(newest schema.Day, lookback int) {
	for _, order := range d.orders {
		agrees := order.compared != [schema.LegCount]bool{}
		for _, fen := range order.legs {
			agrees = agrees && fen == 0
			order.widest = max(order.widest, fen, -fen)
		}
		waits := order.partly && !order.otherwise && int(newest-order.first) <= lookback
		switch {
		case agrees:
		case waits:
			d.waiting++
		default:
			d.listed = append(d.listed, order)
		}
	}
	slices.SortFunc(d.listed, func(a, b *difference) int {
		return cmp.Or(cmp.Compare(b.widest, a.widest), cmp.Compare(a.first, b.first), strings.Compare(a.order, b.order))
	})
}

// print prints the largest differences in yuan, and why there are more mismatched groups
// than differences.
func (d *differences) print(out io.Writer, names accountNames, most int, styled bool) error {
	if d.tooMany {
		_, err := fmt.Fprintf(out, "\n%d mismatched groups are too many to list here: try schema/sql/analysis/open_differences.sql, and look at tolerance_fen and match\n", d.groups)
		return err
	}
	if d.groups == 0 {
		return nil
	}
	fmt.Fprint(out, d.explain())
	if len(d.listed) == 0 {
		return nil
	}
	shown := d.listed[:min(most, len(d.listed))]
	fmt.Fprintf(out, "\nThe %d largest of %s, settled - billed in yuan (+ 多分, - 少分):\n", len(shown), count(len(d.listed), "difference"))
	t := newTable("total", "fee", "commission", "net", "day", "account", "", "order").alignLeft(5, 6, 7)
	for _, order := range shown {
		var texts []string
		for leg, fen := range order.legs {
			if order.compared[leg] {
				texts = append(texts, fen.Yuan())
			} else {
				texts = append(texts, "-")
			}
		}
		t.add(append(texts, order.first.String()[5:], string(order.account), shorten(plain(names[order.account]), shortName), plain(order.order))...)
	}
	return t.print(out, styled)
}

// shortName is what a line that is full otherwise has room for.
const shortName = 12

// explain says how the numbers of mismatched groups and of differences go together.
func (d *differences) explain() string {
	var legOnly, withMatched int
	for _, order := range d.listed {
		if order.compared[schema.LegTotal] && order.legs[schema.LegTotal] == 0 {
			legOnly++
		}
		if order.matched {
			withMatched++
		}
	}
	return fmt.Sprintf("mismatched 差异: %s of %s. Over all groups of an order 按订单累计, %d agree,\n"+
		"  %d wait for more bills 待后续账单, %d differ: %d only in a leg 分项不符, %d partly matched 含平账\n",
		count(int(d.groups), "group"), count(len(d.orders), "order"), len(d.orders)-len(d.listed)-d.waiting,
		d.waiting, len(d.listed), legOnly, withMatched)
}

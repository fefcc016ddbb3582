package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"billwalk/pipeline"
	"billwalk/pipeline/normalise"
	"billwalk/schema"
	"billwalk/sinks/archive"
)

// explainOrder tells what is known of an order on the days of the flags, or else of the last
// five weeks.
func (p *program) explainOrder(cmd *cobra.Command, order, job string, account schema.AccountID, dates *dateFlags, language string) error {
	w, err := p.open(cmd, job, dates, false)
	if err != nil {
		return err
	}
	defer w.close()
	w.run.Lookback = 0
	if dates.from == "" && dates.to == "" {
		w.run.To = schema.DayOf(p.now()) - 1
		w.run.From = w.run.To - statusDays + 1
	}
	if done, err := p.explainWithdrawal(cmd.Context(), w, order, language); done || err != nil {
		return err
	}
	s, err := readOrder(cmd.Context(), w, order, account, p.now())
	if err != nil {
		return cut(cmd.Context(), err)
	}
	if !s.found() {
		s.Code = schema.CodeNotFound
	}
	if p.output == "json" {
		err = p.printJSON(s)
	} else {
		err = s.print(p.out, language)
	}
	if err != nil {
		return failed(err)
	}
	if !s.found() {
		return &exitError{pipeline.ExitFailed, nil} // all is said
	}
	return nil
}

func (s *orderStory) found() bool {
	return len(s.Bills)+len(s.Callbacks)+len(s.Settlements)+len(s.Groups) > 0
}

// readOrder reads few columns of all days first, and then all of those days that have the
// order. An account limits the bills and verdicts to its own.
func readOrder(ctx context.Context, w *wired, order string, account schema.AccountID, now time.Time) (*orderStory, error) {
	s := &orderStory{
		Order: order, Job: w.run.Job, From: w.run.From, To: w.run.To, names: namesOf(w.run.Accounts),
		Bills: []storyBill{}, Asked: []storyQuery{}, Callbacks: []storyCallback{}, Settlements: []storySettlement{}, Groups: []storyGroup{}, Exceptions: []storyException{},
	}
	f := orderFinder{wired: w, ids: map[string]bool{order: true}, parts: make(map[schema.Partition]bool)}
	for known := 0; known < len(f.ids); { // an order has an id in either system, and the first names the second
		known, f.seen = len(f.ids), 0
		for _, day := range w.run.Days() {
			for bucket := range w.run.Buckets {
				if err := f.find(ctx, schema.Partition{Day: day, Bucket: bucket}); err != nil {
					return nil, err
				}
			}
		}
	}
	s.seen = f.seen
	for _, day := range w.run.Days() {
		for bucket := range w.run.Buckets {
			if at := (schema.Partition{Day: day, Bucket: bucket}); f.parts[at] {
				if err := s.read(ctx, &f, at, account); err != nil {
					return nil, err
				}
			}
		}
	}
	days := make(map[schema.Day]bool)
	for at := range f.parts {
		days[at.Day] = true
	}
	for day := range days {
		if err := s.readAnswers(ctx, &f, day); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(s.Asked, func(a, b storyQuery) int { return a.At.Compare(b.At) })
	if err := s.nameStores(ctx, w); err != nil {
		return nil, err
	}
	return s, s.readCallbacks(ctx, &f, schema.DayOf(now))
}

// orderFinder finds the ids of an order, and where it is.
type orderFinder struct {
	*wired
	ids   map[string]bool
	parts map[schema.Partition]bool
	seen  int
}

// has reports whether one of the ids is the order's.
func (f *orderFinder) has(ids ...string) bool {
	return slices.ContainsFunc(ids, func(id string) bool { return id != "" && f.ids[id] })
}

// find looks for the order in one partition, and notes its other ids.
func (f *orderFinder) find(ctx context.Context, at schema.Partition) error {
	bills := 0
	for b, err := range f.lake.Bills(ctx, at.Day, at.Bucket, "shop_order_id", "item_order_id", "order_ext_id") {
		if err != nil {
			return err
		}
		bills++
		if f.has(b.ShopOrderID.V, b.ItemOrderID.V, b.OrderExtID.V) {
			f.add(at, b.ShopOrderID.V, b.OrderExtID.V)
		}
	}
	for s, err := range f.lake.Settlements(ctx, at.Day, at.Bucket, "settle_id", "order_id", "out_order_no", "item_order_id") {
		if err != nil {
			return err
		}
		if f.has(s.SettleID, s.OrderID.V, s.OutOrderNo.V, s.ItemOrderID.V) {
			f.add(at, s.OrderID.V, s.OutOrderNo.V)
		}
	}
	f.seen += bills
	return nil
}

func (f *orderFinder) add(at schema.Partition, ids ...string) {
	f.parts[at] = true
	for _, id := range ids {
		if id != "" {
			f.ids[id] = true
		}
	}
}

// read reads all that one partition has of the order.
func (s *orderStory) read(ctx context.Context, f *orderFinder, at schema.Partition, account schema.AccountID) error {
	others := func(id schema.AccountID) bool { return account != "" && id != account }
	for b, err := range f.lake.Bills(ctx, at.Day, at.Bucket) {
		if err != nil {
			return err
		}
		if f.has(b.ShopOrderID.V, b.ItemOrderID.V, b.OrderExtID.V) && !others(b.WalkAccountID) {
			bill, err := storyOfBill(at.Day, b)
			if err != nil {
				return err
			}
			s.Bills = append(s.Bills, bill)
		}
	}
	for row, err := range f.lake.Settlements(ctx, at.Day, at.Bucket) {
		if err != nil {
			return err
		}
		if f.has(row.SettleID, row.OrderID.V, row.OutOrderNo.V, row.ItemOrderID.V) {
			s.Settlements = append(s.Settlements, storySettlement{
				Day: at.Day, SettleID: row.SettleID, Item: row.ItemOrderID.V, Status: row.Status,
				storyLegs: storyLegs{known(row.Amount), known(row.Rake), known(row.Commission), known(row.SharesTotal)},
				Source:    row.Source, AskedBy: row.AskedBy.V, Time: known(row.SettleTime), Message: row.Message.V, LogID: row.LogID.V,
			})
		}
	}
	for g, err := range f.lake.Reconciliation(ctx, at.Day, at.Bucket) {
		if err != nil {
			return err
		}
		if f.has(g.ShopOrderID.V, g.ItemOrderID.V, strings.TrimPrefix(g.GroupKey, "ext:"), strings.TrimPrefix(g.GroupKey, "settlement:")) && !others(g.WalkAccountID) {
			s.Groups = append(s.Groups, storyGroup{
				Day: at.Day, Account: g.WalkAccountID, GroupKey: g.GroupKey, Verdict: g.Verdict, MatchedBy: g.MatchedBy.V, Cause: g.Cause.V, Reasons: slices.Clone(g.Reasons),
				Billed: legsOf(g.Billed), Settled: legsOf(g.Settled), Diff: legsOf(g.Diff),
			})
		}
	}
	return s.readExceptions(ctx, f, at)
}

// readExceptions reads those of the order, of its bills and of its settlements.
func (s *orderStory) readExceptions(ctx context.Context, f *orderFinder, at schema.Partition) error {
	own := make(map[string]bool)
	for _, b := range s.Bills {
		own[b.LedgerID] = true
	}
	for _, row := range s.Settlements {
		own[row.SettleID] = true
	}
	for e, err := range f.lake.Exceptions(ctx, at.Day, at.Bucket) {
		if err != nil {
			return err
		}
		if f.has(e.ShopOrderID.V) || own[e.LedgerID.V] || own[e.SettleID.V] {
			s.Exceptions = append(s.Exceptions, storyException{at.Day, e.Rule, e.Severity, e.LedgerID.V, e.SettleID.V, e.Detail})
		}
	}
	return nil
}

// readAnswers reads what was asked of the order on account of a day's bills.
func (s *orderStory) readAnswers(ctx context.Context, f *orderFinder, day schema.Day) error {
	var undecoded error
	err := archive.New(f.store).Settlements(ctx, day, nil, func(a schema.SettleAnswer) {
		if !f.has(a.Value) {
			return
		}
		decoded, err := normalise.DecodeSettleAnswer(a)
		if err != nil {
			undecoded = fmt.Errorf("%s: %w", a.Key, err)
			return
		}
		s.Asked = append(s.Asked, storyQuery{day, a.Query().Match.String(), a.Value, a.FetchedAt, a.LogID, len(decoded.Decoded.Records)})
	}, func(schema.SettlePass) {})
	if err != nil {
		return err
	}
	return undecoded
}

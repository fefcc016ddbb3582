package pipeline_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"billwalk/pipeline"
	"billwalk/pipeline/normalise"
	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// The match rules of the tests.
var (
	byShop = schema.Match{Parameter: "order_id", Column: "shop_order_id"}
	byExt  = schema.Match{Parameter: "out_order_no", Column: "order_ext_id"}
	byItem = schema.Match{Parameter: "order_id", Column: "item_order_id"}
)

// trade is a settle query in memory.
type trade struct {
	now     func() time.Time
	latency time.Duration
	// strike, where set, is called before each answer. It may return another body, or an
	// error. Strikes do not overlap.
	strike func(q schema.Query) (body string, err error)

	mu      sync.Mutex
	answers map[string][]string // settlements, by parameter and value
	asked   []schema.Query
	told    map[string]bool // settlements in answers
}

// withTrade gives the world a trade system, with match rules.
func (w *world) withTrade(match ...schema.Match) *trade {
	w.trade = &trade{now: w.now, answers: make(map[string][]string), told: make(map[string]bool)}
	w.rules = reconcile.Rules{Match: match, Lookback: 3, Configured: true}
	return w.trade
}

// settles runs a test with a world that has a trade system.
func settles(t *testing.T, accounts []schema.Account, match []schema.Match, test func(t *testing.T, w *world)) {
	t.Helper()
	inBubble(t, accounts, func(t *testing.T, w *world) {
		w.withTrade(match...)
		test(t, w)
	})
}

// set sets the settlements that the trade system has for a query.
func (s *trade) set(m schema.Match, value string, settlements ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[m.Parameter+" "+value] = settlements
}

// Settlements implements settle.Trade.
func (s *trade) Settlements(ctx context.Context, q schema.Query) (normalise.SettlementsAnswer, error) {
	answer := normalise.SettlementsAnswer{SettleAnswer: schema.SettleAnswer{Parameter: q.Parameter, Column: q.Column, Value: q.Value, LogID: "log-" + q.Value}}
	select {
	case <-time.After(s.latency):
	case <-ctx.Done():
		return answer, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, q)
	for _, one := range s.answers[q.Parameter+" "+q.Value] {
		s.told[one] = true
	}
	answer.FetchedAt = s.now().UTC()
	var body string
	var err error
	if s.strike != nil {
		body, err = s.strike(q)
	}
	if body == "" && err == nil {
		body = settleBody(s.answers[q.Parameter+" "+q.Value]...)
	}
	answer.Body = []byte(body)
	if err == nil {
		if answer.Decoded, err = normalise.ReadSettlements(answer.Body); err != nil {
			err = &schema.UnitError{LogID: answer.LogID, Err: err}
		}
	}
	return answer, err
}

// settleBody returns the body of an answer.
func settleBody(settlements ...string) string {
	return fmt.Sprintf(`{"data":[%s],"extra":{"error_code":0,"sub_error_code":0,"logid":"2022083118"}}`, strings.Join(settlements, ","))
}

// made returns the queries made since made was called last, sorted.
func (s *trade) made() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var made []string
	for _, q := range s.asked {
		made = append(made, q.Parameter+" "+q.Value)
	}
	slices.Sort(made)
	s.asked = nil
	return made
}

// settlement returns a settlement without an order id, all of which goes to one merchant.
func settlement(id string, status schema.Status, fen int64, on schema.Day) string {
	detail, at := fmt.Sprintf("商户号68882720803499563550-分成金额(分)%d", fen), on.Start().Add(20*time.Hour).UnixMilli()
	if status != schema.StatusSuccess {
		detail, at = "", 0
	}
	return fmt.Sprintf(`{"settle_id":%q,"settle_status":%q,"settle_amount":%d,"rake":0,"commission":0,"settle_detail":%q,"settle_time":%d}`, id, status, fen, detail, at)
}

// ofOrder returns the settlement with an order id.
func ofOrder(order, settlement string) string {
	return fmt.Sprintf(`{"order_id":%q,`, order) + settlement[1:]
}

// sale returns a forward bill without fees, with the id of an order and the merchant's own
// id of it; an empty one is left out.
func sale(payee schema.AccountID, ledger, order, ext string, fen int64) string {
	return ledgerRecord(payee, ledger, order, ext, 1, fen)
}

// refund returns a bill that takes the money back.
func refund(payee schema.AccountID, ledger, order string, fen int64) string {
	return ledgerRecord(payee, ledger, order, "", 2, fen)
}

func ledgerRecord(payee schema.AccountID, ledger, order, ext string, settleType int, fen int64) string {
	ids := ""
	if order != "" {
		ids += fmt.Sprintf(`"shop_order_id":%q,`, order)
	}
	if ext != "" {
		ids += fmt.Sprintf(`"order_ext_id":%q,`, ext)
	}
	return fmt.Sprintf(`{"account_id":%q,"ledger_id":%q,%s"settle_type":%d,"amount":{"pay":%d,"ledger_total":%d,"goods":%d,"total_commission":0,"total_merchant_platform_service":0}}`,
		payee, ledger, ids, settleType, fen, fen, fen)
}

// sales returns n sales, each of its own order.
func sales(payee schema.AccountID, n int) []string {
	var list []string
	for i := range n {
		list = append(list, sale(payee, fmt.Sprint("L", i), order(i), ext(i), 100))
	}
	return list
}

// sellSettled gives the store so many sales, each with a settlement of its shop order.
func (w *world) sellSettled(n int) {
	w.set(store, sales(store.ID, n)...)
	for i := range n {
		w.trade.set(byShop, order(i), settlement(fmt.Sprint("s", i), schema.StatusSuccess, 100, day))
	}
}

func order(i int) string { return fmt.Sprintf("S%05d", i) }
func ext(i int) string   { return fmt.Sprintf("E%05d", i) }

func on(d schema.Day) func(*pipeline.Run) { return func(r *pipeline.Run) { r.From, r.To = d, d } }

func tradeInFlight(n int) func(*pipeline.Run) { return func(r *pipeline.Run) { r.Settle.InFlight = n } }

// verdicts returns the verdicts of some days, sorted lines of: day in the month,
// account, group, verdict/tier, reasons, bills:settlements, and the total's
// billed/settled/difference.
func (w *world) verdicts(first, last schema.Day) []string {
	var lines []string
	for d := first; d <= last; d++ {
		for _, p := range w.lake.of(d) {
			for _, r := range p.reconciliation {
				verdict := string(r.Verdict)
				if r.MatchedBy.Valid {
					verdict += "/" + string(r.MatchedBy.V)
				}
				verdict = named.Replace(strings.Join(append([]string{verdict}, r.Reasons...), " "))
				lines = append(lines, fmt.Sprintf("%s %s %s %s %d:%d %s/%s/%s", d.String()[8:], nameOf(r.WalkAccountID), r.GroupKey, verdict,
					r.BillRows, r.SettlementRows, show(r.Billed[schema.LegTotal]), show(r.Settled[schema.LegTotal]), show(r.Diff[schema.LegTotal])))
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// named names the accounts in reasons.
var named = strings.NewReplacer("/"+string(brand.ID), "/brand", "/"+string(store.ID), "/store", "/"+string(kiosk.ID), "/kiosk", "/"+string(mobile.ID), "/mobile")

func nameOf(id schema.AccountID) string {
	switch id {
	case brand.ID:
		return "brand"
	case store.ID:
		return "store"
	case kiosk.ID:
		return "kiosk"
	case mobile.ID:
		return "mobile"
	}
	return string(id)
}

func show(v schema.Null[schema.Fen]) string {
	if !v.Valid {
		return "_"
	}
	return fmt.Sprint(int64(v.V))
}

// settlements returns the settlements of some days, sorted lines of: day in the
// month, settle_id.
func (w *world) settlements(first, last schema.Day) []string {
	var ids []string
	for d := first; d <= last; d++ {
		for _, p := range w.lake.of(d) {
			for _, s := range p.settlements {
				ids = append(ids, d.String()[8:]+" "+s.SettleID)
			}
		}
	}
	slices.Sort(ids)
	return ids
}

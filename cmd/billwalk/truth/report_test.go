package truth

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/billwalktest/race"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
	"billwalk/schema/sql"
	"billwalk/sinks/report"
)

// reportSQL finds the numbers of a report in the tables.
//
//go:embed testdata/report.sql
var reportSQL string

// TestReportFoots: on lakes with orders over several days, bills of two contents and failed
// accounts, every number of a report is what DuckDB finds in the tables, to the fen, and the
// parts of the report add up.
func TestReportFoots(t *testing.T) {
	billwalktest.RequireDuckDB(t)
	faults, err := sandbox.ParseFaults("4000001,6000001,minus")
	if err != nil {
		t.Fatal(err)
	}
	breaks, err := sandbox.ParseBreaks("all")
	if err != nil {
		t.Fatal(err)
	}
	var refunds atomic.Int64 // after settlement
	t.Cleanup(func() {
		if refunds.Load() == 0 {
			t.Error("no lake has a refund after settlement")
		}
	})
	for seed := range uint64(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			if race.Detector { // ten times as slow; .ci/run has all seeds without it
				billwalktest.Sample(t, int(seed), 3)
			}
			world := billwalktest.World(seed, 16)
			world.Faults, world.Withdrawals, world.Breaks = faults, true, breaks
			platform, lake := billwalktest.Serve(t, world), billwalktest.FolderLake(t)
			accounts := platform.Accounts()[:8]
			config := billwalktest.Job{Lake: lake, Buckets: 1 + int(seed%2), Platform: platform.URL, Accounts: accounts, QPS: 1000, Trade: 1000, Extra: "    withdrawals: {}\n    stores: true\n"}.Write(t)
			days := []string{"nightly", "--from", billwalktest.FirstDay.String(), "--to", billwalktest.LastDay.String()}
			billwalktest.Run(t, config, append([]string{"run"}, days...)...)
			resolveSome(t, config, reportOf(t, config, days...))
			closed := note(t, config, "close", "nightly", "--day", billwalktest.FirstDay.String(), "--by", "张")
			if of := reportOf(t, config, "nightly", "--from", billwalktest.FirstDay.String()); strings.Contains(closed, "不可日清（") == of.Close.Ready {
				t.Errorf("ready to be closed: %t; close prints %s", of.Close.Ready, closed)
			}
			r := reportOf(t, config, days...)
			if r.Total.Doubtful.Groups == 0 || len(r.Closed) != 1 || len(r.Orders.ResolvedList) < 2 {
				t.Errorf("%d groups doubtful, %d days closed and %d orders resolved", r.Total.Doubtful.Groups, len(r.Closed), len(r.Orders.ResolvedList))
			}
			if len(r.Units) < 3*len(accounts) || len(r.Orders.List) == 0 {
				t.Fatalf("%d units and %d open orders: there is too little to check", len(r.Units), len(r.Orders.List))
			}
			refunds.Add(r.Refunds.Bills)
			checkFoots(t, r)
			checkBalances(t, r.Withdrawals)
			checkStatusAges(t, config, r, days...)
			checkLeft(t, lake, 1+int(seed%2), accounts, r)
			got := numbersOf(r)
			want := make(numbers)
			type named struct{ Name, Value string }
			for _, n := range billwalktest.DuckDB[named](t, billwalktest.TablesOf(lake)+viewsBeside(lake)+strings.ReplaceAll(reportSQL, "${TO}", r.To.String())) {
				want[n.Name] = n.Value
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("DuckDB (-) and the report (+):\n%s", diff)
			}
		})
	}
}

// resolveSome resolves every third open order of one account, up to ten.
func resolveSome(t *testing.T, config string, r *report.Report) {
	t.Helper()
	notes := "order,account,reason\n"
	for i, o := range r.Orders.List[:min(30, len(r.Orders.List))] {
		if i%3 == 0 && o.Accounts < 2 && o.Account != schema.NoAccount && o.Verdict.Open() {
			notes += o.Key + "," + string(o.Account) + ",平台已补\n"
		}
	}
	path := filepath.Join(t.TempDir(), "resolutions.csv")
	if err := os.WriteFile(path, []byte(notes), 0o644); err != nil {
		t.Fatal(err)
	}
	note(t, config, "resolve", "nightly", "--file", path, "--by", "李")
}

// note runs a verb by which people note something.
func note(t *testing.T, config string, args ...string) (printed string) {
	t.Helper()
	var out, log bytes.Buffer
	if code := billwalktest.CommandLine(append([]string{"--config", config}, args...), &out, &log); code != 0 {
		t.Fatalf("%s: exit %d\n%s", args[0], code, log.String())
	}
	return out.String()
}

// viewsBeside returns the views that are not of tables, for tables that are there already.
func viewsBeside(lake billwalktest.Place) string {
	views := schema.DuckDB(lake.SQL, schema.OptionalTables()...)
	_, notes, _ := strings.Cut(views, "\n-- What people have noted")
	_, doubts, _ := strings.Cut(views, "\n-- Matched groups with an exception")
	doubts, _, _ = strings.Cut(doubts, "\n-- The same for people")
	refunds, _ := sql.Saved("refunds_after_settlement", sql.Settings{})
	return "--" + doubts + "--" + notes + withdrawalViews(lake) + "CREATE TEMP TABLE refunds AS " + refunds
}

// reportOf runs the verb report and returns what it prints.
func reportOf(t *testing.T, config string, args ...string) *report.Report {
	t.Helper()
	var out, log bytes.Buffer
	if code := billwalktest.CommandLine(append([]string{"--config", config, "--output", "json", "report"}, args...), &out, &log); code != 0 {
		t.Fatalf("report: exit %d\n%s", code, log.String())
	}
	r := new(report.Report)
	if err := json.Unmarshal(out.Bytes(), r); err != nil {
		t.Fatal(err)
	}
	return r
}

// numbers are those of a report that are not 0, by name.
type numbers map[string]string

// named sets a number under names joined by slashes.
func (n numbers) named(value int64, names ...string) {
	if value != 0 {
		n[strings.Join(names, "/")] = strconv.FormatInt(value, 10)
	}
}

func numbersOf(r *report.Report) numbers {
	n := make(numbers)
	for _, u := range r.Units {
		n.addUnit(&u)
	}
	n.named(int64(r.Total.Bridge.Settled), "settled", "fen")
	for _, step := range r.Waterfall {
		if step.Code != report.StepTotalUnknown && step.Code != report.StepGoodsUnknown { // what is not known follows from the rest
			n.named(int64(step.Fen), "waterfall", string(step.Code))
		}
	}
	for _, s := range r.Stores {
		at := "store/" + string(s.Account) + "/" + s.ID
		n.named(s.Bills, at, "bills")
		n.named(s.Unknown, at, "unknown")
		n.named(int64(s.Total), at, "total")
		n.named(int64(s.Fee), at, "fee")
		if s.Rate != nil {
			n.named(*s.Rate, at, "rate")
		}
		n.named(s.Commissions.Bills, at, "commission_bills")
		n.named(int64(s.Commissions.Total), at, "commission_total")
		n.named(int64(s.Commissions.Part), at, "commission")
		n.named(int64(s.Taken.Total), at, "taken_total")
		n.named(int64(s.Taken.Part), at, "taken")
		n.named(s.Lacking.Total, at, "lacking_total")
		n.named(s.Lacking.Fee, at, "lacking_fee")
		n.named(s.Lacking.Commissions, at, "lacking_commissions")
	}
	for _, x := range r.Exceptions {
		n.named(x.Count, "exception", string(x.Rule), string(x.Severity))
	}
	for _, d := range r.Restatements {
		at := "restatement/" + d.Day.String()
		n.named(d.Added, at, "added")
		n.named(d.Removed, at, "removed")
		n.named(d.Changed, at, "changed")
		n.named(int64(d.Total), at, "total")
		n.named(int64(d.Merchant), at, "merchant")
	}
	n.named(r.Refunds.Bills, "refunds", "bills")
	n.named(int64(r.Refunds.Refund), "refunds", "fen")
	for _, o := range r.Refunds.List {
		n.named(o.Bills, "refunded", o.Key, "bills")
		n.named(int64(o.Refund), "refunded", o.Key, "refund")
		n.named(int64(o.Settled), "refunded", o.Key, "settled")
	}
	for _, s := range r.Refunds.Stores {
		n.named(s.Bills, "refunded_store", string(s.Account), s.Store, "bills")
		n.named(int64(s.Refund), "refunded_store", string(s.Account), s.Store, "refund")
	}
	for _, d := range r.Doubts {
		n.named(int64(len(d.Rules)), "doubt", d.Day.String(), string(d.Account), d.Key, "rules")
	}
	n.addOrders(r)
	return n
}

func (n numbers) addUnit(u *report.Unit) {
	at := u.Day.String() + "/" + string(u.Account)
	s := u.Sums
	for name, value := range map[string]int64{
		"bills": s.Bills, "uncounted": s.Uncounted, "forward": int64(s.Forward), "refund": int64(s.Refund), "other": int64(s.Other), "net": int64(s.Net), "merchant": int64(s.Merchant),
		"unknown_direction": s.UnknownDirection, "unknown_total": s.UnknownTotal, "unknown_forward": s.UnknownForward, "unknown_merchant": s.UnknownMerchant,
	} {
		n.named(value, "unit", at, name)
	}
	for _, v := range u.Verdicts {
		for name, value := range map[string]int64{"groups": v.Groups, "billed": int64(v.Billed), "settled": int64(v.Settled), "diff": int64(v.Diff), "over": int64(v.Over), "short": int64(v.Short)} {
			n.named(value, "verdict", at, string(v.Verdict), name)
		}
	}
	d := u.Doubtful
	n.named(d.Groups, "doubtful", at, "groups")
	n.named(int64(d.Billed), "doubtful", at, "billed")
	n.named(int64(d.Settled), "doubtful", at, "settled")
	for _, v := range u.Verdicts {
		if v.Verdict == schema.Matched {
			n.named(v.Groups-d.Groups, "certain", at, "groups")
			n.named(int64(v.Billed-d.Billed), "certain", at, "billed")
			n.named(int64(v.Settled-d.Settled), "certain", at, "settled")
		}
	}
	for _, term := range u.Bridge.Terms {
		n.named(term.Groups, "term", at, string(term.Code), "groups")
		n.named(int64(term.Fen), "term", at, string(term.Code), "fen")
	}
}

func rank(v schema.Verdict) int64 { return int64(slices.Index(schema.Verdicts, v)) + 1 }

func (n numbers) addOrders(r *report.Report) {
	for _, o := range r.Orders.List {
		at := "order/" + o.Key
		n.named(int64(o.Groups), at, "groups")
		n.named(rank(o.Verdict), at, "rank")
		n.named(int64(o.Age), at, "age")
		n.named(int64(o.Last-o.First), at, "days")
		n.named(int64(o.Stake), at, "stake")
		compared := int64(0)
		for i, leg := range o.Legs {
			n.named(int64(leg.Billed.V), at, fmt.Sprint("billed", i))
			n.named(int64(leg.Settled.V), at, fmt.Sprint("settled", i))
			n.named(int64(leg.Diff.V), at, fmt.Sprint("diff", i))
			if leg.Diff.Valid {
				compared += 1 << i
			}
		}
		n.named(compared, at, "compared")
		billed := schema.Fen(0)
		for _, b := range o.Drill.Bills {
			billed += b.Legs[schema.LegTotal].V
		}
		n.named(int64(len(o.Drill.Bills)), "drill", o.Key, "bills")
		n.named(int64(billed), "drill", o.Key, "billed")
	}
	for _, a := range r.Ages {
		at := fmt.Sprintf("age/%d/%d", rank(a.Verdict), a.Band.Least)
		n.named(a.Orders, at, "orders")
		n.named(int64(a.Billed), at, "billed")
		n.named(int64(a.Settled), at, "settled")
		n.named(int64(a.Stake), at, "stake")
	}
	for _, d := range r.Closed {
		at := "after_closing/" + d.Day.String()
		n.named(d.Added+d.Removed+d.Changed, at, "changes")
		n.named(int64(d.Total), at, "total")
		n.named(int64(d.Merchant), at, "merchant")
	}
	n.balances(r.Withdrawals)
	n.named(r.Orders.Resolved.Orders, "resolved", "orders")
	n.named(int64(r.Orders.Resolved.Billed), "resolved", "billed")
	n.named(int64(r.Orders.Resolved.Settled), "resolved", "settled")
	n.named(int64(r.Orders.Resolved.Stake), "resolved", "stake")
	for _, o := range r.Orders.ResolvedList {
		n.named(int64(o.Legs[schema.LegTotal].Diff.V), "resolved", o.Key, "diff")
	}
	n.named(r.Orders.Closed.Orders, "closed", "orders")
	n.named(int64(r.Orders.Closed.Billed), "closed", "billed")
	n.named(int64(r.Orders.Closed.Settled), "closed", "settled")
}

// checkFoots adds up what has to foot in the report itself.
func checkFoots(t *testing.T, r *report.Report) {
	t.Helper()
	same := func(what string, parts, whole schema.Fen) {
		t.Helper()
		if parts != whole {
			t.Errorf("%s: the parts are %d, the whole is %d", what, parts, whole)
		}
	}
	var units, accounts report.Sums
	for _, u := range r.Units {
		checkFigures(t, fmt.Sprint(u.Day, " ", u.Account), &u.Figures)
		addSums(&units, u.Sums)
	}
	for _, a := range r.Accounts {
		checkFigures(t, "account "+string(a.ID), &a.Figures)
		addSums(&accounts, a.Sums)
	}
	checkFigures(t, "total", &r.Total)
	if units != r.Total.Sums || accounts != r.Total.Sums {
		t.Errorf("units %+v, accounts %+v, total %+v", units, accounts, r.Total.Sums)
	}
	var sum schema.Fen
	for _, step := range r.Waterfall {
		if step.Subtotal {
			same(string(step.Code), sum, step.Fen)
			continue
		}
		sum += step.Fen
	}
	same("waterfall", sum, r.Total.Sums.Merchant)
	orders := r.Orders
	same("orders' bills", orders.Open.Billed+orders.Resolved.Billed+orders.Closed.Billed, r.Total.Bridge.Forward)
	same("orders' settlements", orders.Open.Settled+orders.Resolved.Settled+orders.Closed.Settled, r.Total.Bridge.Settled)
	aged := schema.Fen(0)
	for _, a := range r.Ages {
		aged += a.Stake
	}
	same("ages", aged, orders.Open.Stake)
	for _, o := range slices.Concat(orders.List, orders.ResolvedList) {
		if o.Drill == nil || o.Drill.SettlementsLeft > 0 {
			continue
		}
		settled := schema.Fen(0)
		for _, s := range o.Drill.Settlements {
			if s.Status == schema.StatusSuccess {
				settled += s.Legs[schema.LegTotal].V
			}
		}
		same("settlements of order "+o.Key, settled, o.Legs[schema.LegTotal].Settled.V)
	}
}

func checkFigures(t *testing.T, what string, f *report.Figures) {
	t.Helper()
	end, billed, settled := f.Bridge.Forward, schema.Fen(0), schema.Fen(0)
	for _, term := range f.Bridge.Terms {
		end += term.Fen
	}
	for _, v := range f.Verdicts {
		billed, settled = billed+v.Billed, settled+v.Settled
	}
	if end != f.Bridge.Settled || f.Bridge.Remainder != 0 || billed != f.Sums.Forward || settled != f.Bridge.Settled || f.Bridge.Forward != f.Sums.Forward ||
		f.Sums.Forward+f.Sums.Refund+f.Sums.Other != f.Sums.Net {
		t.Errorf("%s does not foot: %+v", what, f)
	}
}

func addSums(sum *report.Sums, s report.Sums) {
	sum.Bills, sum.Uncounted = sum.Bills+s.Bills, sum.Uncounted+s.Uncounted
	sum.Forward, sum.Refund, sum.Other, sum.Net, sum.Merchant = sum.Forward+s.Forward, sum.Refund+s.Refund, sum.Other+s.Other, sum.Net+s.Net, sum.Merchant+s.Merchant
	sum.UnknownDirection, sum.UnknownTotal = sum.UnknownDirection+s.UnknownDirection, sum.UnknownTotal+s.UnknownTotal
	sum.UnknownForward, sum.UnknownMerchant = sum.UnknownForward+s.UnknownForward, sum.UnknownMerchant+s.UnknownMerchant
}

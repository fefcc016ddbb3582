package simulation

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/cli"
	"billwalk/pipeline"
	"billwalk/pipeline/douyin"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/pipeline/jobs"
	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// TestWithdrawalNights: a job of twelve accounts follows their withdrawals night after night,
// on a platform whose withdrawals have every kind of break. In the end each withdrawal is what
// the platform knows of it: each that has no break ties at 0 fen without an exception, and
// each break is named by its verdict, its difference or its exceptions. No night asks for what
// is final. All this is so through all faults, which leave half of the withdrawals: the breaks
// that did not come up are planted again, alone. A replay makes the same files with no call,
// verify proves them, and SQL that knows bills and withdrawn_bills alone finds the same ties.
//
//	BILLWALK_DEEP=1 go test ./cmd/billwalk/simulation -run TestWithdrawalNights    30 nights
func TestWithdrawalNights(t *testing.T) {
	t.Parallel()
	for _, faults := range []string{"", "all"} {
		t.Run(cmp.Or(faults, "none"), func(t *testing.T) {
			t.Parallel()
			named := make(map[string]int)
			left := breaksBut(named)
			for range 3 {
				followWithdrawals(t, faults, left, named)
				if left = breaksBut(named); left == "" {
					return
				}
			}
			t.Errorf("not every break is there: %s", left)
		})
	}
}

// breaksBut are the breaks that are named by a withdrawal, but for some.
func breaksBut(named map[string]int) string {
	var left []string
	for _, b := range sandbox.BreakList() {
		if b.Name != sandbox.NotWithdrawn && named[b.Name] == 0 {
			left = append(left, b.Name)
		}
	}
	return strings.Join(left, ",")
}

// followWithdrawals follows the withdrawals of a platform, and counts the breaks that are named.
func followWithdrawals(t *testing.T, faults, breaks string, named map[string]int) {
	t.Helper()
	n := &withdrawalNights{folder: t.TempDir(), breaks: named}
	synctest.Test(t, func(t *testing.T) {
		n.T = t
		n.open(faults, breaks+","+sandbox.NotWithdrawn)
		for n.night = range billwalktest.Often(15, 30) {
			n.run()
		}
		n.compare()
		n.replay()
	})
	n.T = t
	n.compareSQL()
}

// withdrawalNights is such a job, in a bubble.
type withdrawalNights struct {
	*testing.T
	folder   string // of the published tables, and of jobs.yaml
	config   string
	platform *sandbox.Platform
	store    *objecttest.Mem
	job      *cli.Job // of the last run
	night    int
	requests int                           // of the nights before
	known    map[string]sandbox.Withdrawal // as they were when they were last asked for
	named    map[schema.AccountID]bool     // payees of the bills that were found
	breaks   map[string]int                // that were named, of all worlds
}

var firstWithdrawn = billwalktest.MustDay("2026-06-03")

func (n *withdrawalNights) open(faults, breaks string) {
	n.Helper()
	time.Sleep(time.Until(firstWithdrawn.Start()))
	world := billwalktest.World(5, 8)
	world.Healthy, world.Withdrawals, world.Now, world.Stall = true, true, time.Now, 40*time.Second
	var err error
	if world.Faults, err = sandbox.ParseFaults(faults); err != nil {
		n.Fatal(err)
	}
	if world.Breaks, err = sandbox.ParseBreaks(breaks); err != nil {
		n.Fatal(err)
	}
	n.platform, n.store = sandbox.New(world), objecttest.NewMem()
	n.known, n.named = make(map[string]sandbox.Withdrawal), make(map[schema.AccountID]bool)
	n.config = billwalktest.Job{
		Lake: billwalktest.Place{URL: "file:unused"}, Platform: "https://platform.example", Accounts: n.platform.Accounts(), QPS: 20_000, Lookback: 1, Passes: 2, PageSize: 20,
		Extra: "    withdrawals: {}\n",
	}.Write(n)
}

// setup wires the job to the platform and the store in memory.
func (n *withdrawalNights) setup() cli.Setup {
	return cli.Setup{Now: time.Now, Store: n.store, Client: []douyin.Option{douyin.WithTransport(handled{n.platform}), douyin.WithClock(time.Now)}}
}

// do makes a run, or a replay.
func (n *withdrawalNights) do(days cli.Days, withClient bool) *pipeline.Summary {
	n.Helper()
	file, err := jobs.Load(n.config, func(string) (string, bool) { return "", false })
	if err != nil {
		n.Fatal(err)
	}
	if n.job, err = n.setup().Open(n.Context(), file, "nightly", days, withClient); err != nil {
		n.Fatal(err)
	}
	defer n.job.Close()
	s, err := n.job.Do(n.Context())
	if err != nil || s.ExitCode != pipeline.ExitDone && s.ExitCode != pipeline.ExitIncomplete {
		n.Fatalf("night %d: exit %d, %v", n.night, s.ExitCode, err)
	}
	return s
}

// yesterday is the last day of a night's run. The first night looks at two days.
func (n *withdrawalNights) yesterday() schema.Day { return firstWithdrawn + 1 + schema.Day(n.night) }

// run makes the run of a night, and checks what it asked for.
func (n *withdrawalNights) run() {
	n.Helper()
	time.Sleep(time.Until((n.yesterday() + 1).Start().Add(14 * time.Hour)))
	n.do(cli.Days{}, true)
	n.checkRequests()
	for _, row := range n.platform.Truth(n.platform.Accounts(), firstWithdrawn, n.yesterday()) {
		n.named[row.Account] = true
	}
	for _, w := range n.platform.Withdrawals(n.platform.Accounts(), firstWithdrawn, n.yesterday(), time.Now()) {
		if !n.looksAt(w.Account, w.Day) {
			continue
		}
		if before, ok := n.known[w.ID]; !ok || !isFinal(before) {
			n.known[w.ID] = w
		}
	}
}

// looksAt reports whether a run looks at the withdrawals of a payee on a day: its account's
// bills of the day can be had, and name the payee on some day unless it is configured itself.
func (n *withdrawalNights) looksAt(payee schema.AccountID, day schema.Day) bool {
	for _, a := range n.platform.Accounts() {
		ofStore := slices.ContainsFunc(n.platform.Stores(a.ID), func(s schema.Account) bool { return s.ID == payee })
		if a.ID != payee && !ofStore {
			continue
		}
		_, lost := n.platform.Lost(schema.Unit{Account: a, Day: day})
		return !lost && (a.ID == payee && !a.Root || n.named[payee])
	}
	return false
}

func isFinal(w sandbox.Withdrawal) bool {
	return slices.Contains([]string{"tied", "manual", "failed"}, w.Verdict)
}

// checkRequests: nothing that was final is asked for.
func (n *withdrawalNights) checkRequests() {
	n.Helper()
	open := make(map[string]bool) // payees' days with withdrawals that are not final
	for _, w := range n.known {
		if !isFinal(w) {
			open[fmt.Sprint(w.Account, w.Day)] = true
		}
	}
	requests := n.platform.Requests()
	for _, r := range requests[n.requests:] {
		switch r.API {
		case sandbox.WithdrawalsAPI:
			_, lost := n.platform.WithdrawalsLost(schema.AccountID(r.Account))
			if n.night > 0 && r.Day != n.yesterday().String() && !lost && !open[r.Account+r.Day] {
				n.Errorf("night %d: the withdrawals of %s on %s are asked for, and all are final", n.night, r.Account, r.Day)
			}
		case sandbox.WithdrawnBillsAPI:
			if w, ok := n.known[r.Value]; ok && isFinal(w) {
				n.Errorf("night %d: the bills of withdrawal %s are asked for, which is %s", n.night, r.Value, w.Verdict)
			}
		}
	}
	n.requests = len(requests)
}

// compare compares the tables with the platform's truth.
func (n *withdrawalNights) compare() {
	n.Helper()
	want, got := n.expected(), n.published()
	if diff := gocmp.Diff(want, got); diff != "" {
		n.Errorf("(-platform +lake):\n%.8000s", diff)
	}
	named := make(map[string]int) // breaks
	for _, w := range n.known {
		tells := tells(w, got[w.ID])
		switch {
		case w.Break != "" && tells:
			named[w.Break]++
		case w.Break == sandbox.Returned: // until the withdrawal that follows is launched
		case w.Break != "":
			n.Errorf("withdrawal %s has the break %s, and nothing tells: %s", w.ID, w.Break, got[w.ID])
		case tells:
			n.Errorf("withdrawal %s has no break: %s", w.ID, got[w.ID])
		}
	}
	n.Logf("%d withdrawals, with breaks %v; %d calls", len(want), named, n.requests)
	for kind, times := range named {
		n.breaks[kind] += times
	}
}

// expected are the withdrawals as the lake must have them, by id.
func (n *withdrawalNights) expected() map[string]string {
	paid := make(map[string]int)
	key := func(b sandbox.WithdrawnBill) string {
		return fmt.Sprint(b.Account, " ", b.LedgerID, b.SettleType, b.SettleSubType)
	}
	for _, w := range n.known {
		if w.Verdict == "tied" || w.Verdict == "mismatched" {
			for _, b := range w.Bills {
				paid[key(b)]++
			}
		}
	}
	rows := make(map[string]string)
	for id, w := range n.known {
		bills, fen, diff := "NULL", "NULL", "NULL"
		exceptions := slices.DeleteFunc(slices.Clone(w.Exceptions), func(rule string) bool { return rule == sandbox.WithdrawnTwice || rule == sandbox.BeforeFirstDay })
		if w.DiffFen != nil {
			bills, fen, diff = fmt.Sprint(w.BillRows), fmt.Sprint(w.BillsFen), fmt.Sprint(*w.DiffFen)
			for _, b := range w.Bills {
				if paid[key(b)] > 1 {
					exceptions = append(exceptions, sandbox.WithdrawnTwice)
				}
				if b.Before && w.Day-b.Day > withdrawalLookback { // else it is of the opening
					exceptions = append(exceptions, sandbox.BeforeFirstDay)
				}
			}
		}
		var rules []string
		for _, e := range exceptions {
			rules = append(rules, ruleOf[e])
		}
		slices.Sort(rules)
		rows[id] = fmt.Sprintf("%s of %s on %s, %d fen, status %s, %s, %s bills of %s, difference %s; %s",
			w.Verdict, w.Account, w.Day, w.Amount, w.Status, w.LaunchTime.UTC(), bills, fen, diff, strings.Join(slices.Compact(rules), " "))
	}
	return rows
}

const withdrawalLookback = 35

// ruleOf are the rules of the table exceptions, by the sandbox's names.
var ruleOf = map[string]string{
	sandbox.WithdrawnTwice: "withdrawn_twice", sandbox.NotInBills: "withdrawn_not_in_bills", sandbox.BeforeFirstDay: "withdrawn_before_first_day",
	sandbox.AmountDiffers: "withdrawn_amount", sandbox.StatusUnknown: "withdrawal_status", sandbox.DirectionUnknown: "withdrawn_no_direction",
}

var ofWithdrawal = regexp.MustCompile(`^withdrawal ([0-9]+)`)

// published are the withdrawals of the lake, by id.
func (n *withdrawalNights) published() map[string]string {
	n.Helper()
	rows, rules := make(map[string]string), make(map[string][]string)
	for day := firstWithdrawn; day <= n.yesterday(); day++ {
		for e, err := range n.job.Lake.Exceptions(n.Context(), day, 0) {
			if err != nil {
				n.Fatal(err)
			}
			if of := ofWithdrawal.FindStringSubmatch(e.Detail); of != nil {
				rules[of[1]] = append(rules[of[1]], string(e.Rule))
			} else if e.Rule.OfWithdrawals() {
				n.Errorf("an exception of no withdrawal: %+v", e)
			}
		}
		for row, err := range n.job.Lake.Rows(n.Context(), &schema.Withdrawals, day, 0) {
			if err != nil {
				n.Fatal(err)
			}
			w := row.(*schema.Withdrawal)
			slices.Sort(rules[w.WithdrawID])
			rows[w.WithdrawID] = fmt.Sprintf("%s of %s on %s, %d fen, status %s, %s, %s bills of %s, difference %s; %s",
				w.Verdict, w.AccountID, day, w.Amount.V, w.Status.V, w.LaunchTime.V, shown(w.BillRows), shown(w.BillsTotal), shown(w.Diff), strings.Join(slices.Compact(rules[w.WithdrawID]), " "))
		}
	}
	return rows
}

func shown[T any](v schema.Null[T]) string {
	if !v.Valid {
		return "NULL"
	}
	return fmt.Sprint(v.V)
}

// tells reports whether the row of a withdrawal tells a person that something is wrong: it
// does not tie, or has exceptions. An ordinary one may be under way, or fail and be followed by
// another; and it may pay a bill that one with a break pays again.
func tells(w sandbox.Withdrawal, row string) bool {
	_, exceptions, _ := strings.Cut(row, "; ")
	if w.Break == "" {
		return exceptions != "" && exceptions != ruleOf[sandbox.WithdrawnTwice] || w.Verdict == "mismatched"
	}
	return exceptions != "" || w.Verdict != "tied"
}

// replay builds all days again with no call: nothing is published anew, and verify proves it.
func (n *withdrawalNights) replay() {
	n.Helper()
	days := cli.Days{From: firstWithdrawn.String(), To: n.yesterday().String()}
	s := n.do(days, false)
	for _, o := range s.Partitions {
		if !o.Unchanged {
			n.Errorf("the replay makes another %s", o.Key)
		}
	}
	if calls := len(n.platform.Requests()); calls != n.requests || s.Calls != (pipeline.Calls{}) {
		n.Errorf("the replay made %d calls, %+v", calls-n.requests, s.Calls)
	}
	var out, log bytes.Buffer
	setup := n.setup()
	setup.Out, setup.Err = &out, &log
	code := setup.Main(n.Context(), "--config", n.config, "--output", "json", "verify", "nightly", "--from", days.From, "--to", days.To)
	if v, _ := billwalktest.VerificationOf(n, code, out.Bytes(), log.String()); code != pipeline.ExitDone || v.ProvenDays != n.night+2 {
		n.Errorf("verify: exit %d, %d days proven:\n%s", code, v.ProvenDays, billwalktest.FindingLines(v.Findings))
	}
	for _, table := range []string{"bills", "withdrawn_bills"} {
		for info, err := range n.store.List(n.Context(), table+"/") {
			if err != nil {
				n.Fatal(err)
			}
			n.export(info.Key)
		}
	}
}

// export writes an object into a folder, for DuckDB.
func (n *withdrawalNights) export(key string) {
	n.Helper()
	body, _, err := object.Read(n.Context(), n.store, key)
	if err != nil {
		n.Fatal(err)
	}
	defer body.Close()
	path := filepath.Join(n.folder, filepath.FromSlash(key))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		n.Fatal(err)
	}
	data, err := io.ReadAll(body)
	if err == nil {
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		n.Fatal(err)
	}
}

// compareSQL ties the withdrawals by SQL over bills and withdrawn_bills alone: each amount is
// the sum of the bills as their days have them, unless the truth says otherwise, and what no
// withdrawal pays waits.
func (n *withdrawalNights) compareSQL() {
	n.Helper()
	billwalktest.RequireDuckDB(n)
	tables := fmt.Sprintf(`CREATE TEMP TABLE b AS SELECT account_id, ledger_id, settle_type, coalesce(settle_sub_type, 0) AS sub, bill_date::VARCHAR AS day, coalesce(fund_amount_fen, goods_fen) AS fen
		FROM read_parquet('%[1]s/bills/*/*.parquet', hive_partitioning = true) WHERE counted;
	CREATE TEMP TABLE w AS SELECT withdraw_id, account_id, ledger_id, settle_type, coalesce(settle_sub_type, 0) AS sub, billed_on, in_bills, coalesce(fund_amount_fen, goods_fen) AS fen
		FROM read_parquet('%[1]s/withdrawn_bills/*/*.parquet');
	`, n.folder)
	type tie struct{ ID, Listed, Walked, Lost, Billed string }
	got := make(map[string]tie)
	for _, row := range billwalktest.DuckDB[tie](n, tables+`SELECT w.withdraw_id AS "ID", coalesce(sum(w.fen), 0)::VARCHAR AS "Listed", coalesce(sum(b.fen), 0)::VARCHAR AS "Walked",
		count(*) FILTER (b.day IS NULL)::VARCHAR AS "Lost", count(*) FILTER (w.billed_on IS DISTINCT FROM b.day OR w.in_bills <> (b.day IS NOT NULL))::VARCHAR AS "Billed"
		FROM w LEFT JOIN b USING (account_id, ledger_id, settle_type, sub) GROUP BY ALL`) {
		got[row.ID] = row
	}
	for id, w := range n.known {
		if w.DiffFen == nil || len(w.Bills) == 0 {
			continue
		}
		want := tie{ID: id, Listed: fmt.Sprint(w.BillsFen), Billed: "0"}
		walked, lost := int64(0), 0
		for _, b := range w.Bills {
			switch {
			case !b.InBills:
				lost++
			case b.Differs:
				want.Walked = got[id].Walked // which is not what the list says
			case b.Payable != nil:
				walked += *b.Payable
			}
		}
		if want.Walked == "" {
			want.Walked = fmt.Sprint(walked)
		} else if got[id].Walked == got[id].Listed {
			n.Errorf("withdrawal %s: its bills' days have the sum of its list, and one of the bills differs", id)
		}
		want.Lost = fmt.Sprint(lost)
		if got[id] != want {
			n.Errorf("withdrawal %s by SQL: %+v, want %+v", id, got[id], want)
		}
		delete(got, id)
	}
	if len(got) > 0 {
		n.Errorf("%d more withdrawals have bills: %v", len(got), slices.Sorted(maps.Keys(got)))
	}
	n.compareWaiting(tables)
}

// compareWaiting: what waits of each payee is what the platform knows, with the bills that are
// never withdrawn among it.
func (n *withdrawalNights) compareWaiting(tables string) {
	n.Helper()
	want, got := make(map[string]string), make(map[string]string)
	sums, counts := make(map[string]int64), make(map[string]int)
	paid := make(map[string]bool)
	for _, w := range n.known {
		for _, b := range w.Bills {
			if w.DiffFen != nil {
				paid[fmt.Sprint(b.Account, b.LedgerID, b.SettleType, b.SettleSubType)] = true
			}
		}
	}
	for _, s := range n.platform.BillStates(n.platform.Accounts(), firstWithdrawn, n.yesterday(), time.Time{}) {
		if s.State != sandbox.BillNotWithdrawable && !paid[fmt.Sprint(s.Account, s.LedgerID, s.SettleType, s.SettleSubType)] {
			day := fmt.Sprint(s.Account, " ", s.Day)
			sums[day], counts[day] = sums[day]+s.Fen, counts[day]+1
		}
	}
	for day := range sums {
		want[day] = fmt.Sprintf("%d bills of %d", counts[day], sums[day])
	}
	for _, row := range billwalktest.DuckDB[struct{ Day, Bills, Fen string }](n, tables+`SELECT account_id || ' ' || day AS "Day", count(*)::VARCHAR AS "Bills", sum(fen)::VARCHAR AS "Fen"
		FROM b ANTI JOIN w USING (account_id, ledger_id, settle_type, sub) WHERE fen IS NOT NULL GROUP BY ALL`) {
		got[row.Day] = fmt.Sprintf("%s bills of %s", row.Bills, row.Fen)
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		n.Errorf("waiting (-platform +SQL):\n%.4000s", diff)
	}
}

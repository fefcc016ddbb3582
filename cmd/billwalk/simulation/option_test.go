package simulation

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/cli"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// TestWithoutWithdrawals: a job without withdrawals and stores calls none of their APIs, and
// writes no file and no key of a manifest or summary that an earlier version did not write.
// Its tables are those of a job that follows withdrawals and lists stores, which has more
// exceptions: the same bytes, but for the bills' archive_key.
func TestWithoutWithdrawals(t *testing.T) {
	t.Parallel()
	plain, full := new(optionalNight), new(optionalNight)
	synctest.Test(t, func(t *testing.T) { plain.run(t, "") })
	synctest.Test(t, func(t *testing.T) { full.run(t, "    withdrawals: {}\n    stores: true\n") })
	for _, key := range plain.keys {
		if shelf, _, _ := strings.Cut(key, "/bill_date="); !slices.Contains([]string{"bills", "exceptions", "reconciliation", "restatements", "settlements", "_manifests", "archive/bills", "archive/settlements", "_control/turns"}, shelf) &&
			!strings.HasPrefix(key, "runs/") && !strings.HasPrefix(key, "_control/") && key != "_manifests/lake.json" {
			t.Errorf("%s is no file of an earlier version", key)
		}
	}
	if word := regexp.MustCompile(`.{0,200}(withdraw|stores?"|payee|amends).{0,40}`).FindString(strings.Join(plain.texts, "\n")); word != "" {
		t.Errorf("a manifest or a summary has %s", word)
	}
	for _, api := range []string{sandbox.WithdrawalsAPI, sandbox.WithdrawnBillsAPI, sandbox.StoresAPI} {
		if plain.calls[api] != 0 || full.calls[api] == 0 {
			t.Errorf("%s: %d calls without the keys, %d with them", api, plain.calls[api], full.calls[api])
		}
	}
	for key := range full.rows {
		if strings.HasPrefix(key, "exceptions/") || plain.rows[key] == "" {
			delete(plain.rows, key)
			delete(full.rows, key)
		}
	}
	if diff := gocmp.Diff(plain.rows, full.rows); diff != "" || len(plain.rows) != 3*4 {
		t.Errorf("%d files (-without +with):\n%s", len(plain.rows), diff)
	}
}

// optionalNight is a run of three days.
type optionalNight struct {
	keys  []string
	texts []string          // of the manifests and the summary
	rows  map[string]string // rows_sha256 of each file
	calls map[string]int    // by API
}

func (o *optionalNight) run(t *testing.T, extra string) {
	wakeUp()
	world := billwalktest.World(6, 10)
	world.Accounts, world.Withdrawals, world.Now = 6, true, time.Now
	world.Breaks, _ = sandbox.ParseBreaks("all")
	n := &withdrawalNights{T: t, platform: sandbox.New(world), store: objecttest.NewMem()}
	n.config = billwalktest.Job{
		Lake: billwalktest.Place{URL: "file:unused"}, Platform: "https://platform.example", Accounts: n.platform.Accounts(), QPS: 20_000, Trade: 20_000, Extra: extra,
	}.Write(t)
	yesterday := schema.DayOf(firstMorning) - 1
	s := n.do(cli.Days{From: (yesterday - 2).String(), To: yesterday.String()}, true)
	o.rows, o.calls = make(map[string]string), make(map[string]int)
	for _, p := range s.Partitions {
		o.rows[p.Key] = p.RowsSHA256
		if p.Table == schema.Bills.Name { // the names of walks are made by chance
			o.rows[p.Key] = fmt.Sprint(p.Totals)
		}
	}
	for _, r := range n.platform.Requests() {
		o.calls[r.API]++
	}
	for info, err := range n.store.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		o.keys = append(o.keys, info.Key)
		if strings.HasSuffix(info.Key, ".json") {
			text, _, err := object.ReadAll(t.Context(), n.store, info.Key)
			if err != nil {
				t.Fatal(err)
			}
			o.texts = append(o.texts, string(text))
		}
	}
}

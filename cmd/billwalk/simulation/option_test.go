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
	synctest.Test(t, func(t *testing.T) { plain.run(t, 3, "all", "") })
	synctest.Test(t, func(t *testing.T) { full.run(t, 3, "all", withOptions) })
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

// optionalNight is a run of some days.
type optionalNight struct {
	keys  []string
	texts []string          // of the manifests and the summary
	rows  map[string]string // rows_sha256 of each file
	calls map[string]int    // by API
}

const withOptions = "    withdrawals: {}\n    stores: true\n"

// lastDays are so many days before the first morning.
func lastDays(n schema.Day) cli.Days {
	today := schema.DayOf(firstMorning)
	return cli.Days{From: (today - n).String(), To: (today - 1).String()}
}

func (o *optionalNight) run(t *testing.T, days schema.Day, breaks, extra string) *withdrawalNights {
	wakeUp()
	world := billwalktest.World(6, 10)
	world.Accounts, world.Withdrawals, world.Now = 6, true, time.Now
	world.Breaks, _ = sandbox.ParseBreaks(breaks)
	n := &withdrawalNights{T: t, platform: sandbox.New(world), store: objecttest.NewMem()}
	n.configure(extra)
	s := n.do(lastDays(days), true)
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
	return n
}

// configure writes the job, with lines of its own.
func (n *withdrawalNights) configure(extra string) {
	n.config = billwalktest.Job{
		Lake: billwalktest.Place{URL: "file:unused"}, Platform: "https://platform.example", Accounts: n.platform.Accounts(), QPS: 20_000, Trade: 20_000, Extra: extra,
	}.Write(n)
}

// TestSameFiles: from one archive a job without withdrawals and stores makes the files of
// bills, settlements, reconciliation, restatements and exceptions that one with them makes,
// byte for byte but for what numbers a publication. Exceptions of withdrawals are all that the
// file of exceptions has more.
func TestSameFiles(t *testing.T) {
	t.Parallel()
	const days = 8
	for _, breaks := range []string{"", "all"} {
		t.Run(breaks, func(t *testing.T) {
			t.Parallel()
			var plain, full map[string]string
			synctest.Test(t, func(t *testing.T) {
				n := new(optionalNight).run(t, days, breaks, withOptions)
				plain, full = n.rebuilt(days, ""), n.rebuilt(days, withOptions)
			})
			same, more := 0, 0
			for key, file := range plain {
				other, ok := full[key]
				delete(full, key)
				switch {
				case file == other:
					same++
				case ok && breaks != "" && strings.HasPrefix(key, "exceptions/") && len(other) > len(file):
					more++
				default:
					t.Errorf("%s has %d bytes without the keys, and %d others with them", key, len(file), len(other))
				}
			}
			for key := range full {
				if table, _, _ := strings.Cut(key, "/"); !slices.Contains(schema.OptionalTables(), table) {
					t.Errorf("%s is there with the keys alone", key)
				}
			}
			if len(full) < 3 || same+more != days*5 || (breaks != "") != (more > 0) {
				t.Errorf("%d files are the same, %d have more, and %d are there with the keys alone", same, more, len(full))
			}
		})
	}
}

// stamp is what numbers a publication in a file.
var stamp = regexp.MustCompile(`(billwalk\.(?:generation|write_id)..)[0-9A-Z]+`)

// rebuilt replays the archive into an empty lake by a job with some more lines, and returns the
// files of its tables without their stamps.
func (n *withdrawalNights) rebuilt(days schema.Day, extra string) map[string]string {
	n.Helper()
	fresh := &withdrawalNights{T: n.T, platform: n.platform, store: objecttest.NewMem()}
	for key, body := range n.files("archive/") {
		if _, err := fresh.store.Put(n.Context(), key, strings.NewReader(body.text), object.IfAbsent(), body.meta); err != nil {
			n.Fatal(err)
		}
	}
	fresh.configure(extra)
	fresh.do(lastDays(days), false)
	files := make(map[string]string)
	for key, body := range fresh.files("") {
		if strings.HasSuffix(key, ".parquet") {
			files[key] = stamp.ReplaceAllString(body.text, "$1")
		}
	}
	return files
}

// stored is an object with its metadata.
type stored struct {
	text string
	meta map[string]string
}

// files reads the objects below a prefix.
func (n *withdrawalNights) files(prefix string) map[string]stored {
	n.Helper()
	files := make(map[string]stored)
	for info, err := range n.store.List(n.Context(), prefix) {
		if err != nil {
			n.Fatal(err)
		}
		body, found, err := object.ReadAll(n.Context(), n.store, info.Key)
		if err != nil {
			n.Fatal(err)
		}
		files[info.Key] = stored{string(body), found.Meta}
	}
	return files
}

package truth

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/cli"
	"billwalk/pipeline"
	"billwalk/schema"
)

// TestCommissionRule1: testdata/lake-commission-rule-1 is a lake of the last
// billwalk whose commissions were NULL where one of their parts was absent. It is
// never made anew. Its five bills are the documentation's example: as it is, with
// mall_store_goods, without clerk_commission, with mall_store_goods alone, with
// total_commission. The third is settled with 1 fen more of commission. The lake
// is proven as it was published; a replay compares the commissions that are now
// known, and is proven by the rule of today.
func TestCommissionRule1(t *testing.T) {
	t.Parallel()
	billwalktest.RequireDuckDB(t)
	lake, config := billwalktest.CopyLake(t, "../testdata/lake-commission-rule-1", billwalktest.Job{Platform: "http://127.0.0.1:1", Extra: "    columns: {code: keep}\n",
		Accounts: []schema.Account{{ID: "7100000000000000001"}}, Passes: 1})
	published := func(want string) {
		t.Helper()
		billwalktest.CheckProven(t, config, billwalktest.MustDay("2025-11-18"), billwalktest.MustDay("2025-11-18"))
		got := billwalktest.DuckDBText(t, "-list", billwalktest.TablesOf(lake)+".headers off\n.nullvalue -\nSELECT right(group_key, 1), verdict, billed_commission_fen, diff_commission_fen, array_to_string(reasons, ' ') FROM reconciliation ORDER BY group_key;")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("published (-want +got):\n%s", diff)
		}
	}
	published(`1|matched|-|-|commission_not_billed
2|matched|15|0|
3|mismatched|-|-|commission_not_billed net_differs
4|matched|-|-|commission_not_billed
5|matched|10|0|
`)
	s, log := billwalktest.Run(t, config, "replay", "nightly", "--from", "2025-11-18")
	if s.ExitCode != pipeline.ExitDone {
		t.Fatalf("exit %d\n%s", s.ExitCode, log)
	}
	if want := (schema.Check{Pass: 4, NotEvaluable: 1}); s.Identities[schema.RuleGoods] != want {
		t.Errorf("goods_identity %+v, want %+v", s.Identities[schema.RuleGoods], want)
	}
	published(`1|matched|10|0|
2|matched|15|0|
3|mismatched|10|1|commission_differs net_differs
4|matched|-|-|commission_not_billed
5|matched|10|0|
`)
}

// TestOldLake: what the first version of the forms has written is read: a replay
// finds the same rows, beside the published ones and from the archive alone.
func TestOldLake(t *testing.T) {
	t.Parallel()
	billwalktest.RequireDuckDB(t)
	lake, config := billwalktest.OldLake(t, "http://127.0.0.1:1")
	rows := func() string {
		sql := billwalktest.TablesOf(lake)
		for _, listed := range schema.Tables {
			table := listed.Describe()
			if table.Optional {
				continue
			}
			sql += fmt.Sprintf("SELECT %s FROM %s ORDER BY ALL;\n", earlierColumns(table.Name), table.Name)
		}
		sql += `SELECT walk_account_id, group_key, coalesce(refund_fen + other_fen, refund_fen, other_fen) AS not_forward
			FROM (FROM reconciliation UNION ALL BY NAME SELECT NULL::BIGINT AS other_fen WHERE false) ORDER BY ALL;`
		return billwalktest.DuckDBText(t, "-csv", sql)
	}
	before := rows()
	for name, lost := range map[string][]string{"beside": nil, "from the archive": append(schema.PublishOrder(), "_manifests")} {
		for _, folder := range lost {
			if err := os.RemoveAll(filepath.Join(lake.SQL, folder)); err != nil {
				t.Fatal(err)
			}
		}
		s, log := billwalktest.Run(t, config, "replay", "nightly", "--from", billwalktest.FirstDay.String())
		if s.ExitCode != pipeline.ExitDone || s.Rows["bills"] != 10 || s.Verdicts[schema.Matched] != 6 {
			t.Fatalf("%s: exit %d, %d bills, %v\n%s", name, s.ExitCode, s.Rows["bills"], s.Verdicts, log)
		}
		if diff := cmp.Diff(before, rows()); diff != "" {
			t.Errorf("%s (-before +after):\n%.2000s", name, diff)
		}
	}
}

// addedColumns are those that the first version of the tables did not have, and refund_fen,
// which had what is now in other_fen, too.
var addedColumns = map[string]string{"bills": "'counted', 'group_key'", "settlements": "'walk_account_id', 'group_key'", "reconciliation": "'cause', 'refund_fen', 'other_fen'"}

// earlierColumns selects the columns of a table that the first version had.
func earlierColumns(table string) string {
	if added, ok := addedColumns[table]; ok {
		return "COLUMNS(c -> c NOT IN (" + added + "))"
	}
	return "*"
}

// TestNewerLake: an object of a newer version, which may have anything in its
// fields, is refused by its name and stays as it is, whatever verb meets it; so do
// the bills. Only a settle pass may be passed over: it proves that orders were
// asked for, and they are asked for again.
func TestNewerLake(t *testing.T) {
	t.Parallel()
	platform := billwalktest.Serve(t, billwalktest.World(8, 12))
	for name, row := range map[string]struct {
		pattern string
		verbs   []string
	}{
		"lake.json":       {"_manifests/lake.json", []string{"run", "replay", "plan"}},
		"the manifest":    {"_manifests/bill_date=*/*.json", []string{"run", "replay", "plan"}},
		"the certificate": {"archive/bills/*/*/*.json", []string{"run", "replay"}},
		"the settle pass": {"archive/settlements/*/*/*.json", []string{"run", "replay"}},
	} {
		for _, verb := range row.verbs {
			t.Run(name+"/"+verb, func(t *testing.T) {
				t.Parallel()
				lake, config := billwalktest.OldLake(t, platform.URL)
				path := newer(t, filepath.Join(lake.SQL, row.pattern))
				want, bills := billwalktest.ReadFile(t, path), billsOf(t, lake)
				var out, log bytes.Buffer
				code := cli.Main([]string{verb, "nightly", "--config", config, "--from", billwalktest.FirstDay.String()}, &out, &log)
				said := out.String() + log.String()
				if !strings.Contains(said, "use a newer one") || !strings.Contains(said, filepath.Base(path)) || code == pipeline.ExitDone && name+verb != "the settle passrun" {
					t.Errorf("exit %d, and not a word on %s\n%s", code, path, said)
				}
				if diff := cmp.Diff(want, billwalktest.ReadFile(t, path)); diff != "" {
					t.Errorf("what is newer was replaced:\n%s", diff)
				}
				if diff := cmp.Diff(bills, billsOf(t, lake)); diff != "" {
					t.Errorf("bills (-before +after):\n%s", diff)
				}
			})
		}
	}
}

var counted = regexp.MustCompile(`(Counted|GroupKey):\{[^}]*\} `)

// billsOf returns the published bills as text, without the column that came later.
func billsOf(t *testing.T, lake billwalktest.Place) string {
	t.Helper()
	const key = "bills/bill_date=2026-10-30/bucket-000.parquet"
	return counted.ReplaceAllString(string(billwalktest.TableText(t, key, filepath.Join(lake.SQL, key))), "")
}

// newer makes the one JSON file that the pattern finds one of a later version, which has
// what nobody knows yet, and returns its path.
func newer(t *testing.T, pattern string) string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) != 1 {
		t.Fatalf("%s finds %q, %v", pattern, paths, err)
	}
	text := billwalktest.ReadFile(t, paths[0])
	changed := strings.Replace(strings.Replace(text, `"version":1`, `"version":2,"bill_date":{},"buckets":[]`, 1), `"version": 1`, `"version": 3, "seal":{}`, 1)
	if changed == text {
		t.Fatalf("%s has no version", paths[0])
	}
	if err := os.WriteFile(paths[0], []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	return paths[0]
}

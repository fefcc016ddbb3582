package reconcile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// testCase is one case of testdata/cases: bills and settlements of an order, or
// of a few, and the groups that reconciliation makes of them. TestCases runs it
// in Go and TestCasesSQL in SQL. The syntax is in testdata/cases/README.md.
type testCase struct {
	name        string
	rules       reconcile.Rules
	notAsked    bool
	elsewhere   bool
	skip        string // "go" or "sql": the one that cannot express the case
	bills       []dated[schema.Bill]
	settlements []caseSettlement
	want        []string // lines "group …" and "placed …"
}

type caseSettlement struct {
	row   schema.Settlement
	day   schema.Null[schema.Day] // where it was published before
	owner string                  // key of the order that has it, or one of the constants below
	found []string                // others for which it is found
}

// Owners of settlements that no order has.
const (
	ownerNone    = "none"    // no bill explains it
	ownerRemoved = "removed" // the last bill of its order was removed
	ownerDropped = "dropped" // it has no group at all
)

// readCases returns the cases of all files.
func readCases(t *testing.T) (cases []testCase) {
	t.Helper()
	paths, err := filepath.Glob("testdata/cases/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases in testdata/cases: %v", err)
	}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		cases = append(cases, parseCases(t, filepath.Base(path), string(content))...)
	}
	return cases
}

// parseCases reads one file. Settings before the first case are of all its cases.
func parseCases(t *testing.T, file, content string) (cases []testCase) {
	t.Helper()
	common := testCase{rules: reconcile.Rules{Configured: true}}
	current := &common
	for line := range strings.Lines(content) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "== "); ok {
			next := common
			next.name = strings.TrimSuffix(file, ".txt") + "/" + name
			cases = append(cases, next)
			current = &cases[len(cases)-1]
		} else if line != "" && line[0] != '#' {
			if err := current.parseLine(line); err != nil {
				t.Fatalf("%s, case %s, %q: %v", file, current.name, line, err)
			}
		}
	}
	return cases
}

func (c *testCase) parseLine(line string) (err error) {
	keyword, rest, _ := strings.Cut(line, " ")
	switch keyword {
	case "bill":
		var b dated[schema.Bill]
		b, err = parseBill(rest, len(c.bills)+1)
		c.bills = append(c.bills, b)
	case "settlement":
		var s caseSettlement
		s, err = parseSettlement(rest)
		c.settlements = append(c.settlements, s)
	case "group", "placed":
		c.want = append(c.want, line)
	default:
		err = c.parseSetting(keyword, rest)
	}
	return err
}

func (c *testCase) parseSetting(keyword, value string) (err error) {
	switch keyword {
	case "lookback":
		c.rules.Lookback, err = strconv.Atoi(value)
	case "tolerance":
		var fen int64
		fen, err = strconv.ParseInt(value, 10, 64)
		c.rules.Tolerance = schema.Fen(fen)
	case "match":
		c.rules.Match = nil
		for rule := range strings.FieldsSeq(value) {
			parameter, column, _ := strings.Cut(rule, ":")
			c.rules.Match = append(c.rules.Match, schema.Match{Parameter: parameter, Column: column})
		}
	case "not-configured":
		c.rules.Configured = false
	case "not-asked":
		c.notAsked = true
	case "settled-elsewhere":
		c.elsewhere = true
	case "skip":
		c.skip, _, _ = strings.Cut(value, ":")
	default:
		err = fmt.Errorf("unknown keyword %s", keyword)
	}
	return err
}

// billsOf returns the bills of lines "bill …", the word bill left out, as
// reconciliation reads them.
func billsOf(t *testing.T, lines string) (bills []reconcile.Bill) {
	t.Helper()
	for line := range strings.SplitSeq(strings.TrimSpace(lines), "\n") {
		b, err := parseBill(line, len(bills)+1)
		if err != nil {
			t.Fatal(err)
		}
		bill, err := reconcile.NewBill(b.day, &b.row)
		if err != nil {
			t.Fatal(err)
		}
		bills = append(bills, bill)
	}
	return bills
}

// settlementsOf returns the settlements of lines "settlement …", the word left out.
func settlementsOf(t *testing.T, lines string) (settlements []schema.Settlement) {
	t.Helper()
	for line := range strings.Lines(strings.TrimSpace(lines)) {
		s, err := parseSettlement(line)
		if err != nil {
			t.Fatal(err)
		}
		settlements = append(settlements, s.row)
	}
	return settlements
}

// expected returns the expected lines that begin with the keyword.
func (c *testCase) expected(keyword string) []string {
	return slices.DeleteFunc(slices.Clone(c.want), func(line string) bool { return !strings.HasPrefix(line, keyword+" ") })
}

package reconcile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

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

// parseBill reads "DAY ACCOUNT LEGS [NAME=VALUE …]".
func parseBill(line string, number int) (b dated[schema.Bill], err error) {
	words, options := splitOptions(line)
	if len(words) != 3 {
		return b, fmt.Errorf("want day, account and amounts")
	}
	if b.day, err = parseDay(words[0]); err != nil {
		return b, err
	}
	legs, err := parseLegs(words[2])
	if err != nil {
		return b, err
	}
	b.row = schema.Bill{
		AccountID: "9", WalkAccountID: schema.AccountID(words[1]), LedgerID: fmt.Sprintf("l%d", number),
		ShopOrderID: schema.Some("K"), SettleType: 1,
	}
	amounts := &b.row.Amounts
	amounts[schema.LedgerTotal], amounts[schema.TotalMerchantPlatformService] = legs[schema.LegTotal], legs[schema.LegFee]
	amounts[schema.TotalCommission], amounts[schema.Goods] = legs[schema.LegCommission], legs[schema.LegNet]
	for name, value := range options {
		switch name {
		case "ledger":
			b.row.LedgerID = value
		case "account":
			b.row.AccountID = value
		case "order":
			b.row.ShopOrderID = parseID(value)
		case "ext":
			b.row.OrderExtID = parseID(value)
		case "item":
			b.row.ItemOrderID = parseID(value)
		case "cert":
			b.row.CertificateID = parseID(value)
		case "verify":
			b.row.VerifyID = parseID(value)
		case "type":
			b.row.SettleType, err = parseInt32(value)
		case "sub":
			b.row.SettleSubType.Valid = true
			b.row.SettleSubType.V, err = parseInt32(value)
		case "parts":
			err = parseParts(value, amounts)
		default:
			err = fmt.Errorf("unknown option %s", name)
		}
		if err != nil {
			return b, err
		}
	}
	return b, nil
}

// parseParts reads the five parts of the commission.
func parseParts(value string, amounts *schema.Amounts) error {
	parts := strings.Split(value, ",")
	order := []schema.Amount{schema.TalentCommission, schema.TotalAgentMerchant, schema.BrokerCommission, schema.ClerkCommission, schema.MallStoreGoods}
	if len(parts) != len(order) {
		return fmt.Errorf("got %d parts of the commission, want %d", len(parts), len(order))
	}
	for i, part := range parts {
		v, err := parseFen(part)
		if err != nil {
			return err
		}
		amounts[order[i]] = v
	}
	return nil
}

// parseSettlement reads "ID STATUS LEGS [NAME=VALUE …]".
func parseSettlement(line string) (s caseSettlement, err error) {
	words, options := splitOptions(line)
	if len(words) != 3 {
		return s, fmt.Errorf("want id, status and amounts")
	}
	legs, err := parseLegs(words[2])
	if err != nil {
		return s, err
	}
	s.owner = "K"
	s.row = schema.Settlement{
		SettleID: words[0], Status: schema.Status(words[1]), OrderID: schema.Some("K"),
		Source: schema.SourceQuery, AskedBy: schema.Some("order_id: shop_order_id"),
		Amount: legs[schema.LegTotal], Rake: legs[schema.LegFee], Commission: legs[schema.LegCommission], SharesTotal: legs[schema.LegNet],
	}
	if order, ok := options["order"]; ok {
		s.owner, s.row.OrderID = order, parseID(order)
	}
	if out, ok := options["out"]; ok {
		s.row.OutOrderNo, s.row.AskedBy = parseID(out), schema.Some("out_order_no: order_ext_id")
	}
	for name, value := range options {
		switch name {
		case "order", "out":
		case "item":
			s.row.ItemOrderID = parseID(value)
		case "source":
			s.row.Source = schema.Source(value)
		case "asked":
			s.row.AskedBy = schema.Some(strings.Replace(value, ":", ": ", 1))
		case "at":
			s.row.SettleTime, err = parseTime(value)
		case "on":
			s.day.Valid = true
			s.day.V, err = parseDay(value)
		case "owner":
			s.owner = value
		default:
			err = fmt.Errorf("unknown option %s", name)
		}
		if err != nil {
			return s, err
		}
	}
	if s.owner == ownerNone {
		s.row.AskedBy = schema.Null[string]{}
	}
	return s, nil
}

func splitOptions(line string) (words []string, options map[string]string) {
	options = make(map[string]string)
	for word := range strings.FieldsSeq(line) {
		if name, value, ok := strings.Cut(word, "="); ok {
			options[name] = value
		} else {
			words = append(words, word)
		}
	}
	return words, options
}

// parseID reads an id, of which - is NULL and two quotes are empty.
func parseID(value string) schema.Null[string] {
	switch value {
	case "-":
		return schema.Null[string]{}
	case "''":
		return schema.Some("")
	}
	return schema.Some(value)
}

func parseInt32(value string) (int32, error) {
	v, err := strconv.ParseInt(value, 10, 32)
	return int32(v), err
}

func parseDay(value string) (schema.Day, error) {
	v, err := parseInt32(value)
	return schema.Day(v), err
}

// parseTime reads a day, meaning its noon, or a day and a time of day: 1T05:00.
func parseTime(value string) (schema.Null[time.Time], error) {
	number, clock, ok := strings.Cut(value, "T")
	if !ok {
		clock = "12:00"
	}
	day, err := parseDay(number)
	if err != nil {
		return schema.Null[time.Time]{}, err
	}
	at, err := time.Parse("15:04", clock)
	if err != nil {
		return schema.Null[time.Time]{}, err
	}
	return schema.Some(day.Start().Add(time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute).UTC()), nil
}

// parseLegs reads total/fee/commission/net. A total alone is all net, and - alone
// is all NULL.
func parseLegs(value string) (legs schema.Legs, err error) {
	words := strings.Split(value, "/")
	switch {
	case value == "-":
		return legs, nil
	case len(words) == 1:
		words = []string{value, "0", "0", value}
	case len(words) != len(legs):
		return legs, fmt.Errorf("got %d amounts in %s, want %d", len(words), value, len(legs))
	}
	for leg, word := range words {
		if legs[leg], err = parseFen(word); err != nil {
			return legs, err
		}
	}
	return legs, nil
}

func parseFen(value string) (schema.Null[schema.Fen], error) {
	if value == "-" {
		return schema.Null[schema.Fen]{}, nil
	}
	v, err := strconv.ParseInt(value, 10, 64)
	return schema.Some(schema.Fen(v)), err
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

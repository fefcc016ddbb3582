package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"billwalk/schema"
)

// servedRecord is a bill as the tests decode it, with raw ids and amounts.
type servedRecord struct {
	LedgerID json.RawMessage            `json:"ledger_id"`
	Account  json.RawMessage            `json:"account_id"`
	Type     int                        `json:"settle_type"`
	Sub      int                        `json:"settle_sub_type"`
	Biz      *int                       `json:"biz_type"`
	Time     int64                      `json:"settle_time"`
	Amount   map[string]json.RawMessage `json:"amount"`
	FundType *int                       `json:"fund_amount_type"`
	Fund     *int64                     `json:"fund_amount"`
	Group    *string                    `json:"group_name"`
	External *string                    `json:"order_ext_id"`
}

var replacements = regexp.MustCompile("\ufffd+")

func parseRecord(t testing.TB, raw []byte) servedRecord {
	t.Helper()
	var out servedRecord
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	return out
}

func text(raw json.RawMessage) string { return strings.Trim(string(raw), `"`) }

// line returns the record in the form of BillRow.line.
func (r servedRecord) line(t testing.TB, day schema.Day) string {
	t.Helper()
	direction := map[int]int64{forward: +1, refund: -1}[r.Type]
	if r.FundType != nil {
		direction = []int64{+1, -1}[*r.FundType]
	}
	row := BillRow{Account: schema.AccountID(text(r.Account)), Day: day, LedgerID: text(r.LedgerID), SettleType: r.Type, SettleSubType: r.Sub, Direction: int(direction), Amounts: map[string]*int64{}}
	if r.Group != nil {
		row.GroupName = replacements.ReplaceAllString(*r.Group, "\ufffd") // the decoder writes one for each byte
	}
	for _, column := range FenColumns() {
		row.Amounts[column] = nil
		if raw, ok := r.Amount[strings.TrimSuffix(column, "_fen")]; ok && direction != 0 {
			fen, err := strconv.ParseInt(text(raw), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			if fen *= direction; fen*direction >= 0 { // a negative amount is NULL
				row.Amounts[column] = &fen
			}
		}
	}
	if r.Fund != nil && *r.Fund >= 0 && direction != 0 {
		fen := *r.Fund * direction
		row.Amounts["fund_amount_fen"] = &fen
	}
	return row.line()
}

func (r BillRow) line() string {
	out := fmt.Sprintf("%s %s %s %d/%d %+d %q", r.Day, r.Account, r.LedgerID, r.SettleType, r.SettleSubType, r.Direction, r.GroupName)
	for _, column := range FenColumns() {
		if fen := r.Amounts[column]; fen != nil {
			out += fmt.Sprintf(" %s=%d", column, *fen)
		}
	}
	return out
}

func truthLines(rows []BillRow) []string {
	lines := make([]string, 0, len(rows))
	for _, row := range rows {
		lines = append(lines, row.line())
	}
	slices.Sort(lines)
	return lines
}

// servedLines returns the lines of the records that were served, exact repeats once.
func servedLines(t testing.TB, records []json.RawMessage, day schema.Day) []string {
	t.Helper()
	seen := map[string]bool{}
	var lines []string
	for _, raw := range records {
		if !seen[string(raw)] {
			seen[string(raw)] = true
			lines = append(lines, parseRecord(t, raw).line(t, day))
		}
	}
	slices.Sort(lines)
	return lines
}

func sameLines(t testing.TB, what string, got, want []string) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	for i := range max(len(got), len(want)) {
		g, w := at(got, i), at(want, i)
		if g != w {
			t.Fatalf("%s: %d rows, want %d; first difference:\n got %s\nwant %s", what, len(got), len(want), g, w)
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(none)"
}

func demoUnits(p *Platform, days int) []schema.Unit {
	units := unitsOf(p.Accounts(), demoDay, demoDay+schema.Day(days-1))
	slices.SortStableFunc(units, func(a, b schema.Unit) int { return cmp.Compare(a.Account.ID, b.Account.ID) })
	return units
}

package sandbox

import (
	"fmt"
	"slices"
	"strings"
)

// The breaks that withdrawals are planted with.
const (
	FeeWithheld       = "fee_withheld"
	WrongByAFen       = "wrong_by_a_fen"
	BillLeftOut       = "bill_left_out"
	BillTwice         = "bill_twice"
	OtherAccount      = "other_account"
	UnpublishedDay    = "unpublished_day"
	UnlistedBill      = "unlisted_bill"
	BillChanged       = "bill_changed"
	BillChangedUnpaid = "bill_changed_unpaid"
	DirectionChanged  = "direction_changed"
	NoDirection       = "no_direction"
	UnknownStatus     = "unknown_status"
	FailedForGood     = "failed_for_good"
	Stuck             = "stuck"
	Returned          = "returned"
	PaidTwice         = "paid_twice"
	NoBills           = "no_bills"
	Manual            = "manual"
	ManualNoDetail    = "manual_no_detail"
	NotWithdrawn      = "not_withdrawn"
)

// The exceptions that withdrawals raise, as [Withdrawal] names them.
const (
	WithdrawnTwice   = "withdrawn_twice"        // a bill is in two withdrawals that were paid
	NotInBills       = "not_in_bills"           // a bill that no published day has, of another account or of a day that was looked at
	BeforeFirstDay   = "before_first_day"       // a bill of a day before the lake's first: no break in the first nights
	AmountDiffers    = "withdrawn_amount"       // a bill's amount is another one in the withdrawal's list than in its day's walk
	StatusUnknown    = "withdrawal_status"      // an undocumented status
	DirectionUnknown = "withdrawn_no_direction" // a withdrawal's list has a bill of unknown direction
)

// BreakDoc describes one way in which a withdrawal can be planted to differ.
type BreakDoc struct {
	Name       string
	Doc        string   // one line, for help text
	Verdict    string   // the last one; "" if there is no withdrawal
	Exceptions []string // that the withdrawal raises beside its verdict
}

var breaks = []BreakDoc{
	{FeeWithheld, "a fee is withheld from the amount", mismatched, nil},
	{WrongByAFen, "the amount is wrong by a fen", mismatched, nil},
	{BillLeftOut, "the amount pays a bill that the list lacks", mismatched, nil},
	{BillTwice, "a bill of the withdrawal before is listed and paid again", tied, []string{WithdrawnTwice}},
	{OtherAccount, "a bill of an account that no job configures is paid", tied, []string{NotInBills}},
	{UnpublishedDay, "a bill of 400 days before is paid", tied, []string{BeforeFirstDay}},
	{UnlistedBill, "a bill is paid that the walk of its day lacks", tied, []string{NotInBills}},
	{BillChanged, "a bill is listed and paid with more than in the walk of its day", tied, []string{AmountDiffers}},
	{BillChangedUnpaid, "a bill is listed with more than in the walk of its day, and not paid so", mismatched, []string{AmountDiffers}},
	{DirectionChanged, "a bill is listed and paid in the other direction", tied, []string{AmountDiffers}},
	{NoDirection, "a bill whose direction is unknown is listed and paid", mismatched, []string{DirectionUnknown, NotInBills}},
	{UnknownStatus, "the status is undocumented", inFlight, []string{StatusUnknown}},
	{FailedForGood, "it fails, and no other follows", failed, nil},
	{Stuck, "it is in flight for ever", inFlight, nil},
	{Returned, "it fails two days after it was paid, and another follows", failed, nil},
	{PaidTwice, "another one pays the same bills again", tied, []string{WithdrawnTwice}},
	{NoBills, "the list is empty", mismatched, nil},
	{Manual, "it was made by hand: 6000001", manual, nil},
	{ManualNoDetail, "it was made by hand: 6000002", manual, nil},
	{NotWithdrawn, "the bills are never withdrawn", "", nil},
}

// BreakList returns every break there is, in a fixed order.
func BreakList() []BreakDoc { return slices.Clone(breaks) }

// Breaks is the set of breaks to plant. The zero value is none.
type Breaks struct{ kinds []BreakDoc }

// ParseBreaks reads names of breaks separated by commas. "all" stands for every one, ""
// for none.
func ParseBreaks(list string) (Breaks, error) {
	named := map[string]bool{}
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if name != "" && name != "all" && !slices.ContainsFunc(breaks, func(b BreakDoc) bool { return b.Name == name }) {
			var names []string
			for _, b := range breaks {
				names = append(names, b.Name)
			}
			return Breaks{}, fmt.Errorf("break %q is unknown; there are: all, %s", name, strings.Join(names, ", "))
		}
		named[name] = true
	}
	var on Breaks
	for _, b := range breaks {
		if named["all"] || named[b.Name] {
			on.kinds = append(on.kinds, b)
		}
	}
	return on, nil
}

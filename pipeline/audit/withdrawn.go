package audit

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"billwalk/schema"
)

// withdrawnReading is one bill in the list of a withdrawal.
type withdrawnReading struct {
	key         digest // of the bill
	account     string // of the bill
	ledgerID    string
	settleType  int32
	subType     schema.Null[int32]
	fund, goods schema.Null[schema.Fen]

	seen     bool                // it has a row, which says:
	billedOn schema.Null[string] // a day

	day   schema.Day // of its settle_time; 0 if it has none
	found []billedDay
}

// withdrawnPlace is what a row of the table has of a bill's key.
type withdrawnPlace struct {
	ledgerID   string
	settleType int32
	subType    schema.Null[int32]
}

// worth returns what the bill adds to its withdrawal, or NULL.
func (b *withdrawnReading) worth() schema.Null[schema.Fen] {
	if b.fund.Valid {
		return b.fund
	}
	return b.goods
}

// withdrawnList reads the bills of a withdrawal.
type withdrawnList struct {
	listed
	id    string // of the withdrawal
	bills []withdrawnReading
	seen  map[digest]bool

	places map[withdrawnPlace][]*withdrawnReading // made when a row asks for it
}

func (*withdrawnList) page(body []byte) (page, error) { return readPage(body) }

func (l *withdrawnList) record(i int, of *page, from *schema.Answer, published bool) ([sha256.Size]byte, error) {
	raw := of.records[i]
	sum, err := content(raw, of.bizType)
	if err != nil || !published {
		return sum, err
	}
	b, err := readRecord(raw)
	if err != nil {
		return sum, err
	}
	if key := keyOf(&b.Bill); !l.seen[key] {
		l.seen[key] = true
		day, err := settleDay(raw)
		if err != nil {
			return sum, err
		}
		l.bills = append(l.bills, withdrawnReading{
			day: day, key: key, account: b.AccountID, ledgerID: b.LedgerID, settleType: b.SettleType, subType: b.SettleSubType, fund: b.Amounts[schema.FundAmount], goods: b.Amounts[schema.Goods],
		})
	}
	return sum, nil
}

// settleDay returns the day of a record's settle_time, or 0.
func settleDay(raw jsontext.Value) (schema.Day, error) {
	var r struct {
		SettleTime jsontext.Value `json:"settle_time"`
	}
	if err := json.Unmarshal(raw, &r, anyText); err != nil {
		return 0, err
	}
	var w withdrawalReading
	at, err := w.readTime(r.SettleTime)
	if !at.Valid {
		return 0, err
	}
	return schema.DayOf(at.V), err
}

// billedDay is a published day that has a bill.
type billedDay struct {
	day   schema.Day
	worth schema.Null[schema.Fen]
}

// on returns what a day has of the bill, or nil.
func (b *withdrawnReading) on(day schema.Null[string]) *billedDay {
	i := slices.IndexFunc(b.found, func(d billedDay) bool { return day.Valid && d.day.String() == day.V })
	if i < 0 {
		return nil
	}
	return &b.found[i]
}

// wrong returns what a row's billed_on should be and what it is, or nothing.
func (b *withdrawnReading) wrong() (want, got string) {
	switch {
	case b.billedOn.Valid && b.on(b.billedOn) == nil:
		return "a day whose bills have it", b.billedOn.V
	case !b.billedOn.Valid && len(b.found) > 0:
		return b.found[0].day.String(), "NULL"
	}
	return "", ""
}

// tie sets what a withdrawal's row has of its bills, and its verdict. bills is nil where they
// are not known.
func (w *withdrawalReading) tie(statuses *Statuses, bills *withdrawnList) error {
	if bills != nil && bills.copied.State != schema.Unavailable {
		w.BillRows = schema.Some(int64(len(bills.bills)))
		w.BillsTotal.Valid = len(bills.bills) == 0
		for i := range bills.bills {
			worth := bills.bills[i].worth()
			if err := addTo(&w.BillsTotal.V, worth); err != nil {
				return fmt.Errorf("withdrawal %s: %w", w.WithdrawID, err)
			}
			w.BillsTotal.Valid = w.BillsTotal.Valid || worth.Valid
		}
	}
	var err error
	if w.Diff, err = difference(w.Amount, w.BillsTotal); err != nil {
		return fmt.Errorf("withdrawal %s: %w", w.WithdrawID, err)
	}
	switch status := w.Status.V; {
	case slices.Contains(statuses.Failed, status) && !slices.Contains(statuses.Paid, status):
		w.Verdict = schema.WithdrawFailed
	case !slices.Contains(statuses.Paid, status):
		w.Verdict = schema.WithdrawInFlight
	case bills == nil:
		w.Verdict = schema.WithdrawNotAsked
	case bills.copied.State == schema.Unavailable:
		w.Verdict = schema.WithdrawManual
	case w.Diff == schema.Some[schema.Fen](0):
		w.Verdict = schema.Tied
	default:
		w.Verdict = schema.WithdrawMismatched
	}
	return nil
}

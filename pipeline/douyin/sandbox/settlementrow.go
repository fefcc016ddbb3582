package sandbox

import (
	"time"

	"billwalk/schema"
)

// SettlementRow is one settlement as a lake must hold it.
type SettlementRow struct {
	Account                                    schema.AccountID // whose bucket has it, "" without a bill
	Day                                        schema.Day
	SettleID, OrderID, OutSettleNo, OutOrderNo string
	ItemOrderID                                string // "" if it names none
	Status                                     string
	Amount, Rake, Commission, SharesTotal      *int64 // fen; nil is NULL
	Shares                                     []Share
	SettleTime                                 time.Time // zero is NULL
	Exceptions                                 []string  // the rules that it is planted to break
	InCallback                                 bool      // it has a callback
}

// row returns the settlement as a row of the day.
func (s *settlement) row(day schema.Day) SettlementRow {
	row := SettlementRow{
		Day: day, SettleID: s.settleID, OrderID: s.orderID, OutSettleNo: s.outSettleNo, OutOrderNo: s.outOrderNo,
		ItemOrderID: s.item, Status: s.status, Amount: s.leg(legTotal), Rake: s.leg(legFee), Commission: s.leg(legCommission), Shares: s.shares(),
		InCallback: s.inCallback,
	}
	if row.Shares != nil {
		row.SharesTotal = s.leg(legNet)
	}
	if s.time != 0 {
		row.SettleTime = time.UnixMilli(s.time)
	}
	if s.exception != "" {
		row.Exceptions = []string{s.exception}
	}
	return row
}

// leg returns the amount of a leg, or nil if it is not shown.
func (s *settlement) leg(leg int) *int64 {
	if !s.shown[leg] {
		return nil
	}
	return &s.fen[leg]
}

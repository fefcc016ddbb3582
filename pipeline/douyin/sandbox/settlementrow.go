package sandbox

import (
	"time"

	"billwalk/schema"
)

// Settled is one settlement as it must stand in the lake.
type Settled struct {
	Account                                    schema.AccountID // whose bucket has it, "" where no bill is
	Day                                        schema.Day
	SettleID, OrderID, OutSettleNo, OutOrderNo string
	ItemOrderID                                string // "" where it names none
	Status                                     string
	Amount, Rake, Commission, SharesTotal      *int64 // fen; nil is NULL
	Shares                                     []Share
	SettleTime                                 time.Time // zero is NULL
	Exceptions                                 []string  // the rules that it is planted to raise
	Notified                                   bool      // a callback tells it, too, or alone
}

// row returns the settlement as it stands in the lake on the day.
func (s *settlement) row(day schema.Day) Settled {
	row := Settled{
		Day: day, SettleID: s.settleID, OrderID: s.orderID, OutSettleNo: s.outSettleNo, OutOrderNo: s.outOrderNo,
		ItemOrderID: s.item, Status: s.status, Amount: s.leg(legTotal), Rake: s.leg(legFee), Commission: s.leg(legCommission), Shares: s.shares(),
		Notified: s.notified,
	}
	if row.Shares != nil {
		row.SharesTotal = s.leg(legNet)
	}
	if s.time != 0 {
		row.SettleTime = time.UnixMilli(s.time)
	}
	if s.raises != "" {
		row.Exceptions = []string{s.raises}
	}
	return row
}

func (s *settlement) leg(leg int) *int64 {
	if !s.told[leg] {
		return nil
	}
	return &s.fen[leg]
}

package schema

// Leg is one of the amounts that bills and settlements both have.
type Leg int

const (
	LegTotal      Leg = iota // ledger_total ↔ settle_amount
	LegFee                   // total_merchant_platform_service ↔ rake
	LegCommission            // commissions ↔ commission
	LegNet                   // goods ↔ sum of shares
	LegCount
)

// String returns the leg as columns and reasons name it.
func (l Leg) String() string { return [LegCount]string{"total", "fee", "commission", "net"}[l] }

// Legs are amounts by Leg.
type Legs [LegCount]Null[Fen]

package reconcile

import "billwalk/schema"

// Rules are the settings of a job for reconciliation.
type Rules struct {
	Match      []schema.Match // ways from a bill to its settlements; the columns are ids of Bill
	Lookback   int            // days of the window before and after a day
	Tolerance  schema.Fen     // largest difference of a leg that is equal, in either direction; not negative
	Configured bool           // there is a trade app to query
}

// Order is one order with its bills and settlements in the window.
type Order struct {
	Key         string
	Bills       []Bill              // forward bills with the key, of all accounts and all days in the window
	Settlements []schema.Settlement // found by queries or callbacks; each settle_id once, or once per item
	Answered    bool                // every query of the order has an answer
	// SettledElsewhere reports that a successful settlement of the order, not one of
	// Settlements, counts on a day before the window.
	SettledElsewhere bool
	Published        map[string]schema.Day // day by settle_id: a settlement stays where it was published
	BuiltDays        map[schema.Day]bool   // days that may get other settlements; nil for all
}

// Outcome is the result for one day of an order.
type Outcome struct {
	Groups      []schema.Reconciliation // of the day, by walk_account_id and group_key
	Settlements []Placed                // of the day, by settle_id and item, each with its group
}

// Placed is a settlement with the account whose bucket has it.
type Placed struct {
	Account    schema.AccountID // the first of the order's accounts on the bill_date
	Settlement schema.Settlement
}

package settle

// Counts are the orders that were queried, and those that were not.
type Counts struct {
	Orders     int64 `json:"orders"`     // different orders of each unit
	Asked      int64 `json:"asked"`      // queries, repeated calls not counted
	Answered   int64 `json:"answered"`   // orders that were due, and have an answer
	Unanswered int64 `json:"unanswered"` // orders that were due, and have no answer
	NoKey      int64 `json:"no_key"`     // orders that no match rule has a value for
	Lookback   struct {
		Orders int64 `json:"orders"`
		Asked  int64 `json:"asked"`
	} `json:"lookback"` // of these, on days before the job's own
	SettlementOnly ConfirmCounts `json:"settlement_only"`
	Saved          SavedCounts   `json:"saved"`
}

// ConfirmCounts are the settlements known from callbacks alone, without a bill, for
// which a query was due.
type ConfirmCounts struct {
	Asked      int64 `json:"asked"`      // queries
	Answered   int64 `json:"answered"`   // settlements: confirmed, or not known to the query
	Confirmed  int64 `json:"confirmed"`  // of these
	Unanswered int64 `json:"unanswered"` // without an answer
}

// SavedCounts are calls that were not made, against a run that queries every bill
// by every rule in turn.
type SavedCounts struct {
	Distinct  int64 `json:"distinct"`   // further bills of an order
	Final     int64 `json:"final"`      // the order agrees
	Resumed   int64 `json:"resumed"`    // queried just before, by a run that was interrupted
	RuleOrder int64 `json:"rule_order"` // the rule that answers most often came first
	OtherRun  int64 `json:"other_run"`  // another run has just queried it, while this one waited for it
	Callbacks int64 `json:"callbacks"`  // a callback gave the answer
}

// Queried returns what was queried, without the orders, which were counted before.
func (c Counts) Queried() (queried Counts) {
	queried.Asked, queried.Answered, queried.Unanswered = c.Asked, c.Answered, c.Unanswered
	queried.Lookback.Asked = c.Lookback.Asked
	return queried
}

// Add adds other counts.
func (c *Counts) Add(other Counts) {
	c.Orders, c.Asked, c.Answered = c.Orders+other.Orders, c.Asked+other.Asked, c.Answered+other.Answered
	c.Unanswered, c.NoKey = c.Unanswered+other.Unanswered, c.NoKey+other.NoKey
	c.Lookback.Orders, c.Lookback.Asked = c.Lookback.Orders+other.Lookback.Orders, c.Lookback.Asked+other.Lookback.Asked
	c.SettlementOnly.add(other.SettlementOnly)
	c.Saved.add(other.Saved)
}

func (c *ConfirmCounts) add(other ConfirmCounts) {
	c.Asked, c.Answered = c.Asked+other.Asked, c.Answered+other.Answered
	c.Confirmed, c.Unanswered = c.Confirmed+other.Confirmed, c.Unanswered+other.Unanswered
}

func (c *SavedCounts) add(other SavedCounts) {
	c.Distinct, c.Final, c.Resumed = c.Distinct+other.Distinct, c.Final+other.Final, c.Resumed+other.Resumed
	c.RuleOrder, c.OtherRun, c.Callbacks = c.RuleOrder+other.RuleOrder, c.OtherRun+other.OtherRun, c.Callbacks+other.Callbacks
}

package cli

import (
	"time"

	"billwalk/pipeline/evidence"
	"billwalk/schema"
)

// orderStory is what the lake and the archive have of one order. Amounts are in fen, null
// where they are unknown.
type orderStory struct {
	Order       string            `json:"order"`
	Code        schema.ErrorCode  `json:"code,omitempty"` // if nothing is known of it
	Job         string            `json:"job"`
	From        schema.Day        `json:"from"`
	To          schema.Day        `json:"to"`
	Bills       []storyBill       `json:"bills"`
	Asked       []storyQuery      `json:"asked"`
	Callbacks   []storyCallback   `json:"callbacks"`
	Settlements []storySettlement `json:"settlements"`
	Groups      []storyGroup      `json:"groups"`
	Exceptions  []storyException  `json:"exceptions"`

	names  accountNames
	stores bool // the name of one is known
	seen   int  // bills that were looked at
}

// storyLegs are the amounts of the legs, in fen.
type storyLegs struct {
	Total      *schema.Fen `json:"total_fen"`
	Fee        *schema.Fen `json:"fee_fen"`
	Commission *schema.Fen `json:"commission_fen"`
	Net        *schema.Fen `json:"net_fen"`
}

type storyBill struct {
	Day        schema.Day       `json:"bill_date"`
	Account    schema.AccountID `json:"walk_account_id"`
	LedgerID   string           `json:"ledger_id"`
	Item       string           `json:"item_order_id,omitempty"`
	SettleType int32            `json:"settle_type"`
	Counted    bool             `json:"counted"`
	PoiID      string           `json:"poi_id,omitempty"`
	PoiName    string           `json:"poi_name,omitempty"` // of jobs with stores
	storyLegs
	LogID string `json:"logid"`
}

// storyQuery is a question of the settle query, and its answer.
type storyQuery struct {
	Day     schema.Day `json:"bill_date"`
	Rule    string     `json:"rule"`
	Value   string     `json:"value"`
	At      time.Time  `json:"fetched_at"`
	LogID   string     `json:"logid"`
	Results int        `json:"results"`
}

// storyCallback is a callback, and what became of it.
type storyCallback struct {
	ReceivedAt time.Time        `json:"received_at"`
	SettleID   string           `json:"settle_id"`
	Item       string           `json:"item_order_id,omitempty"`
	Status     schema.Status    `json:"settle_status"`
	App        string           `json:"app"`
	AppID      string           `json:"app_id,omitempty"`
	Account    schema.AccountID `json:"walk_account_id,omitempty"` // of the order's bills; empty if they are of several, or none
	storyLegs
	Time  *time.Time  `json:"settle_time"`
	Use   callbackUse `json:"use"`
	LogID string      `json:"logid,omitempty"`
}

// callbackUse says what a callback was good for.
type callbackUse string

const (
	useCounts     callbackUse = "counts"
	useWithQuery  callbackUse = "with_query"
	useOverruled  callbackUse = "overruled"
	useNotYet     callbackUse = "not_yet"
	useSuperseded             = callbackUse(evidence.Superseded)
	useRepeated               = callbackUse(evidence.Repeated)
	useForeign                = callbackUse(evidence.Foreign)
)

type storySettlement struct {
	Day      schema.Day    `json:"bill_date"`
	SettleID string        `json:"settle_id"`
	Item     string        `json:"item_order_id,omitempty"`
	Status   schema.Status `json:"settle_status"`
	storyLegs
	Source  schema.Source `json:"source"`
	AskedBy string        `json:"asked_by,omitempty"`
	Time    *time.Time    `json:"settle_time"`
	Message string        `json:"message,omitempty"`
	LogID   string        `json:"logid,omitempty"`
}

// storyGroup is a verdict, and what it rests on.
type storyGroup struct {
	Day       schema.Day       `json:"bill_date"`
	Account   schema.AccountID `json:"walk_account_id"`
	GroupKey  string           `json:"group_key"`
	Verdict   schema.Verdict   `json:"verdict"`
	MatchedBy schema.Tier      `json:"matched_by,omitempty"`
	Cause     schema.Cause     `json:"cause,omitempty"`
	Reasons   []string         `json:"reasons"`
	Billed    storyLegs        `json:"billed"`
	Settled   storyLegs        `json:"settled"`
	Diff      storyLegs        `json:"diff"`
}

type storyException struct {
	Day      schema.Day      `json:"bill_date"`
	Rule     schema.Rule     `json:"rule"`
	Severity schema.Severity `json:"severity"`
	Ledger   string          `json:"ledger_id,omitempty"`
	Settle   string          `json:"settle_id,omitempty"`
	Detail   string          `json:"detail"`
}

func storyOfBill(day schema.Day, b *schema.Bill) (storyBill, error) {
	commission, err := schema.Total(b.Amounts.Commissions()...)
	return storyBill{
		Day: day, Account: b.WalkAccountID, LedgerID: b.LedgerID, Item: b.ItemOrderID.V, SettleType: b.SettleType, Counted: b.Counts(), PoiID: b.PoiID.V,
		storyLegs: storyLegs{
			known(b.Amounts[schema.LedgerTotal]), known(b.Amounts[schema.TotalMerchantPlatformService]), known(commission), known(b.Amounts[schema.Goods]),
		},
		LogID: b.LogID.V,
	}, err
}

func legsOf(l schema.Legs) storyLegs {
	return storyLegs{known(l[schema.LegTotal]), known(l[schema.LegFee]), known(l[schema.LegCommission]), known(l[schema.LegNet])}
}

// known returns a copy of the value, or nil for NULL.
func known[T any](v schema.Null[T]) *T {
	if !v.Valid {
		return nil
	}
	return &v.V
}

// Package report says for people what a lake holds of some days: a Report is read from the
// published tables (Load), and shown as a page or as a workbook.
//
// A Report is complete before anything is shown: nothing that shows it adds up, filters or
// judges money by itself. Amounts are signed fen. In JSON they are decimal strings, because
// a sum may be beyond what JavaScript holds exactly; what is not known is null, and never 0.
// Ids are strings, days are YYYY-MM-DD, times RFC 3339.
package report

import (
	"encoding/json"
	"io"
	"time"

	"billwalk/schema"
)

// Report is what is published of the days From to To, both included, for a job.
type Report struct {
	Job      string     `json:"job"`
	From     schema.Day `json:"from"`
	To       schema.Day `json:"to"`
	MadeAt   time.Time  `json:"made_at"`
	Billwalk string     `json:"billwalk"` // version of the program
	Lake     string     `json:"lake"`     // URL, for the queries that show the same
	ReplyBy  schema.Day `json:"reply_by"` // the day by which merchants are asked to reply
	AsOf     AsOf       `json:"as_of"`

	Close        Close          `json:"close"`
	Total        Figures        `json:"total"`                 // the sum of Units, field by field
	Waterfall    Waterfall      `json:"waterfall"`             // of all counted bills
	Accounts     []Account      `json:"accounts"`              // in the order of the configuration, then settlements without a bill, if there are any
	Others       []Other        `json:"others,omitempty"`      // accounts of other jobs, or of none any more, that the days have as well
	Units        []Unit         `json:"units"`                 // by day, then as Accounts
	Withdrawals  *Withdrawals   `json:"withdrawals,omitempty"` // nil where they are not followed
	Orders       Orders         `json:"orders"`
	Refunds      Refunds        `json:"refunds"` // after settlement
	Doubts       []Doubt        `json:"doubts"`  // the largest of Total.Doubtful
	Ages         []Age          `json:"ages"`    // every verdict of open orders × AgeBands
	Stores       []Store        `json:"stores"`
	AllStores    Store          `json:"all_stores"` // the sum of Stores
	Exceptions   []RuleCount    `json:"exceptions"` // errors first, then the most frequent
	Restatements []Restatements `json:"restatements"`
	Closed       []ClosedDay    `json:"closed"` // the days that are closed (结账), by day

	// Glossary explains the verdicts, and the reasons, causes and rules that occur, each under
	// "KIND:CODE", for example "reason:no_key".
	Glossary map[string]Word `json:"glossary"`
}

// Word is a code in the words of people.
type Word struct {
	Label   Text `json:"label"`
	Meaning Text `json:"meaning,omitzero"`
	Advice  Text `json:"advice,omitzero"` // what to do
}

// Text is a text in both languages.
type Text struct {
	Chinese string `json:"zh"`
	English string `json:"en"`
}

// AsOf is the newest publication that the report has rows of.
type AsOf struct {
	PublishedAt time.Time `json:"published_at,omitzero"` // zero if nothing is published
	Generation  int64     `json:"generation"`            // the highest of any day
	RunID       string    `json:"run_id,omitempty"`
}

// Close says whether the days can be closed (可日清): every unit is there, every bridge
// foots, and nothing is unknown. A difference that is known does not hinder it.
type Close struct {
	Ready    bool      `json:"ready"`
	Blockers []Blocker `json:"blockers"` // why not; empty if Ready
}

// Blocker is one reason why days cannot be closed.
type Blocker struct {
	Code  BlockerCode `json:"code"`
	Count int64       `json:"count"`        // of units, bills, groups or bridges
	Fen   Amount      `json:"fen,omitzero"` // it is about; NULL if that is not known
}

// BlockerCode names what hinders closing.
type BlockerCode string

// The codes of Blocker.
const (
	UnitsAbsent       BlockerCode = "units_absent"             // units failed, missing or unavailable; their money is not known
	UnitsStale        BlockerCode = "units_stale"              // units have the rows of an earlier walk
	HalfPublished     BlockerCode = "half_published"           // days whose files are not those of their manifest
	BridgeRemainder   BlockerCode = "bridge_remainder"         // bridges do not foot
	DirectionUnknown  BlockerCode = "direction_unknown"        // bills of unknown direction
	AmountUnknown     BlockerCode = "amount_unknown"           // forward bills without ledger_total
	NothingCompared   BlockerCode = "nothing_compared"         // groups of which no leg is known on both sides
	NotAsked          BlockerCode = "not_asked"                // groups whose order has not been queried
	RuleNeverAnswered BlockerCode = schema.ReasonNeverAnswered // groups of accounts whose match rule has never found anything
)

// Account is one account of the report.
type Account struct {
	ID   schema.AccountID `json:"id"` // empty: settlements without a bill, which name no account
	Name string           `json:"name,omitempty"`
	Root bool             `json:"root,omitempty"` // queried with all its stores
	Days map[State]int    `json:"days"`           // of the report, by state
	Figures
}

// Other is an account that the published days have and the job has not. Nothing of it is in
// the report.
type Other struct {
	ID    schema.AccountID `json:"id"`
	Name  string           `json:"name,omitempty"`
	Bills int64            `json:"bills"`
}

// Unit is one account on one day, whether anything is published of it or not.
type Unit struct {
	Day        schema.Day       `json:"day"`
	Account    schema.AccountID `json:"account"`
	State      State            `json:"state"`
	Reason     string           `json:"reason,omitempty"` // why it is not complete, in the platform's words or billwalk's
	Why        Text             `json:"why,omitzero"`     // the same in both languages, as far as its code is known
	Code       int64            `json:"code,omitempty"`   // of the platform
	LogID      string           `json:"logid,omitempty"`
	Hint       Text             `json:"hint,omitzero"` // what to do
	Generation int64            `json:"generation"`    // 0 if nothing is published of the day
	Figures
}

// State of a unit in the lake.
type State string

// The states of a unit. Where it is neither complete nor stale, figures of 0 mean that nothing
// is known.
const (
	Complete    State = "complete"
	Unavailable State = "unavailable" // withdrawn manually: the platform cannot list its bills
	Stale       State = "stale"       // the last walk failed; the rows are those of an earlier one
	Failed      State = "failed"
	Missing     State = "missing" // nothing is published of it
)

// Figures are the sums of a unit, of an account, or of all.
type Figures struct {
	Sums     Sums         `json:"sums"`
	Bridge   Bridge       `json:"bridge"`
	Verdicts []VerdictSum `json:"verdicts"` // in schema.Verdicts' order, those with groups
	Doubtful Doubtful     `json:"doubtful"` // a part of the matched ones
	Errors   int64        `json:"errors"`   // exceptions of that severity that name a bill of it; the total has all
	Warnings int64        `json:"warnings"`
}

// Sums add up the counted bills: of the same bill with two contents only one counts.
// Forward + Refund + Other = Net, all in ledger_total (应结算).
type Sums struct {
	Bills     int64      `json:"bills"`           // rows, counted or not
	Uncounted int64      `json:"uncounted"`       // rows that are another content of a counted bill
	Forward   schema.Fen `json:"forward,string"`  // 正向
	Refund    schema.Fen `json:"refund,string"`   // 退款, settle_type 2
	Other     schema.Fen `json:"other,string"`    // 扣款及其他
	Net       schema.Fen `json:"net,string"`      // 净额
	Merchant  schema.Fen `json:"merchant,string"` // 商家实际结算: goods of all of them

	UnknownDirection int64 `json:"unknown_direction"` // bills whose amounts are all unknown, and in no sum
	UnknownTotal     int64 `json:"unknown_total"`     // other bills without ledger_total
	UnknownForward   int64 `json:"unknown_forward"`   // forward bills without ledger_total, of whatever direction
	UnknownMerchant  int64 `json:"unknown_merchant"`  // other bills without goods
}

// Bridge leads from the forward bills to what was settled (调节表). Forward is the sum of
// the bills, Settled that of the successful settlements; Terms are of the verdicts.
// Forward + Σ Terms + Remainder = Settled, and Remainder is 0 if the tables agree.
type Bridge struct {
	Forward       schema.Fen `json:"forward,string"`
	Terms         []Term     `json:"terms"` // in the order of TermCodes; a total has all, others those with groups
	Settled       schema.Fen `json:"settled,string"`
	SettledGroups int64      `json:"settled_groups"`   // of which something was settled
	Remainder     schema.Fen `json:"remainder,string"` // 平衡校验
}

// Term is one line of a bridge: settled - billed of its groups.
type Term struct {
	Code   TermCode   `json:"code"`
	Fen    schema.Fen `json:"fen,string"`
	Groups int64      `json:"groups"`
}

// TermCode names a line of a bridge.
type TermCode string

// The lines of a bridge, in their order.
const (
	TermBillOnly       TermCode = "bill_only"                // 未查到分账
	TermNeverAnswered  TermCode = schema.ReasonNeverAnswered // 未查到分账, because the match rule never finds anything
	TermPending        TermCode = "pending"                  // 分账处理中(未分部分)
	TermFailed         TermCode = "failed"                   // 分账失败(未分部分)
	TermNoKey          TermCode = "no_key"                   // 缺单号
	TermNotConfigured  TermCode = "not_configured"           // 未接入分账
	TermSettlementOnly TermCode = "settlement_only"          // 有分账、未查到账单
	TermMismatched     TermCode = "mismatched"               // 差异净额
	TermMatched        TermCode = "matched"                  // 跨日及分段匹配: what groups are matched with the help of others, or within the tolerance
)

// TermCodes lists the lines of a bridge in their order.
var TermCodes = []TermCode{
	TermBillOnly, TermNeverAnswered, TermPending, TermFailed, TermNoKey, TermNotConfigured, TermSettlementOnly, TermMismatched, TermMatched,
}

// VerdictSum adds up the groups of one verdict.
type VerdictSum struct {
	Verdict schema.Verdict `json:"verdict"`
	Groups  int64          `json:"groups"`
	Billed  schema.Fen     `json:"billed,string"`  // ledger_total of forward bills
	Settled schema.Fen     `json:"settled,string"` // of successful settlements
	Diff    schema.Fen     `json:"diff,string"`    // settled - billed of the groups that were compared
	Over    schema.Fen     `json:"over,string"`    // 多分: the sum of the positive ones of Diff
	Short   schema.Fen     `json:"short,string"`   // 少分: of the negative ones
}

// Waterfall leads from what guests' orders were worth to what the merchants get. Each step
// adds its amount to those before it; a step that is a subtotal states their sum.
type Waterfall []Step

// Step is one bar of the waterfall.
type Step struct {
	Code     StepCode   `json:"code"`
	Fen      schema.Fen `json:"fen,string"`
	Subtotal bool       `json:"subtotal,omitempty"` // Fen is the sum of the steps so far, and adds nothing
	Bills    int64      `json:"bills"`              // with a part in the step
}

// StepCode names a bar of the waterfall.
type StepCode string

// The bars of the waterfall, in their order: forward bills down to StepGoods, then the rest.
const (
	StepOriginal       StepCode = "original"                        // 交易金额
	StepMerchantTicket StepCode = "merchant_ticket"                 // 商家优惠
	StepPlatformTicket StepCode = "platform_ticket"                 // 平台补贴
	StepLedgerTicket   StepCode = "ledger_platform_ticket"          // 平台券(参与结算)
	StepTotalUnknown   StepCode = "total_unknown"                   // bills of which one of these is not known
	StepTotalBroken    StepCode = "total_broken"                    // bills whose identity fails
	StepLedgerTotal    StepCode = "ledger_total"                    // 应结算, a subtotal
	StepFee            StepCode = "total_merchant_platform_service" // 软件服务费
	StepCommission     StepCode = "commission"                      // 佣金
	StepInsurance      StepCode = "actual_insured"                  // 保险费
	StepGoodsUnknown   StepCode = "goods_unknown"                   // bills of which one of these is not known
	StepGoodsBroken    StepCode = "goods_broken"                    // bills whose identity fails
	StepGoods          StepCode = "goods"                           // 正向账单商家实际结算, a subtotal
	StepRefund         StepCode = "refund"                          // goods of refunds
	StepOther          StepCode = "other"                           // goods of deductions and others
	StepMerchant       StepCode = "merchant"                        // 商家实际结算, a subtotal: Sums.Merchant
)

// WriteJSON writes the report as one JSON value.
func (r *Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(true) // the value may stand in a page
	return encoder.Encode(r)
}

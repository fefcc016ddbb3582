package normalise

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"billwalk/schema"
)

// WithdrawalsPage is one decoded answer of the withdrawal API (withdraw/catering_query).
type WithdrawalsPage struct {
	Next    string // cursor of the next page; empty on the last one
	HasMore bool
	Records []WithdrawalRecord
	LogID   string // of the answer, or ""
}

// WithdrawalRecord is one withdrawal of a page, fully decoded and checked.
type WithdrawalRecord struct {
	Raw     jsontext.Value // as received
	wire    withdrawal
	badText bool // it has text that is not valid
}

// ReadWithdrawals decodes the body of an answer that says that the call succeeded. It is an
// error if has_more or bill_withdraw_records is missing, a next page has no cursor, a record
// has no withdraw_id, an amount or time is not a whole number, a key is repeated, or an id is
// not valid text. An empty list is an empty page, and so is null on the last page.
func ReadWithdrawals(body []byte) (WithdrawalsPage, error) {
	type form struct {
		Claims
		Cursor  text  `json:"cursor"`
		HasMore *bool `json:"has_more"`
		Records list  `json:"bill_withdraw_records"`
	}
	data, logID, err := decodeData[form]("withdrawal", body)
	if err != nil {
		return WithdrawalsPage{}, err
	}
	if err := checkPage("bill_withdraw_records", data.Records, data.HasMore, data.Cursor); err != nil {
		return WithdrawalsPage{}, err
	}
	page := WithdrawalsPage{HasMore: *data.HasMore, Records: make([]WithdrawalRecord, len(data.Records.all)), LogID: logID}
	if page.HasMore {
		page.Next = data.Cursor.V
	}
	for i, raw := range data.Records.all {
		r := WithdrawalRecord{Raw: raw}
		var err error
		if r.badText, err = decodeRecord(raw, "withdraw_id", &r.wire, r.wire.check); err != nil {
			return WithdrawalsPage{}, fmt.Errorf("bill_withdraw_records[%d]: %w", i, err)
		}
		page.Records[i] = r
	}
	return page, nil
}

// ReadWithdrawalsContent reads what a walk needs of the body of an answer. Its errors are those
// of ReadWithdrawals. Amounts are not summed: each withdrawal is checked by itself.
func ReadWithdrawalsContent(body []byte) (PageContent, error) {
	page, err := ReadWithdrawals(body)
	if err != nil {
		return PageContent{}, err
	}
	content := PageContent{Next: page.Next, HasMore: page.HasMore, LogID: page.LogID}
	for i := range page.Records {
		canonical := page.Records[i].Raw.Clone()
		if err := canonical.Format(canonically...); err != nil {
			return PageContent{}, fmt.Errorf("bill_withdraw_records[%d]: %w", i, err)
		}
		content.Records = append(content.Records, sha256.Sum256(canonical))
	}
	return content, nil
}

// withdrawal is a withdrawal of the API (查询提现记录), with members that its later versions
// have. Other members stay in the archive.
type withdrawal struct {
	WithdrawID    text    `json:"withdraw_id"`
	Amount        integer `json:"amount"`
	Status        text    `json:"status"`
	WithdrawMode  text    `json:"withdraw_mode"`
	LaunchTime    integer `json:"launch_time"`
	WithdrawTime  integer `json:"withdraw_time"`
	WithdrawMsg   display `json:"withdraw_msg"`
	SettleAccount text    `json:"settle_account"`
	AccountName   display `json:"account_name"`
}

func (w *withdrawal) check() error {
	if w.WithdrawID.V == "" {
		return errors.New("withdraw_id is missing")
	}
	return nil
}

// ID returns the withdraw_id.
func (r *WithdrawalRecord) ID() string { return r.wire.WithdrawID.V }

// Status returns the status as received, "" where there is none.
func (r *WithdrawalRecord) Status() string { return r.wire.Status.V }

// Amount returns the amount as received, NULL where there is none.
func (r *WithdrawalRecord) Amount() schema.Null[schema.Fen] { return r.wire.Amount.fen() }

// WithdrawalStatuses says what the values of a withdrawal's status mean, which the platform
// does not document.
type WithdrawalStatuses struct{ InFlight, Paid, Failed []string }

// stage returns the stage of a status, and whether the status is known.
func (s *WithdrawalStatuses) stage(status string) (schema.WithdrawStage, bool) {
	switch {
	case slices.Contains(s.Paid, status):
		return schema.WithdrawPaid, true
	case slices.Contains(s.Failed, status):
		return schema.WithdrawNotPaid, true
	}
	return schema.WithdrawUnderWay, slices.Contains(s.InFlight, status)
}

// WithdrawalRow is a withdrawal without its bills and verdict, with the exceptions of its
// record.
type WithdrawalRow struct {
	Withdrawal schema.Withdrawal
	Stage      schema.WithdrawStage
	Exceptions []schema.Exception
}

// Row returns the withdrawal of a record, and what is wrong with it. The day of the
// provenance is the one that was asked for, by launch.
func (r *WithdrawalRecord) Row(statuses *WithdrawalStatuses, from Provenance) WithdrawalRow {
	w := &r.wire
	row := WithdrawalRow{Withdrawal: schema.Withdrawal{
		AccountID: string(from.Walk), WithdrawID: w.WithdrawID.V, Amount: w.Amount.fen(), Status: nonEmpty(w.Status.Null), Mode: nonEmpty(w.WithdrawMode.Null),
		Message: nonEmpty(w.WithdrawMsg.Null), AccountName: nonEmpty(w.AccountName.Null),
		LogID: nonEmpty(schema.Some(from.LogID)), FetchedAt: from.FetchedAt, ArchiveKey: from.ArchiveKey,
	}}
	if account := w.SettleAccount; account.V != "" {
		row.Withdrawal.SettleAccount = schema.Some(schema.MaskAccount(account.V))
	}
	c := withdrawalChecker{(*findings)(&row.Exceptions), &row.Withdrawal}
	c.texts(r.badText, r.Raw)
	c.oddIDs(namedID{"withdraw_id", schema.Some(w.WithdrawID.V)})
	c.excessive("amount", &row.Withdrawal.Amount)
	c.negative("amount", &row.Withdrawal.Amount)
	row.Withdrawal.LaunchTime = c.time("launch_time", w.LaunchTime)
	row.Withdrawal.WithdrawTime = c.time("withdraw_time", w.WithdrawTime)
	c.launchDay(from.Day)
	var known bool
	if row.Stage, known = statuses.stage(w.Status.V); !known {
		c.report(schema.RuleWithdrawalStatus, "status %.40q of a withdrawal is not in withdrawals.statuses; it is taken for one in flight", w.Status.V)
	}
	for i := range row.Exceptions {
		e := &row.Exceptions[i]
		if e.Rule != schema.RuleWithdrawalStatus {
			e.Rule = schema.RuleWithdrawalRecord
		}
		e.Severity = e.Rule.Severity()
		e.AccountID, e.ArchiveKey = schema.Some(row.Withdrawal.AccountID), nonEmpty(schema.Some(from.ArchiveKey))
		e.Detail = fmt.Sprintf("withdrawal %.64s: %s", w.WithdrawID.V, e.Detail) // no record, which has the bank account's number
	}
	return row
}

// withdrawalChecker checks one withdrawal and collects exceptions.
type withdrawalChecker struct {
	*findings
	withdrawal *schema.Withdrawal
}

// time returns a time in unix seconds, unless it must be in another unit. 0 is absent.
func (c *withdrawalChecker) time(name string, seconds integer) schema.Null[time.Time] {
	switch {
	case seconds.V == 0:
		return schema.Null[time.Time]{}
	case seconds.V < earliest || seconds.V >= latest:
		c.report(schema.RuleSettleTime, "%s %d is not in unix seconds of the years 2015 to 2099; the column is NULL", name, seconds.V)
		return schema.Null[time.Time]{}
	}
	return schema.Some(time.Unix(seconds.V, 0).UTC())
}

// launchDay checks that the withdrawal was launched on the day that was asked for.
func (c *withdrawalChecker) launchDay(asked schema.Day) {
	launched := c.withdrawal.LaunchTime
	if day := schema.DayOf(launched.V); launched.Valid && day != asked {
		c.report(schema.RuleSettleDay, "launch_time lies on %s, and the withdrawals launched on %s were asked for", day, asked)
	}
}

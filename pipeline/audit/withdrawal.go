package audit

import (
	"crypto/sha256"
	"errors"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"billwalk/schema"
)

// withdrawalReading is one record of the withdrawal API (查询提现记录).
type withdrawalReading struct {
	schema.Withdrawal       // as received; without sums and verdict
	faults            int64 // what is not as documented
}

// readWithdrawalsPage decodes an answer's body, as readPage does.
func readWithdrawalsPage(body []byte) (page, error) {
	var answer struct {
		errorFields
		Data struct {
			pageHead
			Records records `json:"bill_withdraw_records"`
		} `json:"data"`
		Extra jsontext.Value `json:"extra"`
	}
	if err := json.Unmarshal(body, &answer, anyText); err != nil {
		return page{}, err
	}
	d := &answer.Data
	return d.page(answer.errorFields, answer.Extra, d.Records, "bill_withdraw_records")
}

// rawWithdrawal has the members of a record.
type rawWithdrawal struct {
	ID       jsontext.Value `json:"withdraw_id"`
	Amount   jsontext.Value `json:"amount"`
	Status   jsontext.Value `json:"status"`
	Mode     jsontext.Value `json:"withdraw_mode"`
	Launched jsontext.Value `json:"launch_time"`
	Ended    jsontext.Value `json:"withdraw_time"`
	Message  jsontext.Value `json:"withdraw_msg"`
	Account  jsontext.Value `json:"settle_account"`
	Name     jsontext.Value `json:"account_name"`
}

// readWithdrawal decodes a record of the withdrawals that were launched on a day.
func readWithdrawal(raw jsontext.Value, day schema.Day) (withdrawalReading, error) {
	var w withdrawalReading
	var r rawWithdrawal
	if json.Unmarshal(raw, &r) != nil {
		w.faults++
		if err := json.Unmarshal(raw, &r, anyText); err != nil {
			return w, err
		}
	}
	var faults []error
	for _, one := range []struct {
		raw jsontext.Value
		to  *schema.Null[string]
	}{{r.Status, &w.Status}, {r.Mode, &w.Mode}, {r.Account, &w.SettleAccount}} {
		v, err := text(one.raw)
		*one.to, faults = present(v), append(faults, err)
	}
	for _, one := range []struct {
		raw jsontext.Value
		to  *schema.Null[string]
	}{{r.Message, &w.Message}, {r.Name, &w.AccountName}} {
		if shown := displayText(one.raw); shown == nil {
			faults = append(faults, errors.New("a text is no text"))
		} else {
			*one.to = present(schema.Null[string]{V: foldReplacements(shown.V), Valid: shown.Valid})
		}
	}
	if w.SettleAccount.Valid {
		w.SettleAccount.V = lastFour(w.SettleAccount.V)
	}
	id, err := text(r.ID)
	if err == nil && id.V == "" {
		err = errors.New("withdraw_id is missing")
	}
	w.WithdrawID = id.V
	if isOdd(id.V) {
		w.faults++
	}
	amount, amountErr := w.readAmount(r.Amount)
	launched, launchErr := w.readTime(r.Launched)
	ended, endErr := w.readTime(r.Ended)
	w.Amount, w.LaunchTime, w.WithdrawTime = amount, launched, ended
	if launched.Valid && schema.DayOf(launched.V) != day {
		w.faults++
	}
	return w, errors.Join(append(faults, err, amountErr, launchErr, endErr)...)
}

// present returns NULL for an empty text.
func present(text schema.Null[string]) schema.Null[string] {
	text.Valid = text.V != ""
	return text
}

// lastFour masks a number but for its last four characters, or all of it if it has no more.
func lastFour(number string) string {
	if all := []rune(number); len(all) > 4 {
		return "****" + string(all[len(all)-4:])
	}
	return "****"
}

// readAmount returns the amount, NULL for one that it cannot be.
func (w *withdrawalReading) readAmount(raw jsontext.Value) (schema.Null[schema.Fen], error) {
	n, err := whole(raw)
	switch {
	case max(n.V, -n.V) > maxSettled:
		w.faults++
	case n.V < 0:
		w.faults++
	default:
		return schema.Null[schema.Fen]{V: schema.Fen(n.V), Valid: n.Valid}, err
	}
	return schema.Null[schema.Fen]{}, err
}

// readTime returns a time in seconds, NULL for none and for one in another unit.
func (w *withdrawalReading) readTime(raw jsontext.Value) (schema.Null[time.Time], error) {
	n, err := whole(raw)
	at := time.Unix(n.V, 0).UTC()
	switch {
	case n.V == 0:
		return schema.Null[time.Time]{}, err
	case n.V < 0 || n.V > 1<<33 || at.In(schema.China).Year() < 2015 || at.In(schema.China).Year() > 2099:
		w.faults++
		return schema.Null[time.Time]{}, err
	}
	return schema.Some(at), err
}

// Statuses are the values of a withdrawal's status, which the platform does not document. All
// others are of withdrawals in flight.
type Statuses struct{ InFlight, Paid, Failed []string }

// withdrawalList reads the withdrawals of a payee that were launched on a day.
type withdrawalList struct {
	listed
	byID     map[string]*withdrawalReading // the latest record of each
	faults   int64                         // of all records
	statuses map[string]int64              // records, by status
}

// unknown returns the number of records whose status is not known.
func (l *withdrawalList) unknown(statuses *Statuses) (n int64) {
	for status, records := range l.statuses {
		if !slices.Contains(slices.Concat(statuses.InFlight, statuses.Paid, statuses.Failed), status) {
			n += records
		}
	}
	return n
}

func (*withdrawalList) page(body []byte) (page, error) { return readWithdrawalsPage(body) }

func (l *withdrawalList) record(i int, of *page, from *schema.Answer, published bool) ([sha256.Size]byte, error) {
	raw := of.records[i]
	sum, err := content(raw, nil)
	if err != nil || !published {
		return sum, err
	}
	w, err := readWithdrawal(raw, l.Day)
	if err != nil {
		return sum, err
	}
	w.AccountID, w.LogID = string(l.Account.ID), present(schema.Some(from.LogID))
	w.FetchedAt, w.ArchiveKey = from.FetchedAt, from.Key
	l.faults += w.faults
	l.statuses[w.Status.V]++
	l.byID[w.WithdrawID] = &w
	return sum, nil
}

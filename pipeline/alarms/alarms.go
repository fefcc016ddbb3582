// Package alarms compares what is published of a day with what is usual on its weekday.
// It reads manifests alone, which have the counts and sums of every account.
//
// An alarm is for a person to look at: it never fails a run and changes no verdict. Where
// too little is known, there is none.
package alarms

import (
	"math"
	"math/big"
	"slices"

	"billwalk/schema"
)

// Kind says what is wrong with a day.
type Kind string

const (
	Late    Kind = "late"     // it ended long ago, and accounts of it are still not published
	Empty   Kind = "empty"    // it has no bills at all
	Bills   Kind = "bills"    // the number of bills is unusual
	Amount  Kind = "amount"   // the sum of ledger_total_fen is unusual
	FeeRate Kind = "fee_rate" // the share of the platform's service fee in ledger_total is unusual
)

const (
	// Weeks is how many earlier days of the same weekday a day is compared with.
	Weeks = 28
	// MinWeeks is how many of them have to be known.
	MinWeeks = 4

	// A value is usual within this distance of the median: the larger of some times the
	// median deviation from it, and a part of the median itself.
	deviations  = 5
	volumeShare = 4  // 1/4 of the median number or amount
	rateShare   = 20 // 1/20 of the median rate

	perMillion = 1_000_000

	// maxValue bounds what is compared, so that no band leaves int64: 5 million billion yuan.
	maxValue = math.MaxInt64 / 16
)

// Alarm is one thing about a day. What Value, Median, Low and High count depends on the
// kind: accounts that are missing (late), bills, fen, or fee per million of ledger_total.
type Alarm struct {
	Day    schema.Day `json:"bill_date"`
	Kind   Kind       `json:"kind"`
	Value  int64      `json:"value"`
	Median int64      `json:"median,omitempty"`
	Low    int64      `json:"low,omitempty"`   // the lowest usual value
	High   int64      `json:"high,omitempty"`  // the highest
	Weeks  int        `json:"weeks,omitempty"` // how many days it is compared with
}

// History is what is published: the manifests of each day, by bucket, without nils.
type History map[schema.Day][]*schema.Manifest

// Weekdays returns the days that Unusual compares a day with, the latest first.
func Weekdays(day schema.Day) []schema.Day {
	days := make([]schema.Day, Weeks)
	for i := range days {
		days[i] = day - schema.Day(7*(i+1))
	}
	return days
}

// Overdue returns an alarm if some of the accounts have no published rows of the day, and
// nothing that says why there cannot be any.
func (h History) Overdue(day schema.Day, accounts []schema.Account) []Alarm {
	missing := int64(0)
	entries := h.entries(day)
	for _, a := range accounts {
		if e := entries[a.ID]; e == nil || e.State == schema.Failed {
			missing++
		}
	}
	if missing == 0 {
		return nil
	}
	return []Alarm{{Day: day, Kind: Late, Value: missing}}
}

// Unusual returns alarms about a day that is empty, or whose bills, amount or fee rate is
// unusual. Of the accounts it compares those that are whole on this day and on at least
// MinWeeks of the earlier ones, and of the earlier days those on which all of these are.
func (h History) Unusual(day schema.Day, accounts []schema.Account) (alarms []Alarm) {
	own := whole(h.entries(day), accounts)
	if len(own) == 0 {
		return nil // what failed is reported as such
	}
	today, ok := sumOf(own, accounts)
	if ok && today.bills == 0 {
		return []Alarm{{Day: day, Kind: Empty}}
	}
	earlier, seen := make([]map[schema.AccountID]*schema.Entry, Weeks), make(map[schema.AccountID]int)
	for i, d := range Weekdays(day) {
		earlier[i] = whole(h.entries(d), accounts)
		for id := range earlier[i] {
			seen[id]++
		}
	}
	compared := slices.DeleteFunc(slices.Clone(accounts), func(a schema.Account) bool { return own[a.ID] == nil || seen[a.ID] < MinWeeks })
	today, ok = sumOf(own, compared)
	if !ok || len(compared) == 0 {
		return nil
	}
	var usual []sums
	for _, entries := range earlier {
		if s, ok := sumOf(entries, compared); ok {
			usual = append(usual, s)
		}
	}
	for _, measure := range measures {
		if alarm, unusual := measure.judge(today, usual); unusual {
			alarm.Day = day
			alarms = append(alarms, alarm)
		}
	}
	return alarms
}

// entries returns the entries of a day by account.
func (h History) entries(day schema.Day) map[schema.AccountID]*schema.Entry {
	entries := make(map[schema.AccountID]*schema.Entry)
	for _, m := range h[day] {
		for i := range m.Units {
			entries[m.Units[i].Account.ID] = &m.Units[i]
		}
	}
	return entries
}

// whole keeps the entries of the accounts that are complete and of the latest walk.
func whole(entries map[schema.AccountID]*schema.Entry, accounts []schema.Account) map[schema.AccountID]*schema.Entry {
	kept := make(map[schema.AccountID]*schema.Entry)
	for _, a := range accounts {
		if e := entries[a.ID]; e != nil && e.State == schema.Complete && !e.Stale {
			kept[a.ID] = e
		}
	}
	return kept
}

// sums are what is compared of a day.
type sums struct {
	bills       int64
	ledger, fee schema.Fen
}

// sumOf adds up the entries of the accounts. It returns false if one has none, or a sum
// overflows.
func sumOf(entries map[schema.AccountID]*schema.Entry, accounts []schema.Account) (s sums, ok bool) {
	for _, a := range accounts {
		e := entries[a.ID]
		if e == nil {
			return sums{}, false
		}
		var ledger, fee error
		s.bills += e.Totals.Rows
		s.ledger, ledger = s.ledger.Add(e.Totals.Sum(schema.LedgerTotal.Column()).Fen)
		s.fee, fee = s.fee.Add(e.Totals.Sum(schema.TotalMerchantPlatformService.Column()).Fen)
		if ledger != nil || fee != nil {
			return sums{}, false
		}
	}
	return s, true
}

// measure is one number of a day.
type measure struct {
	kind  Kind
	share int64 // the usual distance is at least 1/share of the median
	of    func(sums) (int64, bool)
}

var measures = []measure{
	{Bills, volumeShare, func(s sums) (int64, bool) { return s.bills, true }},
	{Amount, volumeShare, func(s sums) (int64, bool) { return int64(s.ledger), true }},
	{FeeRate, rateShare, sums.feeRate},
}

// feeRate returns the fee per million of ledger_total, rounded down, if there is any.
func (s sums) feeRate() (int64, bool) {
	if s.ledger <= 0 {
		return 0, false
	}
	rate := new(big.Int).Mul(big.NewInt(int64(s.fee)), big.NewInt(perMillion))
	rate.Div(rate, big.NewInt(int64(s.ledger)))
	return rate.Int64(), rate.IsInt64()
}

// judge compares today's value with those of the earlier days that have one.
func (m measure) judge(today sums, earlier []sums) (alarm Alarm, unusual bool) {
	value, ok := m.of(today)
	var known []int64
	for _, s := range earlier {
		if v, ok := m.of(s); ok && abs(v) <= maxValue {
			known = append(known, v)
		}
	}
	if !ok || len(known) < MinWeeks {
		return Alarm{}, false
	}
	middle := median(known)
	band := max(deviations*deviation(known, middle), abs(middle)/m.share)
	alarm = Alarm{Kind: m.kind, Value: value, Median: middle, Low: middle - band, High: middle + band, Weeks: len(known)}
	return alarm, value < alarm.Low || value > alarm.High
}

// deviation returns the median distance of the values from their median.
func deviation(values []int64, middle int64) int64 {
	distances := make([]int64, len(values))
	for i, v := range values {
		distances[i] = abs(v - middle)
	}
	return median(distances)
}

func abs(n int64) int64 { return max(n, -n) }

// median returns the lower of the middle values.
func median(values []int64) int64 {
	return slices.Sorted(slices.Values(values))[(len(values)-1)/2]
}

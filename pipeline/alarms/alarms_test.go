package alarms

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"billwalk/schema"
)

const today = schema.Day(20_000)

var accounts = []schema.Account{{ID: "1", Root: true}, {ID: "2"}}

// published is a day's manifest: bills, ledger_total and fee of account 1, and as much of
// account 2 if it is whole.
func published(bills int64, ledger, fee schema.Fen, second schema.State) []*schema.Manifest {
	totals := schema.Totals{Rows: bills, Fen: map[string]schema.Sum{
		schema.LedgerTotal.Column(): {Fen: ledger}, schema.TotalMerchantPlatformService.Column(): {Fen: fee},
	}}
	return []*schema.Manifest{{Units: []schema.Entry{
		{Account: accounts[0], State: schema.Complete, Totals: totals}, {Account: accounts[1], State: second},
	}}}
}

// weeks is a history of n usual days: 100 bills, give or take 2, of 100 yuan each, with a
// fee of 2.5 %.
func weeks(n int) History {
	h := make(History)
	for i, day := range Weekdays(today)[:n] {
		bills := int64(98 + i%5)
		h[day] = published(bills, schema.Fen(bills*100_00), schema.Fen(bills*2_50), schema.Complete)
	}
	return h
}

func TestUnusual(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		weeks       int
		bills       int64
		ledger, fee schema.Fen
		want        []Kind
	}{
		"as always":                     {28, 100, 10_000_00, 250_00, nil},
		"empty":                         {28, 0, 0, 0, []Kind{Empty}},
		"empty, whatever is known":      {0, 0, 0, 0, []Kind{Empty}},
		"at the lower limit":            {28, 75, 7_500_00, 187_50, nil},
		"below it":                      {28, 74, 7_400_00, 185_00, []Kind{Bills, Amount}},
		"at the upper limit":            {28, 125, 12_500_00, 312_50, nil},
		"above it":                      {28, 126, 12_600_00, 315_00, []Kind{Bills, Amount}},
		"same bills, other amounts":     {28, 100, 20_000_00, 500_00, []Kind{Amount}},
		"another rate":                  {28, 100, 10_000_00, 263_00, []Kind{FeeRate}},
		"a rate within the band":        {28, 100, 10_000_00, 262_00, nil},
		"nothing but refunds":           {28, 100, -10_000_00, -250_00, []Kind{Amount}},
		"three weeks are too few":       {3, 1000, 1, 1, nil},
		"four are enough":               {4, 1000, 10_000_00, 250_00, []Kind{Bills}},
		"an amount that is out of size": {28, 100, math.MaxInt64, 250_00, []Kind{Amount, FeeRate}},
	} {
		h := weeks(test.weeks)
		h[today] = published(test.bills, test.ledger, test.fee, schema.Complete)
		var got []Kind
		for _, alarm := range h.Unusual(today, accounts) {
			got = append(got, alarm.Kind)
			if alarm.Day != today || alarm.Kind != Empty && (alarm.Weeks != test.weeks || alarm.Value >= alarm.Low && alarm.Value <= alarm.High || alarm.Median < alarm.Low || alarm.Median > alarm.High) {
				t.Errorf("%s: %+v", name, alarm)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
	h := weeks(28)
	h[today] = published(200, 10_000_00, 250_00, schema.Complete)
	if got, want := h.Unusual(today, accounts), (Alarm{today, Bills, 200, 100, 75, 125, 28}); len(got) != 1 || got[0] != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestRobust: eight of the earlier days may be anything and hide no unusual day, nor
// make a usual one unusual.
func TestRobust(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 0))
		h := weeks(28)
		for _, day := range Weekdays(today)[:8] {
			bills := random.Int64N(1_000_000)
			h[day] = published(bills, schema.Fen(random.Int64()), schema.Fen(random.Int64()), schema.Complete)
		}
		h[today] = published(100, 10_000_00, 250_00, schema.Complete)
		if got := h.Unusual(today, accounts); len(got) != 0 {
			t.Errorf("seed %d: a usual day: %+v", seed, got)
		}
		h[today] = published(10, 1_000_00, 100_00, schema.Complete)
		if got := h.Unusual(today, accounts); len(got) != 3 {
			t.Errorf("seed %d: an unusual day: %+v", seed, got)
		}
	}
}

// TestCompared: an account that failed, or is new, is compared on neither side.
func TestCompared(t *testing.T) {
	t.Parallel()
	h := weeks(28)
	h[today] = published(100, 10_000_00, 250_00, schema.Failed)
	if got := h.Unusual(today, accounts); len(got) != 0 {
		t.Errorf("a failed account: %+v", got)
	}
	for _, day := range Weekdays(today)[3:] {
		h[day] = published(100, 10_000_00, 250_00, schema.Failed)
	}
	h[today] = published(100, 10_000_00, 250_00, schema.Complete)
	h[today][0].Units[1].Totals = h[today][0].Units[0].Totals
	if got := h.Unusual(today, accounts); len(got) != 0 {
		t.Errorf("a new account: %+v", got)
	}
	h[today][0].Units[0].Stale = true
	if got := h.Unusual(today, accounts); len(got) != 0 {
		t.Errorf("nothing to compare: %+v", got)
	}
	if got := h.Unusual(today, nil); len(got) != 0 {
		t.Errorf("no accounts: %+v", got)
	}
}

func TestOverdue(t *testing.T) {
	t.Parallel()
	for want, h := range []History{
		{today: published(1, 1, 1, schema.Unavailable)},
		{today: published(1, 1, 1, schema.Failed)},
		{},
	} {
		got := h.Overdue(today, accounts)
		if want == 0 && got != nil || want > 0 && (len(got) != 1 || got[0] != Alarm{Day: today, Kind: Late, Value: int64(want)}) {
			t.Errorf("%d missing: got %+v", want, got)
		}
	}
	h := History{today: published(1, 1, 1, schema.Failed)}
	h[today][0].Units[1].Stale = true
	if got := h.Overdue(today, accounts); len(got) != 1 {
		t.Errorf("rows of an earlier walk: %+v", got)
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		alarm            Alarm
		english, chinese string
	}{
		{Alarm{Day: today, Kind: Late, Value: 2}, "2024-10-04 is late: 2 of its accounts are still not published", "2024-10-04 迟到：仍有 2 个账户未发布"},
		{Alarm{Day: today, Kind: Empty}, "2024-10-04 is empty: it has no bill at all", "2024-10-04 为空：没有一笔账单"},
		{Alarm{today, Bills, 12, 210, 158, 262, 26},
			"2024-10-04 is unusual: bills 12; the median of 26 days of its weekday is 210, and 158 to 262 are usual",
			"2024-10-04 异常：账单笔数 12；此前 26 个相同星期几的中位数为 210，通常在 158 至 262 之间",
		},
		{Alarm{today, Amount, -5, 10_000_01, 7_500_01, 12_500_01, 28},
			"2024-10-04 is unusual: ledger_total in yuan -0.05; the median of 28 days of its weekday is 10000.01, and 7500.01 to 12500.01 are usual",
			"2024-10-04 异常：应结算金额（元） -0.05；此前 28 个相同星期几的中位数为 10000.01，通常在 7500.01 至 12500.01 之间",
		},
		{Alarm{today, FeeRate, 30_000, 25_000, -1, 26_250, 4},
			"2024-10-04 is unusual: service fee by ledger_total 3.0000%; the median of 4 days of its weekday is 2.5000%, and -0.0001% to 2.6250% are usual",
			"2024-10-04 异常：服务费率 3.0000%；此前 4 个相同星期几的中位数为 2.5000%，通常在 -0.0001% 至 2.6250% 之间",
		},
	} {
		if english, chinese := test.alarm.Text(); english != test.english || chinese != test.chinese {
			t.Errorf("got %q, %q, want %q, %q", english, chinese, test.english, test.chinese)
		}
	}
}

package walk_test

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/progress"
	"billwalk/pipeline/walk"
	"billwalk/schema"
	"billwalk/sinks/archive"
	"billwalk/sinks/object/objecttest"
)

// manyPages is a platform with as many pages of every unit, of a bill each, and notes how
// far the run is at each call.
type manyPages struct {
	pages  int
	counts *progress.Counter

	mu       sync.Mutex
	percents []int64
}

// Bills implements walk.Source.
func (m *manyPages) Bills(_ context.Context, u schema.Unit, cursor string, _ int) (normalise.PageAnswer, error) {
	now := m.counts.Counts()
	m.mu.Lock()
	m.percents = append(m.percents, now.Percent())
	m.mu.Unlock()
	page, err := strconv.Atoi(cursor)
	if err != nil {
		return normalise.PageAnswer{}, err
	}
	body := fmt.Sprintf(`{"data":{"cursor":"%d","has_more":%t,"ledger_records":[%s]},"extra":{"error_code":0}}`, page+1, page+1 < m.pages, bill(cursor))
	return normalise.DecodeAnswer(schema.Answer{Account: u.Account.ID, Day: u.Day, Cursor: cursor, FetchedAt: time.Now(), Body: []byte(body)})
}

// TestProgressIsSteady: of units that are walked side by side and end together, each page
// counts where it is known how many there are, and each walk elsewhere.
func TestProgressIsSteady(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		known int // pages of a walk
		step  int64
	}{"pages are known": {20, 4}, "fewer pages than there are": {10, 4}, "more pages than there are": {30, 10}, "nothing is known": {0, 50}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const units = 4
			var counts progress.Counter
			counts.Expect(units, 0)
			source := &manyPages{pages: 20, counts: &counts}
			w := walk.Walker{
				Config: walk.Config{Source: source, PageSize: 50, Passes: 2}, Archive: archive.New(objecttest.NewMem()),
				RunID: "01K", Now: time.Now, Log: slog.New(slog.DiscardHandler), Progress: &counts,
				Pages:     func(schema.Unit) int { return c.known },
				IsCurrent: func(context.Context, schema.Unit, *schema.Certificate) (bool, error) { return false, nil },
			}
			for i := range units { // one after another, so that the calls are in order
				unit := schema.Unit{Account: schema.Account{ID: "7113893944009705516", Root: true}, Day: schema.Day(20000 + i)}
				certificate, err := w.Walk(t.Context(), unit, nil)
				if err != nil {
					t.Fatal(err)
				}
				counts.UnitDone(certificate.Bills)
			}
			last := int64(0)
			for call, percent := range source.percents {
				if percent < last || percent-last > c.step {
					t.Errorf("before call %d of %d: %d%% after %d%%", call+1, len(source.percents), percent, last)
				}
				last = percent
			}
			if end := counts.Counts(); last > 99 || end.Percent() != 100 || end.UnderWay != 0 || len(source.percents) != units*2*20 {
				t.Errorf("%d%% before the last of %d calls, in the end %+v", last, len(source.percents), end)
			}
		})
	}
}

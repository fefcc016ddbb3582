package walk_test

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/progress"
	"billwalk/pipeline/walk"
	"billwalk/schema"
	"billwalk/sinks/archive"
	"billwalk/sinks/object/objecttest"
)

// twoPages is a platform that has three bills of every unit, on two pages.
type twoPages struct{}

func (twoPages) Bills(_ context.Context, u schema.Unit, cursor string, _ int) (normalise.PageAnswer, error) {
	body := `{"data":{"cursor":"2","has_more":true,"ledger_records":[` + bill("1") + `,` + bill("2") + `]},"extra":{"error_code":0}}`
	if cursor == "2" {
		body = `{"data":{"has_more":false,"ledger_records":[` + bill("3") + `]},"extra":{"error_code":0}}`
	}
	return normalise.DecodeAnswer(schema.Answer{Account: u.Account.ID, Day: u.Day, Cursor: cursor, FetchedAt: time.Now(), Body: []byte(body)})
}

func bill(id string) string {
	return fmt.Sprintf(`{"account_id":"7113893944009705516","ledger_id":%q,"settle_type":1}`, id)
}

// A unit is walked twice, and certified because both walks found the same bills.
func ExampleWalker() {
	var counts progress.Counter
	w := walk.Walker{
		Config: walk.Config{Source: twoPages{}, PageSize: 50, Passes: 2}, Archive: archive.New(objecttest.NewMem()),
		RunID: "01K", Now: time.Now, Log: slog.New(slog.DiscardHandler), Progress: &counts,
		IsCurrent: func(context.Context, schema.Unit, *schema.Certificate) (bool, error) { return false, nil },
	}
	day, _ := schema.ParseDay("2026-11-20")
	unit := schema.Unit{Account: schema.Account{ID: "7113893944009705516", Root: true}, Day: day}
	certificate, err := w.Walk(context.Background(), unit, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(certificate.State, len(certificate.Agreed), "walks")
	for _, page := range certificate.Pages {
		fmt.Printf("cursor %q: %d bills\n", page.Cursor, page.Rows)
	}
	for answer, err := range walk.Certified(context.Background(), w.Archive, certificate) {
		fmt.Println(len(answer.Body), "bytes of page", answer.Page, err)
	}
	fmt.Println(counts.Counts().Pages, "pages fetched")
	// Output:
	// complete 2 walks
	// cursor "0": 2 bills
	// cursor "2": 1 bills
	// 221 bytes of page 1 <nil>
	// 140 bytes of page 2 <nil>
	// 4 pages fetched
}

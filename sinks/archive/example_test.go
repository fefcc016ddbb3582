package archive_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"billwalk/schema"
	"billwalk/sinks/archive"
	"billwalk/sinks/object/objecttest"
)

// A walk stores its answers in batches, and a certificate once it is complete. Each batch is
// written once.
func Example() {
	ctx := context.Background()
	a := archive.New(objecttest.NewMem())
	day, _ := schema.ParseDay("2026-11-20")
	unit := schema.Unit{Account: schema.Account{ID: "7113893944009705516"}, Day: day}
	const walk = "01JD0000000000000000000000"

	var batch []byte
	for page, body := range []string{`{"page":1}`, `{"page":2}`} {
		line, err := a.Encode(nil, schema.Answer{
			Account: unit.Account.ID, Day: day, Walk: walk, Page: page + 1, Cursor: fmt.Sprint(page),
			FetchedAt: time.Unix(1, 0).UTC(), Body: []byte(body),
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		batch = append(batch, line...)
	}
	fmt.Println(a.Append(ctx, unit, walk, 1, batch))
	fmt.Println("another batch 1:", errors.Is(a.Append(ctx, unit, walk, 1, batch[:1]), schema.ErrTaken))
	fmt.Println(a.Certify(ctx, &schema.Certificate{Account: unit.Account, Day: day, State: schema.Complete, Walk: walk}))

	certificate, begun, err := a.Unit(ctx, unit)
	fmt.Println(certificate.State, len(begun), err)
	for answer, err := range a.Answers(ctx, unit, certificate.Walk) {
		fmt.Println(answer.Page, string(answer.Body), err)
	}
	// Output:
	// <nil>
	// another batch 1: true
	// <nil>
	// complete 0 <nil>
	// 1 {"page":1} <nil>
	// 2 {"page":2} <nil>
}

package claims_test

import (
	"context"
	"fmt"
	"log/slog"

	"billwalk/pipeline/claims"
	"billwalk/schema"
)

// memory is a swap.Object for one process.
type memory struct {
	data    []byte
	version int
}

func (m *memory) Load(context.Context) ([]byte, string, error) {
	return m.data, fmt.Sprint(m.version), nil
}

func (m *memory) Swap(_ context.Context, data []byte, version string) (string, error) {
	if version != fmt.Sprint(m.version) {
		return "", schema.ErrTaken
	}
	m.data, m.version = data, m.version+1
	return fmt.Sprint(m.version), nil
}

// A backfill learns that another run works on some of its days.
func ExampleRegister_Enter() {
	register := claims.Register{Store: &memory{}, Process: "host/1234"}
	enter := func(run string, from, to string) (leave func()) {
		first, _ := schema.ParseDay(from)
		last, _ := schema.ParseDay(to)
		claim := claims.Claim{RunID: run, Job: "nightly", From: first, To: last, Buckets: []int{0}, Accounts: claims.HashAccounts([]schema.Account{{ID: "7113893944009705516"}})}
		others, leave, err := register.Enter(context.Background(), claim, slog.New(slog.DiscardHandler))
		fmt.Println(run, "has others:", others, err)
		return leave
	}
	leave := enter("night", "2026-11-13", "2026-11-20")
	enter("backfill", "2026-10-01", "2026-11-15")()
	leave()
	enter("another night", "2026-11-13", "2026-11-20")()
	// Output:
	// night has others: false <nil>
	// backfill has others: true <nil>
	// another night has others: false <nil>
}

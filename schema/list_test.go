package schema

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBatchLists: lists that are empty, NULL or long are gathered and read back.
func TestBatchLists(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(3, 1))
	settlements, b := make([]Settlement, 300), NewBatch(Settlements.Columns())
	for i := range settlements {
		s := &settlements[i]
		s.SettleID, s.IsAutoSettle = fmt.Sprint(i), Null[bool]{V: i%2 == 0, Valid: i%5 != 0}
		if !s.IsAutoSettle.Valid {
			s.IsAutoSettle.V = false
		}
		if s.Shares.Valid = i%3 > 0; s.Shares.Valid {
			for n := range dice.IntN(4) {
				s.Shares.V = append(s.Shares.V, Share{fmt.Sprint(n), Fen(dice.Int64())})
			}
		}
		Settlements.AppendTo(b, s)
	}
	for range 2 {
		var rows []int32
		var want, got []Settlement
		for _, i := range dice.Perm(len(settlements))[:100] {
			rows, want = append(rows, int32(i)), append(want, settlements[i])
		}
		gathered := NewBatch(Settlements.Columns())
		gathered.Gather(b, rows[:40])
		rest := NewBatch(Settlements.Columns())
		rest.Gather(b, rows[40:])
		read := NewBatch(Settlements.Columns())
		if left, err := read.SetBytes(rest.AppendBytes(nil)); err != nil || len(left) > 0 {
			t.Fatalf("got %d bytes left and error %v, want none", len(left), err)
		}
		gathered.Append(read)
		for i := range gathered.Rows {
			var s Settlement
			Settlements.LoadFrom(gathered, i, &s)
			s.FetchedAt = settlements[0].FetchedAt
			got = append(got, s)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("gathered rows differ (-want +got):\n%s", diff)
		}
		b.Reset()
		for i := range settlements {
			Settlements.AppendTo(b, &settlements[i])
		}
	}
}

package archive

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"billwalk/schema"
)

// TestSettleLine: a line is read as the decoder reads it, whether or not EncodeSettlement
// wrote it so, unless its body is no JSON.
func TestSettleLine(t *testing.T) {
	t.Parallel()
	a, scanned, odd := New(nil), 0, 0
	var lines settleLines
	text := rapid.OneOf(rapid.SampledFrom([]string{"", "1", "order_id", `",`, `,"body":`, `\`, "\n", "没", "\u2028", "<"}), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		line, err := a.EncodeSettlement(schema.SettleAnswer{
			Account: schema.AccountID(text.Draw(t, "account")), Day: schema.Day(rapid.IntRange(0, 40000).Draw(t, "day")), Parameter: text.Draw(t, "parameter"),
			Column: text.Draw(t, "column"), Value: text.Draw(t, "value"), LogID: text.Draw(t, "logid"),
			FetchedAt: time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).UTC(),
			Body:      fmt.Appendf(nil, "{%q:1}", text.Draw(t, "body")),
		})
		if err != nil {
			t.Skip("the body does not fit in a line")
		}
		line = bytes.TrimSuffix(line, []byte("\n"))
		if rapid.Bool().Draw(t, "damaged") {
			at := rapid.IntRange(0, len(line)).Draw(t, "place")
			piece := rapid.SampledFrom([]string{" ", `"`, `,"logid":"1"`, `,"body":`, "}", "\xff", ",", `,"new":1`}).Draw(t, "piece")
			line = slices.Insert(line, at, []byte(piece)...)
		}
		var want schema.SettleAnswer
		decodeErr := readLine(line, &want)
		got, ok := lines.scan(line)
		switch {
		case !ok:
			odd++
			return
		case !jsontext.Value(got.Body).IsValid(jsontext.AllowInvalidUTF8(true)):
			return // who decodes it sees that
		case decodeErr != nil:
			t.Fatalf("%s is scanned, and the decoder says %v", line, decodeErr)
		}
		scanned++
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s (-decoded +scanned)\n%s", line, diff)
		}
	})
	if scanned == 0 || odd == 0 {
		t.Errorf("%d lines are scanned, %d are not: want some of both", scanned, odd)
	}
}

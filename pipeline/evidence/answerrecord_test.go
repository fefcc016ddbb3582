package evidence

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// TestAnswerRecord: whatever an answer has, its record gives the same rows; and the answer
// as it was received, where there is something to say of it. All use the same memory.
func TestAnswerRecord(t *testing.T) {
	t.Parallel()
	member := func(name string, values ...string) *rapid.Generator[string] {
		return rapid.Map(rapid.SampledFrom(append(values, "")), func(v string) string {
			if v == "" {
				return ""
			}
			return fmt.Sprintf(`,%q:%s`, name, v)
		})
	}
	members := []*rapid.Generator[string]{
		member("order_id", `"K"`, `"other"`, `7`, `""`), member("out_settle_no", `"n"`, `"n "`), member("out_order_no", `"o"`), member("item_order_id", `"i"`, `null`),
		member("settle_amount", `1000`, `"1000"`, `1001`, `-1`, `9223372036854775807`), member("rake", `60`, `0`), member("commission", `100`),
		member("settle_detail", `"商户号1-分成金额(分)840"`, `"商户号1-分成金额(分)800;商户号2-分成金额(分)40"`, `"?"`, `""`),
		member("settle_time", `1639733782123`, `0`, `1`), member("cp_extra", `"x"`, `""`, "\"\xff\""),
	}
	const usual = `,"order_id":"K","settle_amount":1000,"rake":60,"commission":100,"settle_detail":"商户号1-分成金额(分)840","settle_time":1639733782123`
	received, decoded := 0, 0
	var memory answerMemory
	var rows []normalise.SettleRow
	rapid.Check(t, func(t *rapid.T) {
		body, isUsual := `{"data":[`, rapid.Bool().Draw(t, "usual")
		for i := range rapid.IntRange(1, 3).Draw(t, "settlements") {
			if i > 0 {
				body += ","
			}
			if isUsual {
				body += fmt.Sprintf(`{"settle_id":"s%d","settle_status":"SUCCESS"%s}`, i, usual)
				continue
			}
			body += fmt.Sprintf(`{"settle_id":"s%d","settle_status":%q`, i, rapid.SampledFrom([]string{"SUCCESS", "INIT", "PROCESSING", "FAIL", "REVERSED"}).Draw(t, "status"))
			for _, m := range members {
				body += m.Draw(t, "member")
			}
			body += "}"
		}
		answer := schema.SettleAnswer{
			Account: "1", Day: 3, Parameter: rapid.SampledFrom([]string{"order_id", "out_order_no", "order_id: x"}).Draw(t, "parameter"), Column: "shop_order_id", Value: "K",
			FetchedAt: time.Unix(1795150000, rapid.SampledFrom([]int64{0, 999, 1_000_001}).Draw(t, "ns")).UTC(), LogID: rapid.SampledFrom([]string{"", "log"}).Draw(t, "logid"),
			Body: []byte(body + `],"extra":{"error_code":0}}`), Key: "key",
		}
		want := rowsIn(t, answer)
		unfiled := answer
		unfiled.Key = "" // it is not known before the archive has the answer
		decodedAnswer, err := memory.decoder.Decode(unfiled, string(unfiled.Body))
		if err != nil {
			t.Fatal(err)
		}
		prepared := new(answers).prepare(&decodedAnswer, &memory)
		record, err := prepared.recordIn(answer.Key)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeAnswerRecord(string(record), rows)
		if err != nil {
			t.Fatal(err)
		}
		rows = got.rows
		if diff := cmp.Diff(want, got.rows); diff != "" || got.query != answer.Query() {
			t.Fatalf("%s (-want +got)\n%s", answer.Body, diff)
		}
		for i := range want {
			if (want[i].Foreign || len(want[i].Exceptions) > 0) && got.received == nil {
				t.Fatalf("%s: the answer as it was received is lost", answer.Body)
			}
		}
		if got.received == nil {
			decoded++
			return
		}
		received++
		if diff := cmp.Diff(answer, *got.received); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	})
	if received == 0 || decoded == 0 {
		t.Errorf("%d records are of answers as received, %d are decoded: want some of both", received, decoded)
	}
}

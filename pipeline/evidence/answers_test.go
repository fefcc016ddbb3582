package evidence

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// answer is one that came some minutes after noon.
func answer(day schema.Day, value string, minutes int, body string) schema.SettleAnswer {
	return schema.SettleAnswer{
		Account: "1", Day: day, Parameter: "order_id", Column: "shop_order_id", Value: value, FetchedAt: noon.Add(time.Duration(minutes) * time.Minute),
		LogID: fmt.Sprint("log-", minutes), Body: []byte(body), Key: fmt.Sprint("key-", minutes),
	}
}

func openAnswers(t *testing.T, archive Archive) *answers {
	t.Helper()
	b, err := newAnswers(archive, nil, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.close)
	return b
}

func addAnswer(a *answers, answer schema.SettleAnswer) error {
	decoded, err := normalise.DecodeSettleAnswer(answer)
	if err != nil {
		return err
	}
	prepared := a.prepare(&decoded, new(answerMemory))
	return a.addPrepared(&prepared, answer.Key)
}

// rowsIn returns the rows of an answer.
func rowsIn(t interface {
	Helper()
	Fatal(...any)
}, answer schema.SettleAnswer) []normalise.SettleRow {
	t.Helper()
	records, err := normalise.DecodeSettlements(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return rowsOfRecords(nil, records, &answer)
}

const (
	emptyBody   = `{"data":[],"extra":{"error_code":0}}`
	successBody = `{"data":[{"settle_id":"1","settle_status":"SUCCESS"}],"extra":{"error_code":0}}`
	failBody    = `{"data":[{"settle_id":"1","settle_status":"SUCCESS"},{"settle_id":"2","settle_status":"FAIL"}],"extra":{"error_code":0}}`
	openBody    = `{"data":[{"settle_id":"1","settle_status":"FAIL"},{"settle_id":"2","settle_status":"INIT"}],"extra":{"error_code":0}}`
)

// TestLatest: of the answers that are filed within the days the one fetched last
// counts, in whatever order they become known; it is read back as it was.
func TestLatest(t *testing.T) {
	t.Parallel()
	answers := []schema.SettleAnswer{
		answer(3, "A", 1, emptyBody), answer(3, "A", 5, failBody), answer(5, "A", 3, openBody), answer(4, "A", 4, successBody), answer(3, "B", 9, emptyBody),
	}
	for start := range answers {
		b := openAnswers(t, nil)
		for i := range answers {
			if err := addAnswer(b, answers[(start+i)%len(answers)]); err != nil {
				t.Fatal(err)
			}
		}
		for _, row := range []struct {
			value    string
			from, to schema.Day
			outcome  Outcome
			want     int // of answers
		}{
			{"A", 3, 5, Failed, 1}, {"A", 3, 3, Failed, 1}, {"A", 4, 5, Settled, 3}, {"A", 5, 9, Unfinished, 2}, {"B", 0, 9, Empty, 4}, {"A", 6, 9, NoAnswer, -1}, {"C", 0, 9, NoAnswer, -1},
		} {
			k := b.latest(hashQuery(schema.Query{Match: schema.Match{Parameter: "order_id", Column: "any"}, Value: row.value}), row.from, row.to)
			if k.Outcome != row.outcome {
				t.Errorf("%s on days %d to %d: got outcome %d, want %d", row.value, row.from, row.to, k.Outcome, row.outcome)
			}
			if row.want < 0 {
				continue
			}
			want := answers[row.want]
			if age := k.Age(noon.Add(time.Hour)); age != noon.Add(time.Hour).Sub(want.FetchedAt) || k.Day != want.Day {
				t.Errorf("%s on days %d to %d: got age %s on day %d, want %s on day %d", row.value, row.from, row.to, age, k.Day, noon.Add(time.Hour).Sub(want.FetchedAt), want.Day)
			}
			if row.outcome <= Empty {
				continue // there is nothing to read
			}
			got, err := b.read(k, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(rowsIn(t, want), got.rows); diff != "" || got.query != want.Query() {
				t.Errorf("%s on days %d to %d (-want +got):\n%s", row.value, row.from, row.to, diff)
			}
		}
		if k := b.latest(hashID("out_order_no", "A"), 0, 9); k.Outcome != NoAnswer {
			t.Errorf("by another parameter: %+v", k)
		}
	}
}

// shelvedAnswers is an archive of answers to read.
type shelvedAnswers struct {
	Archive
	days  map[schema.Day][]schema.SettleAnswer
	fault error
	reads int
}

func (s *shelvedAnswers) Settlements(_ context.Context, day schema.Day, wanted func(schema.AccountID) bool, answer func(schema.SettleAnswer), pass func(schema.SettlePass)) error {
	s.reads++
	for _, a := range s.days[day] {
		answer(a)
	}
	pass(schema.SettlePass{Account: schema.Account{ID: "1"}, Day: day, Pass: "B", Bills: "bills"})
	pass(schema.SettlePass{Account: schema.Account{ID: "1"}, Day: day, Pass: "A", Bills: "of old"})
	return s.fault
}

// TestLoad: a day is read once. What cannot be read is an error, and the rest is known.
func TestLoad(t *testing.T) {
	t.Parallel()
	broken := errors.New("the store is down")
	s := &shelvedAnswers{days: map[schema.Day][]schema.SettleAnswer{3: {answer(3, "A", 1, `{"data":[{}],"extra":{"error_code":0}}`), answer(3, "B", 1, successBody)}}, fault: broken}
	b := openAnswers(t, s)
	if err := b.load(t.Context(), 4); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	s.fault = nil
	if err := b.load(t.Context(), 3); err != nil {
		t.Error(err)
	}
	if none := b.unanswered(3); len(none) != 1 || none[0].fault.Error() != `archive object key-1: the answer to order_id "A": data[0]: settle_id is missing (order_id )` {
		t.Errorf("an answer that cannot be read: %+v", none)
	}
	if err := b.load(t.Context(), 3); err != nil || s.reads != 2 {
		t.Errorf("loaded again: %v after %d reads", err, s.reads)
	}
	if got := b.latest(hashID("order_id", "B"), 3, 3).Outcome; got != Settled {
		t.Errorf("a valid answer beside an invalid one: got outcome %d, want %d", got, Settled)
	}
	certificate := &schema.Certificate{Account: schema.Account{ID: "1", Name: "any"}, Day: 3, Digest: "bills"}
	if !b.covers(certificate) {
		t.Error("bills of the latest pass are not covered")
	}
	for _, other := range []schema.Certificate{
		{Account: schema.Account{ID: "1"}, Day: 3, Digest: "of old"}, {Account: schema.Account{ID: "1"}, Day: 5, Digest: "bills"}, {Account: schema.Account{ID: "2"}, Day: 3, Digest: "bills"},
	} {
		if b.covers(&other) {
			t.Errorf("%+v is covered, want not: there was no such pass", other)
		}
	}
}

// TestSampled: about one query in a hundred is picked, always the same.
func TestSampled(t *testing.T) {
	t.Parallel()
	n := 0
	for i := range 100_000 {
		if Sampled(schema.Query{Match: schema.Match{Parameter: "order_id"}, Value: fmt.Sprint(i)}) {
			n++
		}
	}
	if n < 900 || n > 1100 {
		t.Errorf("got %d of 100,000, want about 1000", n)
	}
}

// TestAnswersAreBounded: answers beyond the limit are an error of the run.
func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	b, err := newAnswers(nil, nil, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	b.records.SetLimit(50)
	answer := schema.SettleAnswer{Parameter: "order_id", Value: "K", Body: []byte(`{"data":[{"settle_id":"s","settle_status":"INIT"}],"extra":{"error_code":0,"sub_error_code":0}}`)}
	if err := addAnswer(b, answer); err != nil {
		t.Fatal(err)
	}
	answer.Value = "L"
	if err := addAnswer(b, answer); err == nil || !strings.Contains(err.Error(), "limit") {
		t.Errorf("got %v, want an error that names the limit", err)
	}
}

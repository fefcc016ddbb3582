package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

func openBook(t *testing.T, archive Archive) *book {
	t.Helper()
	b, err := newBook(archive, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.close)
	return b
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
		b := openBook(t, nil)
		for i := range answers {
			if err := b.add(answers[(start+i)%len(answers)]); err != nil {
				t.Fatal(err)
			}
		}
		for _, row := range []struct {
			value    string
			from, to schema.Day
			outcome  outcome
			want     int // of answers
		}{
			{"A", 3, 5, failed, 1}, {"A", 3, 3, failed, 1}, {"A", 4, 5, settled, 3}, {"A", 5, 9, open, 2}, {"B", 0, 9, nothing, 4}, {"A", 6, 9, unknown, -1}, {"C", 0, 9, unknown, -1},
		} {
			k := b.latest(schema.Question{Match: schema.Match{Parameter: "order_id", Column: "any"}, Value: row.value}, row.from, row.to)
			if k.outcome != row.outcome {
				t.Errorf("%s on days %d to %d comes to %d, want %d", row.value, row.from, row.to, k.outcome, row.outcome)
			}
			if row.want < 0 {
				continue
			}
			got, err := b.read(k)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(answers[row.want], got); diff != "" || k.day != answers[row.want].Day {
				t.Errorf("%s on days %d to %d (-want +got):\n%s", row.value, row.from, row.to, diff)
			}
			if age := k.age(noon.Add(time.Hour)); age != noon.Add(time.Hour).Sub(got.FetchedAt) {
				t.Errorf("its age is %s", age)
			}
		}
		if k := b.latest(schema.Question{Match: schema.Match{Parameter: "out_order_no"}, Value: "A"}, 0, 9); k.outcome != unknown {
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

func (s *shelvedAnswers) Settlements(_ context.Context, day schema.Day, answer func(schema.SettleAnswer), pass func(schema.SettlePass)) error {
	s.reads++
	for _, a := range s.days[day] {
		answer(a)
	}
	pass(schema.SettlePass{Account: schema.Account{ID: "1"}, Day: day, Pass: "B", Bills: "bills"})
	pass(schema.SettlePass{Account: schema.Account{ID: "1"}, Day: day, Pass: "A", Bills: "of old"})
	return s.fault
}

// TestLoad: a day is read once. What is wrong is told, and the rest is known.
func TestLoad(t *testing.T) {
	t.Parallel()
	broken := errors.New("the store is down")
	s := &shelvedAnswers{days: map[schema.Day][]schema.SettleAnswer{3: {answer(3, "A", 1, `{"data":[{}],"extra":{"error_code":0}}`), answer(3, "B", 1, successBody)}}, fault: broken}
	b := openBook(t, s)
	if err := b.load(t.Context(), 4); !errors.Is(err, broken) {
		t.Errorf("%v, want %v", err, broken)
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
	question := schema.Question{Match: schema.Match{Parameter: "order_id"}, Value: "B"}
	if b.latest(question, 3, 3).outcome != settled {
		t.Error("what can be read is not known")
	}
	certificate := &schema.Certificate{Account: schema.Account{ID: "1", Name: "any"}, Day: 3, Digest: "bills"}
	if !b.complete(certificate) {
		t.Error("the latest pass was over these bills")
	}
	for _, other := range []schema.Certificate{
		{Account: schema.Account{ID: "1"}, Day: 3, Digest: "of old"}, {Account: schema.Account{ID: "1"}, Day: 5, Digest: "bills"}, {Account: schema.Account{ID: "2"}, Day: 3, Digest: "bills"},
	} {
		if b.complete(&other) {
			t.Errorf("nobody asked for %+v", other)
		}
	}
}

// TestSampled: about one question in a hundred is picked, always the same.
func TestSampled(t *testing.T) {
	t.Parallel()
	n := 0
	for i := range 100_000 {
		if fingerprintOf(schema.Question{Match: schema.Match{Parameter: "order_id"}, Value: fmt.Sprint(i)}).sampled() {
			n++
		}
	}
	if n < 900 || n > 1100 {
		t.Errorf("%d of 100,000 are picked", n)
	}
}

// TestConservationIsChecked: groups that lose a bill or a fen, or have one twice,
// do not pass.
func TestConservationIsChecked(t *testing.T) {
	t.Parallel()
	bill := billOf(1, 10)
	refund := billOf(2, -3)
	fen := func(v schema.Fen) schema.Null[schema.Fen] { return schema.Some(v) }
	for name, row := range map[string]struct {
		groups []schema.Reconciliation
		ok     bool
	}{
		"all of it":       {[]schema.Reconciliation{{BillRows: 1, Billed: schema.Legs{fen(10)}}, {BillRows: 1, Refund: fen(-3)}}, true},
		"in one group":    {[]schema.Reconciliation{{BillRows: 2, Billed: schema.Legs{fen(10)}, Refund: fen(-3)}}, true},
		"a bill lost":     {[]schema.Reconciliation{{BillRows: 1, Billed: schema.Legs{fen(10)}, Refund: fen(-3)}}, false},
		"a bill twice":    {[]schema.Reconciliation{{BillRows: 3, Billed: schema.Legs{fen(10)}, Refund: fen(-3)}}, false},
		"a fen lost":      {[]schema.Reconciliation{{BillRows: 2, Billed: schema.Legs{fen(9)}, Refund: fen(-3)}}, false},
		"another leg":     {[]schema.Reconciliation{{BillRows: 2, Billed: schema.Legs{fen(10), fen(1)}, Refund: fen(-3)}}, false},
		"refunds added":   {[]schema.Reconciliation{{BillRows: 2, Billed: schema.Legs{fen(7)}}}, false},
		"no group at all": {nil, false},
	} {
		var c conservation
		for _, b := range []error{c.bill(&bill), c.bill(&refund)} {
			if b != nil {
				t.Fatal(b)
			}
		}
		for i := range row.groups {
			if err := c.group(&row.groups[i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.check(); (err == nil) != row.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	var c conservation
	most := billOf(1, 1<<63-1)
	if err := errors.Join(c.bill(&most), c.bill(&bill)); !errors.Is(err, schema.ErrOverflow) {
		t.Errorf("a sum beyond int64: %v", err)
	}
}

// TestBookIsBounded: answers beyond the limit are an error of the run.
func TestBookIsBounded(t *testing.T) {
	t.Parallel()
	b, err := newBook(nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	b.file.SetLimit(300)
	answer := schema.SettleAnswer{Parameter: "order_id", Value: "K", Body: []byte(`{"data":[{"settle_id":"s","settle_status":"INIT"}],"extra":{"error_code":0,"sub_error_code":0}}`)}
	if err := b.add(answer); err != nil {
		t.Fatal(err)
	}
	answer.Value = "L"
	if err := b.add(answer); err == nil || !strings.Contains(err.Error(), "limit") {
		t.Errorf("%v", err)
	}
}

package evidence

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// callbackWith returns a callback of a settlement with some fields: of an event so many
// minutes after base, and received so many.
func callbackWith(text string, event, received int) schema.Callback {
	return schema.Callback{
		App: "trade", Scheme: schema.SignedRSA, ReceivedAt: base.Add(time.Duration(received) * time.Minute), LogID: fmt.Sprintf("log-%d", received),
		Body: fmt.Appendf(nil, `{"version":"2.0","type":"settle","msg":%q}`, fmt.Sprintf(
			`{"app_id":"tt1","settle_id":"S1","order_id":"O1","out_settle_no":"N1","settle_detail":"商户号68882720803499563550-分成金额(分)840","event_time":%d,%s}`,
			base.Add(time.Duration(event)*time.Minute).UnixMilli(), text)),
	}
}

var base = time.Date(2026, 11, 20, 23, 0, 0, 0, schema.China)

func decodedOf(t *testing.T, c schema.Callback) normalise.Callback {
	t.Helper()
	n, err := normalise.DecodeCallback(&c)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

const (
	success = `"status":"SUCCESS","settle_amount":1000,"rake":60,"commission":100`
	less    = `"status":"SUCCESS","settle_amount":999,"rake":60,"commission":99`
	fail    = `"status":"FAIL","settle_amount":1000,"message":"账户异常"`
)

// TestMarkOfCallbacks: the callback of the latest event counts, of one moment success
// before failure, of equal ones the first that came.
func TestMarkOfCallbacks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		callbacks []schema.Callback
		want      int // which of them
		contested bool
	}{
		"one":                             {[]schema.Callback{callbackWith(success, 0, 1)}, 0, false},
		"repeated: the first that came":   {[]schema.Callback{callbackWith(success, 0, 9), callbackWith(success, 0, 1), callbackWith(success, 0, 4)}, 1, false},
		"the later event, though earlier": {[]schema.Callback{callbackWith(success, 5, 6), callbackWith(fail, 0, 9)}, 0, false},
		"success before failure":          {[]schema.Callback{callbackWith(fail, 0, 1), callbackWith(success, 0, 1)}, 1, false},
		"a later event ends a conflict":   {[]schema.Callback{callbackWith(success, 0, 1), callbackWith(less, 0, 1), callbackWith(fail, 1, 2)}, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := markOfAll(t, c.callbacks)
			want := decodedOf(t, c.callbacks[c.want])
			if mark := markOf(&want); !got.sameDelivery(mark) || got.contested != c.contested {
				t.Errorf("got %+v, want that of callback %d: %+v", got, c.want, mark)
			}
		})
	}
	contested := markOfAll(t, []schema.Callback{callbackWith(success, 0, 1), callbackWith(less, 0, 2), callbackWith(success, 0, 3)})
	if !contested.contested {
		t.Error("two amounts for one moment: not contested")
	}
}

func markOfAll(t *testing.T, callbacks []schema.Callback) (m mark) {
	t.Helper()
	for i, c := range callbacks {
		n := decodedOf(t, c)
		if one := markOf(&n); i == 0 {
			m = one
		} else {
			m = m.merge(one)
		}
	}
	return m
}

// TestMarksInAnyOrder: the mark is the same for every order of arrival and any
// repetition.
func TestMarksInAnyOrder(t *testing.T) {
	t.Parallel()
	pool := []schema.Callback{
		callbackWith(success, 0, 1), callbackWith(success, 0, 2), callbackWith(less, 0, 1), callbackWith(fail, 0, 3), callbackWith(fail, 2, 4), callbackWith(success, 2, 2), callbackWith(less, 2, 9),
		callbackWith(`"status":"AUDITING","settle_amount":7`, 2, 3), callbackWith(`"status":"INIT","settle_amount":7`, 3, 3), callbackWith(success+`,"event_time_note":1`, 3, 1),
	}
	marks := make([]mark, len(pool))
	for i := range pool {
		n := decodedOf(t, pool[i])
		marks[i] = markOf(&n)
	}
	r := rand.New(rand.NewPCG(5, 5))
	for range 20_000 {
		chosen := make([]mark, 0, 8)
		for range 1 + r.IntN(5) {
			chosen = append(chosen, marks[r.IntN(len(marks))])
		}
		want := fold(chosen)
		again := append(append([]mark(nil), chosen...), chosen[r.IntN(len(chosen))], chosen[0]) // repeated
		r.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		if got := fold(again); got != want {
			t.Fatalf("%+v\nshuffled and repeated: got %+v,\nwant %+v", chosen, got, want)
		}
		n := r.IntN(len(again))
		if n > 0 {
			if got := fold(again[:n]).merge(fold(again[n:])); got != want { // in parts, as parallel readers have it
				t.Fatalf("%+v\nin two parts: got %+v,\nwant %+v", chosen, got, want)
			}
		}
	}
}

func fold(marks []mark) mark {
	m := marks[0]
	for _, one := range marks[1:] {
		m = m.merge(one)
	}
	return m
}

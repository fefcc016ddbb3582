package notified

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// told returns a callback of a settlement: what it says follows from the text,
// when it came from the minute.
func told(text string, event, received int) schema.Callback {
	return schema.Callback{
		App: "trade", Scheme: schema.SignedRSA, ReceivedAt: base.Add(time.Duration(received) * time.Minute), LogID: fmt.Sprintf("log-%d", received),
		Body: fmt.Appendf(nil, `{"version":"2.0","type":"settle","msg":%q}`, fmt.Sprintf(
			`{"app_id":"tt1","settle_id":"S1","order_id":"O1","out_settle_no":"N1","settle_detail":"商户号68882720803499563550-分成金额(分)840","event_time":%d,%s}`,
			base.Add(time.Duration(event)*time.Minute).UnixMilli(), text)),
	}
}

var base = time.Date(2026, 11, 20, 23, 0, 0, 0, schema.China)

func noticeOf(t *testing.T, c schema.Callback) normalise.Notice {
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

func TestStateOfCallbacks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		callbacks []schema.Callback
		want      int // which of them
		contested bool
	}{
		"one":                             {[]schema.Callback{told(success, 0, 1)}, 0, false},
		"repeated: the first that came":   {[]schema.Callback{told(success, 0, 9), told(success, 0, 1), told(success, 0, 4)}, 1, false},
		"the later event, though earlier": {[]schema.Callback{told(success, 5, 6), told(fail, 0, 9)}, 0, false},
		"success before failure":          {[]schema.Callback{told(fail, 0, 1), told(success, 0, 1)}, 1, false},
		"a later event ends a conflict":   {[]schema.Callback{told(success, 0, 1), told(less, 0, 1), told(fail, 1, 2)}, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := stateOf(t, c.callbacks)
			want := noticeOf(t, c.callbacks[c.want])
			if wanted := MarkOf(&want); !got.Same(wanted) || got.Contested != c.contested {
				t.Errorf("state %+v, want that of callback %d: %+v", got, c.want, wanted)
			}
		})
	}
	contested := stateOf(t, []schema.Callback{told(success, 0, 1), told(less, 0, 2), told(success, 0, 3)})
	if !contested.Contested {
		t.Error("two amounts for one moment are not told")
	}
}

func stateOf(t *testing.T, callbacks []schema.Callback) (m Mark) {
	t.Helper()
	for i, c := range callbacks {
		n := noticeOf(t, c)
		if one := MarkOf(&n); i == 0 {
			m = one
		} else {
			m = m.With(one)
		}
	}
	return m
}

// TestStateInAnyOrder holds that the state is the same for every order of arrival
// and any repetition.
func TestStateInAnyOrder(t *testing.T) {
	t.Parallel()
	pool := []schema.Callback{
		told(success, 0, 1), told(success, 0, 2), told(less, 0, 1), told(fail, 0, 3), told(fail, 2, 4), told(success, 2, 2), told(less, 2, 9),
		told(`"status":"AUDITING","settle_amount":7`, 2, 3), told(`"status":"INIT","settle_amount":7`, 3, 3), told(success+`,"event_time_note":1`, 3, 1),
	}
	marks := make([]Mark, len(pool))
	for i := range pool {
		n := noticeOf(t, pool[i])
		marks[i] = MarkOf(&n)
	}
	r := rand.New(rand.NewPCG(5, 5))
	for range 20_000 {
		chosen := make([]Mark, 0, 8)
		for range 1 + r.IntN(5) {
			chosen = append(chosen, marks[r.IntN(len(marks))])
		}
		want := fold(chosen)
		again := append(append([]Mark(nil), chosen...), chosen[r.IntN(len(chosen))], chosen[0]) // repeated
		r.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		if got := fold(again); got != want {
			t.Fatalf("%+v\ncomes to %+v,\nshuffled and repeated to %+v", chosen, want, got)
		}
		n := r.IntN(len(again))
		if n > 0 {
			if got := fold(again[:n]).With(fold(again[n:])); got != want { // in parts, as parallel readers have it
				t.Fatalf("%+v\ncomes to %+v,\nin two parts to %+v", chosen, want, got)
			}
		}
	}
}

func fold(marks []Mark) Mark {
	m := marks[0]
	for _, one := range marks[1:] {
		m = m.With(one)
	}
	return m
}

package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

func TestReportJSON(t *testing.T) {
	want := fixture()
	want.Total.Sums.Forward = 1<<62 + 1 // no float holds it
	var out bytes.Buffer
	if err := want.WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `"forward":"4611686018427387905"`) || strings.ContainsAny(out.String(), "<>") {
		t.Errorf("an amount is no string, or markup is not escaped: %s", out.String())
	}
	got := new(Report)
	if err := json.Unmarshal(out.Bytes(), got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}

// The fixture foots, so that pages and workbooks can be tested with it.
func TestFixtureFoots(t *testing.T) {
	r := fixture()
	var sum schema.Fen
	for _, step := range r.Waterfall {
		if step.Subtotal {
			if step.Fen != sum {
				t.Errorf("%s is %d, and its steps are %d", step.Code, step.Fen, sum)
			}
			continue
		}
		sum += step.Fen
	}
	if sum != r.Total.Sums.Merchant {
		t.Errorf("the waterfall ends with %d, want %d", sum, r.Total.Sums.Merchant)
	}
	end := r.Total.Bridge.Forward + r.Total.Bridge.Remainder
	for _, term := range r.Total.Bridge.Terms {
		end += term.Fen
	}
	if end != r.Total.Bridge.Settled {
		t.Errorf("the bridge ends with %d, want %d", end, r.Total.Bridge.Settled)
	}
}

// TestSettledGroups: groups count as settled where something was, also when tallies are merged.
func TestSettledGroups(t *testing.T) {
	t.Parallel()
	var a adder
	sum := newTally()
	for _, settled := range []schema.Null[schema.Fen]{schema.Some[schema.Fen](500), {}, schema.Some[schema.Fen](0), schema.Some[schema.Fen](1)} {
		one := newTally()
		r := &schema.Reconciliation{Verdict: schema.Pending}
		r.Settled[schema.LegTotal] = settled
		one.addGroup(&a, r)
		sum.merge(&a, one)
	}
	if got := sum.figures(&a, false).Bridge; got.SettledGroups != 2 || got.Settled != 501 || a.err != nil {
		t.Errorf("%+v, %v", got, a.err)
	}
}

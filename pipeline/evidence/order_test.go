package evidence

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// TestOrderReader: orders that are read one after the other into the same memory are what
// they are by themselves.
func TestOrderReader(t *testing.T) {
	t.Parallel()
	rules := reconcile.Rules{Configured: true, Match: []schema.Match{{Parameter: "order_id", Column: "shop_order_id"}, {Parameter: "out_order_no", Column: "order_ext_id"}}}
	settlement := rapid.SampledFrom([]string{
		`{"settle_id":"1","settle_status":"SUCCESS","order_id":"0","settle_amount":1000,"rake":60,"commission":100,"settle_detail":"商户号1-分成金额(分)840"}`,
		`{"settle_id":"1","settle_status":"FAIL","order_id":"0","out_order_no":"0"}`, `{"settle_id":"2","settle_status":"SUCCESS","cp_extra":"x","settle_time":1639733782123}`,
		`{"settle_id":"3","settle_status":"REVERSED","settle_amount":7}`, `{"settle_id":"4","settle_status":"INIT","order_id":"another"}`,
	})
	rapid.Check(t, func(t *rapid.T) {
		answers, err := newAnswers(nil, nil, rules.Match, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer answers.close()
		e := &Evidence{Config: Config{Rules: &rules}, answers: answers, callbacks: new(callbacks), bills: newBillIndex(&rules, 1, nil), standings: newStandings(0, nil)}
		const orders = 4
		for i := range rapid.IntRange(1, 2*orders).Draw(t, "answers") {
			m := rapid.SampledFrom(rules.Match).Draw(t, "rule")
			a := answer(3, fmt.Sprint(rapid.IntRange(0, orders-1).Draw(t, "queried")), i, "")
			a.Parameter, a.Column = m.Parameter, m.Column
			list := ""
			for range rapid.IntRange(0, 3).Draw(t, "settlements") {
				list += "," + settlement.Draw(t, "settlement")
			}
			a.Body = []byte(`{"data":[` + list[min(1, len(list)):] + `],"extra":{"error_code":0}}`)
			if err := addAnswer(answers, a); err != nil {
				t.Fatal(err)
			}
		}
		reader := e.NewOrderReader()
		for range 2 * orders {
			id := fmt.Sprint(rapid.IntRange(0, orders-1).Draw(t, "order"))
			bills := []reconcile.Bill{{Day: 3, ShopOrderID: id, OrderExtID: id}}
			want, wantErr := e.Order(3, bills)
			got, gotErr := reader.Read(3, bills)
			if wantErr != nil || gotErr != nil {
				t.Fatal(wantErr, gotErr)
			}
			if diff := cmp.Diff(want, got, cmp.Exporter(func(reflect.Type) bool { return true }), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("order %s (-by itself +after others)\n%s", id, diff)
			}
		}
	})
}

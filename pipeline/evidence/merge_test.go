package evidence

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

const item = `,"item_order_id":`

// callbackOf returns a callback with some fields.
func callbackOf(t *testing.T, text string, event, received int) callback {
	t.Helper()
	c := callbackWith(text, event, received)
	return callback{Callback: decodedOf(t, c), Record: string(c.Body), ArchiveKey: "archive/callbacks/1"}
}

// answered returns the settlement of an answer of the query, so many minutes after base.
func answered(t *testing.T, text string, minute int) *normalise.SettleRow {
	t.Helper()
	a := schema.SettleAnswer{
		Parameter: "order_id", Column: "shop_order_id", Value: "O1", FetchedAt: base.Add(time.Duration(minute) * time.Minute), LogID: "query",
		Body: []byte(`{"data":[{"settle_id":"S1","order_id":"O1","out_settle_no":"N1","out_order_no":"X1","settle_detail":"商户号 68882720803499563550 - 分成金额（分）840",` + text + `}],"extra":{"error_code":0}}`),
	}
	records, err := normalise.DecodeSettlements(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	row := normalise.Normaliser{}.Settlement(records[0], &a)
	return &row
}

const queried = `"settle_status":"SUCCESS","settle_amount":1000,"rake":60,"commission":100,"settle_time":1795186800000`

// row is what the cases compare of a row.
type row struct {
	Source, Status, Item string
	Amount               int64
	LogID                string // whose the row is
	Rules                string
	Contradicted         bool
}

func rowsOf(rows []Row) (all []row) {
	for _, r := range rows {
		s := &r.Settlement
		one := row{string(s.Source), string(s.Status), s.ItemOrderID.V, int64(s.Amount.V), s.LogID.V, "", r.Contradicted}
		for _, e := range r.Exceptions {
			one.Rules += string(e.Rule) + " "
		}
		one.Rules = strings.TrimSpace(one.Rules)
		all = append(all, one)
	}
	return all
}

// TestMerge: the query wins, unless the callback is news; items are rows where they add up.
func TestMerge(t *testing.T) {
	t.Parallel()
	half := func(i string, fen string) string {
		return `"status":"SUCCESS","settle_amount":` + fen + item + `"` + i + `"`
	}
	for name, c := range map[string]struct {
		query     *normalise.SettleRow
		callbacks []callback
		want      []row
	}{
		"the query alone":              {answered(t, queried, 60), nil, []row{{"query", "SUCCESS", "", 1000, "query", "", false}}},
		"a callback alone":             {nil, []callback{callbackOf(t, success, 0, 1)}, []row{{"callback", "SUCCESS", "", 1000, "log-1", "", false}}},
		"both agree":                   {answered(t, queried, 60), []callback{callbackOf(t, success, 0, 1)}, []row{{"both", "SUCCESS", "", 1000, "query", "", false}}},
		"the callback names the item":  {answered(t, queried, 60), []callback{callbackOf(t, success+item+`"I1"`, 0, 1)}, []row{{"both", "SUCCESS", "I1", 1000, "query", "", false}}},
		"another amount, before":       {answered(t, queried, 60), []callback{callbackOf(t, less, 0, 1)}, []row{{"both", "SUCCESS", "", 1000, "query", "callback_contradicts", false}}},
		"another amount, after":        {answered(t, queried, 60), []callback{callbackOf(t, less, 61, 62)}, []row{{"both", "SUCCESS", "", 1000, "query", "callback_contradicts", true}}},
		"failed, says the callback":    {answered(t, queried, 60), []callback{callbackOf(t, fail, 61, 62)}, []row{{"both", "SUCCESS", "", 1000, "query", "callback_contradicts", true}}},
		"news: it was under way":       {answered(t, `"settle_status":"PROCESSING","settle_amount":1000`, 60), []callback{callbackOf(t, success, 61, 62)}, []row{{"both", "SUCCESS", "", 1000, "log-62", "", false}}},
		"under way after the callback": {answered(t, `"settle_status":"PROCESSING","settle_amount":1000`, 60), []callback{callbackOf(t, success, 59, 62)}, []row{{"both", "PROCESSING", "", 1000, "query", "callback_contradicts", true}}},
		"another item":                 {answered(t, queried+item+`"I1"`, 60), []callback{callbackOf(t, success+item+`"I2"`, 0, 1)}, []row{{"both", "SUCCESS", "I1", 1000, "query", "callback_contradicts", false}}},
		"parts of what was queried": {answered(t, queried, 60), []callback{callbackOf(t, half("I2", "600"), 0, 2), callbackOf(t, half("I1", "400"), 0, 1)},
			[]row{{"both", "SUCCESS", "I1", 400, "log-1", "", false}, {"both", "SUCCESS", "I2", 600, "log-2", "", false}}},
		"parts that do not add up": {answered(t, queried, 60), []callback{callbackOf(t, half("I2", "600"), 0, 2), callbackOf(t, half("I1", "401"), 0, 1)},
			[]row{{"both", "SUCCESS", "", 1000, "query", "callback_contradicts callback_contradicts", false}}},
		"parts alone": {nil, []callback{callbackOf(t, half("I2", "600"), 0, 2), callbackOf(t, half("I1", "401"), 0, 1)},
			[]row{{"callback", "SUCCESS", "I1", 401, "log-1", "", false}, {"callback", "SUCCESS", "I2", 600, "log-2", "", false}}},
		"parts, and the whole": {nil, []callback{callbackOf(t, half("I2", "600"), 0, 2), callbackOf(t, success, 0, 3), callbackOf(t, half("I1", "400"), 0, 1)},
			[]row{{"callback", "SUCCESS", "I1", 400, "log-1", "", false}, {"callback", "SUCCESS", "I2", 600, "log-2", "", false}}},
		"without the item, then with it": {nil, []callback{callbackOf(t, success+item+`"I1"`, 5, 6), callbackOf(t, success, 0, 3)},
			[]row{{"callback", "SUCCESS", "I1", 1000, "log-3", "", false}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(1, 1))
			for range 6 {
				callbacks := slices.Clone(c.callbacks)
				r.Shuffle(len(callbacks), func(i, j int) { callbacks[i], callbacks[j] = callbacks[j], callbacks[i] })
				if diff := cmp.Diff(c.want, callbackRules(rowsOf(merge(c.query, callbacks)))); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			}
		})
	}
}

// callbackRules leaves out the exceptions that merging does not add: these items have no
// shares.
func callbackRules(rows []row) []row {
	for i := range rows {
		rows[i].Rules = strings.Join(slices.DeleteFunc(strings.Fields(rows[i].Rules), func(rule string) bool {
			return !strings.HasPrefix(rule, "callback_")
		}), " ")
	}
	return rows
}

// TestMergeFills: what the answer lacks is taken from the callback, but for amounts.
func TestMergeFills(t *testing.T) {
	t.Parallel()
	query := answered(t, `"settle_status":"FAIL","settle_amount":1000,"rake":60`, 60)
	rows := merge(query, []callback{callbackOf(t, fail+`,"rake":60,"commission":5,"is_auto_settle":true,"cp_extra":"x"`, 0, 1)})
	s := rows[0].Settlement
	got := []any{s.Message.V, s.Commission.Valid, s.Rake.V, s.IsAutoSettle, s.CpExtra.V, s.AppID.V, s.SettleTime.V.Equal(base), s.OutOrderNo.V, s.AskedBy.V, s.FetchedAt.Equal(query.Settlement.FetchedAt)}
	want := []any{"账户异常", false, schema.Fen(60), schema.Some(true), "x", "tt1", true, "X1", "order_id: shop_order_id", true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	contradicted := merge(answered(t, `"settle_status":"FAIL","settle_amount":1000`, 60), []callback{callbackOf(t, success+item+`"I1"`, 0, 1)})[0].Settlement
	if contradicted.Rake.Valid || contradicted.SettleTime.Valid || contradicted.ItemOrderID.V != "I1" {
		t.Errorf("amounts and time of a callback that contradicts are taken: %+v", contradicted)
	}
}

// TestMergeKeepsContent: a record whose text was cut, or whose amount has a minus, is
// reported, whoever wins.
func TestMergeKeepsContent(t *testing.T) {
	t.Parallel()
	bad := `"status":"SUCCESS","settle_amount":1000,"rake":-1,"message":"\ud83c"`
	badAnswer := func(status string) *normalise.SettleRow {
		return answered(t, `"settle_status":"`+status+`","settle_amount":1000,"rake":-1,"cp_extra":"\ud83c"`, 60)
	}
	part := func(fen, item string) string {
		return `"status":"SUCCESS","settle_amount":` + fen + `,"item_order_id":"` + item + `"`
	}
	for name, rows := range map[string][]Row{
		"a callback alone":                   merge(nil, []callback{callbackOf(t, bad, 0, 1)}),
		"a callback beside the query":        merge(answered(t, queried, 60), []callback{callbackOf(t, bad, 0, 1)}),
		"a callback beside another":          merge(nil, []callback{callbackOf(t, `"status":"SUCCESS","settle_amount":1000`, 0, 1), callbackOf(t, bad+item+`"I1"`, 0, 2)}),
		"an answer beside a callback":        merge(badAnswer("SUCCESS"), []callback{callbackOf(t, success, 0, 1)}),
		"an answer that a callback outdates": merge(badAnswer("PROCESSING"), []callback{callbackOf(t, success, 61, 62)}),
		"an answer of which there are parts": merge(badAnswer("SUCCESS"), []callback{callbackOf(t, part("400", "I1"), 0, 1), callbackOf(t, part("600", "I2"), 0, 2)}),
	} {
		var rules []schema.Rule
		for _, r := range rows {
			for _, e := range r.Exceptions {
				rules = append(rules, e.Rule)
			}
		}
		if diff := cmp.Diff([]schema.Rule{schema.RuleBadText, schema.RuleNegativeAmount}, rules); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
		if s := &rows[0].Settlement; s.Message.V != "\uFFFD" && s.CpExtra.V != "\uFFFD" && len(rows) == 1 {
			t.Errorf("%s: the mended text is in no column", name)
		}
	}
}

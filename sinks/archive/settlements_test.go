package archive

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// answered is the unit's n-th answer of the settle query.
func answered(n int, body string) schema.SettleAnswer {
	return schema.SettleAnswer{
		Account: unit.Account.ID, Day: unit.Day, Parameter: "order_id", Column: "shop_order_id", Value: fmt.Sprint("order-", n),
		FetchedAt: time.Date(2026, 11, 21, 4, 0, n, 123456000, time.UTC), LogID: fmt.Sprint("logid-", n), Body: []byte(body),
	}
}

func encodeSettlements(t testing.TB, a *Archive, answers ...schema.SettleAnswer) []byte {
	t.Helper()
	var data []byte
	for _, answer := range answers {
		line, err := a.EncodeSettlement(answer)
		if err != nil {
			t.Fatal(err)
		}
		data = append(data, line...)
	}
	return data
}

// appendSettlements stores a batch, and returns its answers as they will be read.
func appendSettlements(t testing.TB, a *Archive, u schema.Unit, pass string, n int, answers ...schema.SettleAnswer) []schema.SettleAnswer {
	t.Helper()
	key, err := a.AppendSettlements(t.Context(), u, pass, n, encodeSettlements(t, a, answers...))
	if err != nil {
		t.Fatal(err)
	}
	for i := range answers {
		answers[i].Key = key
	}
	return answers
}

// readSettlements returns all that is stored under the day.
func readSettlements(t testing.TB, a *Archive, day schema.Day) (answers []schema.SettleAnswer, passes []schema.SettlePass, err error) {
	t.Helper()
	err = a.Settlements(t.Context(), day, nil,
		func(a schema.SettleAnswer) {
			a.Body = bytes.Clone(a.Body)
			answers = append(answers, a)
		}, func(p schema.SettlePass) { passes = append(passes, p) })
	return answers, passes, err
}

// TestSettlements: the answers of a day are read exactly as they were, of every account and
// pass.
func TestSettlements(t *testing.T) {
	t.Parallel()
	a := New(objecttest.NewMem())
	var bodies []schema.SettleAnswer
	for i, body := range hostile {
		bodies = append(bodies, answered(i, body))
	}
	other := schema.Unit{Account: schema.Account{ID: "9"}, Day: unit.Day}
	theirs := answered(99, "{}")
	theirs.Account = other.Account.ID
	want := slices.Concat(
		appendSettlements(t, a, unit, walk1, 1, bodies[:3]...), appendSettlements(t, a, unit, walk1, 2, bodies[3:]...),
		appendSettlements(t, a, unit, walk2, 1, answered(1, `{"data":[]}`)), appendSettlements(t, a, other, walk1, 1, theirs))
	complete := schema.SettlePass{
		Account: unit.Account, Day: unit.Day, Pass: walk1, Bills: "digest", Orders: 7, Asked: int64(len(hostile)), FinishedAt: time.Date(2026, 11, 21, 5, 0, 0, 0, time.UTC),
	}
	none := schema.SettlePass{Account: other.Account, Day: unit.Day, Pass: walk3, Bills: "digest"}
	for _, p := range []schema.SettlePass{complete, none} {
		if err := a.CertifySettlements(t.Context(), &p); err != nil {
			t.Fatal(err)
		}
	}
	complete.Version, none.Version = 1, 1
	answers, passes, err := readSettlements(t, a, unit.Day)
	if diff := cmp.Diff(want, answers); diff != "" || err != nil {
		t.Errorf("%v; answers (-written +read):\n%s", err, diff)
	}
	if diff := cmp.Diff([]schema.SettlePass{complete, none}, passes); diff != "" {
		t.Errorf("passes (-written +read):\n%s", diff)
	}
	if answers, passes, err := readSettlements(t, a, unit.Day+1); len(answers)+len(passes) != 0 || err != nil {
		t.Errorf("another day has %d answers, %v", len(answers), err)
	}
}

// TestSettlementsAreWrittenOnce: an object is written once, and writing the same bytes again
// is a success.
func TestSettlementsAreWrittenOnce(t *testing.T) {
	t.Parallel()
	a := New(objecttest.NewMem())
	want := appendSettlements(t, a, unit, walk1, 1, answered(1, "{}"))
	appendSettlements(t, a, unit, walk1, 1, answered(1, "{}"))
	if _, err := a.AppendSettlements(t.Context(), unit, walk1, 1, encodeSettlements(t, a, answered(2, "{}"))); !errors.Is(err, object.ErrConflict) || !strings.Contains(err.Error(), want[0].Key) {
		t.Errorf("another batch of the name: %v", err)
	}
	pass := schema.SettlePass{Account: unit.Account, Day: unit.Day, Pass: walk1, Asked: 1}
	for i, bills := range []string{"digest", "digest", "other"} {
		pass.Bills = bills
		if err := a.CertifySettlements(t.Context(), &pass); errors.Is(err, object.ErrConflict) != (i == 2) || (err == nil) != (i < 2) {
			t.Errorf("write %d: %v", i, err)
		}
	}
	answers, passes, err := readSettlements(t, a, unit.Day)
	if diff := cmp.Diff(want, answers); diff != "" || err != nil || len(passes) != 1 || passes[0].Bills != "digest" {
		t.Errorf("%v, %+v, %s", err, passes, diff)
	}
}

func TestEncodeSettlementRefuses(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"{\n}", "{}\n", "{\r}", "", " ", " {}", "{}\t"} {
		if _, err := New(nil).EncodeSettlement(answered(1, body)); err == nil || !strings.Contains(err.Error(), "order-1") {
			t.Errorf("%q: %v, want an error that names the question", body, err)
		}
	}
}

// TestDamagedSettlements: what cannot be read is an error that names the object, everything
// else is read, and foreign files are ignored.
func TestDamagedSettlements(t *testing.T) {
	t.Parallel()
	folder := settlementsOf(unit.Day) + "account=" + string(unit.Account.ID) + "/"
	first, second, pass := folder+walk1+"-00001.jsonl.zst", folder+walk1+"-00002.jsonl.zst", folder+walk1+".json"
	line := string(encodeSettlements(t, New(nil), answered(1, "{}")))
	for name, row := range map[string]struct {
		damage map[string]string // by key; "" is an object without content
		named  []string
		left   int // answers of three
		passes int // of two
	}{
		"nothing":                   {nil, nil, 3, 2},
		"somebody else's files":     {map[string]string{folder + "x": "x", folder + walk1 + "-1.jsonl.zst": "x", folder + "sub/" + walk1 + ".json": "x", folder + walk1 + ".json.bak": "x"}, nil, 3, 2},
		"rubbish":                   {map[string]string{first: "rubbish"}, []string{first, pass}, 2, 1},
		"emptied":                   {map[string]string{first: ""}, []string{first, pass}, 2, 1},
		"the second of two":         {map[string]string{second: "rubbish"}, []string{second, pass}, 2, 1},
		"no JSON":                   {map[string]string{first: string(compress(t, []byte("x\n")))}, []string{first, pass}, 2, 1},
		"no value":                  {map[string]string{first: string(compress(t, []byte(strings.Replace(line, `"value":"order-1"`, `"value":""`, 1))))}, []string{first, pass}, 2, 1},
		"no parameter":              {map[string]string{first: string(compress(t, []byte(strings.Replace(line, `"parameter":"order_id",`, "", 1))))}, []string{first, pass}, 2, 1},
		"no body":                   {map[string]string{first: string(compress(t, []byte(strings.Replace(line, `,"body":{}`, "", 1))))}, []string{first, pass}, 2, 1},
		"a repeated key":            {map[string]string{first: string(compress(t, []byte(strings.Replace(line, `"value":`, `"value":"x","value":`, 1))))}, []string{first, pass}, 2, 1},
		"a bomb":                    {map[string]string{first: string(streamed(t, 16<<20))}, []string{first, pass}, 2, 1},
		"a line after another":      {map[string]string{first: string(compress(t, []byte(line+"{}\n")))}, []string{first}, 3, 2},
		"an answer too many":        {map[string]string{first: string(compress(t, []byte(line+line)))}, []string{pass}, 4, 1},
		"both batches":              {map[string]string{first: "x", second: "x"}, []string{first, second, pass}, 1, 1},
		"the pass":                  {map[string]string{pass: `{"version":1,`}, []string{pass}, 3, 1},
		"the pass of a new version": {map[string]string{pass: `{"version":2}`}, []string{pass}, 3, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := objecttest.NewMem()
			a := New(store)
			appendSettlements(t, a, unit, walk1, 1, answered(1, "{}"))
			appendSettlements(t, a, unit, walk1, 2, answered(2, "{}"))
			appendSettlements(t, a, unit, walk2, 1, answered(3, "{}"))
			for walk, asked := range map[string]int64{walk1: 2, walk2: 1} {
				if err := a.CertifySettlements(t.Context(), &schema.SettlePass{Account: unit.Account, Day: unit.Day, Pass: walk, Asked: asked}); err != nil {
					t.Fatal(err)
				}
			}
			for key, data := range row.damage {
				put(t, store, key, []byte(data))
			}
			answers, passes, err := readSettlements(t, a, unit.Day)
			if len(answers) != row.left || len(passes) != row.passes || (err != nil) != (row.named != nil) {
				t.Errorf("%d answers, %d passes, %v; want %d and %d", len(answers), len(passes), err, row.left, row.passes)
			}
			for _, key := range row.named {
				if err == nil || strings.Count(err.Error(), key) != 1 {
					t.Errorf("%v does not name %s once", err, key)
				}
			}
		})
	}
}

// TestLostSettlements: the end of a pass without its batch is an error.
func TestLostSettlements(t *testing.T) {
	t.Parallel()
	a := New(objecttest.NewMem())
	if err := a.CertifySettlements(t.Context(), &schema.SettlePass{Account: unit.Account, Day: unit.Day, Pass: walk1, Asked: 2}); err != nil {
		t.Fatal(err)
	}
	if _, passes, err := readSettlements(t, a, unit.Day); err == nil || len(passes) != 0 || !strings.Contains(err.Error(), "2 answers, the archive holds 0") {
		t.Errorf("%v, %v", passes, err)
	}
}

// TestSettlementsStoreFails: a store that cannot be read does not look like a day without
// settlements.
func TestSettlementsStoreFails(t *testing.T) {
	t.Parallel()
	down := errors.New("the store is down")
	for _, failing := range []objecttest.Op{objecttest.OpList, objecttest.OpGet} {
		store := objecttest.NewMem()
		a := New(store)
		appendSettlements(t, a, unit, walk1, 1, answered(1, "{}"))
		store.Fault = func(op objecttest.Op, _ string) (bool, error) {
			if op == failing {
				return false, down
			}
			return false, nil
		}
		if answers, _, err := readSettlements(t, a, unit.Day); !errors.Is(err, down) || len(answers) != 0 {
			t.Errorf("%v fails: %d answers, %v", failing, len(answers), err)
		}
	}
}

// FuzzSettlements reads any bytes as a batch, plain and compressed: the result is an error
// that names the object, or answers.
func FuzzSettlements(f *testing.F) {
	a := New(nil)
	line := encodeSettlements(f, a, answered(1, `{"data":[]}`))
	f.Add(line)
	f.Add(append(slices.Clone(line), line...))
	f.Add(slices.Concat(line, []byte("{}\n")))
	f.Add([]byte(strings.Replace(string(line), "{", `{"extra":1,`, 1)))
	f.Add([]byte(strings.Replace(string(line), `"body":{"data":[]}`, `"body": [1 , 2] `, 1)))
	f.Add([]byte(strings.Replace(string(line), `"data"`, "\"\xad\"", 1))) // kept as received
	f.Add(slices.Concat(line, []byte(strings.Replace(string(line), `{"data":[]}`, "{\"data\"\xff\xff\xff\x80}", 1))))
	f.Add(compress(f, line))
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd})
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, data := range [][]byte{data, encoder.EncodeAll(data, nil)} {
			store := objecttest.NewMem()
			key := settlementsBatchKey(unit, walk1, 1)
			put(t, store, key, data)
			answers, _, err := readSettlements(t, New(store), unit.Day)
			if err != nil && !strings.Contains(err.Error(), key) || err == nil && len(answers) == 0 {
				t.Fatalf("%d answers, %v", len(answers), err)
			}
			for _, answer := range answers {
				if answer.Parameter == "" || answer.Value == "" || answer.Key != key || len(answer.Body) == 0 {
					t.Fatalf("an answer is %+v", answer)
				}
			}
		}
	})
}

// TestSettlementKeys checks the layout that others rely on.
func TestSettlementKeys(t *testing.T) {
	t.Parallel()
	store := objecttest.NewMem()
	a := New(store)
	appendSettlements(t, a, unit, walk1, 12, answered(1, "{}"))
	if err := a.CertifySettlements(t.Context(), &schema.SettlePass{Account: unit.Account, Day: unit.Day, Pass: walk1}); err != nil {
		t.Fatal(err)
	}
	keys := make(map[string]bool)
	for info, err := range store.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		keys[info.Key] = true
	}
	folder := "archive/settlements/bill_date=" + unit.Day.String() + "/account=7113893944009705516/" + walk1
	if diff := cmp.Diff([]string{folder + "-00012.jsonl.zst", folder + ".json"}, slices.Sorted(maps.Keys(keys))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

package pipeline_test

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"billwalk/pipeline"
	"billwalk/schema"
)

// unread is the error of an answer that could not be read, as the client returns it.
type unread struct {
	refusal
	body string
}

func (u *unread) Unreadable() []byte { return []byte(u.body) }

func cannotRead(body string) error {
	return &unread{refusal{schema.Failure{Reason: "ledger_records[0]: ledger_id: is not valid text", LogID: "log-7", Reach: schema.ReachUnit}}, body}
}

// kept returns the unreadable answers in the archive, by key.
func kept(t *testing.T, w *world) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for info, err := range w.store.List(t.Context(), "archive/unreadable/") {
		if err != nil {
			t.Fatal(err)
		}
		body, _, err := w.store.Get(t.Context(), info.Key)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := zstd.NewReader(body)
		if err != nil {
			t.Fatal(err)
		}
		line, err := io.ReadAll(lines)
		if err != nil {
			t.Fatal(err)
		}
		var answer struct {
			Kind, Reason, LogID string
			Body                string
			Binary              []byte `json:"body_base64"`
		}
		if err := json.Unmarshal(line, &answer); err != nil || answer.Reason == "" || answer.LogID != "log-7" {
			t.Fatalf("%s: %s, %v", info.Key, line, err)
		}
		all[info.Key] = answer.Kind + " " + answer.Body + string(answer.Binary)
	}
	return all
}

// TestUnreadableUnit: a unit whose answer cannot be read fails alone, and its failure names
// the object that has the answer.
func TestUnreadableUnit(t *testing.T) {
	t.Parallel()
	var accounts []schema.Account
	for i := range 13 {
		accounts = append(accounts, schema.Account{ID: schema.AccountID(fmt.Sprint(7100000000000000001 + i))})
	}
	inBubble(t, accounts, func(t *testing.T, w *world) {
		for _, a := range accounts {
			w.set(a, records(a.ID, "bill", 3)...)
		}
		broken := accounts[4]
		w.platform.strike = func(c call) (string, error) {
			if c.Unit.Account == broken {
				return "", cannotRead("{\"ledger_id\":\"\xff\"\n}")
			}
			return "", nil
		}
		s := w.run(pipeline.ExitIncomplete)
		if s.Units.Complete != 12 || s.Units.Failed != 1 || len(s.Failures) != 1 || s.Rows["bills"] != 36 {
			t.Fatalf("%+v, %+v", s.Units, s.Failures)
		}
		all := kept(t, w)
		for key, answer := range all {
			if f := s.Failures[0]; f.LogID != "log-7" || f.Account != broken.ID || !strings.HasSuffix(f.Reason, "The answer is kept as "+key) || answer != "bills {\"ledger_id\":\"\xff\"\n}" {
				t.Errorf("%+v\n%s: %q", f, key, answer)
			}
			if !strings.HasPrefix(key, fmt.Sprintf("archive/unreadable/bill_date=%s/account=%s/", day, broken.ID)) {
				t.Error(key)
			}
		}
		if len(all) != 1 {
			t.Errorf("%d answers are kept", len(all))
		}
		w.platform.strike = nil
		if w.run(pipeline.ExitDone); len(w.published(broken)) != 3 {
			t.Error("the unit is not published once it can be read")
		}
	})
}

// TestUnreadableOrder: an answer of the settle query that cannot be read concerns its order
// alone.
func TestUnreadableOrder(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{kiosk, store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
		trade := w.trade
		for _, a := range []schema.Account{kiosk, store} {
			var bills []string
			for i := range 5 {
				order := fmt.Sprintf("%s-%d", a.ID, i)
				bills = append(bills, sale(a.ID, "l"+order, order, "", 100))
				trade.set(byShop, order, settlement("s"+order, schema.StatusSuccess, 100, day))
			}
			w.set(a, bills...)
		}
		trade.strike = func(q schema.Query) (string, error) {
			if i := strings.TrimPrefix(q.Value, string(kiosk.ID)+"-"); i == "1" || i == "3" {
				return "", cannotRead(`{"data":[{"settle_id":"\ud83c` + i + `"}]}`)
			}
			return "", nil
		}
		s := w.run(pipeline.ExitIncomplete)
		if len(s.Failures) != 1 || s.Failures[0].Account != kiosk.ID || !strings.Contains(s.Failures[0].Reason, "2 of 5 orders have no answer") {
			t.Fatalf("%+v", s.Failures)
		}
		if s.Verdicts[schema.Matched] != 8 || s.Verdicts[schema.Pending] != 2 || s.Units.Complete != 2 {
			t.Errorf("%+v, %+v", s.Verdicts, s.Units)
		}
		all := kept(t, w)
		for key, answer := range all {
			if !strings.HasSuffix(s.Failures[0].Reason, key) || answer != `settlements {"data":[{"settle_id":"\ud83c1"}]}` {
				t.Errorf("%s\n%s: %s", s.Failures[0].Reason, key, answer)
			}
		}
		if len(all) != 1 {
			t.Errorf("%d answers are kept", len(all))
		}
	})
}

// TestBadTextIsPublished: bills and settlements with text that was cut are published,
// valid and the same from the archive, walk after walk.
func TestBadTextIsPublished(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{kiosk}, []schema.Match{byShop}, func(t *testing.T, w *world) {
		bill := sale(kiosk.ID, "1", "o1", "", 100)
		w.set(kiosk, "{\"group_name\":\"双\xe9\xa4\",\"note\xff\":\"\\ud83c\","+bill[1:], sale(kiosk.ID, "2", "o2", "", 50))
		w.trade.set(byShop, "o1", `{"cp_extra":"\ud83c",`+settlement("s1", schema.StatusSuccess, 100, day)[1:])
		w.trade.set(byShop, "o2", "{\"cp_extra\":\"\xff\","+settlement("s2", schema.StatusSuccess, 50, day)[1:])
		first := w.run(pipeline.ExitDone, passes(2))
		bills, exceptions := w.lake.bills(day), w.lake.exceptions(day)
		if len(bills) != 2 || bills[0].GroupName.V != "双�" || bills[0].Extra.V != `{"note�":"�"}` || first.Verdicts[schema.Matched] != 2 {
			t.Fatalf("%+v, %v", bills, first.Verdicts)
		}
		var rules []string
		for _, e := range exceptions {
			rules = append(rules, string(e.Rule))
			if !utf8.ValidString(e.Record.V) || !json.Valid([]byte(e.Record.V)) {
				t.Errorf("%q", e.Record.V)
			}
		}
		if slices.Sort(rules); !slices.Equal(rules, []string{"bad_text", "bad_text", "bad_text"}) {
			t.Errorf("%v", rules)
		}
		for _, name := range []string{"a walk again", "a replay", "a walk after it"} {
			again := passes(2)
			if name == "a replay" {
				again = replay
			}
			w.run(pipeline.ExitDone, again)
			if diff := cmp.Diff(bills, w.lake.bills(day)); diff != "" {
				t.Errorf("%s (-first +again)\n%s", name, diff)
			}
			if diff := cmp.Diff(exceptions, w.lake.exceptions(day)); diff != "" {
				t.Errorf("%s (-first +again)\n%s", name, diff)
			}
		}
	})
}

// TestLongIDIsNotAsked: an id that the settle query would refuse is reported, and the
// order is queried by another.
func TestLongIDIsNotAsked(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{kiosk}, []schema.Match{byShop, byExt}, func(t *testing.T, w *world) {
		long := strings.Repeat("8", schema.MaxQueryID+1)
		w.set(kiosk, sale(kiosk.ID, "1", long, "x1", 100), sale(kiosk.ID, "2", long+"2", "", 100))
		w.trade.set(byExt, "x1", settlement("s1", schema.StatusSuccess, 100, day))
		s := w.run(pipeline.ExitDone)
		if asked := w.trade.made(); !slices.Equal(asked, []string{"out_order_no x1"}) {
			t.Errorf("got queries %v, want out_order_no x1 alone", asked)
		}
		if s.Verdicts[schema.Matched] != 1 || s.Verdicts[schema.NotApplicable] != 1 || len(w.lake.exceptions(day)) != 2 {
			t.Errorf("%v, %+v", s.Verdicts, w.lake.exceptions(day))
		}
	})
}

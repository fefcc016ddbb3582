package month

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

const first = schema.Day(20_000)

// TestStories: a few months have every kind of event, and equal seeds have the same ones.
func TestStories(t *testing.T) {
	t.Parallel()
	var stories strings.Builder
	for seed := range uint64(5) {
		p, again := New(Config{Seed: seed, First: first, Nights: 30, Lookback: 7}), New(Config{Seed: seed, First: first, Nights: 30, Lookback: 7})
		for i, o := range p.orders {
			if diff := cmp.Diff(p.Story(o.key), again.Story(again.orders[i].key)); diff != "" {
				t.Fatalf("(-once +again):\n%s", diff)
			}
			stories.WriteString(p.Story(o.key) + "\n")
		}
		for _, r := range p.refusals {
			fmt.Fprintf(&stories, "refused: %t %s\n", r.account != "", r.parameter)
		}
	}
	for _, want := range []string{
		"at once", "late", "in parts", "twice", "failed, then paid", "failed, tried again, then paid", "under way, then paid", "a part under way", "never",
		"not to be found", "prepaid", "each day by itself", "a bill changed", "a bill added", "a bill removed", "and there again", "a bill moved", "with a refund",
		"refused: true", "order_id", "out_order_no",
	} {
		if !strings.Contains(stories.String(), want) {
			t.Errorf("no order or night is %q", want)
		}
	}
}

// TestAmounts: the parts of every version of a bill and a settlement add up, and none is
// negative.
func TestAmounts(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 1, First: first, Nights: 30, Lookback: 2})
	check := func(what string, l legs) {
		if l[0] != l[1]+l[2]+l[3] || min(l[0], l[1], l[2], l[3]) < 0 {
			t.Errorf("%s: %v", what, l)
		}
	}
	for _, o := range p.orders {
		for _, b := range o.bills {
			for _, v := range b.versions {
				check(b.ledger, v.legs)
			}
		}
		for _, s := range o.settlements {
			for i, v := range s.versions {
				check(s.id, v.legs)
				if i > 0 && v.night <= s.versions[i-1].night {
					t.Errorf("%s: its versions are not in the order of nights", s.id)
				}
			}
		}
	}
}

// TestSetNight: an existing night can be set, and no other.
func TestSetNight(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 1, First: first, Nights: 3})
	for _, row := range []struct {
		path  string
		code  int
		night int
	}{{"/sandbox/night/2", http.StatusOK, 2}, {"/sandbox/night/0", http.StatusOK, 0}, {"/sandbox/night/3", http.StatusBadRequest, 0}, {"/sandbox/night/x", http.StatusBadRequest, 0}} {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest(http.MethodPost, row.path, nil))
		if w.Code != row.code || p.Tonight() != row.night {
			t.Errorf("%s: got status %d and night %d, want %d and %d", row.path, w.Code, p.Tonight(), row.code, row.night)
		}
	}
}

// TestPages: a walk of many pages finds each of the day's bills once.
func TestPages(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 1, First: first, Nights: 3})
	p.SetNight(0)
	root := p.Accounts()[0]
	seen, cursor := 0, "0"
	for more := true; more; {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, fmt.Sprintf("/goodlife/v1/settle/bill/catering_query/?root_account_id=%s&bill_date=%s&size=2&cursor=%s", root.ID, first, cursor), nil))
		seen += strings.Count(w.Body.String(), `"ledger_id"`)
		more = strings.Contains(w.Body.String(), `"has_more":true`)
		cursor = fmt.Sprint(seen)
	}
	if want := len(p.billsFor(root, first, 0)); seen != want || want < 3 {
		t.Errorf("%d bills, want %d", seen, want)
	}
}

// TestEventful: most orders of a usual month do not change, and each settlement has a
// callback for each final status.
func TestEventful(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 1, First: first, Nights: 30, Lookback: 7, Orders: 30, Eventful: 50})
	atOnce, final, callbacks := 0, 0, 0
	for _, o := range p.orders {
		if o.story == "at once" {
			atOnce++
		}
		for _, s := range o.settlements {
			for _, v := range s.versions {
				if v.status != processing {
					final++
				}
			}
		}
	}
	if n := len(p.orders); n < 2700 || atOnce*100 < n*95 || atOnce*100 > n*99 {
		t.Errorf("%d of %d orders are settled at once", atOnce, n)
	}
	for night := range 60 { // some settlements are late
		for _, body := range p.Callbacks(night) {
			if callbacks++; !strings.Contains(string(body), `"type":"settle"`) {
				t.Errorf("%s", body)
			}
		}
		if r := p.refusal(night); r != (refusal{}) {
			t.Errorf("night %d refuses %+v", night, r)
		}
	}
	if callbacks != final {
		t.Errorf("%d callbacks, want %d", callbacks, final)
	}
}

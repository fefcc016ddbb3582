package sandbox

import (
	"slices"
	"strings"
	"testing"
	"time"

	"billwalk/schema"
)

func TestParseFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ list, want string }{
		{"", ""},
		{"cut", "cut"},
		{" cut , slow,cut", "slow,cut"},
		{"2119005,http503", "2119005,http503"},
	} {
		if got := mustFaults(t, c.list).String(); got != c.want {
			t.Errorf("%q is %q, want %q", c.list, got, c.want)
		}
	}
	all := mustFaults(t, "all")
	for _, doc := range FaultList() {
		if slices.Contains(all.Names(), doc.Name) != doc.All || doc.Doc == "" || strings.Contains(doc.Doc, "\n") {
			t.Errorf("fault %+v: in all: %t", doc, !doc.All)
		}
	}
	if both := mustFaults(t, "all,2190001"); !both.has("2190001") || len(both.faults) != len(all.faults)+1 {
		t.Errorf("all and one more: %s", both)
	}
	_, err := ParseFaults("cut,slwo")
	if err == nil {
		t.Fatal("an unknown name is accepted")
	}
	for _, doc := range FaultList() {
		if !strings.Contains(err.Error(), doc.Name) {
			t.Errorf("the error does not name %s: %v", doc.Name, err)
		}
	}
}

func FuzzParseFaults(f *testing.F) {
	f.Add("all")
	f.Add("cut,reset,5000001")
	f.Fuzz(func(t *testing.T, list string) {
		faults, err := ParseFaults(list)
		if err != nil {
			return
		}
		if again := mustFaults(t, faults.String()); again.String() != faults.String() {
			t.Fatalf("%q is %q, and that is %q", list, faults, again)
		}
	})
}

// walkAll walks every demo unit of the days and holds it against the truth.
func walkAll(t *testing.T, p *Platform, w *walker, days int) {
	t.Helper()
	w.authorise()
	for _, u := range demoUnits(p, days) {
		records, err := w.unit(u, 2)
		if p.config.Faults.has("day-changing") && err == nil {
			_, _ = w.unit(u, 2)
			records, err = w.unit(u, 2)
		}
		checkRefusal(t, p, u, err)
		if err == nil {
			sameLines(t, u.String(), servedLines(t, records, u.Day), truthLines(p.TruthOf([]schema.Unit{u})))
		}
	}
}

// A patient client gets everything under each fault, but for what Lost says.
func TestEachFaultSparesThePatient(t *testing.T) {
	t.Parallel()
	for _, f := range faults {
		if f.kind == ending || f.kind == settleEnding || f.kind == onToken && f.limit == 0 {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			p := New(Config{Seed: 40, Bills: 30, Healthy: true, Now: fixedClock, Stall: time.Millisecond, Faults: mustFaults(t, f.name)})
			w := walk(t, p)
			if f.name == "cut" || f.name == "reset" {
				w = overWire(t, p)
			}
			walkAll(t, p, w, 1)
			struck := p.Stats().Faults[f.name]
			if struck == 0 && f.kind != formatting {
				t.Error("the fault never struck")
			}
			if f.limit > 0 && struck > f.limit {
				t.Errorf("the fault struck %d times, want at most %d", struck, f.limit)
			}
		})
	}
}

func TestAllFaultsTogether(t *testing.T) {
	t.Parallel()
	p := New(Config{Seed: 41, Bills: 30, Now: fixedClock, Stall: time.Millisecond, Faults: mustFaults(t, "all")})
	w := overWire(t, p)
	walkAll(t, p, w, 3)
	whole, lost := 0, map[int64]int{}
	for _, u := range demoUnits(p, 3) {
		if code, gone := p.Lost(u); gone {
			lost[code]++
		} else if _, unavailable := p.Unavailable(u); !unavailable {
			whole++
		}
	}
	if whole < 9 || len(lost) < 5 {
		t.Errorf("%d units can be had, lost are %v", whole, lost)
	}
	stats, passed := p.Stats(), 0
	for _, f := range p.config.Faults.ofKind(passing) {
		passed += stats.Faults[f.name]
	}
	if calls := stats.Calls[BillsAPI]; passed == 0 || passed*10 > calls { // what a retry budget of a tenth bears
		t.Errorf("%d of %d calls met a passing fault", passed, calls)
	}
}

// Under every lasting fault the accounts that are not struck stay whole.
func TestVictimsLeaveAQuarterInPeace(t *testing.T) {
	t.Parallel()
	for _, accounts := range []int{1, 2, 3, 12, 100} {
		p := New(Config{Seed: 42, Accounts: accounts, Healthy: true, Faults: mustFaults(t, "all")})
		struck := map[string]bool{}
		for _, list := range p.lasting {
			for _, f := range list {
				struck[f.name] = true
			}
		}
		if len(struck) != len(p.config.Faults.ofKind(lasting)) {
			t.Errorf("%d accounts: %d faults have a victim", accounts, len(struck))
		}
		if accounts > 1 && accounts-len(p.lasting) < max(1, accounts/5) {
			t.Errorf("%d accounts: %d are victims", accounts, len(p.lasting))
		}
	}
}

func TestEndingFaultsEndTheRun(t *testing.T) {
	t.Parallel()
	for _, f := range faults {
		if f.kind != ending {
			continue
		}
		p := New(Config{Seed: 43, Healthy: true, Now: fixedClock, Faults: mustFaults(t, f.name)})
		w := walk(t, p)
		w.authorise()
		u := schema.Unit{Account: p.Accounts()[0], Day: demoDay}
		for i := range answeredBeforeEnding + 5 {
			want := int64(0)
			if i >= answeredBeforeEnding {
				want = f.code
			}
			if code := parsePage(t, w.query(unitQuery(u, firstCursor, 50)).body).code(); code != want {
				t.Errorf("%s, call %d: code %d, want %d", f.name, i+1, code, want)
			}
		}
	}
}

func TestTokenFaults(t *testing.T) {
	t.Parallel()
	for _, f := range faults {
		if f.kind != onToken {
			continue
		}
		w := walk(t, New(Config{Now: fixedClock, Faults: mustFaults(t, f.name)}))
		for i := range 3 {
			want := f.code
			if f.limit > 0 && i >= f.limit {
				want = 0
			}
			if _, code := w.fetchToken("key", "secret"); code != want {
				t.Errorf("%s, call %d: code %d, want %d", f.name, i+1, code, want)
			}
		}
	}
}

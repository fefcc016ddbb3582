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
			t.Errorf("%q: got %q, want %q", c.list, got, c.want)
		}
	}
	all := mustFaults(t, "all")
	for _, doc := range FaultList() {
		if slices.Contains(all.Names(), doc.Name) != doc.All || doc.Doc == "" || strings.Contains(doc.Doc, "\n") {
			t.Errorf("fault %+v: in \"all\" is %t", doc, !doc.All)
		}
	}
	if both := mustFaults(t, "all,2190001"); !both.has("2190001") || len(both.faults) != len(all.faults)+1 {
		t.Errorf("got %s, want all and one more", both)
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
			t.Fatalf("%q: got %q, parsed again %q", list, faults, again)
		}
	})
}

// walkAll walks every demo unit of the days, and compares its records with the truth.
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

// A client that repeats calls obtains all units under each fault, except those of Lost.
func TestEachFaultCanBeSurvived(t *testing.T) {
	t.Parallel()
	for _, f := range faults {
		if f.kind == ending || f.kind == settleEnding || optionalAPIs[f.kind] != "" || f.kind == onToken && f.limit == 0 {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			p := New(Config{Seed: 40, Bills: 30, Healthy: true, Now: fixedClock, Stall: time.Millisecond, Faults: mustFaults(t, f.name)})
			w := walk(t, p)
			if f.name == "cut" || f.name == "reset" {
				w = overWire(t, p)
			}
			walkAll(t, p, w, 1)
			met := p.Stats().Faults[f.name]
			if met == 0 && f.kind != formatting {
				t.Error("no call met the fault")
			}
			if f.limit > 0 && met > f.limit {
				t.Errorf("%d calls met the fault, want at most %d", met, f.limit)
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
		t.Errorf("%d units can be obtained, lost are %v", whole, lost)
	}
	stats, passed := p.Stats(), 0
	for _, f := range p.config.Faults.ofKind(passing) {
		passed += stats.Faults[f.name]
	}
	if calls := stats.Calls[BillsAPI]; passed == 0 || passed*10 > calls { // a retry budget of a tenth is enough
		t.Errorf("%d of %d calls met a passing fault", passed, calls)
	}
}

// Every lasting fault is assigned, and enough accounts have none.
func TestLastingFaultsAreAssigned(t *testing.T) {
	t.Parallel()
	for _, accounts := range []int{1, 2, 3, 12, 100} {
		p := New(Config{Seed: 42, Accounts: accounts, Healthy: true, Faults: mustFaults(t, "all")})
		met := map[string]bool{}
		for _, list := range p.lasting {
			for _, f := range list {
				met[f.name] = true
			}
		}
		if len(met) != len(p.config.Faults.ofKind(lasting)) {
			t.Errorf("%d accounts: %d faults are assigned", accounts, len(met))
		}
		if accounts > 1 && accounts-len(p.lasting) < max(1, accounts/5) {
			t.Errorf("%d accounts: %d of them have faults", accounts, len(p.lasting))
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

package passid

import (
	"testing"
	"time"

	"billwalk/schema"
)

// TestNew: ids are the same for the same pass, differ by run and unit, and sort after
// the previous one even where the clock went back.
func TestNew(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)
	u := schema.Unit{Account: schema.Account{ID: "1"}, Day: 7}
	id := New("run", u, now, "")
	if again := New("run", u, now, ""); again != id {
		t.Errorf("the same pass: got %s and %s", id, again)
	}
	other := schema.Unit{Account: schema.Account{ID: "2"}, Day: 7}
	if got := New("other", u, now, ""); got == id {
		t.Errorf("another run: got %s again", got)
	}
	if got := New("run", other, now, ""); got == id {
		t.Errorf("another unit: got %s again", got)
	}
	for _, back := range []time.Duration{0, time.Millisecond, time.Hour} {
		if next := New("run", u, now.Add(-back), id); next <= id {
			t.Errorf("%v before the previous pass: got %s, want one that sorts after %s", back, next, id)
		}
	}
}

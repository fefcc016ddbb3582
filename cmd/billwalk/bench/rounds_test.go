package bench

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestTurns: contenders take turns, the median of each value counts, and one that fails
// ends them.
func TestTurns(t *testing.T) {
	t.Parallel()
	var order []string
	makeContender := func(name string, rows int64, walls ...time.Duration) *contender {
		return &contender{name: name, turn: func(_ context.Context, round int) (measure, error) {
			order = append(order, name)
			return measure{usage: usage{wall: walls[round], cpu: 2 * walls[round], peak: int64(walls[round])}, rows: rows}, nil
		}}
	}
	both := []*contender{makeContender("ours", 100, 3*time.Second, time.Second, 2*time.Second), makeContender("theirs", 0, time.Second, 4*time.Second, 3*time.Second)}
	if err := takeTurns(t.Context(), t.Output(), 3, both); err != nil {
		t.Fatal(err)
	}
	if want := []string{"ours", "theirs", "ours", "theirs", "ours", "theirs"}; !slices.Equal(order, want) {
		t.Errorf("the order is %q", order)
	}
	for i, want := range []time.Duration{2 * time.Second, 3 * time.Second} {
		if m := both[i].median(); m.wall != want || m.cpu != 2*want || m.peak != int64(want) || m.rows != 100 {
			t.Errorf("%s: %+v", both[i].name, m)
		}
	}
	var table strings.Builder
	if err := printTable(&table, comparison{"a part", both}); err != nil || !strings.Contains(table.String(), " 50 ") || !strings.Contains(table.String(), " 1.50 ") {
		t.Errorf("%v:\n%s", err, table.String())
	}
	broken := errors.New("broken")
	both[1].turn = func(context.Context, int) (measure, error) { return measure{}, broken }
	if err := takeTurns(t.Context(), t.Output(), 1, both); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

// TestProfileFolder: the folder for profiles is made before anything is measured.
func TestProfileFolder(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "new", "profiles")
	if _, err := Run(t.Context(), Config{Profile: folder, Lake: t.TempDir(), Out: io.Discard, Log: io.Discard}); err == nil {
		t.Error("want an error, for the lake is empty")
	}
	if _, err := os.Stat(folder); err != nil {
		t.Error(err)
	}
}

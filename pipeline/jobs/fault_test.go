package jobs

import (
	"testing"

	"pgregory.net/rapid"
)

// All faults of testdata/faults.yaml and its accounts file are reported at once.
func TestFaultsGolden(t *testing.T) {
	t.Parallel()
	_, err := Load("testdata/faults.yaml", environment(nil))
	if err == nil {
		t.Fatal("Load found no fault")
	}
	golden(t, "testdata/faults.golden", err.Error()+"\n")
}

func TestDidYouMean(t *testing.T) {
	t.Parallel()
	names := []string{"app", "page_size", "passes"}
	for text, want := range map[string]string{
		"page_sise":      `did you mean "page_size"? `,
		"psases":         `did you mean "passes"? `,
		"pagesize":       `did you mean "page_size"? `,
		"ap":             `did you mean "app"? `,
		"APP":            "",
		"tolerance_fen":  "",
		"":               "",
		"页":              "",
		"page_size_of_x": `did you mean "page_size"? `,
	} {
		if got := didYouMean(text, names); got != want {
			t.Errorf("didYouMean(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"qps", "qsp", 1}, {"kitten", "sitting", 3}, {"账单", "账", 1},
	} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.StringN(0, 12, -1).Draw(t, "a"), rapid.StringN(0, 12, -1).Draw(t, "b")
		d := distance(a, b)
		if d != distance(b, a) {
			t.Fatal("not symmetric")
		}
		if (d == 0) != (string([]rune(a)) == string([]rune(b))) {
			t.Fatalf("distance %d", d)
		}
		if limit := max(len([]rune(a)), len([]rune(b))); d > limit {
			t.Fatalf("distance %d above the longer length %d", d, limit)
		}
	})
}

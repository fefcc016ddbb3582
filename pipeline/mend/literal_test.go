package mend

import (
	"testing"

	"github.com/go-json-experiment/json"
)

func TestLiteral(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Literal{`"a"`: "a", `1`: "1", `1.50`: "1.50", `"01"`: "01", `null`: "", `""`: ""} {
		var got Literal = "before"
		if err := json.Unmarshal([]byte(in), &got); err != nil || got != want {
			t.Errorf("%s: got %q (%v), want %q", in, got, err, want)
		}
	}
	for _, in := range []string{`true`, `{}`, `[]`, ``} {
		if err := json.Unmarshal([]byte(in), new(Literal)); err == nil {
			t.Errorf("%s: got no error", in)
		}
	}
}

func TestInteger(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Integer{`7`: 7, `"7"`: 7, `-7`: -7, `null`: 0, `9223372036854775807`: 9223372036854775807} {
		got := Integer(-1)
		if err := json.Unmarshal([]byte(in), &got); err != nil || got != want {
			t.Errorf("%s: got %d (%v), want %d", in, got, err, want)
		}
	}
	for _, in := range []string{`1.0`, `1e3`, `""`, `"x"`, `9223372036854775808`, `true`, `{}`} {
		if err := json.Unmarshal([]byte(in), new(Integer)); err == nil {
			t.Errorf("%s: got no error", in)
		}
	}
}

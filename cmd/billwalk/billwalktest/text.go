package billwalktest

import (
	"strings"
	"testing"
	"unicode"
)

// CheckPlain checks that a terminal only prints the text. Lines of JSON are skipped:
// they are for machines.
func CheckPlain(t *testing.T, said string) {
	t.Helper()
	for line := range strings.Lines(said) {
		if strings.HasPrefix(line, "{") {
			continue
		}
		if odd := strings.IndexFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool { return !unicode.IsPrint(r) }); odd >= 0 {
			t.Errorf("not fit for a terminal at byte %d: %q", odd, line)
		}
	}
}

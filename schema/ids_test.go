package schema

import (
	"strings"
	"testing"
)

// TestBucketsNeverChange: an account's rows are in its bucket. If these values changed, the
// accounts of every lake would move between files.
func TestBucketsNeverChange(t *testing.T) {
	t.Parallel()
	for _, golden := range []struct {
		id   AccountID
		want [5]int // of 1, 2, 4, 16 and 256 buckets
	}{
		{"0", [5]int{0, 1, 3, 15, 175}},
		{"1", [5]int{0, 0, 0, 12, 252}},
		{"7113893944009705516", [5]int{0, 1, 3, 15, 79}},
		{"7047437174853240835", [5]int{0, 1, 1, 1, 97}},
		{"99999999999999999999999999999999", [5]int{0, 1, 1, 5, 133}},
	} {
		for i, n := range []int{1, 2, 4, 16, 256} {
			if got := golden.id.Bucket(n); got != golden.want[i] {
				t.Errorf("account %s is in bucket %d of %d, want %d", golden.id, got, n, golden.want[i])
			}
		}
	}
}

func TestParseAccountID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"0", "7113893944009705516", strings.Repeat("9", 32)} {
		if got, err := ParseAccountID(id); err != nil || string(got) != id {
			t.Errorf("ParseAccountID(%q) = %q, %v", id, got, err)
		}
	}
	for _, id := range []string{
		"", strings.Repeat("9", 33), "12a", "-1", "+1", "1.0", "1e3", " 1", "1 ", "1\n", "../../x", "1/2", "１２", "٣", "0x1", "a", "1\x00",
	} {
		if got, err := ParseAccountID(id); err == nil {
			t.Errorf("ParseAccountID(%q) = %q, want an error", id, got)
		}
	}
}

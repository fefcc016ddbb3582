package intern

import (
	"strings"
	"testing"
	"unsafe"
)

// TestIntern: equal texts become one copy, which does not keep a longer text in memory.
func TestIntern(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("7113893944009705516", 100)
	table := make(Table)
	first, second := table.Intern(long[:19]), table.Intern(long[19:38])
	if first != "7113893944009705516" || unsafe.StringData(first) != unsafe.StringData(second) {
		t.Errorf("got %q and %q, want one copy of both", first, second)
	}
	if unsafe.StringData(first) == unsafe.StringData(long) {
		t.Error("got a part of the longer text, want a copy")
	}
	if other := table.Intern("1"); other != "1" || len(table) != 2 {
		t.Errorf("got %q, and %d texts, want 2", other, len(table))
	}
}

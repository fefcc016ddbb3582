package spill

import (
	"strings"
	"testing"
)

// TestLimit: a write beyond the limit is an error, appended or at an offset, and what
// was written before can still be read.
func TestLimit(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(*File) error{
		"append":    func(f *File) error { _, err := f.Write(make([]byte, 600)); return err },
		"at offset": func(f *File) error { _, err := f.WriteAt(make([]byte, 600), 500); return err },
	} {
		f, err := New("billwalk-*.test")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		f.SetLimit(1000)
		if _, err := f.Write([]byte(strings.Repeat("x", 500))); err != nil {
			t.Fatal(err)
		}
		if err := write(f); err == nil || !strings.Contains(err.Error(), "the limit is 1000") {
			t.Errorf("%s: got error %v, want one that names the limit", name, err)
		}
		kept := make([]byte, 500)
		if _, err := f.ReadAt(kept, 0); err != nil || string(kept) != strings.Repeat("x", 500) {
			t.Errorf("%s: reading back: got %q, %v", name, kept, err)
		}
	}
}

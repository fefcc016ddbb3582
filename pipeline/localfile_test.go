package pipeline

import (
	"strings"
	"testing"

	"billwalk/schema"
)

// TestLocalFileIsBounded: what is held on local disk has a limit, however it is written,
// and what was written before can be read.
func TestLocalFileIsBounded(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(*localFile) error{
		"at the end":   func(f *localFile) error { _, err := f.Write(make([]byte, 600)); return err },
		"at an offset": func(f *localFile) error { _, err := f.WriteAt(make([]byte, 600), 500); return err },
	} {
		f, err := newLocalFile("billwalk-*.test")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		f.limit = 1000
		if _, err := f.Write([]byte(strings.Repeat("x", 500))); err != nil {
			t.Fatal(err)
		}
		if err := write(f); err == nil || !strings.Contains(err.Error(), "the limit is 1000") {
			t.Errorf("%s: %v", name, err)
		}
		kept := make([]byte, 500)
		if _, err := f.ReadAt(kept, 0); err != nil || string(kept) != strings.Repeat("x", 500) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBookIsBounded: answers beyond the limit are an error of the run.
func TestBookIsBounded(t *testing.T) {
	t.Parallel()
	b, err := newBook(nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	b.file.limit = 300
	answer := schema.SettleAnswer{Parameter: "order_id", Value: "K", Body: []byte(`{"data":[{"settle_id":"s","settle_status":"INIT"}],"extra":{"error_code":0,"sub_error_code":0}}`)}
	if err := b.add(answer); err != nil {
		t.Fatal(err)
	}
	answer.Value = "L"
	if err := b.add(answer); err == nil || !strings.Contains(err.Error(), "limit") {
		t.Errorf("%v", err)
	}
}

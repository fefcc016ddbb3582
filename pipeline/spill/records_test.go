package spill

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// TestRecords: records are read back as they were added, whether they were written
// already or not, also while others are added.
func TestRecords(t *testing.T) {
	t.Parallel()
	r, err := NewRecords("tests")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var adding sync.WaitGroup
	for writer := range 4 {
		adding.Go(func() {
			for i := range 200 {
				data := bytes.Repeat(fmt.Append(nil, writer, i, "\n"), i*7)
				if i%50 == 49 { // more than is written at a time
					data = bytes.Repeat(data, maxPending/len(data)+1)
				}
				place, err := r.Add(data)
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := r.Read(place); err != nil || !bytes.Equal(got, data) {
					t.Errorf("record %d of %d: got %d bytes, %v, want %d", i, writer, len(got), err, len(data))
				}
			}
		})
	}
	adding.Wait()
}

// TestRecordsLimit: records do not grow beyond the limit of their file, and those added
// before can still be read.
func TestRecordsLimit(t *testing.T) {
	t.Parallel()
	r, err := NewRecords("tests")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	r.SetLimit(1000)
	first, err := r.Add(make([]byte, 700))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Add(make([]byte, 301)); err == nil || !strings.Contains(err.Error(), "writing the local file of tests") || !strings.Contains(err.Error(), "the limit is 1000") {
		t.Errorf("got error %v, want one that names the file and its limit", err)
	}
	if got, err := r.Read(first); err != nil || len(got) != 700 {
		t.Errorf("got %d bytes, %v, want those added before", len(got), err)
	}
}

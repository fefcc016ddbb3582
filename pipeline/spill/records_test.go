package spill

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
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
				if text, err := r.ReadText(place); err != nil || text != string(data) {
					t.Errorf("record %d of %d: got a text of %d bytes, %v, want %d", i, writer, len(text), err, len(data))
				}
				if got, err := r.Read(place); err != nil || !bytes.Equal(got, data) {
					t.Errorf("record %d of %d: got %d bytes, %v, want %d", i, writer, len(got), err, len(data))
				}
			}
		})
	}
	adding.Wait()
}

// TestRecordsTexts: texts are those that were added, in whatever order they are read, and
// however many blocks they lie in; in the order of a few writers it takes few reads.
func TestRecordsTexts(t *testing.T) {
	t.Parallel()
	r, err := NewRecords("tests")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	const texts = 30_000
	text := func(i int) string { return strings.Repeat(fmt.Sprintln(i), i%120) }
	places := make([]Place, texts)
	for i := range places {
		if places[i], err = r.Add([]byte(text(i))); err != nil {
			t.Fatal(err)
		}
	}
	check := func(i int) {
		if got, err := r.ReadText(places[i]); err != nil || got != text(i) {
			t.Fatalf("text %d: got %d bytes, %v, want %d", i, len(got), err, len(text(i)))
		}
	}
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(texts) {
		check(i)
	}
	reads := &countedReads{ReaderAt: r.file}
	var b blocks
	const writers = 10
	for i := range texts / writers {
		for writer := range writers {
			at := places[writer*texts/writers+i]
			if !r.inBlocks(at) {
				continue
			}
			if got, err := b.text(reads, at.Offset, int(at.Length)); err != nil || got != text(writer*texts/writers+i) {
				t.Fatalf("text %d of %d: got %d bytes, %v", i, writer, len(got), err)
			}
		}
	}
	if written := r.written / blockSize; reads.n > 2*written {
		t.Errorf("%d reads of %d blocks", reads.n, written)
	}
}

type countedReads struct {
	io.ReaderAt
	n int64
}

func (c *countedReads) ReadAt(data []byte, offset int64) (int, error) {
	c.n++
	return c.ReaderAt.ReadAt(data, offset)
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

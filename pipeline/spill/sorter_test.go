package spill

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestSorter: whatever the records and however little memory there is, each comes once, by
// key, those of one key as they were added; and so again.
func TestSorter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := NewSorter("records", rapid.SampledFrom([]int{0, 1, 50, 300, 1 << 20}).Draw(t, "memory"))
		defer s.Close()
		shared := rapid.SampledFrom([]string{"", "7113893944"}).Draw(t, "shared prefix")
		var want []Sorted
		for i, key := range rapid.SliceOfN(rapid.OneOf(rapid.StringOfN(rapid.RuneFrom([]rune("ab\x00\xff")), 0, 12, -1), rapid.StringN(0, 300, -1)), 0, 60).Draw(t, "keys") {
			one := Sorted{[]byte(shared + key), fmt.Appendf(nil, "%d", i)}
			want = append(want, one)
			if err := s.Add(one.Key, one.Value); err != nil {
				t.Fatal(err)
			}
		}
		slices.SortStableFunc(want, func(a, b Sorted) int { return bytes.Compare(a.Key, b.Key) })
		for range 2 {
			var got []Sorted
			for one, err := range s.Sorted() {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, Sorted{bytes.Clone(one.Key), bytes.Clone(one.Value)})
			}
			same := func(a, b Sorted) bool {
				return cmp.Or(bytes.Compare(a.Key, b.Key), bytes.Compare(a.Value, b.Value)) == 0
			}
			if !slices.EqualFunc(want, got, same) {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
		if err := s.Add(nil, nil); err == nil {
			t.Fatal("a record was added after the end")
		}
	})
}

// TestSorterStops: a consumer may stop at any record.
func TestSorterStops(t *testing.T) {
	t.Parallel()
	for _, memory := range []int{10, 1 << 20} {
		s := NewSorter("records", memory)
		defer s.Close()
		for i := range 10 {
			if err := s.Add([]byte{byte(9 - i)}, nil); err != nil {
				t.Fatal(err)
			}
		}
		for one, err := range s.Sorted() {
			if err != nil || one.Key[0] != 0 {
				t.Fatal(one, err)
			}
			break
		}
	}
}

// TestSorterDamaged: a run that ends early is an error, and none of its records is taken
// for another.
func TestSorterDamaged(t *testing.T) {
	t.Parallel()
	s := NewSorter("records", 10)
	defer s.Close()
	for i := range 10 {
		if err := s.Add([]byte{byte(i)}, []byte("value")); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range s.Sorted() {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.file.Truncate(s.runs[len(s.runs)-1].end - 1); err != nil {
		t.Fatal(err)
	}
	var got error
	for _, err := range s.Sorted() {
		got = err
	}
	if !errors.Is(got, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", got)
	}
}

// TestSorterCannotWrite: where a run cannot be written there are no sorted records, also if it
// is the last one; and the error stays.
func TestSorterCannotWrite(t *testing.T) {
	t.Parallel()
	for after := range 3 {
		s := NewSorter("records", 10)
		defer s.Close()
		for i := range 2 + after {
			if i == 2 { // one run is written
				if err := s.wait(); err != nil {
					t.Fatal(err)
				}
				s.file.SetLimit(s.file.end)
			}
			_ = s.Add([]byte{byte(i)}, []byte("value"))
		}
		if after == 0 {
			if err := s.wait(); err != nil {
				t.Fatal(err)
			}
			s.file.SetLimit(s.file.end)
		}
		for range 2 {
			var got error
			for one, err := range s.Sorted() {
				if got = err; err == nil {
					t.Fatalf("%d records after the limit: %q was read", after, one.Key)
				}
			}
			if got == nil {
				t.Fatalf("%d records after the limit: no error", after)
			}
		}
	}
}

// BenchmarkSorter sorts a million records of the size of a bill's by order ids.
func BenchmarkSorter(b *testing.B) {
	const n = 1_000_000
	value := bytes.Repeat([]byte{1}, 90)
	b.ReportAllocs()
	for b.Loop() {
		s := NewSorter("records", 32<<20)
		var key []byte
		for i := range n {
			key = fmt.Appendf(key[:0], "10765%014d", i*7919%n)
			if err := s.Add(key, value); err != nil {
				b.Fatal(err)
			}
		}
		for _, err := range s.Sorted() {
			if err != nil {
				b.Fatal(err)
			}
		}
		s.Close()
	}
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "records/s")
}

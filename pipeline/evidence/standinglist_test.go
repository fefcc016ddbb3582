package evidence

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

// TestStandingList: a list has each standing that was added, in the order of days and buckets, and no
// other; also where ids begin alike, and where those of one id reach over pages.
func TestStandingList(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for _, count := range []int{0, 1, 63, 64, 65, 127, 128, 129, 1000, 20_000} {
		sorter, want := newStandingSorter(), make(map[idHash][]standing)
		for range count {
			var id idHash
			binary.BigEndian.PutUint64(id[:], random.Uint64N(uint64(count)/100+3)) // many begin alike
			id[15] = byte(random.UintN(3))
			one := standing{id, schema.Day(random.IntN(40_000) - 1000), int16(random.IntN(64)), random.IntN(2) == 0, random.IntN(2) == 0}
			want[id] = append(want[id], one)
			if err := sorter.add(one); err != nil {
				t.Fatal(err)
			}
		}
		list, err := sorter.list()
		if err != nil {
			t.Fatal(err)
		}
		defer list.close()
		if list.none() != (count == 0) {
			t.Errorf("%d: none is %t", count, list.none())
		}
		for id, all := range want {
			slices.SortStableFunc(all, func(a, b standing) int {
				return cmp.Or(bytes.Compare(a.id[:], b.id[:]), cmp.Compare(a.day, b.day), cmp.Compare(a.bucket, b.bucket))
			})
			got, err := list.of(id)
			if diff := gocmp.Diff(all, got, gocmp.AllowUnexported(standing{})); diff != "" || err != nil {
				t.Fatalf("%d, %x: %v\n%s", count, id, err, diff)
			}
			id[14] = 1
			if got, err := list.of(id); len(got) > 0 || err != nil {
				t.Errorf("%d: %x, which was not added, stands at %v, %v", count, id, got, err)
			}
		}
	}
}

// TestStandingListUnreadable: what cannot be read is an error, not a settlement that stands nowhere.
func TestStandingListUnreadable(t *testing.T) {
	t.Parallel()
	sorter := newStandingSorter()
	if err := sorter.add(standing{id: hashID("settle_id", "1")}); err != nil {
		t.Fatal(err)
	}
	list, err := sorter.list()
	if err != nil {
		t.Fatal(err)
	}
	list.close()
	s := newStandings(1, nil)
	s.published = list
	if _, known, err := s.find("1"); err == nil {
		t.Errorf("known %t, and no error", known)
	}
}

// BenchmarkStandings sorts standings and finds each once; B/op is for all.
func BenchmarkStandings(b *testing.B) {
	const rows = 200_000
	random := rand.New(rand.NewPCG(1, 2))
	ids := make([]idHash, rows)
	for i := range ids {
		binary.BigEndian.PutUint64(ids[i][:], random.Uint64())
	}
	b.ReportAllocs()
	for b.Loop() {
		sorter := newStandingSorter()
		for i, id := range ids {
			if err := sorter.add(standing{id: id, day: schema.Day(i % 30)}); err != nil {
				b.Fatal(err)
			}
		}
		list, err := sorter.list()
		if err != nil {
			b.Fatal(err)
		}
		for _, id := range ids {
			if all, err := list.of(id); err != nil || len(all) != 1 {
				b.Fatal(all, err)
			}
		}
		list.close()
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

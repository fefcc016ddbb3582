package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"billwalk/schema"
)

// onlySettlements is a lake that only has settlements.
type onlySettlements struct {
	Lake
	rows map[settlementsFile][]schema.Settlement
	bad  map[settlementsFile]bool // cannot be read
	read func(settlementsFile)    // if set, is called for each file that is read
}

// PublishedDays implements Lake.
func (l onlySettlements) PublishedDays(context.Context) ([]schema.Day, error) {
	var days []schema.Day
	for f := range l.rows {
		days = append(days, f.day)
	}
	slices.Sort(days)
	return slices.Compact(days), nil
}

// ProveSettlements implements Lake.
func (l onlySettlements) ProveSettlements(_ context.Context, day schema.Day, bucket int, _ []string, take func(*schema.Settlement) bool) []schema.Finding {
	f := settlementsFile{day, bucket}
	if l.read != nil {
		l.read(f)
	}
	if l.bad[f] {
		return []schema.Finding{{Day: day, Bucket: bucket, Key: keyOfFile(f), Got: "damaged", Fix: "mend"}}
	}
	for i := range l.rows[f] {
		if !take(&l.rows[f][i]) {
			break
		}
	}
	return nil
}

func keyOfFile(f settlementsFile) string { return fmt.Sprintf("%d/%d", f.day, f.bucket) }

// rowsOfText parses rows like "s1 100" and "s1/item 100": settle_id, item and fen.
func rowsOfText(lines ...string) (rows []schema.Settlement) {
	for _, line := range lines {
		id, fen, _ := strings.Cut(line, " ")
		id, item, whole := strings.Cut(id, "/")
		s := schema.Settlement{SettleID: id, ItemOrderID: schema.Null[string]{V: item, Valid: whole}}
		if n := 0; fen != "-" {
			_, _ = fmt.Sscan(fen, &n)
			s.Amount = schema.Some(schema.Fen(n))
		}
		rows = append(rows, s)
	}
	return rows
}

// TestRepeated: a settle_id may be on one day of the lake only, and in several files of a day
// only once for each item.
func TestRepeated(t *testing.T) {
	t.Parallel()
	type files = map[settlementsFile][]string
	here, other := settlementsFile{10, 0}, settlementsFile{20, 1}
	for name, row := range map[string]struct {
		files     files
		bad       []settlementsFile
		want      []string // place and got of the findings of day 10
		elsewhere int
	}{
		"each once":          {files: files{here: {"a 1", "b 2"}, other: {"c 1"}, {9, 0}: {"d 1"}}},
		"on a later day":     {files: files{here: {"a 1", "b 60"}, other: {"c 1", "b -"}}, want: []string{"row 2, settle_id b: it is on D10 (bucket 0, row 2) with 60 fen, and on D20 (bucket 1, row 2) with NULL fen"}},
		"on an earlier day":  {files: files{here: {"b 60"}, {3, 0}: {"b 40"}}, want: []string{"row 1, settle_id b: it is on D3 (bucket 0, row 1) with 40 fen, and on D10 (bucket 0, row 1) with 60 fen"}},
		"other items of it":  {files: files{here: {"b/x 60"}, other: {"b/y 40"}}, want: []string{"row 1, settle_id b: it is on D10 (bucket 0, row 1) with 60 fen, and on D20 (bucket 1, row 1) with 40 fen"}},
		"both are verified":  {files: files{here: {"b 60"}, {11, 0}: {"b 60"}}, want: []string{"row 1, settle_id b: it is on D10 (bucket 0, row 1) with 60 fen, and on D11 (bucket 0, row 1) with 60 fen"}},
		"on two other days":  {files: files{here: {"a 1"}, other: {"b 1"}, {30, 0}: {"b 1"}}},
		"items in one file":  {files: files{here: {"b/x 1", "b/y 1"}, other: {"a 1"}}},
		"items in two":       {files: files{here: {"b/x 1"}, {10, 1}: {"b/y 1"}}},
		"an item in two":     {files: files{here: {"b/x 1"}, {10, 1}: {"b/x 1"}}, want: []string{"row 1, settle_id b: it is on D10 (bucket 0, row 1) with 1 fen, and on D10 (bucket 1, row 1) with 1 fen"}},
		"whole in two":       {files: files{here: {"b 1"}, {10, 1}: {"b 1"}}, want: []string{"row 1, settle_id b: it is on D10 (bucket 0, row 1) with 1 fen, and on D10 (bucket 1, row 1) with 1 fen"}},
		"whole, and an item": {files: files{here: {"b 1"}, {10, 1}: {"b/x 2"}}, want: []string{"row 1, settle_id b: it is on D10 (bucket 0, row 1) with 1 fen, and on D10 (bucket 1, row 1) with 2 fen"}},
		"another is damaged": {files: files{here: {"b 1"}, other: {"b 1"}}, bad: []settlementsFile{other}, elsewhere: 1},
		"this is damaged":    {files: files{here: {"b 1"}, other: {"b 1"}}, bad: []settlementsFile{here}, want: []string{": damaged"}},
		"many": {files: files{here: slices.Repeat([]string{"b 1"}, 1), {1, 0}: {"b 1"}, {2, 0}: {"b 1"}, {3, 0}: {"b 1"}, {4, 0}: {"b 1"}, {5, 0}: {"b 1"}, {6, 0}: {"b 1"}, {7, 0}: {"b 1"}},
			want: []string{"row 1, settle_id b: it is on D1 (bucket 0, row 1) with 1 fen, and on D2 (bucket 0, row 1) with 1 fen, and on D3 (bucket 0, row 1) with 1 fen, " +
				"and on D4 (bucket 0, row 1) with 1 fen, and on D5 (bucket 0, row 1) with 1 fen, and on D6 (bucket 0, row 1) with 1 fen, and in 2 more rows"}},
	} {
		lake := onlySettlements{rows: make(map[settlementsFile][]schema.Settlement), bad: make(map[settlementsFile]bool)}
		for f, lines := range row.files {
			lake.rows[f] = rowsOfText(lines...)
		}
		for _, f := range row.bad {
			lake.bad[f] = true
		}
		a := &Audit{Lake: lake, From: 10, To: 11, Buckets: 2}
		r, err := a.findRepeated(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got []string
		for _, f := range r.findings(10, func(bucket int) string { return keyOfFile(settlementsFile{10, bucket}) }, func(string) bool { return false }) {
			if f.Day != 10 || f.Key != keyOfFile(settlementsFile{f.Day, f.Bucket}) || f.Fix == "" {
				t.Errorf("%s: %+v", name, f)
			}
			got = append(got, f.Place+": "+days.Replace(f.Got))
		}
		if !slices.Equal(got, row.want) || len(a.Elsewhere) != row.elsewhere {
			t.Errorf("%s: %q, and %+v elsewhere; want %q", name, got, a.Elsewhere, row.want)
		}
		if known := r.findings(10, func(int) string { return "" }, func(string) bool { return true }); len(row.bad) > 0 && len(known) > 0 {
			t.Errorf("%s: a damaged file that is known is named again: %+v", name, known)
		}
	}
}

// days replaces the first days of 1970 by D1, D2 …
var days = func() *strings.Replacer {
	var pairs []string
	for d := range schema.Day(40) {
		pairs = append(pairs, d.String(), fmt.Sprintf("D%d", d))
	}
	return strings.NewReplacer(pairs...)
}()

// TestRepeatedInBulk: of many settle_ids on two days some have a finding and the rest are
// counted. If there are too many to compare, every day has a finding that says so.
func TestRepeatedInBulk(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{maxRows: "", maxRows + 5: "5 more settle_ids count twice", maxRepeated + 1: "and not all of them were compared"} {
		var rows []schema.Settlement
		for i := range n {
			rows = append(rows, schema.Settlement{SettleID: fmt.Sprint("s", i)})
		}
		a := &Audit{From: 10, To: 11, Buckets: 1, Lake: onlySettlements{rows: map[settlementsFile][]schema.Settlement{{10, 0}: rows, {20, 0}: rows, {11, 0}: rowsOfText("other 1")}}}
		r, err := a.findRepeated(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		found := r.findings(10, func(int) string { return "key" }, nil)
		if want == "" && len(found) != n || want != "" && (len(found) > maxRows+2 || !strings.HasSuffix(found[len(found)-1].Got, want)) {
			t.Errorf("%d settle_ids on two days: %d findings, the last %+v", n, len(found), found[len(found)-1])
		}
		if sound := r.findings(11, func(int) string { return "key" }, nil); (len(sound) > 0) != (n > maxRepeated) {
			t.Errorf("%d settle_ids on two days, and %+v of a day without any", n, sound)
		}
	}
}

// TestRepeatedStops: when the context ends, the current file is not read to its end and no
// other is read.
func TestRepeatedStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	lake := onlySettlements{rows: map[settlementsFile][]schema.Settlement{{10, 0}: rowsOfText("a 1")}}
	for d := schema.Day(20); d < 1000; d++ {
		lake.rows[settlementsFile{d, 0}] = rowsOfText("b 1")
	}
	read := make(chan settlementsFile, len(lake.rows))
	lake.read = func(f settlementsFile) {
		if read <- f; f.day >= 20 {
			cancel()
		}
	}
	if _, err := (&Audit{Lake: lake, From: 10, To: 10, Buckets: 1}).findRepeated(ctx); !errors.Is(err, context.Canceled) || len(read) > 100 {
		t.Errorf("%v after %d files of %d", err, len(read), len(lake.rows))
	}
	rows := 0
	r := &repeats{Audit: &Audit{Lake: onlySettlements{rows: map[settlementsFile][]schema.Settlement{{1, 0}: make([]schema.Settlement, 100_000)}}}}
	if r.read(ctx, settlementsFile{1, 0}, nil, func(*schema.Settlement) { rows++ }); rows > 5000 {
		t.Errorf("%d rows were read after the end", rows)
	}
}

// BenchmarkRepeated compares a day's settle_ids with a million others, and a million with
// each other, without the time to read files.
func BenchmarkRepeated(b *testing.B) {
	const rows, days = 1_000_000, 100
	lake := onlySettlements{rows: make(map[settlementsFile][]schema.Settlement)}
	for i := range rows {
		f := settlementsFile{schema.Day(i % days), 0}
		lake.rows[f] = append(lake.rows[f], schema.Settlement{SettleID: fmt.Sprint(7_000_000_000_000_000_000 + i)})
	}
	for name, to := range map[string]schema.Day{"one day verified": 0, "all days verified": days - 1} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r, err := (&Audit{Lake: lake, From: 0, To: to, Buckets: 1}).findRepeated(b.Context())
				if err != nil || len(r.rows) > 0 {
					b.Fatal(err, slices.Collect(maps.Keys(r.rows)))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/settlement")
		})
	}
}

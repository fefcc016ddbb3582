package parquet

import (
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

// without returns the table as it was before those columns were added.
func without[R any](table schema.Table[R], columns ...string) schema.Table[R] {
	table.Fields = slices.DeleteFunc(slices.Clone(table.Fields), func(f schema.Field[R]) bool { return slices.Contains(columns, f.Name) })
	return table
}

// with returns the table with one more column, which has the values of another.
func with[R any](table schema.Table[R], column, like string) schema.Table[R] {
	field := *schema.Table[R]{Fields: table.Fields}.Column(like)
	field.Name = column
	table.Fields = append(slices.Clone(table.Fields), field)
	return table
}

// TestReadEarlierVersion: columns that a file of an earlier version lacks, at the start, in
// the middle and at the end of the table, are NULL in every row.
func TestReadEarlierVersion(t *testing.T) {
	t.Parallel()
	checkEarlier(t, schema.Bills, billAt, "biz_type", "pay_fen", "settle_time", "extra", "logid")
	checkEarlier(t, schema.Settlements, settlementAt, "order_id", "shares", "shares_fen", "is_auto_settle", "logid")
	checkEarlier(t, schema.Reconciliations, reconciliationAt, "shop_order_id", "refund_fen", "other_fen", "last_settle_time")
	checkEarlier(t, schema.Exceptions, exceptionAt, "account_id", "actual_fen", "archive_key")
	checkEarlier(t, schema.Restatements, restatementAt, "settle_sub_type", "old", "diff_goods_fen")
}

func checkEarlier[R any](t *testing.T, table schema.Table[R], rowAt func(int) R, lacks ...string) {
	t.Helper()
	const rows = 20
	earlier := without(table, lacks...)
	file := write(t, earlier, rows, rowAt, stamp)
	names, err := Columns(table, file.Body())
	if err != nil || len(names) != len(table.Fields)-len(lacks) || slices.ContainsFunc(lacks, func(c string) bool { return slices.Contains(names, c) }) {
		t.Errorf("%s: columns %q, %v", table.Name, names, err)
	}
	// They are NULL whether they are named or not, alone or with others, which are as they
	// were.
	for _, columns := range [][]string{nil, append([]string{table.Fields[0].Name}, lacks...), lacks} {
		n := 0
		for got, err := range Read(table, file.Body(), columns...) {
			if err != nil {
				t.Fatal(err)
			}
			want := new(R)
			if len(columns) != len(lacks) {
				want = rowOf(t, earlier, rowAt(n), columns)
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%s, columns %q, row %d (-want +got):\n%s", table.Name, columns, n, cmp.Diff(want, got))
			}
			n++
		}
		equal(t, table.Name+": rows", n, rows)
	}
}

// rowOf returns a row's values of some of the table's columns, or all if none is named.
func rowOf[R any](t *testing.T, table schema.Table[R], row R, columns []string) *R {
	t.Helper()
	named := slices.DeleteFunc(slices.Clone(columns), func(c string) bool { return table.Column(c) == nil })
	file := write(t, table, 1, func(int) R { return row }, stamp)
	for got, err := range Read(table, file.Body(), named...) {
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	return nil
}

// TestSameRows compares the rows of files of two versions, whose bytes differ.
func TestSameRows(t *testing.T) {
	t.Parallel()
	const rows = batchRows + 10
	earlier := without(schema.Settlements, "cp_extra", "is_auto_settle")
	plain := func(i int) schema.Settlement {
		s := settlementAt(i)
		s.CpExtra, s.IsAutoSettle = schema.Null[string]{}, schema.Null[bool]{}
		return s
	}
	last := func(change func(*schema.Settlement)) func(int) schema.Settlement {
		return func(i int) schema.Settlement {
			s := plain(i)
			if i == rows-1 {
				change(&s)
			}
			return s
		}
	}
	published := write(t, earlier, rows, settlementAt, stamp)
	for _, row := range []struct {
		name  string
		rows  int
		rowAt func(int) schema.Settlement
		want  bool
	}{
		{"no values of the columns that it lacks", rows, plain, true},
		{"a value of one", rows, last(func(s *schema.Settlement) { s.CpExtra = schema.Some("x") }), false},
		{"an empty value of one", rows, last(func(s *schema.Settlement) { s.CpExtra = schema.Some("") }), false},
		{"another amount", rows, last(func(s *schema.Settlement) { s.Amount.V++ }), false},
		{"another share", rows, last(func(s *schema.Settlement) { s.Shares = schema.Some([]schema.Share{{MerchantNo: "x", Amount: 1}}) }), false},
		{"a row more", rows + 1, plain, false},
		{"a row less", rows - 1, plain, false},
		{"no rows", 0, plain, false},
	} {
		staged := write(t, schema.Settlements, row.rows, row.rowAt, stamp)
		if published.RowsSHA256 == staged.RowsSHA256 {
			t.Errorf("%s: the bytes are the same", row.name)
		}
		for _, order := range [][2]File{{published, staged}, {staged, published}} {
			got, err := SameRows(schema.Settlements, order[0].Body(), order[1].Body())
			if err != nil || got != row.want {
				t.Errorf("%s: %v, %v, want %v", row.name, got, err, row.want)
			}
		}
	}
	cut := write(t, with(schema.Settlements, "added_later", "message"), 1, settlementAt, stamp)
	if _, err := SameRows(schema.Settlements, cut.Body(), published.Body()); err == nil {
		t.Error("a file of a later version is compared as if it were none")
	}
}

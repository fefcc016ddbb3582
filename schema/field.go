package schema

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// kind converts between a Go type and a column of an Arrow type.
type kind[T any] struct {
	name Type
	get  func(a arrow.Array, i int, last T) T // last is any value, and returned again if it is equal
	put  func(*Vector, T)
	take func(*Vector, int) T
	show func(T) string
	same func(T, T) bool
	hash func(*maphash.Hash, T) // nil where values cannot be hashed
}

// nullable returns a field of a column that may be NULL.
func nullable[R, T any](k kind[T], c Column, at func(*R) *Null[T]) Field[R] {
	c.Type, c.Optional = k.name, true
	return Field[R]{
		Column: c,
		load: func(values arrow.Array, i int, row *R) {
			if v := at(row); values.IsNull(i) {
				*v = Null[T]{}
			} else {
				*v = Some(k.get(values, i, v.V))
			}
		},
		put: func(v *Vector, row *R) {
			if value := at(row); value.Valid {
				k.put(v, value.V)
			} else {
				v.AppendNull()
			}
		},
		take: func(v *Vector, i int, row *R) {
			*at(row) = Null[T]{}
			if !v.IsNull(i) {
				*at(row) = Some(k.take(v, i))
			}
		},
		show: func(row *R) Null[string] {
			if v := at(row); v.Valid {
				return Some(k.show(v.V))
			}
			return Null[string]{}
		},
		equal: func(a, b *R) bool {
			v, w := at(a), at(b)
			return v.Valid == w.Valid && (!v.Valid || k.same(v.V, w.V))
		},
		hash: func(h *maphash.Hash, row *R) {
			v := at(row)
			maphash.WriteComparable(h, v.Valid)
			if v.Valid {
				k.hash(h, v.V)
			}
		},
	}
}

// required returns a field of a column that is never NULL.
func required[R, T any](k kind[T], c Column, at func(*R) *T) Field[R] {
	c.Required = true
	return always(k, c, at)
}

// always returns a field that has a value in every row that billwalk writes, of a column that
// is nullable by contract. Do not use it for a column that is added to a table: rows of
// earlier versions do not have it.
func always[R, T any](k kind[T], c Column, at func(*R) *T) Field[R] {
	c.Type = k.name
	return Field[R]{
		Column: c,
		load:   func(values arrow.Array, i int, row *R) { v := at(row); *v = k.get(values, i, *v) },
		put:    func(v *Vector, row *R) { k.put(v, *at(row)) },
		take:   func(v *Vector, i int, row *R) { *at(row) = k.take(v, i) },
		show:   func(row *R) Null[string] { return Some(k.show(*at(row))) },
		equal:  func(a, b *R) bool { return k.same(*at(a), *at(b)) },
		hash:   func(h *maphash.Hash, row *R) { k.hash(h, *at(row)) },
	}
}

// fen returns a field of money.
func fen[R any](c Column, at func(*R) *Null[Fen]) Field[R] {
	c.Unit = "fen"
	f := nullable(int64sOf[Fen](), c, at)
	f.fen = func(row *R) Null[Fen] { return *at(row) }
	return f
}

func textOf[T ~string]() kind[T] {
	return kind[T]{
		name: Text,
		get: func(a arrow.Array, i int, last T) T {
			if v := a.(*array.String).Value(i); string(last) != v {
				return T(strings.Clone(v))
			}
			return last
		},
		put:  func(v *Vector, value T) { v.AppendString(string(value)) },
		take: func(v *Vector, i int) T { return T(v.TextAt(i)) },
		show: func(v T) string { return string(v) },
		same: equal[T],
		hash: maphash.WriteComparable[T],
	}
}

func int64sOf[T ~int64]() kind[T] {
	return kind[T]{
		name: Int64,
		get:  func(a arrow.Array, i int, _ T) T { return T(a.(*array.Int64).Value(i)) },
		put:  func(v *Vector, value T) { v.AppendInt64(int64(value)) },
		take: func(v *Vector, i int) T { return T(v.Int64s[i]) },
		show: func(v T) string { return strconv.FormatInt(int64(v), 10) },
		same: equal[T],
		hash: maphash.WriteComparable[T],
	}
}

func equal[T comparable](v, w T) bool { return v == w }

var (
	text   = textOf[string]()
	int64s = int64sOf[int64]()
	int32s = kind[int32]{
		name: Int32,
		get:  func(a arrow.Array, i int, _ int32) int32 { return a.(*array.Int32).Value(i) },
		put:  (*Vector).AppendInt32,
		take: func(v *Vector, i int) int32 { return v.Int32s[i] },
		show: func(v int32) string { return strconv.FormatInt(int64(v), 10) },
		same: equal[int32],
		hash: maphash.WriteComparable[int32],
	}
	bools = kind[bool]{
		name: Bool,
		get:  func(a arrow.Array, i int, _ bool) bool { return a.(*array.Boolean).Value(i) },
		put: func(v *Vector, value bool) {
			number := int32(0)
			if value {
				number = 1
			}
			v.AppendInt32(number)
		},
		take: func(v *Vector, i int) bool { return v.Int32s[i] != 0 },
		show: strconv.FormatBool,
		same: equal[bool],
		hash: maphash.WriteComparable[bool],
	}
	timestamp = kind[time.Time]{
		name: Timestamp,
		get: func(a arrow.Array, i int, _ time.Time) time.Time {
			return time.UnixMicro(int64(a.(*array.Timestamp).Value(i))).UTC()
		},
		put:  func(v *Vector, value time.Time) { v.AppendInt64(value.UnixMicro()) },
		take: func(v *Vector, i int) time.Time { return time.UnixMicro(v.Int64s[i]).UTC() },
		show: func(v time.Time) string { return v.UTC().Format(time.RFC3339Nano) },
		same: time.Time.Equal,
		hash: func(h *maphash.Hash, v time.Time) { maphash.WriteComparable(h, v.UnixMicro()) },
	}
	texts = kind[[]string]{
		name: Texts,
		get: func(a arrow.Array, i int, _ []string) (list []string) {
			l := a.(*array.List)
			start, end := l.ValueOffsets(i)
			for at := start; at < end; at++ {
				list = append(list, text.get(l.ListValues(), int(at), ""))
			}
			return list
		},
		put: func(v *Vector, list []string) {
			for _, value := range list {
				text.put(&v.Items[0], value)
			}
			v.EndList()
		},
		take: func(v *Vector, i int) (list []string) {
			for at := v.Lists[i]; at < v.Lists[i+1]; at++ {
				list = append(list, text.take(&v.Items[0], int(at)))
			}
			return list
		},
		show: func(list []string) string { return strings.Join(list, " ") },
		same: slices.Equal[[]string],
	}
	shareLists = kind[[]Share]{
		name: ShareList,
		get: func(a arrow.Array, i int, _ []Share) (list []Share) {
			l := a.(*array.List)
			one := l.ListValues().(*array.Struct)
			start, end := l.ValueOffsets(i)
			for at := start; at < end; at++ {
				list = append(list, Share{text.get(one.Field(0), int(at), ""), Fen(int64s.get(one.Field(1), int(at), 0))})
			}
			return list
		},
		put: func(v *Vector, list []Share) {
			for _, share := range list {
				text.put(&v.Items[0], share.MerchantNo)
				v.Items[1].AppendInt64(int64(share.Amount))
			}
			v.EndList()
		},
		take: func(v *Vector, i int) (list []Share) {
			for at := v.Lists[i]; at < v.Lists[i+1]; at++ {
				list = append(list, Share{text.take(&v.Items[0], int(at)), Fen(v.Items[1].Int64s[at])})
			}
			return list
		},
		show: func(list []Share) string { return fmt.Sprint(list) },
		same: slices.Equal[[]Share],
	}
)

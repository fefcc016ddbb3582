package schema

import "cmp"

// Null is a value that may be absent. Absent in the answer is absent here and
// NULL in the table; it is never a zero or an empty string.
type Null[T any] struct {
	V     T
	Valid bool
}

// Some returns a value that is present.
func Some[T any](v T) Null[T] { return Null[T]{V: v, Valid: true} }

// compareNull orders values; an absent one comes first.
func compareNull[T cmp.Ordered](a, b Null[T]) int {
	switch {
	case a.Valid && b.Valid:
		return cmp.Compare(a.V, b.V)
	case b.Valid:
		return -1
	case a.Valid:
		return +1
	}
	return 0
}

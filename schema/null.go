package schema

// Null is a value that may be absent. Absent in the answer is absent here and
// NULL in the table; it is never a zero or an empty string.
type Null[T any] struct {
	V     T
	Valid bool
}

// Some returns a value that is present.
func Some[T any](v T) Null[T] { return Null[T]{V: v, Valid: true} }

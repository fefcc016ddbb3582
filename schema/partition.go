package schema

// Partition is a day of one bucket of accounts: each table has one file for it, and
// they are replaced together.
type Partition struct {
	Day    Day
	Bucket int
}

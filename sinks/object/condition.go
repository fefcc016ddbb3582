package object

import "errors"

// Condition is the state of its key on which a Put depends. The zero Condition is Always.
type Condition struct {
	absent bool
	match  bool
	etag   string
}

// Always writes in any case.
func Always() Condition { return Condition{} }

// IfAbsent writes only if there is no object yet.
func IfAbsent() Condition { return Condition{absent: true} }

// IfMatch writes only over the object that has this ETag.
func IfMatch(etag string) Condition { return Condition{match: true, etag: etag} }

// check refuses IfMatch without an ETag, which S3 would take for no condition.
func (c Condition) check() error {
	if c.match && c.etag == "" {
		return errors.New("IfMatch needs an ETag, from Head, Get or Put; for a new object use IfAbsent")
	}
	return nil
}

// Holds reports whether the condition allows a write over the object that is there, if
// one exists, with this ETag.
func (c Condition) Holds(exists bool, etag string) bool {
	switch {
	case c.absent:
		return !exists
	case c.match:
		return exists && c.etag == etag
	default:
		return true
	}
}

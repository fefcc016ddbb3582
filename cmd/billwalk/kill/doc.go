// Package kill ends the program from outside, as a machine does: by SIGKILL before and
// after each of its remote operations, by the signals that ask it to stop, and by a disk
// or a bucket that takes nothing. What the next run publishes is what an undisturbed one
// does, and readers never see half of a day.
//
//	go test ./cmd/billwalk/kill                       the last operation of each kind
//	BILLWALK_DEEP=1 go test ./cmd/billwalk/kill       every operation
package kill

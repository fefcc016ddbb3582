// Package truth compares what billwalk publishes with what simulated platforms know of
// themselves: every bill, sum, verdict and exception of single days and some nights. It
// holds verify to finding every change of a lake, and reads lakes of earlier and later
// versions. Whole months are in package months.
//
//	go test ./cmd/billwalk/truth
//	go test ./cmd/billwalk/truth -run '^$' -bench MillionBills -benchtime 1x
package truth

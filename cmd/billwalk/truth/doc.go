// Package truth compares what billwalk publishes with what simulated platforms know of
// themselves: every bill, sum, verdict and exception, over single days and over months
// of nights in which the platform changes what it has said. It holds verify to finding
// every change of a lake, and reads lakes of earlier and later versions.
//
//	go test ./cmd/billwalk/truth
//	BILLWALK_MONTH_SEEDS=200 go test ./cmd/billwalk/truth -run TestMonth -timeout 0
//	go test ./cmd/billwalk/truth -run '^$' -bench MillionBills -benchtime 1x
package truth

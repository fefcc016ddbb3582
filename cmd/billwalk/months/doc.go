// Package months runs jobs through months of nights in which the simulated platform
// changes what it has said: bills of closed days are added, changed, removed and moved,
// settlements come late, in parts, twice or after a failure. After every night the
// published tables are compared with what the platform knows of itself, and at the end
// with a lake made in one run. It also counts the calls that a month takes.
//
//	go test ./cmd/billwalk/months
//	BILLWALK_MONTH_SEEDS=200 go test ./cmd/billwalk/months -run TestMonth -timeout 3h
//	BILLWALK_DEEP=1 go test ./cmd/billwalk/months -run 'TestCalls$' -v
package months

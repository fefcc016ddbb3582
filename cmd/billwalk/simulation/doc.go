// Package simulation proves that no failure of the network, the store, the platform or
// a process makes billwalk publish money that is wrong. Whole runs, wired as the command
// line wires them, go through nights that one seed decides: calls that fail before or
// after they took effect, processes that are killed, stopped, frozen or side by side,
// days and settlements that change under them. An oracle then judges all that was
// published.
//
//	go test ./cmd/billwalk/simulation                                            a sample of seeds
//	go test ./cmd/billwalk/simulation -run 'TestSimulation$' -seed=N -v          one seed, with its trace
//	BILLWALK_DEEP=1 go test ./cmd/billwalk/simulation -timeout 3h                a larger sample
//	BILLWALK_SEEDS=100000 go test ./cmd/billwalk/simulation -run 'TestSimulation$' -timeout 3h
//
// BILLWALK_SEED=N and -seeds=N are the same as -seed=N and BILLWALK_SEEDS=N. A flag has
// precedence over its variable, and one seed over many.
package simulation

// Package scripts runs the whole program, in a process of its own, by testscript
// files: those of cmd/billwalk/testdata on the tests' own day, and those of its own
// testdata at a dozen dates, against what the sandbox says of itself. It also runs the
// commands of README.md and of the pages of `billwalk help TOPIC`.
//
//	go test ./cmd/billwalk/scripts -run 'TestScripts/settle$'
//	go test ./cmd/billwalk/scripts -run 'TestDates/2028-02-29'
//	go test ./cmd/billwalk/scripts -run 'TestCommands/operations.md'
package scripts

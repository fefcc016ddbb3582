// Package scripts tells the command line as scripts, to the whole program in a
// process of its own: those of cmd/billwalk/testdata on the tests' own day, and those
// of its testdata at a dozen dates, where what the sandbox says of itself is expected.
//
//	go test ./cmd/billwalk/scripts -run 'TestScripts/settle$'
//	go test ./cmd/billwalk/scripts -run 'TestDates/2028-02-29'
package scripts

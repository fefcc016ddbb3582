package scripts

import (
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/cli"
	"billwalk/schema"
)

func TestMain(m *testing.M) {
	cli.Clock = billwalktest.Now
	billwalktest.Main(m, cli.Main, map[string]func(){"billwalk": func() { cli.Execute("") }})
}

// ownDay is when the scripts are told that do not say when.
var ownDay = time.Date(2026, 11, 26, 10, 0, 0, 0, schema.China)

// clockAhead is the environment of a program whose clock is so far ahead of this
// machine's; clockFrom is that of one whose clock begins at a time.
func clockAhead(d time.Duration) string { return "BILLWALK_TEST_CLOCK=" + d.String() }

func clockFrom(at time.Time) string { return "BILLWALK_TEST_CLOCK=" + at.UTC().Format(time.RFC3339) }

func ahead(d time.Duration) func() time.Time {
	return func() time.Time { return time.Now().Add(d) }
}

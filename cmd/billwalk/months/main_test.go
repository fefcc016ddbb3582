package months

import (
	"testing"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/cli"
)

func TestMain(m *testing.M) {
	cli.Clock = billwalktest.Now
	billwalktest.Main(m, cli.Main, map[string]func(){"billwalk": func() { cli.Execute("") }})
}

package simulation

import (
	"testing"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/cli"
)

func TestMain(m *testing.M) { billwalktest.Main(m, cli.Main, nil) }

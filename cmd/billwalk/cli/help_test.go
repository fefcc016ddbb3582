package cli

import (
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"billwalk/cmd/billwalk/billwalktest"
)

// TestEveryVerbIsExplained walks all commands: each says what it does, has an
// example that the command line takes, and names every flag.
func TestEveryVerbIsExplained(t *testing.T) {
	t.Parallel()
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		if cmd.Short == "" {
			t.Errorf("%s: no word on what it does", cmd.CommandPath())
		}
		if cmd.Example == "" {
			t.Errorf("%s: no example", cmd.CommandPath())
		}
		for line := range strings.Lines(cmd.Example) {
			checkExample(t, cmd, strings.TrimSpace(line))
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s: no word on --%s", cmd.CommandPath(), f.Name)
			}
			if value, _ := pflag.UnquoteUsage(f); strings.Contains(value, " ") { // what stands in backquotes
				t.Errorf("%s: --%s %s: that is no name of a value", cmd.CommandPath(), f.Name, value)
			}
		})
		for _, verb := range cmd.Commands() {
			walk(verb)
		}
	}
	walk(newRoot())
}

func newRoot() *cobra.Command {
	p := &program{out: io.Discard, err: io.Discard, now: billwalktest.Now}
	root := p.root()
	root.InitDefaultHelpCmd()
	return root
}

// checkExample checks that the example is of the command, or of one below it,
// and that its flags and arguments are taken.
func checkExample(t *testing.T, cmd *cobra.Command, line string) {
	t.Helper()
	if strings.HasPrefix(line, "duckdb ") {
		return // what to do with the output
	}
	if !strings.HasPrefix(line, cmd.CommandPath()) {
		t.Errorf("%s: the example is of something else: %s", cmd.CommandPath(), line)
		return
	}
	line, _, _ = strings.Cut(line, ">")
	found, args, err := newRoot().Find(strings.Fields(line)[1:])
	if err != nil {
		t.Errorf("%s: %v", line, err)
		return
	}
	if err := found.ParseFlags(args); err != nil {
		t.Errorf("%s: %v", line, err)
	}
	if err := found.ValidateArgs(found.Flags().Args()); err != nil {
		t.Errorf("%s: %v", line, err)
	}
}

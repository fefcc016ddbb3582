package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"billwalk/pipeline"
	"billwalk/schema"
)

// failOn is the value of --fail-on: what is found that ends a run with an exit code of its
// own.
type failOn struct{ differences bool }

const onDifferences = "differences"

// add adds the flag to a verb.
func (f *failOn) add(cmd *cobra.Command) {
	cmd.Flags().Var(f, "fail-on", "differences: exit 4 if a group of these days is mismatched and nothing else went wrong")
	if err := cmd.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions([]string{onDifferences}, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag is there
	}
}

// exitCode returns the exit code of a run. Any other failure comes before differences.
func (f *failOn) exitCode(s *pipeline.Summary) int {
	if f.differences && s.ExitCode == pipeline.ExitDone && s.Verdicts[schema.Mismatched] > 0 {
		return pipeline.ExitDifferences
	}
	return s.ExitCode
}

// String implements pflag.Value.
func (f *failOn) String() string {
	if f.differences {
		return onDifferences
	}
	return ""
}

// Set implements pflag.Value.
func (f *failOn) Set(value string) error {
	if value != onDifferences {
		return fmt.Errorf("want %s", onDifferences)
	}
	f.differences = true
	return nil
}

// Type implements pflag.Value.
func (f *failOn) Type() string { return "what" }

package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"billwalk/pipeline/jobs"
)

// knownVerb refuses an unknown verb, and names the nearest.
func knownVerb(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	near := ""
	if names := root.SuggestionsFor(args[0]); len(names) > 0 {
		near = "did you mean " + strings.Join(names, " or ") + "? "
	}
	return usage("there is no verb %q: %s`billwalk --help` lists the verbs", args[0], near)
}

// oneJob is for verbs that take the name of a job.
func oneJob(cmd *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return usage("the name of a job is missing, as in `%s nightly`: the jobs are those of jobs.yaml, and demo", cmd.CommandPath())
	case 1:
		return nil
	default:
		return usage("`%s` takes the name of one job, and these are %d: %s", cmd.CommandPath(), len(args), strings.Join(args, " "))
	}
}

// oneJobAtMost is for verbs that are about all jobs unless one is named.
func oneJobAtMost(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return oneJob(cmd, args)
}

func nothing(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("`%s` takes no argument, and was given %s; `%[1]s --help` lists its flags", cmd.CommandPath(), strings.Join(args, " "))
	}
	return nil
}

func oneDialect(cmd *cobra.Command, args []string) error {
	if len(args) != 1 || !slices.Contains(cmd.ValidArgs, args[0]) {
		return usage("`%s` takes the name of a dialect: %s", cmd.CommandPath(), strings.Join(cmd.ValidArgs, ", "))
	}
	return nil
}

// offerValues completes the values of the common flags.
func offerValues(root *cobra.Command) {
	fixed := cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp)
	if err := root.RegisterFlagCompletionFunc("output", fixed); err != nil {
		panic(err) // the flag is there
	}
	if err := root.MarkPersistentFlagFilename("config", "yaml", "yml"); err != nil {
		panic(err)
	}
}

// jobNames offers the jobs that can be named. A file of jobs with faults offers
// none but the built-in one: a completion cannot show them.
func (p *program) jobNames(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names := []string{jobs.DemoName}
	if file, err := p.loadJobs(); err == nil {
		names = append(names, file.Names()...)
	}
	slices.Sort(names)
	return slices.Compact(names), cobra.ShellCompDirectiveNoFileComp
}

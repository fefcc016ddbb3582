// Package cli is the command line of billwalk, a file for each verb. It wires the
// pipeline to the sinks and is importable so that tests run it in their own process.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"billwalk/pipeline"
	"billwalk/schema"
)

// Execute runs the command line of this process and exits. The release is "" in a
// build that has none.
func Execute(release string) {
	released = release
	os.Exit(profiled(func() int { return Main(os.Args[1:], os.Stdout, os.Stderr) }))
}

// Main runs the command line and returns the exit code.
func Main(args []string, out, errOut io.Writer) int {
	return (&program{out: out, err: errOut, now: Clock}).main(args)
}

func (p *program) main(args []string) int {
	ctx, stop := onSignal(context.Background())
	defer stop()
	return p.runUntil(ctx, args)
}

// runUntil runs the command line until the context ends.
func (p *program) runUntil(ctx context.Context, args []string) int {
	root := p.root()
	root.SetArgs(args)
	root.SetOut(p.out)
	root.SetErr(p.err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return pipeline.ExitDone
	}
	var exit *exitError
	if !errors.As(err, &exit) {
		exit = &exitError{exitUsage, coded{schema.CodeUsage, err}} // cobra's own: a flag or verb that is not there
	}
	if exit.err != nil {
		fmt.Fprintf(p.err, "billwalk: %s\nbillwalk: to know more: billwalk explain %s\n", plainLines(p.hidden.Text(exit.err.Error())), codeOf(exit))
	}
	return exit.code
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "billwalk",
		Short: "The nightly money check of restaurants on Douyin's local-life platform",
		Long: `billwalk walks every account's catering bills by day, proves each day whole, asks the trade system
how each order was shared out (分账), says to the fen what agrees and what does not, and publishes
Parquet that DuckDB, Athena, Trino and Spark read.

Exit codes: 0 done; 1 failed; 2 usage or config; 3 incomplete: some units failed, or orders have no
answer, and what is whole was published; 4 differences, where --fail-on says so; 5 stopped by quota,
deadline or outage, run again to go on; 6 another run got there first; 130/143 interrupted, resumable.`,
		Example:           "  billwalk demo\n  billwalk run nightly --config jobs.yaml\n  billwalk help security",
		Args:              knownVerb,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(*cobra.Command, []string) error { return p.prepare() },

		SuggestionsMinimumDistance: 2,
		Version:                    Version(),
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%w; `%s --help` lists the flags", err, cmd.CommandPath())
	})
	root.PersistentFlags().StringVar(&p.config, "config", "jobs.yaml", "the file of jobs")
	root.PersistentFlags().StringVar(&p.output, "output", "text", "text, or json: the summary of a run, or a plan, as one JSON value on stdout and nothing else")
	root.PersistentFlags().BoolVar(&p.verbose, "verbose", false, "log every unit, too, and print all that was found")
	root.AddCommand(p.demo(), p.run(), p.replay(), p.plan(), p.verify(), p.status(), p.resolve(), p.closeDay(), p.report(), p.check(), p.receive(), p.sandbox(), p.bench(), p.ddl(), p.sql(), p.versionVerb())
	root.AddCommand(p.explain())
	root.SetHelpCommand(p.help())
	offerValues(root)
	return root
}

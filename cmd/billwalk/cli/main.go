// Package cli is the command line of billwalk, a file for each verb. It wires the
// pipeline to the sinks and is importable so that tests run it in their own process.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"billwalk/pipeline"
	"billwalk/schema"
)

// memoryLimit is where the collector begins to work harder, unless GOMEMLIMIT
// says otherwise: a run keeps within the 512 MiB that deploy/ asks for.
const memoryLimit = 400 << 20

// Execute runs the command line of this process and exits. The release is "" in a
// build that has none.
func Execute(release string) {
	released = release
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	os.Exit(Main(os.Args[1:], os.Stdout, os.Stderr))
}

// clock is the time of every program that Main runs. Tests have one of their own.
var clock = time.Now

// Main runs the command line and returns the exit code.
func Main(args []string, out, errOut io.Writer) int {
	return (&program{out: out, err: errOut, now: clock}).main(args)
}

func (p *program) main(args []string) int {
	ctx, stop := onSignal(context.Background())
	defer stop()
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
		exit = &exitError{exitUsage, err} // cobra's own: a flag or verb that is not there
	}
	if exit.err != nil {
		fmt.Fprintf(p.err, "billwalk: %s\n", plainLines(p.hidden.Text(exit.err.Error())))
	}
	return exit.code
}

// program is what all verbs share.
type program struct {
	out, err io.Writer
	now      func() time.Time
	config   string
	output   string
	log      *slog.Logger
	screen   *screen // nil where stderr is no terminal
	world    outside
	hidden   schema.Redactor // in all that is logged, and in every error

	tokenCache string // of the verb run
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "billwalk",
		Short: "The nightly money check of restaurants on Douyin's local-life platform",
		Long: `billwalk walks every account's catering bills by day, proves each day whole, asks the trade system
how each order was shared out (分账), says to the fen what agrees and what does not, and publishes
Parquet that DuckDB, Athena, Trino and Spark read.

Exit codes: 0 done; 1 failed; 2 usage or config; 3 incomplete: some units failed, or orders have no
answer, and what is whole was published; 5 stopped by quota, deadline or outage, run again to go on; 6 another run got there first;
130/143 interrupted, resumable.`,
		Example:           "  billwalk demo\n  billwalk run nightly --config jobs.yaml\n  billwalk help security",
		Args:              knownVerb,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return p.prepare(cmd) },

		SuggestionsMinimumDistance: 2,
		Version:                    version(),
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%w; `%s --help` lists the flags", err, cmd.CommandPath())
	})
	root.PersistentFlags().StringVar(&p.config, "config", "jobs.yaml", "the file of jobs")
	root.PersistentFlags().StringVar(&p.output, "output", "text", "text, or json: the summary of a run, or a plan, as one JSON value on stdout and nothing else")
	root.PersistentFlags().Bool("verbose", false, "log every unit, too")
	root.AddCommand(p.demo(), p.run(), p.replay(), p.plan(), p.verify(), p.status(), p.check(), p.receive(), p.sandbox(), p.ddl(), p.versionVerb())
	root.SetHelpCommand(p.help())
	offerValues(root)
	return root
}

// prepare checks the common flags and opens the log: text on a terminal, JSON otherwise.
func (p *program) prepare(cmd *cobra.Command) error {
	if p.output != "text" && p.output != "json" {
		return usage("--output %s: want text or json", p.output)
	}
	options := &slog.HandlerOptions{Level: slog.LevelInfo}
	if verbose, _ := cmd.Flags().GetBool("verbose"); verbose {
		options.Level = slog.LevelDebug
	}
	if file, ok := p.err.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		p.screen = &screen{terminal: file, width: func() int { return width(file) }}
		p.log = slog.New(slog.NewTextHandler(veiled{p.screen, &p.hidden}, options))
	} else {
		p.log = slog.New(slog.NewJSONHandler(veiled{p.err, &p.hidden}, options))
	}
	p.hideEnvironment(os.Environ())
	return nil
}

const exitUsage = 2

// exitError ends the program with a code. Without an error it ends silently:
// what there is to say was said.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return fmt.Sprintf("exit %d: %v", e.code, e.err) }
func (e *exitError) Unwrap() error { return e.err }

// ExitCode is the code of a run that the error has ended.
func (e *exitError) ExitCode() int { return e.code }

func usage(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

func failed(err error) error { return &exitError{pipeline.ExitFailed, err} }

// cut is failed, but where a signal has ended the context: then that is why.
func cut(ctx context.Context, err error) error {
	var signal interrupted
	if errors.As(context.Cause(ctx), &signal) {
		return &exitError{signal.ExitCode(), err}
	}
	return failed(err)
}

// interrupted is why a context ended: a signal, with the exit code that shells give it.
type interrupted struct{ signal syscall.Signal }

func (i interrupted) Error() string { return i.signal.String() }

// ExitCode is 130 for SIGINT and 143 for SIGTERM.
func (i interrupted) ExitCode() int { return 128 + int(i.signal) }

// onSignal ends the context at the first SIGINT or SIGTERM. A second one kills.
func onSignal(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case s := <-signals:
			signal.Stop(signals)
			number, _ := s.(syscall.Signal)
			cancel(interrupted{number})
		case <-ctx.Done():
			signal.Stop(signals)
		}
	}()
	return ctx, func() { cancel(context.Canceled); <-done }
}

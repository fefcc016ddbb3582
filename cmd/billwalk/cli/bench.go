package cli

import (
	"fmt"
	"os"
	"runtime/pprof"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"billwalk/cmd/billwalk/bench"
)

// bench measures the program against others. It is for developers, and not listed.
func (p *program) bench() *cobra.Command {
	config := bench.Config{Log: p.err}
	cmd := &cobra.Command{
		Use:     "bench",
		Short:   "Measure billwalk against DuckDB and dlt on bills of the simulated platform",
		Example: "  billwalk bench --rows 250000,1000000,4000000,10000000\n  billwalk bench --lake lake --rounds 3 --profile profiles",
		Args:    nothing,
		Hidden:  true,
	}
	cmd.Flags().StringSliceVar(&config.Parts, "parts", bench.Parts, "what to measure")
	cmd.Flags().IntSliceVar(&config.Rows, "rows", []int{100_000}, "bills of the day; several, with commas between them, are a curve")
	cmd.Flags().IntVar(&config.Accounts, "accounts", 40, "accounts that share the bills")
	cmd.Flags().IntVar(&config.Rounds, "rounds", 5, "rounds, of which the median counts")
	cmd.Flags().StringVar(&config.Lake, "lake", "", "folder of a lake: measure the last day of its archive instead, and leave the lake as it is")
	cmd.Flags().StringVar(&config.Profile, "profile", "", "folder for CPU profiles of replay and run")
	cmd.Flags().BoolVar(&config.Install, "install", true, "install DuckDB and dlt with pip into the cache folder, where it is not there yet")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		for _, part := range config.Parts {
			if !slices.Contains(bench.Parts, part) {
				return usage("--parts %s: want some of %s", part, strings.Join(bench.Parts, ","))
			}
		}
		if config.Accounts < 1 || config.Rounds < 1 || len(config.Rows) == 0 || slices.Min(config.Rows) < 1 {
			return usage("--accounts, --rounds and --rows: want 1 or more")
		}
		if config.Lake != "" && cmd.Flags().Changed("parts") && slices.Contains(config.Parts, "walk") {
			return usage("--parts walk: a walk asks the simulated platform for bills, and has no use for the archive of --lake; leave out one of the two")
		}
		var err error
		if config.Binary, err = os.Executable(); err != nil {
			return failed(err)
		}
		config.Out = p.out
		if p.output == "json" {
			config.Out = p.err // the tables; the results follow
		}
		results, err := bench.Run(cmd.Context(), config)
		if err == nil && p.output == "json" {
			err = p.printJSON(results)
		}
		if err != nil {
			return failed(err)
		}
		return nil
	}
	return cmd
}

// profiled runs the program and, where BILLWALK_CPU_PROFILE names a file, writes to it where
// the time went.
func profiled(run func() int) int {
	path := os.Getenv("BILLWALK_CPU_PROFILE")
	if path == "" {
		return run()
	}
	file, err := os.Create(path)
	if err == nil {
		err = pprof.StartCPUProfile(file)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "billwalk: BILLWALK_CPU_PROFILE: %v\n", err)
		return exitUsage
	}
	code := run()
	pprof.StopCPUProfile()
	if err := file.Close(); err != nil {
		fmt.Fprintf(os.Stderr, "billwalk: BILLWALK_CPU_PROFILE: %v\n", err)
	}
	return code
}

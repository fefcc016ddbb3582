// Package bench measures billwalk against what else could do its work: DuckDB over the
// same archive. Each contender is a process of its own, so that CPU time and peak memory
// are its own, and all take turns, so that a noisy machine slows them alike.
//
// The archive comes from the simulated platform, without any limit; nothing here is
// a part of a run.
package bench

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Config says what to measure.
type Config struct {
	Binary   string   // the billwalk that is measured, and that serves the platform
	Parts    []string // of Parts
	Rows     []int    // bills of the day, one comparison each
	Accounts int      // that share them
	Rounds   int      // of which the median counts
	Lake     string   // folder of a lake whose archive is measured instead; empty generates one
	Profile  string   // folder for CPU profiles of the replays; empty makes none
	Install  bool     // DuckDB may be installed with pip, into the cache folder
	Out, Log io.Writer
}

// Parts are the names of the comparisons.
var Parts = []string{"bills"}

// Run measures, and prints a table for each part and size.
func Run(ctx context.Context, c Config) error {
	work, err := os.MkdirTemp("", "billwalk-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	engine, err := findDuckDB(ctx, c)
	if err != nil {
		return err
	}
	if c.Lake != "" {
		source, err := foreignLake(c.Lake)
		if err != nil {
			return err
		}
		return c.bills(ctx, work, source, engine)
	}
	for _, rows := range c.Rows {
		folder := filepath.Join(work, fmt.Sprint(rows))
		source, err := c.generate(ctx, folder, rows)
		if err != nil {
			return err
		}
		if err := c.bills(ctx, folder, source, engine); err != nil {
			return err
		}
		if err := os.RemoveAll(folder); err != nil {
			return err
		}
	}
	return nil
}

// Package bench measures billwalk against what else could do its work: DuckDB over the
// same archive, and a dlt pipeline over the same pages. Each contender is a process of its
// own, so that CPU time and peak memory are its own, and all take turns, so that a noisy
// machine slows them alike.
//
// The bills come from the simulated platform, in another process, without any limit.
package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// Parts are the names of the comparisons.
var Parts = []string{"bills", "reconciled", "walk"}

// Config says what to measure.
type Config struct {
	Binary   string   // the billwalk that is measured, and that serves the platform
	Parts    []string // of Parts
	Rows     []int    // bills of the day, one comparison each
	Accounts int      // that share them
	Rounds   int      // of which the median counts
	Lake     string   // folder of a lake whose archive is measured instead; empty generates one
	Profile  string   // folder for CPU profiles of replay and run; empty makes none
	Install  bool     // DuckDB and dlt may be installed with pip, into the cache folder
	Out, Log io.Writer
}

// Run measures, and prints a table for each part and size, and a curve of several sizes. A lake's archive is measured for
// the parts that replay.
func Run(ctx context.Context, c Config) error {
	work, err := os.MkdirTemp("", "billwalk-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	fmt.Fprintf(c.Out, "%d processors, %s/%s\n\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	b := &bench{Config: c, work: work}
	if b.engine, err = b.findDuckDB(ctx); err != nil {
		return err
	}
	if c.Lake != "" {
		source, err := foreignLake(c.Lake)
		if err != nil {
			return err
		}
		return b.replays(ctx, source)
	}
	for _, rows := range c.Rows {
		if err := b.size(ctx, rows); err != nil {
			return err
		}
	}
	if len(c.Rows) > 1 {
		return printCurve(c.Out, b.done)
	}
	return nil
}

// bench is a measurement under way.
type bench struct {
	Config
	work   string // folder
	engine *duckDB
	done   []compared
}

func (b *bench) wants(part string) bool { return slices.Contains(b.Parts, part) }

// size measures a day of so many bills.
func (b *bench) size(ctx context.Context, rows int) error {
	if b.wants("bills") || b.wants("reconciled") {
		folder := filepath.Join(b.work, "generated")
		source, err := b.generate(ctx, folder, rows)
		if err != nil {
			return err
		}
		if err := b.replays(ctx, source); err != nil {
			return err
		}
		if err := os.RemoveAll(folder); err != nil {
			return err
		}
	}
	if b.wants("walk") {
		return b.walk(ctx, rows)
	}
	return nil
}

// replays measures the parts that begin with an archive.
func (b *bench) replays(ctx context.Context, source archived) error {
	if b.wants("bills") {
		if err := b.bills(ctx, source); err != nil {
			return err
		}
	}
	if b.wants("reconciled") && source.settled {
		return b.reconciled(ctx, source)
	}
	return nil
}

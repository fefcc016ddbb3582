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
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Run measures, and prints a table for each part and size, and a curve of several sizes. A
// lake's archive is measured for the parts that replay.
func Run(ctx context.Context, c Config) (*Results, error) {
	if c.Profile != "" {
		if err := os.MkdirAll(c.Profile, 0o755); err != nil {
			return nil, err
		}
	}
	work, err := os.MkdirTemp("", "billwalk-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	b := &bench{Config: c, work: work, results: Results{runtime.NumCPU(), runtime.GOOS + "/" + runtime.GOARCH, []Measured{}, []Compared{}}}
	fmt.Fprintf(c.Out, "%d processors, %s\n\n", b.results.Processors, b.results.System)
	engine, err := b.findDuckDB(ctx)
	if err != nil {
		return nil, err
	}
	done, err := b.compare(ctx, engine)
	if err != nil {
		return nil, err
	}
	for _, one := range done {
		b.results.Compared = append(b.results.Compared, one.result())
	}
	return &b.results, nil
}

func (b *bench) compare(ctx context.Context, engine *duckDB) (done []comparison, err error) {
	if b.Lake != "" {
		source, err := foreignLake(b.Lake)
		if err != nil {
			return nil, err
		}
		if done, err = b.replays(ctx, source, engine); err == nil && len(done) == 0 {
			err = fmt.Errorf("the archive of %s has no settlements of %s: of --parts %s there is nothing to measure", b.Lake, source.day, strings.Join(b.Parts, ","))
		}
		return done, err
	}
	for _, rows := range b.Rows {
		size, err := b.size(ctx, rows, engine)
		if err != nil {
			return nil, err
		}
		done = append(done, size...)
	}
	if len(b.Rows) > 1 {
		return done, printCurve(b.Out, slices.Clone(done)) // which it empties
	}
	return done, nil
}

// size measures a day of so many bills.
func (b *bench) size(ctx context.Context, rows int, engine *duckDB) (done []comparison, err error) {
	if b.wants("bills") || b.wants("reconciled") {
		folder := filepath.Join(b.work, "generated")
		source, err := b.generate(ctx, folder, rows)
		if err != nil {
			return nil, err
		}
		if done, err = b.replays(ctx, source, engine); err != nil {
			return nil, err
		}
		if err := os.RemoveAll(folder); err != nil {
			return nil, err
		}
	}
	if !b.wants("walk") {
		return done, nil
	}
	walk, err := b.walk(ctx, rows)
	if err != nil {
		return nil, err
	}
	return append(done, walk), walk.run(ctx, b)
}

// replays measures the parts that begin with an archive.
func (b *bench) replays(ctx context.Context, source archived, engine *duckDB) (done []comparison, err error) {
	if b.wants("bills") {
		done = append(done, b.bills(source, engine))
	}
	if b.wants("reconciled") && source.settled {
		done = append(done, b.reconciled(source, engine))
	}
	for _, c := range done {
		if err := c.run(ctx, b); err != nil {
			return nil, err
		}
	}
	return done, nil
}

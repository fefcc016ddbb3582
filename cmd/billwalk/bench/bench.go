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
)

// Run measures, and prints a table for each part and size, and a curve of several sizes. A
// lake's archive is measured for the parts that replay.
func Run(ctx context.Context, c Config) error {
	if c.Profile != "" {
		if err := os.MkdirAll(c.Profile, 0o755); err != nil {
			return err
		}
	}
	work, err := os.MkdirTemp("", "billwalk-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	fmt.Fprintf(c.Out, "%d processors, %s/%s\n\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	b := &bench{c, work}
	engine, err := b.findDuckDB(ctx)
	if err != nil {
		return err
	}
	if c.Lake != "" {
		source, err := foreignLake(c.Lake)
		if err != nil {
			return err
		}
		_, err = b.replays(ctx, source, engine)
		return err
	}
	var done []comparison
	for _, rows := range c.Rows {
		size, err := b.size(ctx, rows, engine)
		if err != nil {
			return err
		}
		done = append(done, size...)
	}
	if len(c.Rows) > 1 {
		return printCurve(c.Out, done)
	}
	return nil
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

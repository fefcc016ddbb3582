package bench

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const dltVersion = "1.31.0"

//go:embed walk.py
var walkPipeline string

// walk compares a run without settlements, which publishes what it walks, with a dlt
// pipeline. Each turn has a platform of its own.
func (b *bench) walk(ctx context.Context, rows int) (comparison, error) {
	ours := func(ctx context.Context, folder string, _ *platform, round int) (measure, error) {
		env, err := b.profile("walk", int64(rows), round)
		if err != nil {
			return measure{}, err
		}
		return b.billwalk(ctx, folder, env, "run", "bench", "--from", day)
	}
	c := comparison{"the walk of bills, published", []*contender{{name: "billwalk run", turn: b.walkTurn(rows, ours)}}}
	if modules, err := b.pythonModules(ctx, "dlt", dltVersion, "filesystem", "parquet"); ctx.Err() != nil {
		return c, err
	} else if err != nil {
		fmt.Fprintln(b.Out, "dlt is skipped: pip does not bring it")
	} else {
		c.contenders = append(c.contenders, &contender{name: "dlt " + dltVersion, turn: b.walkTurn(rows, func(ctx context.Context, folder string, p *platform, _ int) (measure, error) {
			return runPipeline(ctx, folder, append(modules, "RUNTIME__DLTHUB_TELEMETRY=false"), p)
		})})
	}
	return c, nil
}

// walker walks the platform's day in the folder of a job.
type walker func(ctx context.Context, folder string, p *platform, round int) (measure, error)

// walkTurn returns a turn in a folder with a job, beside a new platform.
func (b *bench) walkTurn(rows int, walk walker) func(context.Context, int) (measure, error) {
	folder := filepath.Join(b.work, "walk")
	return func(ctx context.Context, round int) (measure, error) {
		p, err := b.startPlatform(ctx, rows)
		if err != nil {
			return measure{}, err
		}
		m, err := walkAt(ctx, folder, p, walk, round)
		m.platform = p.stop().cpu
		return m, err
	}
}

func walkAt(ctx context.Context, folder string, p *platform, walk walker, round int) (measure, error) {
	accounts, err := p.accounts(ctx)
	if err != nil {
		return measure{}, err
	}
	if err := errors.Join(os.RemoveAll(folder), job{platform: p.url, accounts: accounts}.write(folder)); err != nil {
		return measure{}, err
	}
	return walk(ctx, folder, p, round)
}

// runPipeline runs walk.py in the folder of a job.
func runPipeline(ctx context.Context, folder string, env []string, p *platform) (measure, error) {
	out, took, err := process{folder, env, []string{"python3", "-c", walkPipeline, p.url, day}}.run(ctx)
	if err != nil {
		return measure{}, err
	}
	rows, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	if err != nil {
		return measure{}, fmt.Errorf("it should print its rows: %w", err)
	}
	bytes, err := sizeOf(filepath.Join(folder, "tables"))
	return measure{usage: took, rows: rows, bytes: bytes}, err
}

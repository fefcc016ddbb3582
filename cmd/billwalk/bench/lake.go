package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// day is the day of generated bills: always the same, so that the bills are, too.
const day = "2026-06-01"

// archived is a lake's archive of one day, and the accounts that it is of.
type archived struct {
	lake     string // folder
	day      string
	accounts string // accounts.csv, its text
	rows     int64  // bills that a replay must publish; 0 where that is not known
	settled  bool   // it has answers of the settle query
}

// foreignLake returns the last day of a lake.
func foreignLake(lake string) (archived, error) {
	days, err := filepath.Glob(filepath.Join(lake, "archive", "bills", "bill_date=*"))
	if err != nil || len(days) == 0 {
		return archived{}, fmt.Errorf("%s has no archive of bills: want the folder of a lake", lake)
	}
	last := slices.Max(days)
	accounts, err := filepath.Glob(filepath.Join(last, "account=*"))
	if err != nil {
		return archived{}, err
	}
	list := "account_id\n"
	for _, account := range accounts {
		list += strings.TrimPrefix(filepath.Base(account), "account=") + "\n"
	}
	source := archived{lake: lake, day: strings.TrimPrefix(filepath.Base(last), "bill_date="), accounts: list}
	_, err = os.Stat(filepath.Join(lake, "archive", "settlements", "bill_date="+source.day))
	source.settled = err == nil
	return source, nil
}

// generate has billwalk walk the simulated platform, and query its settlements if
// they are wanted.
func (b *bench) generate(ctx context.Context, folder string, rows int) (archived, error) {
	fmt.Fprintf(b.Log, "generating about %d bills of %d accounts\n", rows, b.Accounts)
	p, err := b.startPlatform(ctx, rows)
	if err != nil {
		return archived{}, err
	}
	defer p.stop()
	accounts, err := p.accounts(ctx)
	if err != nil {
		return archived{}, err
	}
	source := archived{lake: filepath.Join(folder, "lake"), day: day, accounts: accounts, settled: b.wants("reconciled")}
	if err := (job{p.url, accounts, source.settled}).write(folder); err != nil {
		return archived{}, err
	}
	m, err := b.billwalk(ctx, folder, nil, "run", "bench", "--from", day)
	if err != nil {
		return archived{}, err
	}
	source.rows, m.platform = m.rows, p.stop().cpu
	with := "without settlements"
	if source.settled {
		with = "with settlements"
	}
	b.results.Generated = append(b.results.Generated, m.result("billwalk run "+with))
	fmt.Fprintf(b.Out, "%d bills, made by billwalk run %s: %.1f s, %.1f s of CPU, peak %d MiB; the platform took %.1f s of CPU\n\n",
		m.rows, with, m.wall.Seconds(), m.cpu.Seconds(), m.peak>>20, m.platform.Seconds())
	return source, nil
}

// freshLake makes a folder with a job and a lake that has the archive and nothing else.
// Objects are linked, not copied.
func (a archived) freshLake(folder string, settlements bool) error {
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if err := link(filepath.Join(a.lake, "archive"), filepath.Join(folder, "lake", "archive")); err != nil {
		return err
	}
	return job{"http://127.0.0.1:1", a.accounts, settlements}.write(folder)
}

// link makes a tree of the same files.
func link(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, below), 0o700)
		}
		return os.Link(path, filepath.Join(to, below))
	})
}

// job is what the job bench of a jobs.yaml says.
type job struct {
	platform    string // URL
	accounts    string // accounts.csv, its text
	settlements bool
}

func (j job) write(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	file := fmt.Sprintf(`version: 1
lake: {url: "file:lake"}
apps:
  life: {base_url: %q, client_key: bench, client_secret: bench, qps: 100000}
jobs:
  bench:
    accounts: {file: accounts.csv}
    lookback: 0d
    bills: {app: life, passes: 1}
    report: false
`, j.platform)
	if j.settlements {
		file += "    settlements: {app: life, match: [{order_id: shop_order_id}, {out_order_no: order_ext_id}]}\n"
	}
	return errors.Join(
		os.WriteFile(filepath.Join(folder, "jobs.yaml"), []byte(file), 0o600),
		os.WriteFile(filepath.Join(folder, "accounts.csv"), []byte(j.accounts), 0o600))
}

// billwalk runs the program on a folder's job. The measure is of the published files.
func (b *bench) billwalk(ctx context.Context, folder string, env []string, args ...string) (measure, error) {
	command := append([]string{b.Binary}, args...)
	out, took, err := process{folder, env, append(command, "--output", "json")}.run(ctx)
	if err != nil {
		return measure{usage: took}, err
	}
	var summary struct {
		Rows       struct{ Bills int64 }
		Partitions []struct{ Bytes int64 }
	}
	if err := json.Unmarshal(out, &summary); err != nil {
		return measure{usage: took}, fmt.Errorf("the summary of %s: %w", args[0], err)
	}
	m := measure{usage: took, rows: summary.Rows.Bills}
	for _, p := range summary.Partitions {
		m.bytes += p.Bytes
	}
	return m, nil
}

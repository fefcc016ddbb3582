package bench

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
)

//go:embed bills.sql
var billsQuery string

//go:embed bills_detected.sql
var billsDetectedQuery string

// bills compares a replay of bills alone with DuckDB's making of the table bills.
func (c Config) bills(ctx context.Context, work string, source archived, engine *duckDB) error {
	ours := &contender{name: "billwalk replay", turn: func(ctx context.Context, round int) (measure, error) {
		return c.replay(ctx, filepath.Join(work, "replay"), source, fmt.Sprintf("bills-%d.pprof", round+1))
	}}
	contenders := []*contender{ours}
	if engine == nil {
		fmt.Fprintln(c.Out, noDuckDB)
	} else {
		for _, q := range []struct{ name, query string }{{"columns given", billsQuery}, {"columns detected", billsDetectedQuery}} {
			contenders = append(contenders, &contender{name: "DuckDB " + engine.version + ", " + q.name, turn: func(ctx context.Context, _ int) (measure, error) {
				m, err := engine.write(ctx, source, q.query, filepath.Join(work, "bills.parquet"))
				m.rows = ours.turns[0].rows
				return m, err
			}})
		}
	}
	if err := takeTurns(ctx, c.Log, c.Rounds, contenders); err != nil {
		return err
	}
	return printTable(c.Out, "bills alone, from the archive", contenders)
}

const noDuckDB = "DuckDB is skipped: pip does not bring it, and there is no duckdb command on the PATH"

// write makes one file with a query.
func (d *duckDB) write(ctx context.Context, source archived, query, out string) (measure, error) {
	took, err := d.run(ctx, source.lake, query, source.day, out)
	if err != nil {
		return measure{}, err
	}
	file, err := os.Stat(out)
	if err != nil {
		return measure{}, err
	}
	return measure{usage: took, bytes: file.Size()}, os.Remove(out)
}

// replay builds a fresh lake. A profile is the name of a file in the folder of profiles.
func (c Config) replay(ctx context.Context, folder string, source archived, profile string) (measure, error) {
	if err := source.freshLake(folder); err != nil {
		return measure{}, err
	}
	var env []string
	if c.Profile != "" {
		path, err := filepath.Abs(filepath.Join(c.Profile, profile))
		if err != nil {
			return measure{}, err
		}
		env = []string{"BILLWALK_CPU_PROFILE=" + path}
	}
	m, err := c.billwalk(ctx, folder, env, "replay", "bench", "--from", source.day)
	if err == nil && source.rows != 0 && m.rows != source.rows {
		err = fmt.Errorf("%d bills published, and %d walked", m.rows, source.rows)
	}
	return m, err
}

package bench

import (
	"context"
	_ "embed"
	"fmt"
	"path/filepath"
)

//go:embed bills.sql
var billsQuery string

//go:embed bills_detected.sql
var billsDetectedQuery string

// bills compares a replay of bills alone with DuckDB's making of the table bills.
func (b *bench) bills(ctx context.Context, source archived) error {
	contenders := []*contender{b.replay(source, false)}
	if b.engine == nil {
		fmt.Fprintln(b.Out, noDuckDB)
	} else {
		contenders = append(contenders, b.query(source, "columns given", billsQuery), b.query(source, "columns detected", billsDetectedQuery))
	}
	if err := takeTurns(ctx, b.Log, b.Rounds, contenders); err != nil {
		return err
	}
	return b.report("bills alone, from the archive", contenders)
}

// replay builds a fresh lake from the archive, in each round.
func (b *bench) replay(source archived, settlements bool) *contender {
	folder := filepath.Join(b.work, "replay")
	turn := func(ctx context.Context, round int) (measure, error) {
		if err := source.freshLake(folder, settlements); err != nil {
			return measure{}, err
		}
		part := "bills"
		if settlements {
			part = "reconciled"
		}
		env, err := b.profile(part, source.rows, round)
		if err != nil {
			return measure{}, err
		}
		m, err := b.billwalk(ctx, folder, env, "replay", "bench", "--from", source.day)
		if err == nil && source.rows != 0 && m.rows != source.rows {
			err = fmt.Errorf("%d bills published, and %d walked", m.rows, source.rows)
		}
		return m, err
	}
	return &contender{name: "billwalk replay", turn: turn}
}

// profile returns the environment of a turn that writes a CPU profile, if there is to be one.
func (b *bench) profile(part string, rows int64, round int) ([]string, error) {
	if b.Profile == "" {
		return nil, nil
	}
	path, err := filepath.Abs(filepath.Join(b.Profile, fmt.Sprintf("%s-%d-%d.pprof", part, rows, round+1)))
	return []string{"BILLWALK_CPU_PROFILE=" + path}, err
}

// query writes tables with DuckDB, from the archive. Its rows are counted as billwalk's.
func (b *bench) query(source archived, name, query string) *contender {
	return &contender{name: "DuckDB " + b.engine.version + ", " + name, turn: func(ctx context.Context, _ int) (measure, error) {
		return b.engine.run(ctx, source, query, filepath.Join(b.work, "duckdb"))
	}}
}

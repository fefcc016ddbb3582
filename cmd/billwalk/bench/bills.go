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
func (b *bench) bills(source archived, engine *duckDB) comparison {
	c := comparison{"bills alone, from the archive", []*contender{b.replay(source, false)}}
	if engine == nil {
		fmt.Fprintln(b.Out, noDuckDB)
		return c
	}
	c.contenders = append(c.contenders, b.query(source, engine, "columns given", billsQuery), b.query(source, engine, "columns detected", billsDetectedQuery))
	return c
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
		if err == nil && !settlements { // DuckDB writes this table alone
			m.bytes, err = sizeOf(filepath.Join(folder, "lake", "bills"))
		}
		return m, err
	}
	return &contender{name: "billwalk replay", turn: turn}
}

// query writes tables with DuckDB, from the archive. Its rows are counted as billwalk's.
func (b *bench) query(source archived, engine *duckDB, name, query string) *contender {
	return &contender{name: "DuckDB " + engine.version + ", " + name, turn: func(ctx context.Context, _ int) (measure, error) {
		return engine.run(ctx, source, query, filepath.Join(b.work, "duckdb"))
	}}
}

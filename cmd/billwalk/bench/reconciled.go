package bench

import (
	_ "embed"
	"fmt"

	"billwalk/schema/sql"
)

//go:embed settlements.sql
var settlementsQuery string

// reconciled compares a replay of bills, settlements and reconciliation with DuckDB's
// making of the three tables.
func (b *bench) reconciled(source archived, engine *duckDB) comparison {
	c := comparison{"bills, settlements and reconciliation, from the archive", []*contender{b.replay(source, true)}}
	if engine == nil {
		fmt.Fprintln(b.Out, noDuckDB)
		return c
	}
	c.contenders = append(c.contenders, b.query(source, engine, "with reconcile.sql", billsQuery+settlementsQuery+reconcileQuery()))
	return c
}

// reconcileQuery is reconcile.sql with the settings of the job, which writes the table.
func reconcileQuery() string {
	return sql.Reconcile(sql.Settings{
		Configured: true,
		Rules:      []sql.Rule{{Parameter: "order_id", Column: "shop_order_id"}, {Parameter: "out_order_no", Column: "order_ext_id"}},
	}) + "COPY (SELECT * EXCLUDE (bill_date) FROM reconciled ORDER BY walk_account_id, group_key) TO ':out/reconciliation.parquet' (FORMAT parquet, COMPRESSION zstd);\n"
}

package schema

// Dialect is a dialect of SQL that tables, views and queries are printed in.
type Dialect string

const (
	DuckDBDialect Dialect = "duckdb"
	Spark         Dialect = "spark"
	Trino         Dialect = "trino"
	Athena        Dialect = "athena"
)

// Dialects are all of them, as the command line names them.
var Dialects = []Dialect{DuckDBDialect, Spark, Trino, Athena}

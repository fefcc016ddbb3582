package schema

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxComment is how many bytes a metastore keeps of a column's comment, at least.
const maxComment = 255

// ExternalTables returns SQL that creates for Spark, Trino or Athena an external table of each
// table of the lake at the URL, as the engine names it (s3a:// in Spark), and a view of it for
// people, in Chinese and yuan: bills and bills_zh. The tables read columns by name, and a column
// that a file of an earlier version lacks is NULL. A table of which the lake has no file has no
// rows; it need not be created again when there is one. What is there already stays as it is.
func ExternalTables(d Dialect, url string) string {
	var sql strings.Builder
	sql.WriteString(tableNotes[d])
	url = strings.TrimSuffix(url, "/")
	for _, t := range Tables {
		t.Describe().writeExternalTable(&sql, d, url+"/"+t.Describe().Name)
	}
	for _, t := range []jsonTable{manifestFiles, resolutionFiles, closingFiles} {
		t.write(&sql, d, url)
	}
	writeViews(&sql, d, lakeFiles{})
	return sql.String()
}

// tableNotes is what precedes the tables.
var tableNotes = map[Dialect]string{
	Spark: "-- Tables and views of a billwalk lake for Spark 3.4 or newer: spark-sql --database NAME -f FILE. Amounts are signed BIGINT fen.\n" +
		"-- bill_date is found in the paths whenever a session first reads a table; REFRESH TABLE bills finds the days of later runs.\n",
	Trino: "-- Tables and views of a billwalk lake for Trino's Hive connector: trino --catalog NAME --schema NAME --file FILE.\n" +
		"-- Amounts are signed BIGINT fen; timestamp is UTC. The catalog has to have hive.partition-projection-enabled=true and\n" +
		"-- hive.ignore-absent-partitions=true, and of the defaults hive.parquet.use-column-names=true and hive.timestamp-precision=MILLISECONDS.\n",
	Athena: "-- Tables and views of a billwalk lake for Athena, in the database of the query editor; one statement at a time.\n" +
		"-- Amounts are signed bigint fen; timestamp is UTC. Partitions are projected: no day has to be added after a run.\n",
}

var externalTypes = map[Dialect]map[Type]string{
	Spark: {Int64: "BIGINT", Int32: "INT", Bool: "BOOLEAN", Text: "STRING", Timestamp: "TIMESTAMP", Texts: "ARRAY<STRING>",
		ShareList: "ARRAY<STRUCT<merchant_no: STRING, amount_fen: BIGINT>>"},
	Trino: {Int64: "bigint", Int32: "integer", Bool: "boolean", Text: "varchar", Timestamp: "timestamp(3)", Texts: "array(varchar)",
		ShareList: "array(row(merchant_no varchar, amount_fen bigint))"},
	Athena: {Int64: "bigint", Int32: "int", Bool: "boolean", Text: "string", Timestamp: "timestamp", Texts: "array<string>",
		ShareList: "array<struct<merchant_no:string,amount_fen:bigint>>"},
}

// writeExternalTable writes the table of the files at the URL.
func (t Description) writeExternalTable(sql *strings.Builder, d Dialect, url string) {
	create, options := "CREATE TABLE", "" // options follow the columns, of which bill_date is the last
	comment := quoteComment(t.ChineseDoc + " / " + t.Doc)
	day := "  bill_date date COMMENT " + quoteComment(dayComment)
	switch d {
	case Spark: // without PARTITIONED BY, so that Spark finds the days by itself
		options = ",\n" + day + "\n)\nUSING parquet\nCOMMENT " + comment + "\nLOCATION " + quoteSpark(url)
	case Trino:
		options = ",\n" + day + trinoProjection + "\n)\nCOMMENT " + comment + "\n" + trinoPartitioned("PARQUET", url)
	case Athena:
		create = "CREATE EXTERNAL TABLE"
		options = "\n)\nCOMMENT " + comment + "\nPARTITIONED BY (\n" + day + "\n)\n" +
			"ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'\nWITH SERDEPROPERTIES ('parquet.column.index.access' = 'false')\n" +
			"STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat'\nOUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat'\n" +
			fmt.Sprintf("LOCATION %s\nTBLPROPERTIES (\n  'projection.enabled' = 'true',\n  'projection.bill_date.type' = 'date',\n  'projection.bill_date.format' = 'yyyy-MM-dd',\n"+
				"  'projection.bill_date.range' = '%s,NOW+1DAYS',\n  'storage.location.template' = %s\n)",
				quoteSpark(url+"/"), FirstDay, quoteSpark(url+"/bill_date=${bill_date}/"))
	}
	fmt.Fprintf(sql, "\n%s IF NOT EXISTS %s (", create, t.Name)
	separator := "\n"
	for _, c := range t.Columns {
		fmt.Fprintf(sql, "%s  %s %s COMMENT %s", separator, c.Name, externalTypes[d][c.Type], quoteComment(c.shortComment()))
		separator = ",\n"
	}
	sql.WriteString(options + ";\n")
}

// trinoProjection follows bill_date as the column of Trino's partitions: all days that a lake may have.
var trinoProjection = fmt.Sprintf(" WITH (partition_projection_type = 'DATE', partition_projection_format = 'yyyy-MM-dd', partition_projection_range = ARRAY['%s', 'NOW+1DAYS'])", FirstDay)

// trinoPartitioned returns the properties of Trino's table of the files in the folders of days at the URL.
func trinoPartitioned(format, url string) string {
	return fmt.Sprintf("WITH (\n  external_location = %s, format = '%s', partitioned_by = ARRAY['bill_date'],\n  partition_projection_enabled = true, partition_projection_location_template = %s\n)",
		quoteSQL(url+"/"), format, quoteSQL(url+"/bill_date=${bill_date}/"))
}

const dayComment = "账单日（北京时间） / the day in UTC+8"

// quoteSpark returns a text as a literal of Spark and Hive.
func quoteSpark(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'"
}

// comment returns the column's documentation in both languages.
func (c Column) comment() string { return c.ChineseDoc + " / " + c.describe() }

// shortComment is a comment that a metastore keeps in full: without the values of codes, and
// cut where it is still too long.
func (c Column) shortComment() string {
	unit := ""
	if c.Unit != "" {
		unit = "; signed " + c.Unit
	}
	for _, text := range []string{c.ChineseDoc + " / " + c.Doc + unit, c.Label + " / " + c.Doc + unit} {
		if text = plainComment(text); len(text) <= maxComment {
			return text
		}
	}
	text := plainComment(c.Label + " / " + c.Doc)
	text = text[:maxComment-len("…")]
	for !utf8.ValidString(text) {
		text = text[:len(text)-1]
	}
	if end := slices.Max([]int{strings.LastIndex(text, ". "), strings.LastIndex(text, "; "), strings.LastIndex(text, ", "), strings.LastIndex(text, ": ")}); end > len(c.Label)+3 {
		text = text[:end]
	}
	return text + "…"
}

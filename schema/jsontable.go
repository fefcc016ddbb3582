package schema

import (
	"fmt"
	"strings"
)

// jsonTable is an external table of the JSON files of a folder, for views to read: DuckDB
// reads the files themselves. Its columns are fields of the objects in the files.
type jsonTable struct {
	name, folder, files string
	doc                 string
	daily               bool // one folder a day
	lined               bool // an object per line; else one per file
	columns             []jsonColumn
}

type jsonColumn struct{ name, hive string } // of a type as Hive and Spark write it

// trinoTypes translates types of Hive.
var trinoTypes = strings.NewReplacer("array<", "array(", "struct<", "row(", ">", ")", ":", " ", "`", `"`, "string", "varchar")

var manifestFiles = jsonTable{
	name: "manifest_files", folder: "_manifests", files: "bucket-*.json", daily: true,
	doc: "清单，每个日期与分桶一行，仅有视图 units 所读的部分 / The manifests, one row per day and bucket, as far as the view units reads them.",
	columns: []jsonColumn{
		{"bill_date", "string"}, {"generation", "bigint"},
		{"units", "array<struct<account:struct<account:string,name:string>,state:string,stale:boolean,totals:struct<`rows`:bigint>," +
			"failure:struct<reason:string,logid:string>,certificate:struct<unavailable:struct<reason:string,logid:string>>>>"},
	},
}

var resolutionFiles = jsonTable{
	name: "resolution_files", folder: "resolutions", files: "*.jsonl", lined: true,
	doc: "视图 resolutions 所读 / What the view resolutions reads.",
	columns: []jsonColumn{
		{"walk_account_id", "string"}, {"order_key", "string"}, {"reason", "string"}, {"resolved_by", "string"}, {"resolved_at", "string"},
		{"job", "string"}, {"diff_total_fen", "bigint"}, {"amounts", "string"},
	},
}

var closingFiles = jsonTable{
	name: "closing_files", folder: "closings", files: "*.jsonl", lined: true,
	doc: "视图 closings 所读 / What the view closings reads.",
	columns: []jsonColumn{
		{"bill_date", "string"}, {"job", "string"}, {"closed_by", "string"}, {"closed_at", "string"}, {"generation", "bigint"},
	},
}

// write writes the table of the files in the lake at the URL. A text that is no JSON is an
// error, and not a row of NULLs. Trino's Hive connector reads an object per line alone, as
// manifests are, and no folders in a table's folder: there, days are partitions.
func (t jsonTable) write(sql *strings.Builder, d Dialect, url string) {
	create, separator := "CREATE TABLE", "\n"
	if d == Athena {
		create = "CREATE EXTERNAL TABLE"
	}
	fmt.Fprintf(sql, "\n%s IF NOT EXISTS %s (", create, t.name)
	partitioned := d == Trino && t.daily
	for _, c := range t.columns {
		kind := c.hive
		if d == Trino {
			kind = trinoTypes.Replace(kind)
		}
		if partitioned && c.name == "bill_date" {
			continue
		}
		fmt.Fprintf(sql, "%s  %s %s", separator, c.name, kind)
		separator = ",\n"
	}
	url += "/" + t.folder
	if partitioned {
		fmt.Fprintf(sql, ",\n  bill_date date%s\n)\nCOMMENT %s\n%s;\n", trinoProjection, quoteComment(t.doc), trinoPartitioned("JSON", url))
		return
	}
	fmt.Fprintf(sql, "\n)\n")
	switch {
	case d == Spark:
		fmt.Fprintf(sql, "USING json\nOPTIONS (multiLine '%v', mode 'FAILFAST', recursiveFileLookup 'true', pathGlobFilter '%s')\nCOMMENT %s\nLOCATION %s", !t.lined, t.files, quoteComment(t.doc), quoteSpark(url))
	case d == Trino:
		fmt.Fprintf(sql, "COMMENT %s\nWITH (external_location = %s, format = 'JSON')", quoteComment(t.doc), quoteSQL(url+"/"))
	case t.lined:
		fmt.Fprintf(sql, "COMMENT %s\nROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'\nLOCATION %s", quoteComment(t.doc), quoteSpark(url+"/"))
	default: // Ion's text is a superset of JSON, and an object may have many lines
		fmt.Fprintf(sql, "COMMENT %s\nSTORED AS ION\nLOCATION %s", quoteComment(t.doc), quoteSpark(url+"/"))
	}
	sql.WriteString(";\n")
}
